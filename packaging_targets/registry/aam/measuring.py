"""What an archive is, before it is published."""

from __future__ import annotations

import os
from typing import BinaryIO, NamedTuple

from packaging_targets.errors import legible
from packaging_targets.formats.aam.manifest import AgentManifest
from packaging_targets.formats.aam.package.reader import PackageReader
from packaging_targets.model.digest import Digest


def named(archive: BinaryIO) -> str:
    """Return what an archive is called in messages: its path, where it is a file that has one."""
    name = getattr(archive, "name", None)
    return legible(name) if isinstance(name, str) else "the archive"


class Measured(NamedTuple):
    """An archive that is in order: its manifest, its digest, and its size in bytes."""

    manifest: AgentManifest
    digest: Digest
    size: int


def measured(archive: BinaryIO, where: str) -> Measured:
    """Check an archive, and return what it is; raises IntegrityError with all that is wrong."""
    archive.seek(0)
    reader = PackageReader(archive, where).finished()
    size = archive.seek(0, os.SEEK_END)
    archive.seek(0)
    return Measured(reader.manifest, reader.digest, size)
