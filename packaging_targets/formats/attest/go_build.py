"""The modules of a Go program, which its linker writes into a section of its own.

    .go.buildinfo   14 bytes of magic, pointer size, flags, 16 bytes unused │ version │ modules
                    each text behind its length (7 bits a byte, the lowest first)

This is the form since Go 1.18. Older programs hold pointers there, and are passed over. Only ELF is read: an image for
Linux has no other programs. What is read is bounded, whatever the program says of itself.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

ELF = b"\x7fELF"

_MAGIC = b"\xff Go buildinf:"
_INLINE = 2  # a flag: the texts follow
_HEADER = 32
_EDGE = 16  # bytes before and after the list of modules, by which other tools find it
_LARGEST = 4 << 20
_SECTIONS = 4096
_MORE = 0x80  # a byte of a length with this bit is not its last
_LONGEST_LENGTH = 9
# By the class of an ELF file: the header behind its first 16 bytes, and a row of the table of sections.
_SHAPES = {1: ("HHIIIIIHHHHHH", "IIIIIIIIII"), 2: ("HHIQQQIHHHHHH", "IIQQQQIIQQ")}
_ORDERS = {1: "<", 2: ">"}


class Module(NamedTuple):
    """A module of a program: its path and its version, which is empty for what was not released."""

    path: str
    version: str


def go_modules(file: BinaryIO) -> tuple[Module, ...]:
    """Return the modules of the ELF program in `file`, the language's library first; none where it is no Go program.

    Raises ValueError where the program is not what its headers say.
    """
    try:
        data = _section(file, b".go.buildinfo")
        if data is None or data[: len(_MAGIC)] != _MAGIC or not data[15] & _INLINE:
            return ()
        version, rest = _text(data[_HEADER:])
        listing, _ = _text(rest)
        words = version.decode().split()
        modules = _modules(listing[_EDGE:-_EDGE].decode())
        return (Module("stdlib", words[0].removeprefix("go")), *modules) if words else tuple(modules)
    except (struct.error, IndexError, OverflowError, UnicodeDecodeError) as error:
        raise ValueError("its headers are not those of a program") from error


def _section(file: BinaryIO, name: bytes) -> bytes | None:
    """Return the bytes of a section."""
    ident = file.read(16)
    order, (header, row) = _ORDERS.get(ident[5]), _SHAPES.get(ident[4], ("", ""))
    if order is None or not header:
        return None
    fields = struct.unpack(order + header, file.read(struct.calcsize(order + header)))
    at, size, count, names = fields[5], *fields[10:]
    shape = struct.Struct(order + row)
    if size != shape.size or not names < count <= _SECTIONS:
        return None
    file.seek(at)
    rows = list(shape.iter_unpack(file.read(size * count)))
    listing = _content(file, rows[names])
    return next((_content(file, one) for one in rows if listing.startswith(name + b"\0", one[0])), None)


def _content(file: BinaryIO, row: tuple[int, ...]) -> bytes:
    if row[5] > _LARGEST:
        raise OverflowError
    file.seek(row[4])
    return file.read(row[5])


def _text(data: bytes) -> tuple[bytes, bytes]:
    """Return a text that stands behind its length, and what follows it."""
    length = at = 0
    while True:
        byte = data[at]
        length |= (byte & 0x7F) << 7 * at
        at += 1
        if byte < _MORE:
            break
        if at == _LONGEST_LENGTH:
            raise IndexError
    if at + length > len(data):
        raise IndexError
    return data[at : at + length], data[at + length :]


def _modules(listing: str) -> Iterator[Module]:
    """Yield the modules of a list: lines of `mod`, `dep` and, for what stands in the place of the line before, `=>`."""
    held: Module | None = None
    for line in listing.splitlines():
        word, *columns = line.split("\t")
        if word not in {"mod", "dep", "=>"} or not columns or not columns[0]:
            continue
        if held and word != "=>":
            yield held
        version = columns[1] if len(columns) > 1 else ""
        held = Module(columns[0], "" if version == "(devel)" else version)
    if held:
        yield held
