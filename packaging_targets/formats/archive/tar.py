"""Tar archives: POSIX ustar, written by hand, the same bytes for the same manifest anywhere.

A header is 512 bytes. ustar holds names of up to 255 bytes (divided at a `/`), link targets of up to 100
and files below 8 GiB; only where one of these is not enough, a pax header stands before it that says the
one thing that ustar could not, and no times. Owners are 0, or an `Owner`, without names, modes 0644, 0755 and, for
links, 0777; folders end in `/`.

Writing takes about 3 µs an entry beside the reading, because 10,000 small archives are packed in one cold
build.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zlib import adler32

from packaging_targets.errors import PackagingError
from packaging_targets.formats.archive.members import content, members

if TYPE_CHECKING:
    from packaging_targets.formats.archive.members import Member, Writable
    from packaging_targets.model.manifest import Manifest, SourceReader

BLOCK = 512
_NAME, _PREFIX = 100, 155
_SIZE_LIMIT = 1 << 33  # eleven octal digits
_PADDING = tuple(bytes(-size % BLOCK) for size in range(BLOCK))
_NUMBERS = b"%07o\x00%07o\x00%07o\x00%011o\x00%011o\x00"  # mode, user, group, size, time
_NAMELESS = b"ustar\x0000" + bytes(64) + b"0000000\x000000000\x00"  # magic, version, two empty names, device 0, 0
_FILE, _LINK, _FOLDER, _PAX = b"0", b"2", b"5", b"x"
_OWNERS = 1 << 21  # seven octal digits


class Owner(NamedTuple):
    """Whose entries are, by the numbers of user and group: those of `folder` and all below, or all where it is empty.

    All other entries are root's.
    """

    user: int = 0
    group: int = 0
    folder: bytes = b""

    @classmethod
    def parse(cls, text: str, folder: str = "") -> Owner:
        """Return the owner that `1000:50`, or `1000` for both, means; raises ValueError where the text is none."""
        user, _, group = text.partition(":")
        owner = cls(int(user), int(group or user), folder.encode())
        if not text.replace(":", "", 1).isdecimal() or not owner.has_room:
            raise ValueError(f"`{text}` is no owner")
        return owner

    @property
    def has_room(self) -> bool:
        """Whether tar has room for the numbers."""
        return 0 <= self.user < _OWNERS and 0 <= self.group < _OWNERS

    def of(self, name: bytes) -> tuple[int, int]:
        """Return the user and the group of an entry."""
        inside = not self.folder or name.startswith(self.folder + b"/") or name == self.folder
        return (self.user, self.group) if inside else (0, 0)


ROOT = Owner()


def write_tar(
    stream: Writable,
    manifest: Manifest,
    sources: SourceReader,
    *,
    mtime: int = 0,
    root: bool = False,
    owner: Owner = ROOT,
) -> None:
    """Write the tar archive of `manifest` to `stream`, holding no more than 1 MiB of a source in memory.

    `mtime` is every entry's time in seconds since 1970. `root` puts `./` first and before every name.
    Raises PackagingError for a name that is not UTF-8, a source that changes meanwhile, and a time or an owner that
    tar has no room for.
    """
    if not 0 <= mtime < _SIZE_LIMIT:
        fix = "set SOURCE_DATE_EPOCH to seconds since 1970"
        raise PackagingError.one(f"a tar archive has no room for the time {mtime}", fix=fix)
    if not owner.has_room:
        what = f"a tar archive has no room for the owner {owner.user}:{owner.group}"
        raise PackagingError.one(what, fix=f"choose numbers below {_OWNERS:,}")
    start = b"./" if root else b""
    if root:
        stream.write(_header(start, (0o755, 0, 0, 0, mtime), _FOLDER))
    for member in members(manifest, sources):
        stream.write(_headers(start + member.name, member, owner.of(member.name), mtime))
        for piece in content(member, sources):
            stream.write(piece)
        if member.size % BLOCK:
            stream.write(_PADDING[member.size % BLOCK])
    stream.write(bytes(2 * BLOCK))


def _headers(name: bytes, member: Member, owner: tuple[int, int], mtime: int) -> bytes:
    """Return the header of a member, after a pax header where ustar cannot hold all of it."""
    kind = _FILE if member.link is None else _LINK
    if member.is_folder:
        kind = _FOLDER
    link = member.link or b""
    if len(name) <= _NAME and len(link) <= _NAME and member.size < _SIZE_LIMIT:
        return _header(name, (member.mode, *owner, member.size, mtime), kind, link)
    prefix, rest = _divided(name)
    records = {}
    if len(link) > _NAME:
        records[b"linkpath"] = link
    if not rest:
        records[b"path"] = name
    if member.size >= _SIZE_LIMIT:
        records[b"size"] = b"%d" % member.size
    size = 0 if b"size" in records else member.size
    header = _header(rest or _cut(name), (member.mode, *owner, size, mtime), kind, _cut(link), prefix)
    return _pax(name, records, mtime) + header


def _divided(name: bytes) -> tuple[bytes, bytes]:
    """Return ustar's prefix and rest of a name, or two empty strings where it fits no division."""
    if len(name) <= _NAME:
        return b"", name
    # The first slash that leaves a short enough rest leaves the shortest prefix too.
    at = name.find(b"/", len(name) - _NAME - 1, len(name) - 1)
    return (name[:at], name[at + 1 :]) if 0 < at <= _PREFIX else (b"", b"")


def _pax(name: bytes, records: dict[bytes, bytes], mtime: int) -> bytes:
    if not records:
        return b""
    body = b"".join(_record(key, records[key]) for key in sorted(records))
    shown = _cut(b"PaxHeaders/" + name.rstrip(b"/").rpartition(b"/")[2])
    return _header(shown, (0o644, 0, 0, len(body), mtime), _PAX) + body + _PADDING[len(body) % BLOCK]


def _record(key: bytes, value: bytes) -> bytes:
    """Return a pax record, `<length> <key>=<value>` on a line: the length counts its own digits too."""
    rest = b" %b=%b\n" % (key, value)
    length = len(rest)
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return b"%d%b" % (length, rest)


def _cut(name: bytes) -> bytes:
    """Return what of a name fits into a field whose value a pax header replaces, in whole characters."""
    return name[:_NAME].decode("utf-8", "ignore").encode()


def _header(
    name: bytes, numbers: tuple[int, int, int, int, int], kind: bytes, link: bytes = b"", prefix: bytes = b""
) -> bytes:
    """Return the 512 bytes of a header; `numbers` are the mode, the user, the group, the size and the time."""
    before = name.ljust(_NAME, b"\0") + _NUMBERS % numbers
    after = kind + link.ljust(_NAME, b"\0") + _NAMELESS + prefix.ljust(_PREFIX + 12, b"\0")
    checksum = byte_sum(before) + 8 * ord(" ") + byte_sum(after[:200]) + byte_sum(after[200:])
    return b"%b%06o\0 %b" % (before, checksum, after)


def byte_sum(data: bytes) -> int:
    """Return the sum of at most 256 bytes at C speed.

    The low half of Adler-32 is one plus the sum of the bytes modulo 65521, more than 256 bytes can come to.
    """
    return (adler32(data) & 0xFFFF) - 1
