"""Images go from their layouts to an OCI registry, whole before any tag leads to them.

    layout: digests hold?  ──▶  blobs  ──▶  manifests  ──▶  index  ──▶  what is attached  ──▶  tags, versions last

What is there already stays out of it. A tag moves to the new image, as `latest` does, unless it is a full version:
people trust that 1.2.3 is what it was, so one that leads to another image is refused.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from packaging_targets.errors import PackagingError, Problem, RequestError, raise_all, reason
from packaging_targets.formats.oci.contents import Contents, contents_of
from packaging_targets.formats.oci.layout import REF_NAME
from packaging_targets.formats.oci.manifest import TITLE, Descriptor, OciManifest
from packaging_targets.model.digest import Digest
from packaging_targets.model.versions.semver import LATEST, is_semantic_version
from packaging_targets.registry.oci.blobs.upload import Blob
from packaging_targets.registry.oci.client import OciClient
from packaging_targets.registry.oci.reference import TAG_FIX, Reference, Registry, Repository, is_tag
from packaging_targets.registry.oci.referrers import attach, referrers
from packaging_targets.registry.side_by_side import side_by_side
from packaging_targets.services.containers.layouts.folder import LayoutFolder
from packaging_targets.services.publish.report import PLANNED, PRESENT, PUBLISHED, Artifact, Attached, Report

_EMPTY = Descriptor.of("application/vnd.oci.empty.v1+json", b"{}")


@dataclass(frozen=True, slots=True)
class WantedImage:
    """The image of the target `label`, in the folder `layout`, and the tags that are to lead to it.

    Without `tags` it is the one that the layout was made with, or else `latest`. `attachments` are pairs of an artifact
    type and the path of a file. `base` is what the image stands on: if that is in the same registry, its layers are
    there already.
    """

    label: str
    layout: str
    tags: Sequence[str] = ()
    attachments: Sequence[tuple[str, str]] = ()
    base: str = ""


@dataclass(frozen=True, slots=True)
class ImagePublishing:
    """What is asked: `images`, whose paths are relative to `root`, go to one repository of a registry.

    `insecure` allows plain HTTP to other machines. `jobs` blobs are on their way at once.
    """

    root: str
    images: Sequence[WantedImage]
    registry: str
    repository: str
    dry_run: bool = False
    insecure: bool = False
    jobs: int = 8


@dataclass(frozen=True, slots=True)
class _Image:
    """An image that was read: what to send, and under which names."""

    label: str
    folder: LayoutFolder
    contents: Contents
    tags: tuple[str, ...]
    attachments: tuple[tuple[OciManifest, Blob], ...]
    near: Repository | None

    @property
    def digest(self) -> Digest:
        return self.contents.root.digest

    @property
    def version(self) -> str:
        """The tag that says most."""
        return self.tags[-1]


def publish_images(asked: ImagePublishing, connect: Callable[[Registry], OciClient] | None = None) -> Report:
    """Publish, and return what came of it; with `dry_run`, ask the registry and change nothing.

    Raises PackagingError with all that is wrong with layouts and tags before the registry is spoken to, and
    RegistryError where it cannot be spoken to. What fails later is among the report's problems.
    """
    registry = Registry.parse(asked.registry, insecure=asked.insecure)
    place = Repository.of(registry, asked.repository)
    images = _read_all(asked, place)
    client = connect(registry) if connect else _client(registry, asked)
    try:
        known = [_there(client, place, image.tags) for image in images]
        publisher = _Publisher(client, place, asked)
        return Report.together(publisher.publish(image, there) for image, there in zip(images, known, strict=True))
    finally:
        client.close()


def _client(registry: Registry, asked: ImagePublishing) -> OciClient:
    return OciClient(registry, pushing=not asked.dry_run, connections=max(1, asked.jobs))


def _there(client: OciClient, place: Repository, tags: Sequence[str]) -> dict[str, Digest]:
    """Return what each tag leads to now, where it leads anywhere."""
    found = ((tag, client.manifest_digest(place, tag)) for tag in tags)
    return {tag: digest for tag, digest in found if digest is not None}


# What is here ---------------------------------------------------------------------------------------------------------


def _read_all(asked: ImagePublishing, place: Repository) -> list[_Image]:
    images, errors = [], []
    for one in asked.images:
        try:
            images.append(_read(asked.root, one, place))
        except PackagingError as error:
            errors.append(error)
    if errors:
        raise type(errors[0])(*(problem for error in errors for problem in error.problems))
    raise_all(_rivals(images, place))
    return images


def _read(home: str, one: WantedImage, place: Repository) -> _Image:
    folder = LayoutFolder(os.path.join(home, one.layout), one.layout)
    root = folder.root()
    tags = tuple(dict.fromkeys(one.tags)) or (root.annotations.get(REF_NAME, LATEST),)
    raise_all(Problem(one.label, f"`{tag}` is no tag", TAG_FIX) for tag in tags if not is_tag(tag))
    contents = contents_of(root, folder, one.layout)
    subject = Descriptor(contents.documents[-1].media_type, root.digest, root.size)
    attachments = tuple(_attachment(home, kind, path, subject) for kind, path in one.attachments)
    tags = tuple(sorted(tags, key=_is_version))
    return _Image(one.label, folder, contents, tags, attachments, _near(one.base, place))


def _near(base: str, place: Repository) -> Repository | None:
    """Return the repository of an image's base if it is in the same registry, which then has its layers."""
    try:
        found = Reference.parse(base).repository
    except RequestError:  # nothing, a path or a label
        return None
    return found if found.registry.host == place.registry.host and found.path != place.path else None


def _attachment(home: str, artifact_type: str, path: str, subject: Descriptor) -> tuple[OciManifest, Blob]:
    """Return the manifest that attaches a file to an image, and the blob of the file."""
    whole = os.path.join(home, path)
    try:
        with open(whole, "rb") as file:
            digest, size = Digest(hashlib.file_digest(file, "sha256").hexdigest()), os.fstat(file.fileno()).st_size
    except OSError as error:
        what = f"`{path}` cannot be read: {reason(error)}"
        raise RequestError.one(what, path, "make it again: packaging build") from error
    layer = Descriptor(artifact_type, digest, size, {TITLE: os.path.basename(path)})
    manifest = OciManifest(_EMPTY, (layer,), artifact_type=artifact_type, subject=subject)
    return manifest, Blob(digest, size, lambda: open(whole, "rb"))


def _rivals(images: Sequence[_Image], place: Repository) -> Iterator[Problem]:
    """Yield a problem for each tag that two images want."""
    wanted: dict[str, _Image] = {}
    for image in images:
        for tag in image.tags:
            other = wanted.setdefault(tag, image)
            if other.digest != image.digest:
                what = f"`{other.label}` and `{image.label}` would both be published as `{place}:{tag}`"
                yield Problem(image.label, what, "give one of them other `tags`, or another `repository`")


def _is_version(tag: str) -> bool:
    return is_semantic_version(tag.removeprefix("v"))


# The way there --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Publisher:
    """The way of images into one repository."""

    client: OciClient
    place: Repository
    asked: ImagePublishing

    def publish(self, image: _Image, there: Mapping[str, Digest]) -> Report:
        """Publish an image; `there` is what its tags lead to now."""
        refused = [tag for tag in image.tags if _is_version(tag) and there.get(tag, image.digest) != image.digest]
        if refused:
            return Report(problems=tuple(self._refused(image, tag, there[tag]) for tag in refused))
        tags = tuple(tag for tag in image.tags if there.get(tag) != image.digest)
        try:
            is_there = len(tags) < len(image.tags) or self._has(image)
            listed = referrers(self.client, self.place, image.digest) if is_there and image.attachments else frozenset()
            if not self.asked.dry_run:
                problems = () if is_there else self._push(image)
                if problems:
                    return Report(problems=problems)
                self._attach(image, listed)
                for tag in tags:
                    self._put_root(image, tag)
        except PackagingError as error:
            return Report(problems=error.problems)
        return Report((self._artifact(image, tags, listed),))

    def _artifact(self, image: _Image, tags: tuple[str, ...], listed: frozenset[Digest]) -> Artifact:
        done = PLANNED if self.asked.dry_run else PUBLISHED
        attached = tuple(
            Attached(manifest.artifact_type, str(manifest.digest), PRESENT if manifest.digest in listed else done)
            for manifest, _ in image.attachments
        )
        outcome = done if tags else PRESENT
        place = str(self.place)
        return Artifact(
            image.label,
            place,
            image.version,
            str(image.digest),
            outcome,
            tags,
            attached,
            key=f"{place}:{image.version}",
        )

    def _refused(self, image: _Image, tag: str, there: Digest) -> Problem:
        what = f"`{tag}` is published already, and is another image: {there} there, {image.digest} here"
        fix = "publish it under another version: what is published under one never changes"
        return Problem(f"{self.place}:{tag}", what, fix, label=image.label)

    def _has(self, image: _Image) -> bool:
        return self.client.manifest_digest(self.place, str(image.digest)) is not None

    def _push(self, image: _Image) -> tuple[Problem, ...]:
        """Send what an image consists of, after all of it was held against its digests; return what went wrong."""
        blobs, jobs = image.contents.blobs, max(1, self.asked.jobs)
        for work in (image.folder.demand_whole, partial(self._push_blob, image)):
            if problems := side_by_side(work, blobs, jobs).problems:
                return problems
        for document in image.contents.documents:
            self.client.put_manifest(self.place, str(document.descriptor.digest), document.data, document.media_type)
        return ()

    def _push_blob(self, image: _Image, descriptor: Descriptor) -> None:
        blob = Blob(descriptor.digest, descriptor.size, partial(image.folder.open, descriptor))
        self.client.push_blob(self.place, blob, image.near)

    def _put_root(self, image: _Image, tag: str) -> None:
        root = image.contents.documents[-1]
        self.client.put_manifest(self.place, tag, root.data, root.media_type)

    def _attach(self, image: _Image, listed: frozenset[Digest]) -> None:
        for manifest, blob in image.attachments:
            if manifest.digest not in listed:
                self.client.push_blob(self.place, Blob.of(_EMPTY.digest, b"{}"))
                self.client.push_blob(self.place, blob)
                attach(self.client, self.place, manifest, image.digest)
