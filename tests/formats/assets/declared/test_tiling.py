"""Pictures become tiles and palettes: each tile is drawn by one palette, or it is said why not."""

from __future__ import annotations

import json

import pytest
from art import encoded
from hypothesis import given, settings
from hypothesis import strategies as st
from studio import indexed, png

from packaging_targets.errors import RequestError
from packaging_targets.formats.assets.banks import glyph
from packaging_targets.formats.assets.declared.draft import Draft
from packaging_targets.formats.assets.declared.tiling import Sheet, Tile, read_sheet, tile_bank

UUID = "6f9619ff-8b86-4011-b42d-00c04fc964ff"


def color(number: int) -> str:
    return f"#{number:06X}"


_TILES = st.lists(st.tuples(st.sets(st.integers(0, 40), max_size=15), st.booleans()), min_size=1, max_size=60)


@given(_TILES)
def test_every_tile_is_drawn_by_one_palette(wanted: list[tuple[set[int], bool]]) -> None:
    tiles = tuple(
        Tile("a.png", 8 * at, 0, tuple(map(color, sorted(colors))), clear or not colors)
        for at, (colors, clear) in enumerate(wanted)
    )
    tiling = tile_bank([Sheet(tiles)], 8)
    assert 1 <= len(tiling.palettes) <= glyph.PALETTES
    assert all(1 <= len(palette) <= glyph.COLORS for palette in tiling.palettes)
    assert all(any(set(tile.colors) <= set(palette) for palette in tiling.palettes) for tile in tiles)
    assert (tiling.transparent is not None) == any(tile.clear for tile in tiles)
    assert tiling == tile_bank([Sheet(tiles)], 8)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 30), st.integers(1, 9), st.integers(8, 40), st.integers(8, 24), st.booleans())
def test_a_picture_is_cut_and_its_tiles_can_be_encoded(
    colors: int,
    step: int,
    width: int,
    height: int,
    clear: bool,  # hypothesis gives it
) -> None:
    def paint(x: int, y: int) -> tuple[int, ...]:
        value = (x * step + y) % colors
        return (value, 0, 1, 0 if clear and value == 0 else 255)

    picture = png(width, height, paint)
    sheet = read_sheet("a.png", picture, 8, skip_transparent=False)
    assert [(tile.x, tile.y) for tile in sheet.tiles] == [
        (x, y) for y in range(0, height - 7, 8) for x in range(0, width - 7, 8)
    ]
    crowded = any(len(tile.colors) > 16 - any(one.clear for one in sheet.tiles) for tile in sheet.tiles)
    if crowded:
        with pytest.raises(RequestError, match=r"and a palette has 1[56]"):
            tile_bank([sheet], 8)
        return
    tiling = tile_bank([sheet], 8)
    params = {
        "palettes": [{"index": at, "colors": list(palette)} for at, palette in enumerate(tiling.palettes)],
        "tile_size": 8,
        "tiles": [{"file": tile.file, "x": tile.x, "y": tile.y} for tile in tiling.tiles],
        "transparent_index": tiling.transparent,
    }
    encoded("GLYPH/indexed_v1", params, {"a.png": picture})


def test_a_picture_keeps_its_own_palette_in_its_order() -> None:
    colors = [(9, 9, 9), (1, 1, 1), (5, 5, 5), (7, 7, 7)]
    sheet = read_sheet("a.png", indexed(8, 8, colors, lambda x, y: 2 if x else 1), 8, skip_transparent=False)
    assert tile_bank([sheet], 8).palettes == (("#090909", "#010101", "#050505"),)
    other = read_sheet("b.png", indexed(8, 8, colors[:1], lambda x, y: 0), 8, skip_transparent=False)
    assert tile_bank([sheet, other], 8).palettes == (("#090909", "#010101", "#050505"), ("#090909",))
    many = [(at, 0, 0) for at in range(20)]
    long = read_sheet("c.png", indexed(16, 8, many, lambda x, y: x + y % 5), 8, skip_transparent=False)
    assert long.palette == ()
    assert [len(palette) for palette in tile_bank([long], 8).palettes] == [12, 12]


def test_more_palettes_than_a_bank_has() -> None:
    tiles = tuple(Tile("a.png", 0, at, tuple(color(16 * at + one) for one in range(16)), False) for at in range(65))
    with pytest.raises(RequestError, match="the tiles need 65 palettes, and a bank has 64"):
        tile_bank([Sheet(tiles)], 8)
    assert len(tile_bank([Sheet(tiles[1:])], 8).palettes) == 64


def test_more_tiles_than_a_bank_holds() -> None:
    sheet = read_sheet("a.png", png(264, 264, lambda x, y: (0, 0, 0)), 8, skip_transparent=False)
    with pytest.raises(RequestError, match="a bank of 8 x 8 holds 1 to 1024"):
        tile_bank([sheet], 8)
    clear = read_sheet("a.png", png(264, 264, lambda x, y: (0, 0, 0, 0)), 8, skip_transparent=True)
    with pytest.raises(RequestError, match="there are 0 tiles"):
        tile_bank([clear], 8)


@given(st.text(max_size=30), st.lists(st.text(max_size=30), min_size=1, max_size=5, unique=True), st.booleans())
def test_a_draft_is_json_that_says_what_it_was_given(name: str, files: list[str], preload: bool) -> None:
    value = json.loads(Draft.of_samples(UUID, name, files, preload=preload).to_bytes())
    assert (value["name"], value["inputs"], value["preload"]) == (name, {"sources": files}, {"enabled": preload})
    assert [one["file"] for one in value["artifacts"]] == files
