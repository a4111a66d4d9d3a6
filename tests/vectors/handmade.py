"""PNG and WAVE files put together by hand, good and bad: what the vectors of declarations have as their inputs."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence

GREY, RGB, INDEXED, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
PCM, FLOAT = 1, 3
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")

Pixel = Sequence[int]
Paint = Callable[[int, int], Pixel]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(name: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def head(width: int, height: int, kind: int = RGB, depth: int = 8, *, interlaced: bool = False) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))


def file_of(*chunks: bytes) -> bytes:
    return _SIGNATURE + b"".join(chunks) + chunk(b"IEND")


def png(  # noqa: PLR0913  # what a picture may be
    width: int, height: int, paint: Paint, kind: int = RGB, depth: int = 8, *more: bytes,
    interlaced: bool = False, filters: Sequence[int] = (0,),
) -> bytes:  # fmt: skip
    """Return a picture; `paint` gives the channels of a pixel, `more` are chunks before the pixels."""
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    data = b""
    for x0, y0, across, down in passes:
        rows = [
            packed([paint(x, y) for x in range(x0, width, across)], depth)
            for y in range(y0, height, down)
            if x0 < width
        ]
        data += b"".join(filtered(rows, max(1, len(paint(0, 0)) * depth // 8), filters))
    return file_of(
        head(width, height, kind, depth, interlaced=interlaced), *more, chunk(b"IDAT", zlib.compress(data, 9))
    )


def packed(pixels: Sequence[Pixel], depth: int) -> bytes:
    """Return the bytes of a row: channels end to end, the leftmost in the highest bits."""
    channels = [channel for pixel in pixels for channel in pixel]
    bits = "".join(f"{channel:0{depth}b}" for channel in channels)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


def filtered(rows: Sequence[bytes], step: int, filters: Sequence[int]) -> Iterator[bytes]:
    """Yield rows under the filters of PNG, one after the other in turn."""
    above = bytes(len(rows[0])) if rows else b""
    for number, row in enumerate(rows):
        kind = filters[number % len(filters)]
        left, corner = bytes(step) + row, bytes(step) + above
        guesses = (
            (0, left[at], above[at], (left[at] + above[at]) // 2, paeth(left[at], above[at], corner[at]))
            for at in range(len(row))
        )
        yield bytes([kind, *((byte - guess[kind]) % 256 for byte, guess in zip(row, guesses, strict=True))])
        above = row


def paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))


def palette(*colors: str) -> bytes:
    return chunk(b"PLTE", b"".join(bytes.fromhex(color[1:]) for color in colors))


def riff_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def riff(*chunks: bytes, name: bytes = b"RIFF") -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return name + struct.pack("<I", len(body)) + body


def form(code: int = PCM, channels: int = 1, rate: int = 8000, bits: int = 16, frame: int = 0) -> bytes:
    frame = frame or channels * bits // 8
    return riff_chunk(b"fmt ", struct.pack("<HHIIHH", code, channels, rate, rate * frame & 0xFFFFFFFF, frame, bits))


def extensible(code: int = PCM, channels: int = 1, rate: int = 8000, bits: int = 16) -> bytes:
    """Return the longer spelling of a form."""
    frame = channels * bits // 8
    start = struct.pack("<HHIIHH", 0xFFFE, channels, rate, rate * frame, frame, bits)
    return riff_chunk(b"fmt ", start + struct.pack("<HHIH", 22, bits, 0, code) + GUID_TAIL)


def frames(values: Sequence[float], code: int = PCM, bits: int = 16) -> bytes:
    """Return channels end to end, as they stand in a file."""
    if code == FLOAT:
        return struct.pack(f"<{len(values)}{'f' if bits == 32 else 'd'}", *values)
    if bits == 8:
        return bytes(int(value) + 128 for value in values)
    return b"".join(int(value).to_bytes(bits // 8, "little", signed=True) for value in values)


def wave(values: Sequence[float], code: int = PCM, channels: int = 1, rate: int = 8000, bits: int = 16) -> bytes:
    """Return a sound; `values` are its channels, end to end, integers from zero or floats."""
    return riff(form(code, channels, rate, bits), riff_chunk(b"data", frames(values, code, bits)))
