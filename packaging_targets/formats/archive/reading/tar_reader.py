"""Tar archives that somebody else made: read in one pass, under limits, holding no more than a piece in memory.

ustar, pax and GNU headers are understood, and nothing that they say is believed beyond the limits. What is damaged
is an IntegrityError that tells the place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from packaging_targets.errors import IntegrityError
from packaging_targets.formats.archive.tar import BLOCK, byte_sum

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 1 << 18
FILE, HARD_LINK, LINK, FOLDER, SPARSE = b"0", b"1", b"2", b"5", b"S"
_FILES = {b"0", b"\0"}
_WITHOUT_CONTENT = {b"1", b"2", b"3", b"4", b"5", b"6"}
_PAX, _GLOBAL, _LONG_NAME, _LONG_LINK = b"x", b"g", b"L", b"K"
_PAX_LIMIT = 1 << 16
_EXTENDED = 2  # headers of an entry, such as those of GNU for a long name and a long link
_SPARSE = b"GNU.sparse."
_READ = {b"path", b"linkpath", b"size"}
"""Keys of pax headers. All others are passed over: global ones hold for every entry, and may be millions."""
_OCTAL = re.compile(rb"[0-7]*")
_DECIMAL = re.compile(rb"[0-9]{1,18}")
_RECORD = re.compile(rb"([1-9][0-9]{0,5}) ")


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may come to: bytes packed and unpacked, entries, bytes of a path, and how well it may compress.

    `ratio` counts from a MiB of unpacked bytes on.
    """

    packed: int = 1 << 30
    unpacked: int = 1 << 30
    entries: int = 50_000
    path: int = 4096
    ratio: int = 250


@dataclass(frozen=True, slots=True)
class TarEntry:
    """A header as it stands in the archive; `kind` is tar's type flag, of which `0` is a file. Sizes are in bytes."""

    name: bytes
    kind: bytes
    mode: int = 0o644
    size: int = 0
    link: bytes = b""
    mtime: int = 0
    owners: tuple[int, int, bytes, bytes] = (0, 0, b"", b"")


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""
        ...


class TarReader:
    """Iterates over the entries of a tar archive; `content` gives the bytes of the one that was yielded last."""

    def __init__(self, stream: Readable, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._left = 0  # of the content of the present entry
        self._padding = 0
        self.at = 0

    def __iter__(self) -> Iterator[TarEntry]:
        overrides: dict[bytes, bytes] = {}
        shared: dict[bytes, bytes] = {}
        count = extended = 0
        is_extended = False
        while (block := self._block()) is not None:
            entry = _parsed(block, self.at - BLOCK)
            if entry.kind in {_PAX, _GLOBAL, _LONG_NAME, _LONG_LINK}:
                extended += 1
                is_extended = is_extended or entry.kind != _GLOBAL
                if extended > _EXTENDED * self._limits.entries:
                    raise _over("extended headers", _EXTENDED * self._limits.entries)
                found = self._extension(entry)
                (shared if entry.kind == _GLOBAL else overrides).update(found)
                continue
            count += 1
            if count > self._limits.entries:
                raise _over("entries", self._limits.entries)
            entry = _overridden(entry, {**shared, **overrides}, self.at)
            overrides.clear()
            is_extended = False
            if max(len(entry.name), len(entry.link)) > self._limits.path:
                raise _over("bytes in a path", self._limits.path)
            self._begin(0 if entry.kind in _WITHOUT_CONTENT else entry.size)
            yield entry
            for _ in self.content():
                pass
            self._skip_padding()
        if is_extended:
            raise IntegrityError.one(
                f"an extended header has no entry behind it, at byte {self.at - BLOCK:,} of the tar"
            )

    def content(self) -> Iterator[bytes]:
        """Yield what has not been read yet of the present entry's bytes."""
        while self._left:
            yield self._take(min(self._left, PIECE))

    def rest(self) -> int:
        """Read to the end of the stream; return how many bytes other than zeros stand behind the archive."""
        count = 0
        while data := self._stream.read(PIECE):
            count += len(data) - data.count(0)
        return count

    def _begin(self, size: int) -> None:
        self._left = size
        self._padding = -size % BLOCK

    def _take(self, size: int) -> bytes:
        data = self._stream.read(size)
        if not data:
            raise IntegrityError.one(f"the archive ends in the middle of an entry, at byte {self.at:,} of the tar")
        self.at += len(data)
        self._left -= len(data)
        return data

    def _skip_padding(self) -> None:
        self._left, self._padding = self._padding, 0
        while self._left:
            self._take(self._left)

    def _block(self) -> bytes | None:
        """Return the next header, or None at the end of the archive, which is a block of zeros."""
        self._begin(BLOCK)
        data = b"".join(self.content())
        return data if data.strip(b"\0") else None

    def _extension(self, entry: TarEntry) -> dict[bytes, bytes]:
        limit = _PAX_LIMIT if entry.kind in {_PAX, _GLOBAL} else self._limits.path + 1
        if entry.size > limit:
            raise _over("bytes in an extended header", limit)
        self._begin(entry.size)
        data = b"".join(self.content())
        self._skip_padding()
        if entry.kind == _LONG_NAME:
            return {b"path": data.rstrip(b"\0")}
        if entry.kind == _LONG_LINK:
            return {b"linkpath": data.rstrip(b"\0")}
        return _records(data, self.at)


def _parsed(block: bytes, at: int) -> TarEntry:
    checksum = byte_sum(block[:148]) + 8 * ord(" ") + byte_sum(block[156:356]) + byte_sum(block[356:])
    if _number(block[148:156], at) != checksum:
        raise IntegrityError.one(f"there is no tar header at byte {at:,}: its checksum is another")
    name, kind = _text(block[:100]), block[156:157]
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):
        name = prefix + b"/" + name
    numbers = (
        _number(block[start:end], at) for start, end in ((100, 108), (124, 136), (136, 148), (108, 116), (116, 124))
    )
    mode, size, mtime, user, group = numbers
    owners = (user, group, _text(block[265:297]), _text(block[297:329]))
    return TarEntry(name, kind, mode, size, _text(block[157:257]), mtime, owners)


def _number(field: bytes, at: int) -> int:
    """Return a number field: octal digits, or binary where the highest bit is set."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    digits = field.strip(b" \0")
    if not _OCTAL.fullmatch(digits):
        raise IntegrityError.one(f"there is no tar header at byte {at:,}: a number is {ascii(digits)[1:]}")
    return int(digits or b"0", 8)


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _records(data: bytes, at: int) -> dict[bytes, bytes]:
    """Return the records of a pax header, each `<length> <key>=<value>` on a line of that length."""
    found, start = {}, 0
    while start < len(data):
        match = _RECORD.match(data, start)
        end = start + int(match[1]) if match else 0
        if not match or end > len(data) or data[end - 1 : end] != b"\n" or end <= match.end():
            raise IntegrityError.one(f"the pax header that ends at byte {at:,} of the tar is damaged")
        key, _, value = data[match.end() : end - 1].partition(b"=")
        if key in _READ:
            found[key] = value
        elif key.startswith(_SPARSE):
            found[_SPARSE] = b""
        start = end
    return found


def _overridden(entry: TarEntry, records: dict[bytes, bytes], at: int) -> TarEntry:
    """Return the entry with what extended headers say of it; old tars mark a folder by its name alone."""
    size = records.get(b"size", b"%d" % entry.size)
    if not _DECIMAL.fullmatch(size):
        raise IntegrityError.one(f"the pax header before byte {at:,} of the tar is damaged")
    name, kind = records.get(b"path", entry.name), entry.kind
    if kind in _FILES:
        kind = FOLDER if name.endswith(b"/") else FILE
        # What stands in the archive is a map of such a file, and then what of it is no hole.
        kind = SPARSE if _SPARSE in records else kind
    return TarEntry(
        name,
        kind,
        entry.mode,
        int(size),
        records.get(b"linkpath", entry.link),
        entry.mtime,
        entry.owners,
    )


def _over(what: str, limit: int) -> IntegrityError:
    return IntegrityError.one(f"the archive has more than {limit:,} {what}, the limit")
