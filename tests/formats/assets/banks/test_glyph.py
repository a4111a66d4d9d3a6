"""`GLYPH/indexed_v1`. The marks name statements of docs/formats/assets-pa.md."""

from __future__ import annotations

import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.formats.assets.banks import glyph
from packaging_targets.formats.assets.banks.glyph import Palette, PixelError, index_tile, pack

RED, GREEN, BLUE = b"\xff\x00\x00\xff", b"\x00\xff\x00\xff", b"\x00\x00\xff\xff"
CLEAR = b"\x12\x34\x56\x00"
FIRST = Palette.parse(0, ["#000000", "#FF0000", "#00FF00"])
SECOND = Palette.parse(7, ["#0000FF", "#ff0000"])


def tile(pixel: bytes, **others: bytes) -> bytes:
    """A tile of 8 x 8 pixels; `x1y2=…` sets single ones."""
    pixels = [pixel] * 64
    for place, other in others.items():
        x, y = map(int, place[1:].split("y"))
        pixels[y * 8 + x] = other
    return b"".join(pixels)


def unpacked(bank: bytes) -> bytes:
    return bytes(index for byte in bank[: glyph.PLANE_SIZE] for index in (byte >> 4, byte & 15))


@pytest.mark.statement("G1", "G2", "G3")
def test_sizes() -> None:
    assert (glyph.PLANE_SIZE, glyph.PALETTES_SIZE, glyph.SIZE, glyph.DECODED_SIZE) == (
        32768,
        2048,
        34816,
        67584,
    )
    assert [glyph.capacity(size) for size in glyph.TILE_SIZES] == [1024, 256, 64]


@pytest.mark.statement("G2")
def test_the_left_pixel_is_in_the_high_nibble() -> None:
    bank = pack([bytes([1, 2, 3] + [0] * 61)], 8, [FIRST])
    assert bank[:5] == b"\x12\x30\x00\x00\x00"


@pytest.mark.statement("G6")
def test_tiles_stand_row_by_row() -> None:
    bank = pack([bytes([number % 15 + 1]) * 256 for number in range(18)], 16, [FIRST])
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
    bank = pack([], 8, [Palette.parse(0, [color])])
    assert struct.unpack_from("<H", bank, glyph.PLANE_SIZE) == (value,)


@pytest.mark.statement("G3")
def test_palettes_stand_in_their_slot_and_the_rest_is_zero() -> None:
    block = pack([], 8, [SECOND, FIRST])[glyph.PLANE_SIZE :]
    expected = bytearray(2048)
    struct.pack_into("<3H", expected, 0, 0, 0xF800, 0x07E0)
    struct.pack_into("<2H", expected, 7 * 32, 0x001F, 0xF800)
    assert block == bytes(expected)
    assert glyph.used_palettes(block) == 2


def test_the_last_palette_ends_the_bank() -> None:
    bank = pack([], 8, [Palette.parse(63, ["#000000"] * 15 + ["#FFFFFF"])])
    assert bank[-2:] == b"\xff\xff"
    assert len(bank) == 34816


@pytest.mark.statement("A9")
def test_the_lowest_palette_that_holds_all_colours_is_taken() -> None:
    assert index_tile(tile(RED), 8, [SECOND, FIRST]) == bytes([1]) * 64
    assert index_tile(tile(RED, x3y0=BLUE), 8, [SECOND, FIRST]) == bytes([1, 1, 1, 0] + [1] * 60)
    assert index_tile(tile(RED, x0y0=GREEN), 8, [FIRST, SECOND]) == bytes([2] + [1] * 63)


@pytest.mark.statement("A9")
def test_of_equal_colours_the_first_counts() -> None:
    assert index_tile(tile(RED), 8, [Palette.parse(0, ["#00FF00", "#FF0000", "#FF0000"])]) == bytes([1]) * 64


@pytest.mark.statement("A9")
def test_colours_are_compared_before_they_become_rgb565() -> None:
    with pytest.raises(PixelError, match="`#FE0000`"):
        index_tile(tile(b"\xfe\x00\x00\xff"), 8, [FIRST])


@pytest.mark.statement("A10", "A11")
@pytest.mark.parametrize(
    ("rgba", "what", "x", "y"),
    [
        (
            tile(RED, x5y2=b"\x01\x02\x03\xff", x6y7=b"\x04\x05\x06\xff"),
            "the colour `#010203` is in no declared palette",
            5,
            2,
        ),
        (
            tile(RED, x2y1=GREEN, x1y3=BLUE),
            "the tile's colours are in no single palette: `#0000FF` is in another one",
            1,
            3,
        ),
        (
            tile(RED, x7y7=CLEAR),
            "the pixel is transparent, and `output.pipeline.transparent_index` names no colour for it",
            7,
            7,
        ),
        (
            tile(RED, x0y1=b"\xff\x00\x00\x80"),
            "the pixel is half transparent, which no palette can draw",
            0,
            1,
        ),
    ],
    ids=["unknown", "two-palettes", "clear", "half"],
)
def test_a_pixel_that_no_palette_can_draw(rgba: bytes, what: str, x: int, y: int) -> None:
    with pytest.raises(PixelError) as caught:
        index_tile(rgba, 8, [FIRST, SECOND])
    assert (str(caught.value), caught.value.x, caught.value.y) == (what, x, y)


@pytest.mark.statement("A11")
def test_a_transparent_pixel_has_one_index_whatever_its_colour() -> None:
    assert index_tile(tile(CLEAR, x1y0=RED, x2y0=bytes(4)), 8, [FIRST], 5) == bytes([5, 1] + [5] * 62)


@pytest.mark.parametrize("color", ["red", "#FFF", "#GG0000", "#FF0000 ", "#FF0000\n", "FF0000"])
def test_what_is_no_colour(color: str) -> None:
    with pytest.raises(ValueError, match="is no colour like `#FF8000`"):
        Palette.parse(0, [color])


def test_golden_digest() -> None:
    tiles = [bytes((number * 7 + place) % 16 for place in range(64)) for number in range(1024)]
    palettes = [
        Palette(index, tuple(bytes([index * 4, color * 16, 255 - index]) for color in range(16))) for index in range(64)
    ]
    digest = hashlib.sha256(pack(tiles, 8, palettes)).hexdigest()
    assert digest == "2b53302a4fed3190cdbe02c526f4387b7d2241c44ce4303ec276522927340c0a"


@given(st.sampled_from(glyph.TILE_SIZES), st.data())
def test_every_tile_is_found_again_where_it_belongs(size: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, min(glyph.capacity(size), 40)))
    tiles = [bytes([data.draw(st.integers(0, 15))]) * (size * size) for _ in range(count)]
    sheet = unpacked(pack(tiles, size, [FIRST]))
    across = 256 // size
    for number, one in enumerate(tiles):
        x, y = number % across * size, number // across * size
        found = b"".join(sheet[(y + row) * 256 + x : (y + row) * 256 + x + size] for row in range(size))
        assert found == one
    assert len(sheet) == 65536


@given(st.lists(st.binary(min_size=3, max_size=3), min_size=1, max_size=16), st.data())
def test_indices_lead_back_to_the_colours(colors: list[bytes], data: st.DataObject) -> None:
    pixels = data.draw(st.lists(st.sampled_from(colors), min_size=64, max_size=64))
    indices = index_tile(b"".join(pixel + b"\xff" for pixel in pixels), 8, [Palette(0, tuple(colors))])
    assert [colors[index] for index in indices] == pixels
