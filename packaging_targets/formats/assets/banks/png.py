"""Whether a PNG file is what it says it is, judged before a decoder sees it.

Decoders are lenient: where half of the rows are missing, the picture is black there. So the checksum of each
chunk is verified, and the pixel data is unpacked once, in small pieces, to see that it is as long as the
picture's size asks for: no shorter, and no longer, whatever the file claims.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

SIDE_LIMIT = 4_096
"""The most pixels of an image, in each direction."""
FILE_LIMIT = 64 << 20
"""The longest file, in bytes."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD = struct.Struct(">IIBBBBB")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTH_LIMIT = 8  # deeper ones lose bits, silently, on their way to 24-bit colours
_PIECE = 1 << 20
# Of each pass of an interlaced image: the first pixel (x, y), and the steps to the next ones.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@dataclass(frozen=True, slots=True)
class PngHead:
    """Size in pixels, bits of a pixel, and whether the rows come in seven passes."""

    width: int
    height: int
    bits: int
    interlaced: bool

    @property
    def data_size(self) -> int:
        """Bytes of the unpacked pixel data, the filter byte of each row included."""
        total = 0
        for x, y, across, down in _PASSES if self.interlaced else ((0, 0, 1, 1),):
            columns = -((x - self.width) // across)
            rows = -((y - self.height) // down)
            if columns > 0 and rows > 0:
                total += rows * (1 + (columns * self.bits + 7) // 8)
        return total


def check_png(data: bytes) -> PngHead:
    """Return the head of a PNG file that keeps its word. Raises ValueError with what is wrong about it."""
    if not data.startswith(_SIGNATURE):
        raise ValueError("is no PNG file")
    head: PngHead | None = None
    unpacked = 0
    unpacker = zlib.decompressobj()
    for name, body in _chunks(data):
        if head is None:
            head = _head(name, body)
        elif name == b"acTL":
            raise ValueError("is an animation, and a tile is one picture")
        elif name == b"IDAT":
            unpacked = _unpack(unpacker, body, unpacked, head.data_size)
    if head is None or unpacked != head.data_size or not unpacker.eof:
        raise ValueError("has less pixel data than its size asks for")
    return head


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    at = len(_SIGNATURE)
    view = memoryview(data)
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            break
        if zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4]):
            raise ValueError(f"is damaged: the checksum of `{name.decode('latin-1')}` at byte {at} does not match")
        if name == b"IEND":
            return
        yield name, view[at + 8 : end]
        at = end + 4
    raise ValueError("is cut off: it has no end")


def _head(name: bytes, body: memoryview) -> PngHead:
    if name != b"IHDR" or len(body) != _HEAD.size:
        raise ValueError("does not start with its size")
    width, height, depth, kind, _, _, interlace = _HEAD.unpack(body)
    if not (1 <= width <= SIDE_LIMIT and 1 <= height <= SIDE_LIMIT):
        raise ValueError(f"is {width} x {height} pixels, and {SIDE_LIMIT} x {SIDE_LIMIT} are allowed")
    if kind not in _CHANNELS or depth not in {1, 2, 4, 8, 16} or interlace > 1:
        raise ValueError("has a colour type that PNG does not know")
    if depth > _DEPTH_LIMIT:
        raise ValueError(f"has {depth} bits a channel, and {_DEPTH_LIMIT} are allowed: save it with 8")
    return PngHead(width, height, depth * _CHANNELS[kind], bool(interlace))


def _unpack(unpacker: zlib._Decompress, packed: memoryview, unpacked: int, limit: int) -> int:
    """Return how much is unpacked after `packed`, counted a piece at a time."""
    rest: bytes | memoryview = packed
    while rest and not unpacker.eof:
        try:
            unpacked += len(unpacker.decompress(rest, _PIECE))
        except zlib.error:
            raise ValueError("is damaged: its pixel data cannot be unpacked") from None
        rest = unpacker.unconsumed_tail
        if unpacked > limit:
            raise ValueError("has more pixel data than its size asks for")
    return unpacked
