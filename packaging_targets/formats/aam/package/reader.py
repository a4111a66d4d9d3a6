"""Archives of packages, read in one pass, believing nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from packaging_targets.formats.archive.tar_reader import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging_targets.formats.aam.manifest import AgentManifest
    from packaging_targets.model.digest import Digest

MAX_PACKED = 52_428_800
LIMITS = Limits(packed=MAX_PACKED, unpacked=512 << 20, entries=20_000, path=512, ratio=250)


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file in an archive: its path, whether it is executable, its bytes."""

    path: str
    executable: bool
    size: int


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file of a package that is in memory."""

    data: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True)
class AgentPackage:
    """A package that is in memory; `digest` is that of its archive."""

    manifest: AgentManifest
    files: Mapping[str, PackageFile]
    digest: Digest


class PackageReader:
    """Iterates over the files of an archive; `content` gives the bytes of the one that was yielded last.

    Raises IntegrityError, called `where` in messages, for whatever no archive of a package may hold.
    """

    def __init__(self, file: BinaryIO, where: str, limits: Limits = LIMITS) -> None:
        raise NotImplementedError

    def __iter__(self) -> Iterator[PackedFile]:
        raise NotImplementedError

    def content(self) -> Iterator[bytes]:
        """Yield what has not been read yet of the present file's bytes."""
        raise NotImplementedError

    @property
    def digest(self) -> Digest:
        """The digest of the packed bytes; known when all files were iterated over."""
        raise NotImplementedError


def read_package(file: BinaryIO, where: str, limits: Limits = LIMITS) -> AgentPackage:
    """Return the package in an archive, which is checked as a whole; raises IntegrityError."""
    raise NotImplementedError


def read_manifest(file: BinaryIO, where: str, limits: Limits = LIMITS) -> AgentManifest:
    """Check an archive as a whole and return its manifest alone; raises IntegrityError."""
    raise NotImplementedError
