"""The archives that a user has downloaded, each under its name, version and digest.

What lies there is believed to be what its name says only after its bytes have said so, every time: an archive that is
torn or was tampered with is removed, and is as if it had never been there. Archives are written beside their place and
renamed into it, so several processes may use the cache at once; they are not synced, as a torn one does no harm.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from packaging_targets.errors import IntegrityError, reason
from packaging_targets.model.digest import Digest
from packaging_targets.store.change import replacing

MAX_PACKED = 52_428_800
"""The most bytes that an archive may have."""
_PIECE = 1 << 18
_BESIDE = ".sigstore.json"


@dataclass(frozen=True, slots=True)
class Archive:
    """What an archive has to be: whose it is, and its digest.

    `folder` is what the package's folder is called; `where` is where the archive comes from, for messages, and `size`
    its bytes where they are known.
    """

    name: str
    folder: str
    version: str
    digest: Digest
    where: str
    size: int = 0

    @property
    def file(self) -> str:
        """What it is called in the cache."""
        return f"{self.folder}-{self.version}-sha256-{self.digest.hex}.aam"

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return f"`{self.name}` {self.version}"


class PackageCache:
    """The cache in a folder, which is made when something is put there; `failure` says why it could not be written."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.failure = ""

    def has(self, archive: Archive) -> bool:
        """Tell whether there is something under the archive's name, whatever its bytes are."""
        return os.path.isfile(self._place(archive))

    def get(self, archive: Archive) -> bytes | None:
        """Return the bytes of an archive if they are what they have to be, else None; others are removed."""
        place = self._place(archive)
        try:
            with open(place, "rb") as file:
                data = file.read(MAX_PACKED + 1)
        except OSError:
            return None
        if Digest.of(data) == archive.digest:
            return data
        with suppress(OSError):
            os.remove(place)
        return None

    def put(self, archive: Archive, source: BinaryIO) -> bytes:
        """Read an archive from where it comes from, put it into the cache and return its bytes.

        Raises IntegrityError where it is larger than an archive may be or than its registry says, or has another
        digest. A cache that cannot be written is done without; `failure` says why then.
        """
        data = _read(archive, source)
        self._write(self._place(archive), data)
        return data

    def beside(self, archive: Archive, limit: int) -> bytes | None:
        """Return the signature that was put beside an archive, up to one byte above the limit, or None.

        Nothing says that it is one of the archive, or of anything: whoever asks verifies it.
        """
        try:
            with open(self._place(archive) + _BESIDE, "rb") as file:
                return file.read(limit + 1)
        except OSError:
            return None

    def put_beside(self, archive: Archive, signature: bytes) -> None:
        """Keep the signature of an archive, whether that is in the cache or not."""
        self._write(self._place(archive) + _BESIDE, signature)

    def _write(self, place: str, data: bytes) -> None:
        try:
            os.makedirs(self._folder, exist_ok=True)
            with replacing(place, synced=False) as file:
                file.write(data)
        except OSError as error:
            self.failure = reason(error)

    def _place(self, archive: Archive) -> str:
        return os.path.join(self._folder, archive.file)


def _read(archive: Archive, source: BinaryIO) -> bytes:
    limit = min(archive.size or MAX_PACKED, MAX_PACKED)
    digest, pieces, size = hashlib.sha256(), list[bytes](), 0
    while piece := source.read(_PIECE):
        size += len(piece)
        if size > limit:
            what = f"{archive.title} has more bytes than the {limit:,} that it may have"
            raise IntegrityError.one(what, archive.where, "tell whoever runs the registry")
        digest.update(piece)
        pieces.append(piece)
    if digest.hexdigest() != archive.digest.hex:
        what = (
            f"{archive.title} is not what it should be: its SHA-256 is {digest.hexdigest()}, not {archive.digest.hex}"
        )
        raise IntegrityError.one(what, archive.where, "nothing was changed; tell whoever runs the registry")
    return b"".join(pieces)
