"""`GLYPH/indexed_v1`. The numbers in brackets are those of docs/formats/assets-pa.md."""

from __future__ import annotations

import hashlib
import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from packaging_targets.formats.assets.banks import glyph
from packaging_targets.formats.assets.banks.glyph import Palette, pack

FIRST = Palette.parse(0, ["#000000", "#FF0000", "#00FF00"])
SECOND = Palette.parse(7, ["#0000FF", "#ff0000"])


def tiles(*given: bytes) -> NDArray[np.uint8]:
    """Tiles, each as its indices row by row."""
    size = math.isqrt(len(given[0])) if given else 8
    return np.frombuffer(b"".join(given), np.uint8).reshape(len(given), size, size)


def unpacked(bank: bytes) -> bytes:
    return bytes(index for byte in bank[: glyph.PLANE_SIZE] for index in (byte >> 4, byte & 15))


@pytest.mark.statement("G1", "G2", "G3")
@pytest.mark.statement("G2")
def test_sizes() -> None:
    assert (glyph.PLANE_SIZE, glyph.PALETTES_SIZE, glyph.SIZE, glyph.DECODED_SIZE) == (
        32768,
        2048,
        34816,
        67584,
    )
    assert [glyph.capacity(size) for size in glyph.TILE_SIZES] == [1024, 256, 64]


def test_the_left_pixel_is_in_the_high_nibble() -> None:
    bank = pack(tiles(bytes([1, 2, 3] + [0] * 61)), [FIRST])
    assert bank[:5] == b"\x12\x30\x00\x00\x00"


@pytest.mark.statement("G6")
def test_tiles_stand_row_by_row() -> None:
    bank = pack(tiles(*(bytes([number % 15 + 1]) * 256 for number in range(18))), [FIRST])
    sheet = unpacked(bank)
    corners = [sheet[y * 256 + x] for y in (0, 16) for x in range(0, 256, 16)]
    assert corners == [number % 15 + 1 for number in range(18)] + [0] * 14
    assert sheet[15 * 256 + 255] == 1
    assert sheet[32 * 256 :] == bytes(224 * 256)


@pytest.mark.statement("G3")
@pytest.mark.parametrize(
    ("color", "value"),
    [
        ("#FFFFFF", 0xFFFF),
        ("#FF0000", 0xF800),
        ("#00FF00", 0x07E0),
        ("#0000FF", 0x001F),
        ("#070307", 0),
        ("#08040f", 0x0821),
    ],
)
def test_colours_become_rgb565(color: str, value: int) -> None:
    bank = pack(tiles(), [Palette.parse(0, [color])])
    assert struct.unpack_from("<H", bank, glyph.PLANE_SIZE) == (value,)


@pytest.mark.statement("G3")
def test_palettes_stand_in_their_slot_and_the_rest_is_zero() -> None:
    block = pack(tiles(), [SECOND, FIRST])[glyph.PLANE_SIZE :]
    expected = bytearray(2048)
    struct.pack_into("<3H", expected, 0, 0, 0xF800, 0x07E0)
    struct.pack_into("<2H", expected, 7 * 32, 0x001F, 0xF800)
    assert block == bytes(expected)
    assert glyph.used_palettes(block) == 2


def test_the_last_palette_ends_the_bank() -> None:
    bank = pack(tiles(), [Palette.parse(63, ["#000000"] * 15 + ["#FFFFFF"])])
    assert bank[-2:] == b"\xff\xff"
    assert len(bank) == 34816


@pytest.mark.parametrize("color", ["red", "#FFF", "#GG0000", "#FF0000 ", "#FF0000\n", "FF0000"])
def test_what_is_no_colour(color: str) -> None:
    with pytest.raises(ValueError, match="is no colour like `#FF8000`"):
        Palette.parse(0, [color])


def test_golden_digest() -> None:
    made = [bytes((number * 7 + place) % 16 for place in range(64)) for number in range(1024)]
    palettes = [
        Palette(index, tuple(bytes([index * 4, color * 16, 255 - index]) for color in range(16))) for index in range(64)
    ]
    digest = hashlib.sha256(pack(tiles(*made), palettes)).hexdigest()
    assert digest == "2b53302a4fed3190cdbe02c526f4387b7d2241c44ce4303ec276522927340c0a"


@given(st.sampled_from(glyph.TILE_SIZES), st.data())
def test_every_tile_is_found_again_where_it_belongs(size: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, min(glyph.capacity(size), 40)))
    made = [bytes([data.draw(st.integers(0, 15))]) * (size * size) for _ in range(count)]
    sheet = unpacked(pack(tiles(*made), [FIRST]))
    across = 256 // size
    for number, one in enumerate(made):
        x, y = number % across * size, number // across * size
        found = b"".join(sheet[(y + row) * 256 + x : (y + row) * 256 + x + size] for row in range(size))
        assert found == one
    assert len(sheet) == 65536
