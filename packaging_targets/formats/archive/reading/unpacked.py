"""The bytes of a tar that may be in gzip, counted and hashed on both sides, under limits that hold while it is read."""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, BinaryIO

from packaging_targets.errors import IntegrityError
from packaging_targets.formats.archive.reading.tar_reader import PIECE

if TYPE_CHECKING:
    from packaging_targets.formats.archive.reading.tar_reader import Limits

_GZIP = b"\x1f\x8b"
_MAGICS = {b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ\0": "xz", b"BZh": "bzip2", b"{": "JSON"}
_LONGEST_MAGIC = 6
_MEMBERS = 2  # gzip streams for each entry that there may be: some programs make one for each file
RATIO_FROM = 1 << 20
"""Bytes up to which nobody asks how well an archive compresses."""


class UnpackedStream:
    """A stream of the unpacked bytes of `file`, of which it holds no more than a piece.

    `packed` and `unpacked` count bytes; `digest` and `plain_digest` are the SHA-256 of both sides. All of them are
    those of the whole file when `read` has come to its end.
    """

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._ahead = b""  # packed
        self._piece = memoryview(b"")  # unpacked
        self._zlib: zlib._Decompress | None = None
        self.compression = "none"
        self.packed = self.unpacked = 0
        self._members = 0  # that came to their end
        self.digest, self.plain_digest = hashlib.sha256(), hashlib.sha256()

    def begin(self) -> None:
        """Tell the compression by the first bytes; raises IntegrityError for what is no tar."""
        self._look_ahead()
        if self._ahead.startswith(_GZIP):
            self.compression, self._zlib = "gzip", zlib.decompressobj(31)
        elif not self._ahead:
            raise IntegrityError.one("the archive is empty")
        else:
            for magic, kind in _MAGICS.items():
                if self._ahead.startswith(magic):
                    raise IntegrityError.one(f"this is {kind}: clients read tar, as it is or in gzip")

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end; raises IntegrityError for damage, and beyond the limits."""
        if not self._piece:
            self._piece = memoryview(self._next_piece())
        data, self._piece = bytes(self._piece[:size]), self._piece[size:]
        return data

    def _next_piece(self) -> bytes:
        data = self._inflated() if self._zlib else self._stored()
        self.unpacked += len(data)
        self.plain_digest.update(data)
        if self.unpacked > self._limits.unpacked:
            raise IntegrityError.one(f"the archive unpacks to more than {self._limits.unpacked:,} bytes, the limit")
        if self.unpacked > max(RATIO_FROM, self.packed * self._limits.ratio):
            raise IntegrityError.one(
                f"the archive unpacks to more than {self._limits.ratio:,} times its size, the limit"
            )
        return data

    def _stored(self) -> bytes:
        data, self._ahead = self._ahead or self._more(), b""
        return data

    def _inflated(self) -> bytes:
        while self._zlib:
            try:
                data = self._zlib.decompress(self._ahead, PIECE)
            except zlib.error as error:
                raise IntegrityError.one(f"the gzip stream is damaged: {error}") from None
            self._ahead = self._zlib.unconsumed_tail or self._zlib.unused_data
            if self._zlib.eof:
                self._next_member()
            elif not data and not self._ahead:
                self._ahead = self._more()
                if not self._ahead:
                    raise IntegrityError.one("the gzip stream ends too early")
            if data:
                return data
        return b""

    def _next_member(self) -> None:
        self._members += 1
        if self._members > _MEMBERS * self._limits.entries:
            most = f"{_MEMBERS * self._limits.entries:,}"
            raise IntegrityError.one(f"the archive has more than {most} gzip streams behind each other, the limit")
        self._look_ahead(b"\0")
        self._zlib = zlib.decompressobj(31) if self._ahead.startswith(_GZIP) else None
        if self._ahead and not self._zlib:
            raise IntegrityError.one("bytes that are no gzip stand behind the gzip stream")

    def _look_ahead(self, padding: bytes = b"") -> None:
        """Have the first bytes of what comes, behind the padding that may stand there: a file may give few at once."""
        self._ahead = self._ahead.lstrip(padding)
        while len(self._ahead) < _LONGEST_MAGIC and (more := self._more()):
            self._ahead = (self._ahead + more).lstrip(padding)

    def _more(self) -> bytes:
        data = self._file.read(PIECE)
        self.packed += len(data)
        self.digest.update(data)
        if self.packed > self._limits.packed:
            raise IntegrityError.one(f"the archive has more than {self._limits.packed:,} bytes, the limit")
        return data
