"""What registries have told of packages, kept so that they need not tell it again: a document with its entity tag.

Each is under a key that names who asked, what registry and what for: nobody gets what another was told. The files can
be read by their owner alone, and there are never many: those not used for longest go. A torn one is as if it were not
there.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress

from packaging_targets.store.change import replacing

_MAGIC = b"aam-document-1"
_MOST_FILES = 4000
_MOST_BYTES = 256 << 20
_KEPT = 0.75  # of these, after some went
_EVERY = 64


class DocumentCache:
    """Documents in a folder, which is made when something is put there."""

    def __init__(self, folder: str, most_files: int = _MOST_FILES, most_bytes: int = _MOST_BYTES) -> None:
        self._folder = folder
        self._most_files = most_files
        self._most_bytes = most_bytes
        self._puts = 0

    def get(self, *key: str) -> tuple[str, bytes] | None:
        """Return the entity tag and the bytes of a document, or None."""
        place = self._place(key)
        try:
            with open(place, "rb") as file:
                head, _, data = file.read().partition(b"\n")
            os.utime(place)
        except OSError:
            return None
        magic, digest, tag = (*head.split(b" ", 2), b"", b"")[:3]
        if magic != _MAGIC or digest.decode("ascii", "replace") != hashlib.sha256(data).hexdigest():
            return None
        return tag.decode("ascii", "replace"), data

    def put(self, tag: str, data: bytes, *key: str) -> None:
        """Keep a document under its entity tag, which is ASCII; where that is impossible, it is done without."""
        head = b" ".join((_MAGIC, hashlib.sha256(data).hexdigest().encode(), tag.encode()))
        with suppress(OSError):
            os.makedirs(self._folder, 0o700, exist_ok=True)
            with replacing(self._place(key), mode=0o600, synced=False) as file:
                file.write(head + b"\n" + data)
        if self._puts % _EVERY == 0:
            self._prune()
        self._puts += 1

    def drop(self, *key: str) -> None:
        """Forget a document."""
        with suppress(OSError):
            os.remove(self._place(key))

    def _place(self, key: tuple[str, ...]) -> str:
        return os.path.join(self._folder, hashlib.sha256("\0".join(key).encode()).hexdigest())

    def _prune(self) -> None:
        with suppress(OSError):
            found = [(entry.stat(), entry.path) for entry in os.scandir(self._folder)]
            count, size = len(found), sum(stat.st_size for stat, _ in found)
            if count <= self._most_files and size <= self._most_bytes:
                return
            for stat, path in sorted(found, key=lambda one: one[0].st_mtime):
                if count <= self._most_files * _KEPT and size <= self._most_bytes * _KEPT:
                    break
                os.remove(path)
                count, size = count - 1, size - stat.st_size
