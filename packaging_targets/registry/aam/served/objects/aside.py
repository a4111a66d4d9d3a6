"""Archives that wait for somebody's approval: under numbers of ours, where no reader looks."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, cast

from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.served.objects.protocol import PIECE, ArchiveObjects

KEY = re.compile(r"[0-9a-f]{8,64}")
ASIDE = "aside/"
_IN_MEMORY = 1 << 20


class Aside:
    """What was set aside in an object store."""

    def __init__(self, objects: ArchiveObjects) -> None:
        self._objects = objects

    def put(self, key: str, archive: BinaryIO) -> None:
        """Keep an archive, durably."""
        digest, size = digest_of(archive)
        self._objects.put(_place(key), archive, digest, size)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """Open an archive, which can be sought in; raises RefusalError where it is gone."""
        place = _place(key)
        size = self._objects.size(place)
        if size is None:
            raise RefusalError.of("GONE", "the archive that waited for approval is not there any more")
        with spooled(self._objects.pieces(place, 0, size)) as file:
            yield file

    def discard(self, key: str) -> None:
        """Forget an archive; nothing happens where there is none."""
        self._objects.delete(_place(key))


class SetsAside:
    """What holdings do with archives that wait for approval, wherever these lie."""

    _aside: Aside

    def set_aside(self, key: str, archive: BinaryIO) -> None:
        """Keep an archive that waits for approval."""
        self._aside.put(key, archive)

    def aside(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open an archive that was set aside."""
        return self._aside.open(key)

    def discard(self, key: str) -> None:
        """Forget an archive that was set aside."""
        self._aside.discard(key)


@contextmanager
def spooled(pieces: Iterable[bytes]) -> Iterator[BinaryIO]:
    """Open bytes that come one after another as a file that can be sought in, on disk where they are many."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        for piece in pieces:
            file.write(piece)
        file.seek(0)
        yield cast("BinaryIO", file)


def digest_of(archive: BinaryIO) -> tuple[Digest, int]:
    """Return the digest of an archive, and its size in bytes."""
    found, size = hashlib.sha256(), 0
    archive.seek(0)
    while block := archive.read(PIECE):
        found.update(block)
        size += len(block)
    return Digest(found.hexdigest()), size


def _place(key: str) -> str:
    if not KEY.fullmatch(key):
        raise RefusalError.of("APPROVAL_NOT_FOUND", "there is no such request for approval")
    return f"{ASIDE}{key}"
