"""All that an image consists of, for all its platforms, in the order in which it can be handed on.

    config, layers  ──▶  manifest of a platform  ──▶  index

What names something comes after it, so that whoever takes one document after the other always has what it names.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from packaging_targets.errors import IntegrityError
from packaging_targets.formats.oci.documents import read_index, read_manifest, read_table, refuse_schema_1
from packaging_targets.formats.oci.layout import MAX_DEPTH, MAX_DOCUMENTS, Documents, read_document
from packaging_targets.formats.oci.manifest import INDEX_TYPE, MANIFEST_TYPE, Descriptor, OciManifest
from packaging_targets.model.digest import Digest


@dataclass(frozen=True, slots=True)
class Document:
    """An index or a manifest: `media_type` is what it calls itself; `manifest` is what it says, if it is one."""

    descriptor: Descriptor
    data: bytes = field(repr=False)
    media_type: str
    manifest: OciManifest | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """An image: its documents, the last of which leads to all others, and its configs and layers, each once."""

    documents: tuple[Document, ...]
    blobs: tuple[Descriptor, ...]

    @property
    def root(self) -> Descriptor:
        """What leads to all of it."""
        return self.documents[-1].descriptor


def contents_of(root: Descriptor, documents: Documents, where: str) -> Contents:
    """Return all that `root` leads to; `where` is the place that problems are told at.

    Raises IntegrityError for documents that are missing, damaged, no part of an image, or more than anybody means.
    """
    walk = _Walk(documents, where)
    walk.follow(root, MAX_DEPTH)
    return Contents(tuple(walk.found.values()), tuple(walk.blobs.values()))


@dataclass(slots=True)
class _Walk:
    documents: Documents
    where: str
    found: dict[Digest, Document] = field(default_factory=dict)
    blobs: dict[Digest, Descriptor] = field(default_factory=dict)

    def follow(self, descriptor: Descriptor, depth: int) -> None:
        """Take note of a document, after all that it names; `depth` indexes may stand below one another."""
        if descriptor.digest in self.found:
            return
        at = f"{self.where} {descriptor.digest}"
        refuse_schema_1(descriptor.media_type, self.where)
        if descriptor.media_type not in {INDEX_TYPE, MANIFEST_TYPE}:
            raise IntegrityError.one(f"`{descriptor.media_type}` is neither an index nor a manifest", at)
        data, manifest = read_document(self.documents, descriptor, at), None
        if descriptor.media_type == INDEX_TYPE:
            if not depth:
                raise IntegrityError.one(f"there are more than {MAX_DEPTH} indexes below one another", self.where)
            for one in read_index(data, at):
                self.follow(one, depth - 1)
        else:
            manifest = read_manifest(data, at)
            self.blobs |= {one.digest: one for one in (manifest.config, *manifest.layers)}
        if len(self.found) == MAX_DOCUMENTS:
            raise IntegrityError.one(f"there are more than {MAX_DOCUMENTS} indexes and manifests", self.where)
        media_type = str(read_table(data, at).get("mediaType", descriptor.media_type))
        self.found[descriptor.digest] = Document(descriptor, data, media_type, manifest)
