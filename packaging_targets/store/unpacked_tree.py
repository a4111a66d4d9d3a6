"""Puts the files of an archive below a new folder, or leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol


class ArchivedFile(Protocol):
    """A file in an archive, of which the path was checked."""

    @property
    def path(self) -> str:
        """Where it goes, relative to the folder."""
        ...

    @property
    def executable(self) -> bool:
        """Whether it gets the mode 0755, or 0644."""
        ...


class Archive(Protocol):
    """What `PackageReader` is: the files of an archive, and the bytes of the one that was yielded last."""

    def __iter__(self) -> Iterator[ArchivedFile]: ...

    def content(self) -> Iterable[bytes]:
        """Yield the bytes of the present file."""
        ...


def unpack(archive: Archive, folder: str) -> Mapping[str, str]:
    """Put the files of an archive below `folder`, which is made; return the SHA-256 of each, in hex, by path.

    Whatever goes wrong, the folder is removed again. Raises BuildError where it cannot be written, and all that
    the archive does.
    """
    raise NotImplementedError
