"""What an object store is, to a registry: bytes under keys, whole or not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from packaging_targets.model.digest import Digest

PIECE = 1 << 18
"""Bytes of an object that are in memory at once."""


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

    def demand(self) -> None:
        """Raise RegistryError where nothing can be kept or read now."""
        ...
