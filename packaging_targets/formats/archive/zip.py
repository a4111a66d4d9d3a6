"""Zip archives: the same bytes for the same manifest anywhere.

A local header states sizes and a checksum before the data, so a member is compressed before it is written.
libdeflate compresses whole buffers: up to `WHOLE` bytes, a file is read into memory, and deflated where
that makes it smaller. A larger one is read twice instead (once for its checksum) and stored as it is, in
constant memory: archives of such files are better made as `tar.gz` or `tar.zst`. The central directory
grows in memory by about 100 bytes an entry.

Names are marked as UTF-8, times are DOS times in UTC, clamped to the years 1980 to 2107, modes and links
are told in Unix's way, and zip64 fields stand only where a size, an offset or the number of entries needs
them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from struct import pack
from typing import TYPE_CHECKING

from packaging_targets.errors import RequestError
from packaging_targets.formats.archive.members import changed, content, members

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging_targets.formats.archive.members import Member, Writable
    from packaging_targets.model.manifest import Manifest, SourceReader

WHOLE = 128 << 20
"""The largest file, in bytes, that is compressed."""

LEVELS = range(13)

_FULL_32, _FULL_16 = 0xFFFF_FFFF, 0xFFFF  # these very values say: look into the zip64 field
_STORED, _DEFLATED = 0, 8
_UTF8 = 1 << 11
_UNIX = 3 << 8
_PLAIN, _ZIP64 = 20, 45  # the version of the format that a reader needs: 2.0, 4.5
_LINK, _FOLDER, _FILE = 0o120000, 0o040000, 0o100000
_DOS_FOLDER = 0x10


@dataclass(frozen=True, slots=True)
class _Record:
    """What the local header and the central directory both say of a member."""

    name: bytes
    attributes: int
    method: int
    crc: int
    packed: int
    size: int


def write_zip(stream: Writable, manifest: Manifest, sources: SourceReader, *, mtime: int = 0, level: int = 6) -> None:
    """Write the zip archive of `manifest` to `stream`.

    `mtime` is in seconds since 1970, `level` from 0 (store everything) to 12. Takes up to twice `WHOLE` in
    memory, and no more than twice the largest file. Raises PackagingError for names that are not UTF-8 and
    for a source that changes meanwhile, RequestError for another level.
    """
    if level not in LEVELS:
        fix = f"choose a level from {LEVELS[0]} to {LEVELS[-1]}"
        raise RequestError.one(f"zip has no level {level}", fix=fix)
    moment = _dos_time(mtime)
    directory: list[bytes] = []
    at = 0
    for member in members(manifest, sources):
        record, data = _packed(member, sources, level)
        header = _local_header(record, moment)
        stream.write(header)
        for piece in data:
            stream.write(piece)
        directory.append(_directory_header(record, moment, at))
        at += len(header) + record.packed
    for entry in directory:
        stream.write(entry)
    stream.write(_end(len(directory), sum(map(len, directory)), at))


def _packed(member: Member, sources: SourceReader, level: int) -> tuple[_Record, Iterable[bytes | bytearray]]:
    """Return what to say of a member, and its bytes as they stand in the archive."""
    if member.size > WHOLE:
        return _streamed(member, sources)
    import deflate  # imported late: only a build with something to pack needs it

    data: bytes | bytearray = member.link or b"".join(content(member, sources))
    method, crc, size = _STORED, deflate.crc32(data), len(data)
    if level and size and member.link is None:
        smaller = deflate.deflate_compress(data, level)
        if len(smaller) < size:
            method, data = _DEFLATED, smaller
    return _Record(member.name, _attributes(member), method, crc, len(data), size), (data,)


def _streamed(member: Member, sources: SourceReader) -> tuple[_Record, Iterator[bytes]]:
    import deflate

    crc = 0
    for piece in content(member, sources):
        crc = deflate.crc32(piece, crc)

    def again() -> Iterator[bytes]:
        second = 0
        for piece in content(member, sources):
            second = deflate.crc32(piece, second)
            yield piece
        if second != crc:
            raise changed(member.source or "")

    return _Record(member.name, _attributes(member), _STORED, crc, member.size, member.size), again()


def _attributes(member: Member) -> int:
    if member.is_folder:
        return (_FOLDER | member.mode) << 16 | _DOS_FOLDER
    return ((_FILE if member.link is None else _LINK) | member.mode) << 16


def _dos_time(mtime: int) -> bytes:
    """Return DOS time and date: two seconds are the smallest step, and 1980 and 2107 the ends."""
    moment = time.gmtime(min(max(mtime, 315532800), 4354819198))
    clock = moment.tm_hour << 11 | moment.tm_min << 5 | moment.tm_sec // 2
    return pack("<HH", clock, (moment.tm_year - 1980) << 9 | moment.tm_mon << 5 | moment.tm_mday)


def _local_header(record: _Record, moment: bytes) -> bytes:
    packed, size, extra = record.packed, record.size, b""
    if max(packed, size) >= _FULL_32:
        extra = pack("<HHQQ", 1, 16, size, packed)  # a local header has both or none
        packed = size = 0xFFFF_FFFF
    version = _ZIP64 if extra else _PLAIN
    return (
        pack("<4sHHH", b"PK\3\4", version, _UTF8, record.method)
        + moment
        + pack("<LLLHH", record.crc, packed, size, len(record.name), len(extra))
        + record.name
        + extra
    )


def _directory_header(record: _Record, moment: bytes, at: int) -> bytes:
    numbers = (record.size, record.packed, at)
    large = [number for number in numbers if number >= _FULL_32]
    extra = pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    size, packed, at = (0xFFFF_FFFF if number >= _FULL_32 else number for number in numbers)
    version = _ZIP64 if extra else _PLAIN
    return (
        pack("<4sHHHH", b"PK\1\2", _UNIX | version, version, _UTF8, record.method)
        + moment
        + pack("<LLLHH", record.crc, packed, size, len(record.name), len(extra))
        + pack("<HHHLL", 0, 0, 0, record.attributes, at)
        + record.name
        + extra
    )


def _end(count: int, size: int, at: int) -> bytes:
    """Return the end of the central directory of `count` entries and `size` bytes that starts `at`."""
    zip64 = b""
    if count >= _FULL_16 or size >= _FULL_32 or at >= _FULL_32:
        zip64 = pack("<4sQHHLLQQQQ", b"PK\6\6", 44, _UNIX | _ZIP64, _ZIP64, 0, 0, count, count, size, at)
        zip64 += pack("<4sLQL", b"PK\6\7", 0, at + size, 1)
        count, size, at = 0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF
    return zip64 + pack("<4sHHHHLLH", b"PK\5\6", 0, 0, count, count, size, at, 0)
