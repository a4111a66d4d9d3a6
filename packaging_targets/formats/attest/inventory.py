"""What is in an image: its files as they are seen when all layers lie one above the other, and the packages among them.

    layers ──visible──▶ one manifest a platform ──take──▶ Inventory ──▶ CycloneDX or SPDX

An inventory holds all that a bill of materials says and nothing else, so both formats say the same. What the base image
holds is not looked into: it is one component, known by its digest. Folders and links are not listed.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from packaging_targets.formats.archive.members import content, members
from packaging_targets.formats.attest.packages import Package, Packages, purl_of
from packaging_targets.formats.oci.manifest import compact_json
from packaging_targets.model.action import FOLDER, folders_around
from packaging_targets.model.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging_targets.formats.archive.members import Member
    from packaging_targets.model.manifest import Entry, SourceReader

# What makes identifiers of ours unlike those that others derive from the same text; drawn once.
_OURS = uuid.UUID("6f6ac2b0-7d0e-4b7e-9d52-5f1c3f0c8a41")


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A file of an image: its path without a leading slash, and its digests as hexadecimal digits.

    `platforms` names those that alone have it, where an image is for several.
    """

    path: str
    sha256: str
    sha1: str
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BaseImage:
    """The image that another is built on: the text that names it, `sha256:…` or nothing, and a digest by platform."""

    reference: str
    digest: str = ""
    platforms: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, reference: str, record: bytes = b"") -> BaseImage:
        """Return the base that a record describes: JSON with `digest` and `platforms`, as `oci_base/1` writes it."""
        if not record:
            return cls(reference, _stated_digest(reference))
        said = json.loads(record)
        return cls(reference, said["digest"], {name: each["manifest"] for name, each in said["platforms"].items()})

    @property
    def purl(self) -> str:
        """The base as a package URL, or nothing where its digest is not known."""
        if not self.digest:
            return ""
        path = self.reference.partition("@")[0]
        repository, _, tag = path.rpartition(":") if ":" in path.rpartition("/")[2] else (path, "", "")
        if path.startswith("/"):  # a label: what stands behind the colon is its name
            return purl_of("oci", "", tag or path.rpartition("/")[2], self.digest)
        host = repository.partition("/")[0]
        told = {"repository_url": repository, "tag": tag} if "/" in repository and _is_host(host) else {}
        return purl_of("oci", "", repository.rpartition("/")[2], self.digest, told)


@dataclass(frozen=True, slots=True)
class Inventory:
    """An image, what is in it, and what could not be read of it; all in one order, whoever takes it."""

    name: str
    version: str
    created: int
    base: BaseImage | None
    files: tuple[ImageFile, ...]
    packages: tuple[Package, ...]
    notes: tuple[str, ...]

    @property
    def time(self) -> datetime:
        """`created`, which counts seconds since 1970, as a time of UTC."""
        return datetime.fromtimestamp(self.created, UTC)

    def identity(self, form: str) -> uuid.UUID:
        """Return an identifier of the document that says this in the format `form`: the same for the same content."""
        digest = hashlib.sha256()
        base = (self.base.reference, self.base.digest, dict(self.base.platforms)) if self.base else None
        digest.update(compact_json([form, self.name, self.version, self.created, base, self.notes]))
        for package in self.packages:
            digest.update(compact_json([package.purl, package.license, package.paths]))
        for file in self.files:
            digest.update(compact_json([file.path, file.sha256, file.sha1, file.platforms]))
        return uuid.uuid5(_OURS, digest.hexdigest())


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers of an image, the lowest first.

    `platforms` are those of the image. `only` says which of them each layer is for, where one is not for all: a text
    for each layer, which is empty for all platforms.
    """

    manifests: Sequence[Manifest]
    platforms: Sequence[str] = ()
    only: Sequence[str] = ()

    def seen(self) -> dict[Entry, tuple[str, ...]]:
        """Return each entry that is seen, sorted by path, with the platforms that alone have it."""
        if not any(self.only):
            return dict.fromkeys(visible(self.manifests).entries, ())
        on: dict[Entry, list[str]] = {}
        for platform in self.platforms:
            mine = [one for one, only in zip(self.manifests, self.only, strict=True) if only in {"", platform}]
            for entry in visible(mine).entries:
                on.setdefault(entry, []).append(platform)
        rows = sorted(on.items(), key=lambda row: (row[0].dest, row[1]))
        return {entry: () if len(names) == len(self.platforms) else tuple(names) for entry, names in rows}


def visible(layers: Sequence[Manifest]) -> Manifest:
    """Return what is seen of layers that lie one above the other, the first at the bottom.

    The last entry of a path counts. What a later layer has a file or a link for is no folder any longer, and what was
    in it is gone.
    """
    every = [(level, entry) for level, layer in enumerate(layers) for entry in layer.entries]
    seen = {entry.dest: (level, entry) for level, entry in every}
    covers = {entry.dest + FOLDER: level for level, entry in every if not entry.is_folder}
    rows = (
        entry
        for dest, (level, entry) in seen.items()
        if not any(covers[one] > level for one in folders_around(dest, covers))
    )
    return Manifest(tuple(sorted(rows)))


def take(
    layers: Layers,
    sources: SourceReader,
    *,
    name: str,
    version: str = "",
    created: int = 0,
    base: BaseImage | None = None,
) -> Inventory:
    """Return the inventory of an image, reading every file once and holding no more than 1 MiB of most of them.

    Metadata of packages that cannot be read becomes a note. Raises PackagingError for a name that is not UTF-8, for a
    source that changes meanwhile, and RequestError where a library is not installed.
    """
    packages = Packages()
    seen = layers.seen()
    found = zip(members(Manifest(tuple(seen)), sources), seen.values(), strict=True)
    files = tuple(
        _taken(member, platforms, sources, packages)
        for member, platforms in found
        if not member.is_folder and member.link is None
    )
    return Inventory(name, version, created, base, files, packages.found(), tuple(sorted(set(packages.notes))))


def _taken(member: Member, platforms: tuple[str, ...], sources: SourceReader, packages: Packages) -> ImageFile:
    path = member.name.decode()
    sha256, sha1 = hashlib.sha256(), hashlib.sha1(usedforsecurity=False)  # SPDX demands the weak one
    wanted = packages.wants(path, member.size)
    kept: list[bytes] = []
    for piece in content(member, sources):
        sha256.update(piece)
        sha1.update(piece)
        if wanted or not kept:
            kept.append(piece)
    if wanted:
        packages.read(path, b"".join(kept))
    elif member.source and kept and packages.is_program(kept[0]):
        with sources.open(member.source) as file:
            packages.read_program(path, file)
    return ImageFile(path, sha256.hexdigest(), sha1.hexdigest(), platforms)


def _stated_digest(reference: str) -> str:
    digest = reference.partition("@")[2]
    return digest if digest.startswith("sha256:") else ""


def _is_host(word: str) -> bool:
    return "." in word or ":" in word or word == "localhost"
