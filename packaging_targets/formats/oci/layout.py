"""Reading images, from wherever they are: an index is followed to its manifests, and these to their configs.

    index.json ──▶ index ──▶ manifest of a platform ──▶ config, layers

A folder, a tar and a registry differ only in how they give the bytes of a document, so that is all that is asked of
them (`Documents`). Every document is held against its descriptor, and all of them meet limits first. Layers are not
read here: they are named, for the caller to copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from packaging_targets.errors import IntegrityError, RequestError
from packaging_targets.formats.oci.documents import (
    CONFIG_TYPE,
    DOCUMENT_LIMIT,
    LAYER_TYPES,
    read_config,
    read_index,
    read_manifest,
    read_table,
    refuse_schema_1,
)
from packaging_targets.formats.oci.manifest import INDEX_TYPE, MANIFEST_TYPE, Descriptor
from packaging_targets.formats.oci.platform import Platform
from packaging_targets.model.digest import Digest

INDEX_FILE = "index.json"
LAYOUT_FILE = "oci-layout"
BLOBS = "blobs/sha256/"
REF_NAME = "org.opencontainers.image.ref.name"

MAX_DEPTH = 3
"""Indexes that may stand below one another."""

MAX_DOCUMENTS = 500
"""Documents that one image may consist of."""

_NO_PLATFORM = "unknown"  # what attestations say that they run on


class Documents(Protocol):
    """Where the bytes of indexes, manifests and configs are."""

    def read(self, descriptor: Descriptor, limit: int) -> bytes:
        """Return the bytes that the descriptor names, which the caller holds against it.

        Raises IntegrityError where there is no such document, or it has more than `limit` bytes.
        """
        ...


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: its blob, and the digest of what that unpacks to."""

    descriptor: Descriptor
    diff_id: Digest

    def to_json(self) -> dict[str, Any]:
        """Return the layer as `base.json` and the descriptor files of layers hold it."""
        return {**self.descriptor.to_json(), "diffId": str(self.diff_id)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Layer:
        """Return the layer that `to_json` described."""
        digest, diff_id = Digest.parse(value["digest"]), Digest.parse(value["diffId"])
        return cls(Descriptor(value["mediaType"], digest, value["size"], value.get("annotations", {})), diff_id)


@dataclass(frozen=True, slots=True)
class Image:
    """An image for one platform: its manifest's digest, its whole config, and its layers, the lowest first."""

    platform: Platform
    manifest: Digest
    config: Mapping[str, Any]
    layers: tuple[Layer, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the image as `base.json` holds it."""
        layers = [layer.to_json() for layer in self.layers]
        return {"manifest": str(self.manifest), "config": dict(self.config), "layers": layers}


def read_layout(marker: bytes, index: bytes, where: str) -> tuple[Descriptor, ...]:
    """Return what the `index.json` of a layout names; `marker` is its `oci-layout`. Raises IntegrityError."""
    version = read_table(marker, f"{where}/{LAYOUT_FILE}").get("imageLayoutVersion")
    if version != "1.0.0":
        what = f"the layout must have the version 1.0.0, but has {version!r:.40}"
        raise IntegrityError.one(what, f"{where}/{LAYOUT_FILE}")
    return read_index(index, f"{where}/{INDEX_FILE}")


def read_document(documents: Documents, descriptor: Descriptor, where: str) -> bytes:
    """Return the document that a descriptor names; raises IntegrityError where it is too large, or another one."""
    if descriptor.size > DOCUMENT_LIMIT:
        what = f"the document has {descriptor.size:,} bytes, and {DOCUMENT_LIMIT:,} is the limit"
        raise IntegrityError.one(what, where)
    data = documents.read(descriptor, descriptor.size)
    if len(data) != descriptor.size:
        raise IntegrityError.one(f"the document has {len(data):,} bytes instead of {descriptor.size:,}", where)
    if (digest := Digest.of(data)) != descriptor.digest:
        raise IntegrityError.one(f"the document's bytes are not those of its digest: they have {digest}", where)
    return data


def blob_path(descriptor: Descriptor) -> str:
    """Return where a layout has a blob, relative to its folder."""
    return f"{BLOBS}{descriptor.digest.hex}"


def distinct_layers(images: Iterable[Image]) -> list[Descriptor]:
    """Return the layers of some images, each once."""
    return list({layer.descriptor.digest: layer.descriptor for image in images for layer in image.layers}.values())


def find_images(
    roots: Sequence[Descriptor],
    documents: Documents,
    platforms: Sequence[Platform] | None,
    where: str,
    expected: Digest | None = None,
) -> list[Image]:
    """Return the image of each wanted platform, in that order, that `roots` lead to; None wants all that there are.

    `where` is the place that problems are told at: a path or a reference. `expected` is the digest of a root, or of an
    index or manifest that one leads to: nothing else is taken then. Raises IntegrityError for documents that are
    missing, damaged, or more than anybody means, and RequestError for platforms that are not there, or twice.
    """
    search = _Search(documents, None if platforms is None else frozenset(platforms), where, expected)
    for root in roots:
        search.follow(root, inside=expected is None, depth=0)
    search.demand_expected(roots)
    if platforms is None:
        return search.every_image()
    return [search.image(platform) for platform in search.demand_all(platforms)]


@dataclass(slots=True)
class _Search:
    documents: Documents
    wanted: frozenset[Platform] | None
    where: str
    expected: Digest | None
    found: dict[Platform, dict[Digest, Image]] = field(default_factory=dict)
    others: set[Platform] = field(default_factory=set)
    artifacts: set[str] = field(default_factory=set)
    met: bool = False
    count: int = 0

    def follow(self, descriptor: Descriptor, *, inside: bool, depth: int) -> None:
        """Take note of the images that a descriptor leads to, if it is `inside` of what is expected."""
        inside = inside or descriptor.digest == self.expected
        self.met |= inside
        refuse_schema_1(descriptor.media_type, self.where)
        if descriptor.media_type == INDEX_TYPE:
            if depth == MAX_DEPTH:
                what = f"there are more than {MAX_DEPTH} indexes below one another"
                raise IntegrityError.one(what, self.where)
            for one in read_index(self._read(descriptor), self._at(descriptor)):
                self.follow(one, inside=inside, depth=depth + 1)
        elif descriptor.media_type == MANIFEST_TYPE:
            if inside:
                self._manifest(descriptor)
        else:
            self.artifacts.add(descriptor.media_type)

    def _manifest(self, descriptor: Descriptor) -> None:
        platform = descriptor.platform
        if platform and not self._wants(platform):
            if platform.os != _NO_PLATFORM:
                self.others.add(platform)
            return
        image = self._image(descriptor)
        if image and self._wants(image.platform):
            self.found.setdefault(image.platform, {})[image.manifest] = image
        elif image:
            self.others.add(image.platform)

    def _wants(self, platform: Platform) -> bool:
        return platform.os != _NO_PLATFORM if self.wanted is None else platform in self.wanted

    def _image(self, descriptor: Descriptor) -> Image | None:
        """Return the image of a manifest, or None for an artifact that is none."""
        at = self._at(descriptor)
        manifest = read_manifest(self._read(descriptor), at)
        if manifest.config.media_type != CONFIG_TYPE:
            self.artifacts.add(manifest.artifact_type or manifest.config.media_type)
            return None
        config = read_config(self._read(manifest.config), self._at(manifest.config))
        if len(config.diff_ids) != len(manifest.layers):
            what = f"the manifest has {len(manifest.layers)} layers, and its config {len(config.diff_ids)}"
            raise IntegrityError.one(what, at)
        for place, layer in enumerate(manifest.layers):
            _demand_files(layer, f"layers[{place}]", at)
        platform = _agreed(descriptor.platform, config.platform, at)
        layers = tuple(map(Layer, manifest.layers, config.diff_ids))
        return Image(platform, descriptor.digest, config.value, layers)

    def _read(self, descriptor: Descriptor) -> bytes:
        self.count += 1
        if self.count > MAX_DOCUMENTS:
            raise IntegrityError.one(f"there are more than {MAX_DOCUMENTS} indexes, manifests and configs", self.where)
        return read_document(self.documents, descriptor, self._at(descriptor))

    def _at(self, descriptor: Descriptor) -> str:
        return f"{self.where} {descriptor.digest}"

    def demand_expected(self, roots: Sequence[Descriptor]) -> None:
        """Raise IntegrityError where nothing has the digest that is expected."""
        if not self.met and self.expected:
            there = ", ".join(f"`{root.digest}`" for root in roots) or "nothing"
            what = f"`{self.expected}` was expected, but there is {there}"
            raise IntegrityError.one(what, self.where, "name that digest instead, if it is the one that you trust")

    def demand_all(self, platforms: Sequence[Platform]) -> Sequence[Platform]:
        """Return the wanted platforms; raises RequestError where one of them is not there."""
        missing = [f"`{platform}`" for platform in platforms if platform not in self.found]
        if missing:
            what = f"the image is not there for {', '.join(missing)}"
            raise RequestError.one(what, self.where, self._choices())
        return platforms

    def every_image(self) -> list[Image]:
        """Return all images, in the order in which they were found; raises RequestError where there is none."""
        if not self.found:
            raise RequestError.one("there is no image", self.where, self._choices())
        return [image for images in self.found.values() for image in images.values()]

    def _choices(self) -> str:
        there = sorted(map(str, self.others.union(self.found)))
        if not there and self.artifacts:
            return f"it holds `{'`, `'.join(sorted(self.artifacts))}`, which is no image"
        return f"choose from {', '.join(f'`{one}`' for one in there)}" if there else "it holds no image at all"

    def image(self, platform: Platform) -> Image:
        """Return the image of a platform; raises RequestError where there are several."""
        images = self.found[platform]
        if len(images) > 1:
            listing = ", ".join(f"`{digest}`" for digest in sorted(images))
            what = f"there are {len(images)} images for `{platform}`: {listing}"
            raise RequestError.one(what, self.where, "name one of them by its digest")
        return next(iter(images.values()))


def _agreed(told: Platform | None, own: Platform, at: str) -> Platform:
    """Return the platform of an image, of which the index and the config may each say something."""
    if told is None:
        return own
    # Configs leave the variant out more often than not.
    if (told.os, told.architecture) != (own.os, own.architecture):
        raise IntegrityError.one(f"the index says that the image is for `{told}`, and its config for `{own}`", at)
    return told


def _demand_files(layer: Descriptor, name: str, at: str) -> None:
    if layer.media_type not in LAYER_TYPES.values():
        what = f"`{name}` is a `{layer.media_type}`, which is no layer of files"
        raise IntegrityError.one(what, at, "use an image whose layers are tars, plain or packed with gzip or zstd")
