"""Reads an `assets.pa` of any size without reading its payload.

`AssetPack.open` checks the prelude and the header in full, against the length of the file too; what it
returns can be trusted, and hands out the banks as bounded streams. Every malformed file is refused with
IntegrityError, in time and memory that the header limit bounds.
"""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, BinaryIO

from packaging_targets.errors import IntegrityError, Problem, RequestError, raise_all
from packaging_targets.formats.assets.banks import glyph
from packaging_targets.formats.assets.entries import AssetEntry, PreloadEntry
from packaging_targets.formats.assets.header import HEADER_LIMIT, judge
from packaging_targets.formats.assets.pack import MAGIC, PRELUDE, SCHEMA_VERSION, Header
from packaging_targets.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

_SHORTEST_HEADER = len(b'{"asset_table":[],"preload":[]}')


class Slice(io.RawIOBase):
    """The bytes of one bank as a stream of their own, read-only and seekable.

    It moves the pack's stream, so slices of one pack are for one thread.
    """

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        super().__init__()
        self._stream = stream
        self._start = start
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position inside the bank, or to its end at most."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = min(max(origin + offset, 0), self._size)
        return self._at

    def readinto(self, buffer: Buffer) -> int:
        """Read at most `len(buffer)` bytes. Raises IntegrityError where the file has lost its end."""
        with memoryview(buffer).cast("B") as view:
            wanted = min(len(view), self._size - self._at)
            self._stream.seek(self._start + self._at)
            count: int = self._stream.readinto(view[:wanted])  # type: ignore[attr-defined]  # all binary streams have it
            if wanted and not count:
                raise IntegrityError.one("the file has become shorter since it was opened", "assets.pa")
        self._at += count
        return count


class AssetPack:
    """An open pack: `entries` in order of asset id, `preload`, and the bytes of each bank."""

    def __init__(self, stream: BinaryIO, header: Header, payload_offset: int, where: str) -> None:
        self._stream = stream
        self._payload_offset = payload_offset
        self._where = where
        self._by_id = {entry.asset_id: entry for entry in header.asset_table}
        self.header = header

    @classmethod
    def open(cls, stream: BinaryIO, where: str = "assets.pa") -> AssetPack:
        """Check the pack in `stream`, a seekable one as `io` has them, and return it; `where` names it in errors.

        The pack reads from `stream` as long as it is used and does not close it.
        """
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        header_size, payload_offset = _prelude(_read(stream, min(size, PRELUDE.size)), size, where)
        header = _header(_read(stream, header_size), where)
        end = payload_offset + sum(entry.size for entry in header.asset_table)
        if end != size:
            raise IntegrityError.one(f"the file is {size} bytes long, but its banks end at {end}", where)
        return cls(stream, header, payload_offset, where)

    @property
    def entries(self) -> tuple[AssetEntry, ...]:
        """The asset table."""
        return self.header.asset_table

    @property
    def preload(self) -> tuple[PreloadEntry, ...]:
        """What is loaded at boot, and where."""
        return self.header.preload

    def entry(self, asset_id: int) -> AssetEntry:
        """Return the row of an asset. Raises RequestError where the pack does not hold it."""
        if asset_id not in self._by_id:
            raise RequestError.one(f"there is no asset {asset_id}", self._where)
        return self._by_id[asset_id]

    def slice(self, asset_id: int) -> Slice:
        """Return the bytes of an asset as a stream. Raises RequestError where the pack does not hold it."""
        entry = self.entry(asset_id)
        return Slice(self._stream, self._payload_offset + entry.offset, entry.size)

    def verify(self) -> dict[int, Digest]:
        """Read the whole payload, through a small buffer, and return the digest of each asset.

        Raises IntegrityError for a bank whose bytes its own format does not allow.
        """
        digests: dict[int, Digest] = {}
        found: list[Problem] = []
        for index, entry in enumerate(self.entries):
            with self.slice(entry.asset_id) as bank:
                digests[entry.asset_id] = _digest(bank)
                if entry.bank_type == "GLYPH":
                    place = f"{self._where} ($.asset_table[{index}], the bank)"
                    found += [Problem(place, what) for what in _glyph_faults(bank, entry)]
        raise_all(found, IntegrityError)
        return digests


def _prelude(raw: bytes, size: int, where: str) -> tuple[int, int]:
    """Return the header's length and the payload's offset."""
    if len(raw) < PRELUDE.size:
        raise IntegrityError.one(f"the file is {size} bytes long, and the prelude alone is {PRELUDE.size}", where)
    magic, version, header_size, payload_offset, flags, reserved = PRELUDE.unpack(raw)
    if magic != MAGIC:
        raise IntegrityError.one("the file does not start with `ASPA`: it is no asset pack", f"{where} (byte 0)")
    if version != SCHEMA_VERSION:
        raise IntegrityError.one(
            f"the file has version {version}, and only version {SCHEMA_VERSION} is known", f"{where} (byte 4)"
        )
    found = list(_prelude_faults(header_size, payload_offset, size))
    if flags:
        found.append((20, f"the flags are {flags:#x}, and none is defined"))
    if reserved != bytes(8):
        found.append((24, "the reserved bytes are not zero"))
    raise_all((Problem(f"{where} (byte {byte})", what) for byte, what in found), IntegrityError)
    return header_size, payload_offset


def _prelude_faults(header_size: int, payload_offset: int, size: int) -> Iterator[tuple[int, str]]:
    if not _SHORTEST_HEADER <= header_size <= HEADER_LIMIT:
        yield (
            8,
            f"the header is {header_size} bytes long, and {_SHORTEST_HEADER} to {HEADER_LIMIT} are allowed",
        )
    elif PRELUDE.size + header_size > size:
        yield 8, f"the header is {header_size} bytes long, and the file ends before it does"
    if payload_offset != PRELUDE.size + header_size:
        yield (
            12,
            f"the payload starts at {payload_offset}, and the header ends at {PRELUDE.size + header_size}",
        )


def _header(raw: bytes, where: str) -> Header:
    rows, found = judge(raw)
    raise_all((Problem(f"{where} ({place})", what) for place, what in found), IntegrityError)
    return Header(tuple(rows.table), tuple(rows.preload))


def _read(stream: BinaryIO, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size and (chunk := stream.read(size - len(parts))):
        parts += chunk
    return bytes(parts)


def _digest(bank: Slice) -> Digest:
    return Digest(hashlib.file_digest(bank, "sha256").hexdigest())


def _glyph_faults(bank: Slice, entry: AssetEntry) -> Iterator[str]:
    bank.seek(glyph.PLANE_SIZE)
    used, authored = glyph.used_palettes(bank.readall()), entry.metadata["palette_authored"]
    if used > authored:
        yield f"has colours in {used} palettes, and {authored} are declared"
