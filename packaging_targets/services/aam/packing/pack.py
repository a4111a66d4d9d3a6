"""`aam pkg pack`: a folder becomes an archive, and its sources are only read."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from packaging_targets.errors import BuildError, PackagingError, raise_all, reason
from packaging_targets.formats.aam.integrity import integrity_of
from packaging_targets.formats.aam.package.writer import write_aam
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.clock import told_time
from packaging_targets.services.aam.packing.folder import list_package, plain, within
from packaging_targets.store.change import replacing

if TYPE_CHECKING:
    from packaging_targets.errors import Problem
    from packaging_targets.formats.aam.checking.agent_folder import AgentFolder
    from packaging_targets.formats.aam.manifest import AgentManifest
    from packaging_targets.services.aam.packing.folder import PackageFolder

OUTPUT = "dist"
_SUFFIX = ".aam"


@dataclass(frozen=True, slots=True)
class Packed:
    """What was packed: where the archive is, its size in bytes and its digest, and the paths in it."""

    manifest: AgentManifest
    archive: str
    size: int
    digest: Digest
    files: tuple[str, ...]
    warnings: tuple[Problem, ...]

    @property
    def integrity(self) -> str:
        """What locks and registries will know the archive by."""
        return integrity_of(self.digest)


class CountedFile:
    """A file whose size and digest are known when it is written; without one, what is written goes nowhere."""

    def __init__(self, file: BinaryIO | None = None) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | bytearray | memoryview, /) -> None:
        """Take all of `data`."""
        if self._file is not None:
            self._file.write(data)
            self._digest.update(data)
        self.size += len(data)

    @property
    def digest(self) -> Digest:
        """The digest of what was written."""
        return Digest(self._digest.hexdigest())


def pack(path: str, output: str = OUTPUT) -> Packed:
    """Pack the folder `path` into `output`, which is a folder, or a file where it ends in `.aam`.

    The archive stands in its place when it is whole. Raises PackagingError with all that is wrong with the package,
    RequestError where there is no such folder, and BuildError where the archive cannot be written.
    """
    folder = list_package(path)
    found = folder.check()
    raise_all(found.errors, PackagingError, found.warnings)
    manifest = found.manifest
    if manifest is None:
        raise AssertionError  # a folder without a manifest has errors
    place = (
        output if output.endswith(_SUFFIX) and not os.path.isdir(output) else within(plain(output), manifest.archive)
    )
    written = _put(place, folder, found)
    files = tuple(entry.dest for entry in found.contents.entries)
    return Packed(manifest, place, written.size, written.digest, files, found.warnings)


def _put(place: str, folder: PackageFolder, found: AgentFolder) -> CountedFile:
    """Write the archive beside its place, and then let it stand there."""
    parent = os.path.dirname(place)
    is_new = bool(parent) and not os.path.lexists(parent)
    try:
        os.makedirs(parent or ".", exist_ok=True)
        try:
            with replacing(place, synced=False) as file:
                out = CountedFile(file)
                write_package(out, folder, found, place)
        except BaseException:
            if is_new:
                os.rmdir(parent)
            raise
    except OSError as error:
        raise BuildError.one(f"`{place}` cannot be written: {reason(error)}", place) from error
    return out


def write_package(out: CountedFile, folder: PackageFolder, found: AgentFolder, where: str) -> None:
    """Write the archive of a folder that was checked, and look into its files; raises PackagingError."""
    try:
        write_aam(out, found.contents, folder, where, mtime=told_time() or 0)
    except PackagingError as error:
        error.warnings = found.warnings
        raise
    folder.demand_unchanged(found.contents.sources)
