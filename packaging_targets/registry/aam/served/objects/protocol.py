"""What an object store is, to a registry: bytes under keys, whole or not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from packaging_targets.model.digest import Digest

PIECE = 1 << 18
"""Bytes of an object that are in memory at once."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An object in a list: its key, its bytes, and the seconds since 1970 at which it was kept."""

    key: str
    size: int
    modified_at: int


class ArchiveObjects(Protocol):
    """Bytes under keys such as `archives/sha256/9f86…`. Every method may be called from many threads at once.

    Every method raises RefusalError (REGISTRY_UNAVAILABLE) where the store cannot be reached, or has no room.
    """

    def put(self, key: str, source: BinaryIO, digest: Digest, size: int) -> None:
        """Keep what is read from the start of `source`; when this returns it is durable, and whole for every reader."""
        ...

    def size(self, key: str) -> int | None:
        """Return how many bytes there are under a key, or None where nothing is."""
        ...

    def pieces(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to before `end`; raises RegistryError where they are not there."""
        ...

    def delete(self, key: str) -> None:
        """Forget what is under a key; nothing happens where there is nothing."""
        ...

    def pages(self, start: str) -> Iterator[Sequence[Listed]]:
        """Yield the objects whose keys start so, which is with a folder, some hundreds at a time."""
        ...

    def demand(self) -> None:
        """Raise RegistryError where nothing can be kept or read now."""
        ...
