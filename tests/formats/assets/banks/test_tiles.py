"""Tiles of pictures become palette indices. The numbers in brackets are those of docs/formats/assets-pa.md."""

from __future__ import annotations

import contextlib
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from art import COLOR_ALPHA, INDEXED, chunk, drawn, encoded, png, refused
from hypothesis import given, settings
from hypothesis import strategies as st

from packaging_targets.formats.assets.banks import glyph
from packaging_targets.formats.assets.diagnostics import AssetsError

FORMAT = "GLYPH/indexed_v1"
RED, GREEN, BLUE, INK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (1, 2, 3)
CLEAR = (18, 52, 86, 0)
FIRST = {"index": 0, "colors": ["#000000", "#FF0000", "#00FF00"]}
SECOND = {"index": 7, "colors": ["#0000FF", "#ff0000"]}

Pixel = tuple[int, ...]


def sheet(fill: Pixel, others: Mapping[tuple[int, int], Pixel] | None = None, size: tuple[int, int] = (8, 8)) -> bytes:
    """A picture of one colour, with others by x and y."""
    rows = [[fill] * size[0] for _ in range(size[1])]
    for (x, y), pixel in (others or {}).items():
        rows[y][x] = pixel
    opaque = [[pixel if len(pixel) == 4 else (*pixel, 255) for pixel in row] for row in rows]
    return drawn(opaque, COLOR_ALPHA)


def params(*tiles: Mapping[str, Any], palettes: Sequence[Any] = (FIRST, SECOND), **changes: Any) -> dict[str, Any]:
    given = {"tile_size": 8, "palettes": palettes, "transparent_index": None, **changes}
    return {**given, "tiles": tiles or ({"file": "a.png"},)}


def indices(picture: bytes, *tiles: Mapping[str, Any], **changes: Any) -> bytes:
    """The indices of the first tile, row by row."""
    bank, _ = encoded(FORMAT, params(*tiles, **changes), {"a.png": picture})
    rows = (bank[at : at + 4] for at in range(0, 8 * 128, 128))
    return bytes(index for row in rows for byte in row for index in (byte >> 4, byte & 15))


@pytest.mark.statement("A9")
def test_the_lowest_palette_that_holds_all_colours_is_taken() -> None:
    assert indices(sheet(RED)) == bytes([1]) * 64
    assert indices(sheet(RED, {(3, 0): BLUE}), palettes=[SECOND, FIRST]) == bytes([1, 1, 1, 0] + [1] * 60)
    assert indices(sheet(RED, {(0, 0): GREEN}), palettes=[SECOND, FIRST]) == bytes([2] + [1] * 63)


@pytest.mark.statement("A9", "A10")
def test_a_palette_that_the_artifact_names() -> None:
    tile = {"file": "a.png", "palette": 7}
    other = {"index": 7, "colors": ["#0000FF", "#000000", "#FF0000"]}
    assert indices(sheet(RED), tile, palettes=[FIRST, other]) == bytes([2]) * 64
    assert refused(FORMAT, params(tile), {"a.png": sheet(RED, {(2, 1): GREEN})}) == [
        ("tile-invalid", "a.png", "x 2, y 1", "the colour `#00FF00` is not in palette 7, which the artifact names")
    ]


@pytest.mark.statement("A9")
def test_of_equal_colours_the_first_counts() -> None:
    palette = {"index": 0, "colors": ["#00FF00", "#FF0000", "#FF0000"]}
    assert indices(sheet(RED), palettes=[palette]) == bytes([1]) * 64


@pytest.mark.statement("A9")
def test_colours_are_compared_before_they_become_rgb565() -> None:
    found = refused(FORMAT, params(), {"a.png": sheet((0xFE, 0, 0))})
    assert found == [("tile-invalid", "a.png", "x 0, y 0", "the colour `#FE0000` is in no declared palette")]


@pytest.mark.statement("A10", "A11")
@pytest.mark.parametrize(
    ("others", "what", "place"),
    [
        (
            {(13, 4): INK, (14, 7): (4, 5, 6)},
            "the colour `#010203` is in no declared palette",
            "x 13, y 4",
        ),
        (
            {(10, 3): GREEN, (9, 5): BLUE},
            "the tile's colours are in no single palette: `#0000FF` is in another one",
            "x 9, y 5",
        ),
        (
            {(15, 9): CLEAR},
            "the pixel is transparent, and `output.pipeline.transparent_index` names no colour for it",
            "x 15, y 9",
        ),
        ({(8, 3): (255, 0, 0, 128)}, "the pixel is half transparent, which no palette can draw", "x 8, y 3"),
    ],
    ids=["unknown", "two-palettes", "clear", "half"],
)
def test_a_pixel_that_no_palette_can_draw(others: Any, what: str, place: str) -> None:
    """Its place is that in the picture, which has more than the tile."""
    files = {"a.png": sheet(RED, others, (24, 16))}
    tile = {"file": "a.png", "x": 8, "y": 2}
    assert refused(FORMAT, params(tile), files) == [("tile-invalid", "a.png", place, what)]


@pytest.mark.statement("A11")
def test_a_transparent_pixel_has_one_index_whatever_its_colour() -> None:
    picture = sheet(CLEAR, {(1, 0): RED, (2, 0): (0, 0, 0, 0)})
    assert indices(picture, transparent_index=5) == bytes([5, 1] + [5] * 62)
    assert indices(sheet(CLEAR), transparent_index=0) == bytes(64)


@pytest.mark.statement("A9", "A11")
def test_an_indexed_picture_may_number_its_colours_as_it_likes() -> None:
    table = chunk(b"PLTE", bytes([*BLUE, *RED, *GREEN, *RED]))
    clear = chunk(b"tRNS", bytes([255, 255, 0]))
    rows = b"".join(bytes([0, 3, 1, 2, 0, 0, 0, 0, 0]) for _ in range(8))
    picture = png(zlib.compress(rows), table, clear, size=(8, 8), head=(8, INDEXED, 0, 0, 0))
    assert indices(picture, transparent_index=9) == bytes([1, 1, 9, 0, 0, 0, 0, 0]) * 8


@pytest.mark.statement("A7", "A10", "A12")
def test_all_that_is_wrong_is_told_at_once() -> None:
    """Bad files, tiles that do not fit, and the first bad pixel of each other tile."""
    tiles: list[dict[str, Any]] = [
        {"file": "bad.png"},
        {"file": "a.png", "x": 8, "y": 0},
        {"file": "a.png", "x": 17, "y": 0},
        {"file": "a.png"},
        {"file": "a.png", "x": 0, "y": 8},
        {"file": "a.png", "x": 0, "y": 0},
        {"file": "long.png"},
    ]
    files = {
        "a.png": sheet(RED, {(9, 1): INK, (10, 0): INK, (3, 12): INK}, (24, 16)),
        "bad.png": sheet(RED)[:-1],
        "long.png": bytes((64 << 20) + 1),
    }
    assert refused(FORMAT, params(*tiles), files) == [
        ("tile-invalid", "a.png", "", "`a.png` is 24 x 16 pixels, and a tile is 8 x 8"),
        ("tile-invalid", "a.png", "x 10, y 0", "the colour `#010203` is in no declared palette"),
        ("tile-invalid", "a.png", "x 17, y 0", "a tile of 8 x 8 pixels does not fit: `a.png` is 24 x 16"),
        ("tile-invalid", "a.png", "x 3, y 12", "the colour `#010203` is in no declared palette"),
        ("image-invalid", "bad.png", "", "`bad.png` is cut off: it has no end"),
        ("image-invalid", "long.png", "", "`long.png` is 67108865 bytes long, and 67108864 are allowed"),
    ]


@pytest.mark.statement("G6")
def test_a_palette_that_cannot_be_read_hides_what_its_colours_would_be() -> None:
    palettes = [FIRST, {"index": 1, "file": "p.hex"}]
    files = {"a.png": sheet(INK), "b.png": b"", "p.hex": b"12345"}
    tiles = ({"file": "a.png"}, {"file": "b.png"})
    assert refused(FORMAT, params(*tiles, palettes=palettes), files) == [
        ("image-invalid", "b.png", "", "`b.png` is no PNG file"),
        ("palette-invalid", "p.hex", "line 1", "`p.hex` has `12345`, which is no colour like `FF8000`"),
    ]


def test_tiles_of_several_pictures_in_any_order() -> None:
    files = {"a.png": sheet(RED, {(0, 0): GREEN}, (16, 8)), "b.png": sheet(BLUE)}
    tiles: list[dict[str, Any]] = [
        {"file": "a.png", "x": 8, "y": 0},
        {"file": "b.png"},
        {"file": "a.png", "x": 0, "y": 0},
    ]
    bank, known = encoded(FORMAT, params(*tiles), files)
    assert bank[:12] == b"\x11\x11\x11\x11\x00\x00\x00\x00\x21\x11\x11\x11"
    assert known.metadata == {"height": 256, "palette_authored": 2, "palette_count": 64, "width": 256}
    assert (known.size, known.decoded_size, known.advisories) == (glyph.SIZE, glyph.DECODED_SIZE, ())


@pytest.mark.statement("A15")
def test_a_tile_that_several_palettes_draw_with_other_indices() -> None:
    swapped = {"index": 7, "colors": ["#FF0000", "#000000"]}
    longer = {"index": 9, "colors": ["#000000", "#FF0000", "#010101"]}
    files = {"a.png": sheet(GREEN), "b.png": sheet(RED, size=(16, 8))}
    tiles: list[dict[str, Any]] = [
        {"file": "a.png"},
        {"file": "b.png", "x": 8, "y": 0},
        {"file": "b.png", "x": 0, "y": 0},
    ]
    _, known = encoded(FORMAT, params(*tiles, palettes=[swapped, longer, FIRST]), files)
    assert [(one.code, one.file, one.place, one.what, one.fix) for one in known.advisories] == [
        (
            "palette-fragile",
            "b.png",
            "x 8, y 0",
            "tile 1 has other indices in palette 0 than in palette 7, which has its colours too, and so it is with 1 more",
            'write "palette": 0 in its artifact',
        )
    ]
    for calm in ([FIRST, longer], [FIRST, SECOND]):  # the same indices, or none but one that has all colours
        assert encoded(FORMAT, params(*tiles[:1], palettes=calm), files)[1].advisories == ()
    named = [{**tile, "palette": 0} for tile in tiles]
    assert encoded(FORMAT, params(*named, palettes=[swapped, FIRST]), files)[1].advisories == ()


def test_golden_digest() -> None:
    """Every pixel its own palette index, over a whole sheet and 64 palettes of 16 colours."""
    palettes = [
        {"index": index, "colors": [f"#{index * 4:02X}{color * 16:02X}{255 - index:02X}" for color in range(16)]}
        for index in range(64)
    ]
    rows = [
        [
            (tile * 4, (x * 7 + y * 3) % 16 * 16, 255 - tile)
            for x in range(256)
            for tile in [(y // 8 * 32 + x // 8) % 64]
        ]
        for y in range(256)
    ]
    places = [{"file": "a.png", "x": x, "y": y} for y in range(0, 256, 8) for x in range(0, 256, 8)]
    bank, _ = encoded(FORMAT, params(*places, palettes=palettes), {"a.png": drawn(rows)})
    assert hashlib.sha256(bank).hexdigest() == "16b542d44de779a0bd71180891897293d85385c5ef24a061d032cfc7f5127b6c"


GOOD = sheet(RED, {(1, 1): GREEN})


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.booleans())
def test_a_picture_that_is_damaged_is_refused_or_what_it_was(at: int, flip: int, is_cut: bool) -> None:
    """[A12] A flipped byte, or all that stands behind it gone."""
    data = GOOD[:at] if is_cut else GOOD[:at] + bytes([GOOD[at] ^ flip]) + GOOD[at + 1 :]
    with contextlib.suppress(AssetsError):
        assert encoded(FORMAT, params(), {"a.png": data})[0] == encoded(FORMAT, params(), {"a.png": GOOD})[0]


def test_palettes_that_are_all_missing() -> None:
    palettes = [{"index": 1, "file": "p.hex"}]
    found = refused(FORMAT, params(palettes=palettes, transparent_index=3), {"a.png": sheet(CLEAR), "p.hex": b""})
    assert found == [("palette-invalid", "p.hex", "", "`p.hex` has no colours")]


colors = st.binary(min_size=3, max_size=3)


@pytest.mark.statement("A9", "A10", "A11")
@settings(max_examples=60)
@given(st.lists(colors, min_size=1, max_size=60, unique=True), st.data())
def test_indices_are_those_that_a_pixel_by_pixel_reading_gives(known: list[bytes], data: st.DataObject) -> None:
    """Against the statements, written down once more without any of the tables."""
    some = st.lists(st.sampled_from(known), min_size=1, max_size=16)
    palettes = data.draw(st.dictionaries(st.integers(0, 63), some, min_size=1, max_size=5))
    transparent = data.draw(st.none() | st.integers(0, 15))
    opaque = st.sampled_from(known).map(lambda color: (*color, 255))
    pixel = opaque | st.just((9, 9, 9, 0)) if data.draw(st.booleans()) else opaque
    pixels = data.draw(st.lists(pixel, min_size=1, max_size=6))
    picture = drawn([[pixels[(x + y) % len(pixels)] for x in range(8)] for y in range(8)], COLOR_ALPHA)
    declared = [
        {"index": index, "colors": [f"#{color.hex()}" for color in listed]} for index, listed in palettes.items()
    ]
    given_params = params(palettes=declared, transparent_index=transparent)

    def index(pixel: tuple[int, ...], listed: list[bytes]) -> int | None:
        if pixel[3] == 0:
            return transparent
        return listed.index(bytes(pixel[:3])) if bytes(pixel[:3]) in listed else None

    for _, listed in sorted(palettes.items()):
        expected = [index(pixel, listed) for pixel in pixels]
        if None not in expected:
            found = indices(picture, palettes=declared, transparent_index=transparent)
            assert list(found) == [expected[(x + y) % len(pixels)] for y in range(8) for x in range(8)]
            return
    assert refused(FORMAT, given_params, {"a.png": picture})[0][0] == "tile-invalid"
