"""PNG files that keep their word, as pixels.

Decoders are lenient: where half of the rows are missing, the picture is black there. So the file is judged here: the
checksum of each chunk, and that the pixel data is as long as the picture's size asks for: no shorter, and no longer,
whatever the file claims: it is unpacked once, into just as much room. Pillow then undoes the filters of the rows,
which it gets in a stream of our own; it never sees the file, nor any chunk that is not about pixels.
"""

from __future__ import annotations

import importlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import PackagingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

SIDE_LIMIT = 4_096
"""The most pixels of an image, in each direction."""
FILE_LIMIT = 64 << 20
"""The longest file, in bytes."""

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEAD = struct.Struct(">IIBBBBB")
"""Width, height, bits a channel, colour type, and the methods of packing, filters and interlacing."""
COLOR = 2
"""The colour type of RGB."""
_GREY, _INDEXED = 0, 3
_CHANNELS = {_GREY: 1, COLOR: 3, _INDEXED: 1, 4: 2, 6: 4}
_MODES = {COLOR: "RGB", 4: "LA", 6: "RGBA"}
_DEPTHS = {_GREY: (1, 2, 4, 8, 16), COLOR: (8, 16), _INDEXED: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_DEPTH_LIMIT = 8  # deeper ones lose bits, silently, on their way to 24-bit colours
_ENTRIES = 256
_MODULES = {"numpy": "numpy", "deflate": "deflate", "pillow": "PIL"}
_PIECE = 1 << 20
_CHUNKS_LIMIT = 50_000  # in the largest file, a kilobyte each
_CUT_OFF = "is cut off: it has no end"
_LESS = "has less pixel data than its size asks for"
_ANCILLARY = 0x20  # the bit of a chunk's first letter that says that a decoder need not know the chunk
# Of each pass of an interlaced image: the first pixel (x, y), and the steps to the next ones.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@dataclass(frozen=True, slots=True)
class PngHead:
    """Size in pixels, bits a channel, the colour type, and whether the rows come in seven passes."""

    width: int
    height: int
    depth: int
    kind: int
    interlaced: bool = False

    @property
    def data_size(self) -> int:
        """Bytes of the unpacked pixel data, the filter byte of each row included."""
        total = 0
        for x, y, across, down in _PASSES if self.interlaced else ((0, 0, 1, 1),):
            columns = -((x - self.width) // across)
            rows = -((y - self.height) // down)
            if columns > 0 and rows > 0:
                total += rows * (1 + (columns * self.depth * _CHANNELS[self.kind] + 7) // 8)
        return total


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture.

    `table` is the bytes of RGBA colours that its pixels are numbers of: those of its own palette (`has_palette`), or
    the greys; it is empty for true colours. `clear` is the RGB colour that one of these declares to be transparent.
    """

    width: int
    height: int
    table: bytes
    has_palette: bool
    clear: bytes
    _image: Image

    def entries(self, left: int, top: int, right: int, bottom: int) -> NDArray[np.uint8]:
        """Return the numbers of colours in the table, rows by columns, of a part of a picture that has a table."""
        return self._part(left, top, right, bottom)

    def rgba(self, left: int, top: int, right: int, bottom: int) -> NDArray[np.uint8]:
        """Return the colours of a part of the picture: rows by columns by RGBA."""
        import numpy as np

        part = self._part(left, top, right, bottom)
        if self.table:
            return np.frombuffer(self.table, np.uint8).reshape(-1, 4)[part]
        if self.clear:
            part = np.where((part[..., :3] == np.frombuffer(self.clear, np.uint8)).all(-1)[..., None], 0, part)
        return part

    def _part(self, left: int, top: int, right: int, bottom: int) -> NDArray[np.uint8]:
        import numpy as np

        image = self._image
        if (left, top, right, bottom) != (0, 0, self.width, self.height):  # each of these is a copy
            image = image.crop((left, top, right, bottom))
        if image.mode not in {"P", "RGBA"}:
            image = image.convert("RGBA")
        shape = (bottom - top, right - left) if self.table else (bottom - top, right - left, 4)
        return np.frombuffer(image.tobytes(), np.uint8).reshape(shape)


def read_png(data: bytes) -> Picture:
    """Return the picture of a PNG file that keeps its word.

    Raises ValueError with what is wrong about it, and PackagingError where a library is not installed.
    """
    if len(data) > FILE_LIMIT:
        raise ValueError(f"is longer than the {FILE_LIMIT} bytes that are allowed")
    if not data.startswith(SIGNATURE):
        raise ValueError("is no PNG file")
    demand(*_MODULES)
    chunks = _chunks(data)
    head = _head(*next(chunks, (b"", memoryview(b""))))
    packed: list[memoryview] = []
    tables: dict[bytes, bytes] = {}
    for name, body in chunks:
        if name == b"IDAT":
            packed.append(body)
        elif name == b"acTL":
            raise ValueError("is an animation, and a tile is one picture")
        elif name in {b"PLTE", b"tRNS"}:
            if name in tables:
                raise ValueError(f"has the chunk `{name.decode()}` twice")
            tables[name] = bytes(body)
        elif not name[0] & _ANCILLARY:
            raise ValueError(f"has a chunk `{name.decode('latin-1')}` that decoders do not know, or know but once")
    rows = _unpacked(packed[0] if len(packed) == 1 else b"".join(packed), head.data_size)
    return _decoded(head, rows, tables.get(b"PLTE", b""), tables.get(b"tRNS", b""))


def pillow() -> Any:
    """Return Pillow's module for images. Raises PackagingError where it is not installed."""
    demand(*_MODULES)
    from PIL import Image

    return Image


def demand(*libraries: str) -> None:
    """Raise PackagingError for the first library that is not installed."""
    for library in libraries:
        try:
            importlib.import_module(_MODULES[library])
        except ImportError:
            what = f"pictures need `{library}`, which is not installed"
            raise PackagingError.one(what, fix="pip install 'packaging-targets[assets]'") from None


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    at = len(SIGNATURE)
    view = memoryview(data)
    for _ in range(_CHUNKS_LIMIT):
        if at + 12 > len(data):
            raise ValueError(_CUT_OFF)
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            raise ValueError(_CUT_OFF)
        if zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4]):
            raise ValueError(f"is damaged: the checksum of `{name.decode('latin-1')}` at byte {at} does not match")
        if name == b"IEND":
            return
        yield name, view[at + 8 : end]
        at = end + 4
    raise ValueError(f"has more than {_CHUNKS_LIMIT} chunks")


def _head(name: bytes, body: memoryview) -> PngHead:
    if name != b"IHDR" or len(body) != HEAD.size:
        raise ValueError("does not start with its size")
    width, height, depth, kind, packing, filters, interlace = HEAD.unpack(body)
    if not (1 <= width <= SIDE_LIMIT and 1 <= height <= SIDE_LIMIT):
        raise ValueError(f"is {width} x {height} pixels, and {SIDE_LIMIT} x {SIDE_LIMIT} are allowed")
    if depth not in _DEPTHS.get(kind, ()) or packing or filters or interlace > 1:
        raise ValueError("has a colour type that PNG does not know")
    if depth > _DEPTH_LIMIT:
        raise ValueError(f"has {depth} bits a channel, and {_DEPTH_LIMIT} are allowed: save it with 8")
    return PngHead(width, height, depth, kind, bool(interlace))


def _unpacked(packed: bytes | memoryview, size: int) -> bytearray:
    """Return the pixel data, which must be as long as `size` says."""
    import deflate  # libdeflate unpacks in a quarter of zlib's time, and stops where the room ends

    try:
        rows = deflate.zlib_decompress(packed, size)
    except deflate.DeflateError:
        raise ValueError(_why_not(packed, size)) from None
    if len(rows) < size:
        raise ValueError(_LESS)
    return rows


def _why_not(packed: bytes | memoryview, size: int) -> str:
    """Return why pixel data cannot be unpacked into `size` bytes; never more than a piece of it is in memory."""
    unpacker = zlib.decompressobj()
    unpacked = 0
    rest = packed
    try:
        while rest and not unpacker.eof and unpacked <= size:
            unpacked += len(unpacker.decompress(rest, _PIECE))
            rest = unpacker.unconsumed_tail
    except zlib.error:
        return "is damaged: its pixel data cannot be unpacked"
    return "has more pixel data than its size asks for" if unpacked > size else _LESS


def _decoded(head: PngHead, rows: bytearray, palette: bytes, transparency: bytes) -> Picture:
    table = clear = b""
    if head.kind == _INDEXED:
        table = _palette(palette, transparency)
    elif head.kind == _GREY:
        table = _greys(head.depth, transparency)
    elif head.kind == COLOR:
        clear = transparency[1::2] if len(transparency) == 6 else b""  # noqa: PLR2004  # three samples of 16 bits
    image = _unfiltered(head, rows)
    last: Any = image.getextrema()[1] if table else 0
    if table and last >= len(table) // 4:
        raise ValueError(f"has pixels of colour {last}, and its palette has {len(table) // 4}")
    return Picture(head.width, head.height, table, head.kind == _INDEXED, clear, image)


def _unfiltered(head: PngHead, rows: bytearray) -> Image:
    import deflate

    mode = _MODES.get(head.kind, "P")
    raw = f"P;{head.depth}" if mode == "P" and head.depth < _DEPTH_LIMIT else mode
    wrapped = deflate.zlib_compress(rows, 0)  # Pillow wants a stream: one that packs nothing
    try:
        image: Image = pillow().frombytes(mode, (head.width, head.height), wrapped, "zip", raw, int(head.interlaced))
    except ValueError:
        raise ValueError("is damaged: its rows have filters that PNG does not know") from None
    return image


def _palette(palette: bytes, transparency: bytes) -> bytes:
    count = len(palette) // 3
    if not 1 <= count <= _ENTRIES or len(palette) % 3 or len(transparency) > count:
        raise ValueError("has a palette that is no list of 1 to 256 colours")
    alphas = transparency.ljust(count, b"\xff")
    return b"".join(palette[at * 3 : at * 3 + 3] + alphas[at : at + 1] for at in range(count))


def _greys(depth: int, transparency: bytes) -> bytes:
    top = (1 << depth) - 1
    clear = int.from_bytes(transparency) if len(transparency) == 2 else None  # noqa: PLR2004  # one sample of 16 bits
    return b"".join(bytes([at * 255 // top] * 3 + [0 if at == clear else 255]) for at in range(top + 1))
