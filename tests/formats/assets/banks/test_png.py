"""Judging PNG files: what lenient decoders let pass is refused."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.formats.assets.banks.png import PngHead, check_png


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(data: bytes, *more: bytes, size: tuple[int, int] = (2, 2), head: tuple[int, ...] = (8, 2, 0, 0, 0)) -> bytes:
    start = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, *head))
    return b"\x89PNG\r\n\x1a\n" + start + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


ROWS = zlib.compress(bytes(14))  # two rows of a filter byte and two pixels of 3 bytes
GOOD = png(ROWS)


def refusal(data: bytes) -> str:
    with pytest.raises(ValueError, match=r"^(is|has|does)") as caught:
        check_png(data)
    return str(caught.value)


def test_a_good_file() -> None:
    assert check_png(GOOD) == PngHead(2, 2, 24, interlaced=False)
    assert check_png(GOOD + b"what stands behind the end does not count")
    assert check_png(png(ROWS, chunk(b"tEXt", b"a\0b")))


def test_pixel_data_in_pieces() -> None:
    assert check_png(png(ROWS[5:], chunk(b"IDAT", ROWS[:2]), chunk(b"IDAT", ROWS[2:5])))


@pytest.mark.parametrize(
    ("size", "head", "length"),
    [
        ((9, 3), (1, 0, 0, 0, 0), 3 * 3),
        ((9, 3), (4, 3, 0, 0, 0), 3 * 6),
        ((9, 3), (8, 6, 0, 0, 0), 3 * 37),
        ((8, 8), (8, 0, 0, 0, 1), 1 * 2 + 1 * 2 + 1 * 3 + 2 * 3 + 2 * 5 + 4 * 5 + 4 * 9),
        ((1, 1), (8, 0, 0, 0, 1), 2),
        ((3, 2), (8, 0, 0, 0, 1), 2 + 3 - 1 + 2 + 4),
    ],
)
def test_how_long_the_pixel_data_is(size: tuple[int, int], head: tuple[int, ...], length: int) -> None:
    assert check_png(png(zlib.compress(bytes(length)), size=size, head=head)).data_size == length


DAMAGED = bytearray(GOOD)
DAMAGED[45] ^= 1
MALFORMED = {
    "empty": (b"", "is no PNG file"),
    "jpeg": (b"\xff\xd8\xff", "is no PNG file"),
    "signature-alone": (GOOD[:8], "is cut off: it has no end"),
    "no-end": (GOOD[:-12], "is cut off: it has no end"),
    "cut-off": (GOOD[:50], "is cut off: it has no end"),
    "damaged": (bytes(DAMAGED), "is damaged: the checksum of `IDAT` at byte 33 does not match"),
    "no-head": (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", ROWS) + chunk(b"IEND", b""),
        "does not start with its size",
    ),
    "nothing": (b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), "has less pixel data than its size asks for"),
    "no-width": (png(ROWS, size=(0, 2)), "is 0 x 2 pixels, and 4096 x 4096 are allowed"),
    "too-high": (png(ROWS, size=(2, 4097)), "is 2 x 4097 pixels, and 4096 x 4096 are allowed"),
    "gigantic": (
        png(ROWS, size=(0xFFFFFFFF, 0xFFFFFFFF)),
        "is 4294967295 x 4294967295 pixels, and 4096 x 4096 are allowed",
    ),
    "16-bit": (png(ROWS, head=(16, 2, 0, 0, 0)), "has 16 bits a channel, and 8 are allowed: save it with 8"),
    "colour-type": (png(ROWS, head=(8, 5, 0, 0, 0)), "has a colour type that PNG does not know"),
    "interlace": (png(ROWS, head=(8, 2, 0, 0, 2)), "has a colour type that PNG does not know"),
    "animation": (png(ROWS, chunk(b"acTL", bytes(8))), "is an animation, and a tile is one picture"),
    "half-the-rows": (png(zlib.compress(bytes(7))), "has less pixel data than its size asks for"),
    "unfinished": (png(ROWS[:-4]), "has less pixel data than its size asks for"),
    "one-byte-more": (png(zlib.compress(bytes(15))), "has more pixel data than its size asks for"),
    "bomb": (png(zlib.compress(bytes(1 << 26))), "has more pixel data than its size asks for"),
    "not-deflate": (png(b"\xff" * 20), "is damaged: its pixel data cannot be unpacked"),
    "adler": (png(ROWS[:-1] + b"\xff"), "is damaged: its pixel data cannot be unpacked"),
}


@pytest.mark.parametrize(("data", "what"), MALFORMED.values(), ids=MALFORMED)
def test_a_file_that_lies(data: bytes, what: str) -> None:
    assert refusal(data) == what


@given(st.integers(8, len(GOOD) - 5), st.integers(1, 255))
def test_a_changed_byte_is_noticed(at: int, flip: int) -> None:
    data = bytearray(GOOD)
    data[at] ^= flip
    refusal(bytes(data))
