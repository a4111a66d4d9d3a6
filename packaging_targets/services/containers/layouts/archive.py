"""One platform of a layout as a tar, made on the fly, which names the image in the ways of all engines.

    index.json      for those that read OCI layouts; the name stands in its annotations
    manifest.json   for dockers before 25, which read nothing else

Blobs are read from where they are: nothing is copied, and nothing held in memory.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

from packaging_targets.formats.archive.tar import write_tar
from packaging_targets.formats.oci.contents import contents_of
from packaging_targets.formats.oci.documents import LAYER_TYPES
from packaging_targets.formats.oci.image import FULL_NAME, LAYOUT_MARKER, ImageName, docker_manifest
from packaging_targets.formats.oci.layout import BLOBS, INDEX_FILE, LAYOUT_FILE, REF_NAME, blob_path, find_images
from packaging_targets.formats.oci.manifest import Descriptor, OciIndex, OciManifest
from packaging_targets.formats.oci.platform import Platform
from packaging_targets.model.manifest import Entry, Manifest, SourceInfo

if TYPE_CHECKING:
    from packaging_targets.formats.archive.members import Writable
    from packaging_targets.services.containers.layouts.folder import LayoutFolder


@dataclass(frozen=True, slots=True)
class LayoutArchive:
    """The image of one platform in a layout."""

    folder: LayoutFolder
    platform: Platform
    root: Descriptor
    manifest: OciManifest

    @classmethod
    def of(cls, folder: LayoutFolder, platform: Platform | None) -> LayoutArchive:
        """Return the image for a platform, or for this machine, or the only one that there is.

        Raises RequestError where the platform is not there, and IntegrityError for a layout that is damaged.
        """
        root = folder.root()
        images = find_images((root,), folder, None, folder.where)
        if len(images) > 1 or platform:
            wanted = platform or Platform.of("linux", os.uname().machine)
            images = find_images((root,), folder, (wanted,), folder.where)
        documents = contents_of(root, folder, folder.where).documents
        found = next(one for one in documents if one.manifest and one.descriptor.digest == images[0].manifest)
        assert found.manifest is not None
        described = Descriptor(found.media_type, found.descriptor.digest, found.descriptor.size)
        return cls(folder, images[0].platform, described, found.manifest)

    @property
    def ids(self) -> tuple[str, ...]:
        """What engines call the image: by its config, as most do, or by its manifest."""
        return (str(self.manifest.config.digest), str(self.root.digest))

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """All that the image consists of."""
        return (self.root, self.manifest.config, *self.manifest.layers)

    @property
    def has_zstd(self) -> bool:
        """Whether a layer is one that only newer engines unpack."""
        return any(layer.media_type == LAYER_TYPES["zstd"] for layer in self.manifest.layers)

    def write(self, stream: Writable, name: ImageName, told_name: str) -> None:
        """Write the archive of the image `name`, which is `told_name` to those that read OCI layouts."""
        annotations = {REF_NAME: name.tag, FULL_NAME: told_name}
        index = OciIndex((replace(self.root, annotations=annotations),))
        manifest = docker_manifest(self.manifest.to_bytes(), BLOBS, name)
        texts = {LAYOUT_FILE: LAYOUT_MARKER, INDEX_FILE: index.to_bytes(), "manifest.json": manifest}
        entries = [Entry(path, text=data.decode()) for path, data in texts.items()]
        entries += [Entry(path, path) for path in map(blob_path, self.blobs)]
        write_tar(stream, Manifest.of(entries), _Files(self.folder.path))


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a folder, for who writes archives."""

    folder: str

    def info(self, path: str) -> SourceInfo:
        return SourceInfo(os.stat(os.path.join(self.folder, path)).st_size)

    def open(self, path: str) -> BinaryIO:
        return open(os.path.join(self.folder, path), "rb", buffering=0)
