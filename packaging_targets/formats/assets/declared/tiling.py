"""Pictures become tiles and palettes: what a person would otherwise write into asset.json by hand.

A picture that has a palette of up to 16 colours keeps it, in its order. Otherwise the colours of the tiles are shared
out: the tiles with most colours first, each goes to the palette with which it has most in common among those that have
room for the rest, or opens another one. Palettes list their colours in the order in which tiles, read like a text,
first show them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging_targets.errors import Problem, RequestError, raise_all
from packaging_targets.formats.assets.banks import glyph
from packaging_targets.formats.assets.banks.png import Picture, read_png

_OPAQUE = 0xFF
_KEY = "#FF00FF"
"""What stands for transparency in a palette; nobody sees it."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of a picture: its colours like `#FF8000`, in reading order; `clear` if some pixels are transparent."""

    file: str
    x: int
    y: int
    colors: tuple[str, ...]
    clear: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """The tiles of a picture, and its own palette, where it has one that is short enough for a bank."""

    tiles: tuple[Tile, ...]
    palette: tuple[str, ...] = ()
    transparent: int | None = None


@dataclass(frozen=True, slots=True)
class Tiling:
    """What a bank is declared with."""

    tiles: tuple[Tile, ...]
    palettes: tuple[tuple[str, ...], ...]
    transparent: int | None


def read_sheet(file: str, data: bytes, tile_size: int, *, skip_transparent: bool) -> Sheet:
    """Cut a PNG into tiles; what is left at its right and bottom edge, and is no whole tile, is left out.

    Raises RequestError for what is no PNG, holds no tile, or has a half transparent pixel.
    """
    try:
        picture = read_png(data)
    except ValueError as error:
        raise RequestError.one(f"`{file}` {error}", file) from None
    columns, rows = picture.width // tile_size, picture.height // tile_size
    if not columns or not rows:
        what = f"`{file}` is {picture.width} x {picture.height} pixels, and a tile is {tile_size} x {tile_size}"
        raise RequestError.one(what, file, "choose another tile size")
    tiles = []
    for y in range(0, rows * tile_size, tile_size):
        for x in range(0, columns * tile_size, tile_size):
            tile = _tile(file, picture.rgba(x, y, x + tile_size, y + tile_size).tobytes(), x, y, tile_size)
            if tile.colors or not skip_transparent:
                tiles.append(tile)
        if len(tiles) > glyph.capacity(tile_size):
            break  # more than any bank holds: why look further
    palette, transparent = _own_palette(picture)
    return Sheet(tuple(tiles), palette, transparent)


def tile_bank(sheets: Sequence[Sheet], tile_size: int) -> Tiling:
    """Return the tiles of all sheets, with palettes of which one draws each.

    Raises RequestError for more tiles than a bank holds, for those with too many colours, and where 64 palettes are
    too few.
    """
    tiles = tuple(tile for sheet in sheets for tile in sheet.tiles)
    if not 1 <= len(tiles) <= glyph.capacity(tile_size):
        what = f"there are {len(tiles)} tiles or more, and a bank of {tile_size} x {tile_size} holds "
        fix = "take fewer pictures, larger tiles, or leave out transparent ones"
        raise RequestError.one(f"{what}1 to {glyph.capacity(tile_size)}", "", fix)
    own = _kept_palettes(sheets)
    if own is not None:
        return Tiling(tiles, own, sheets[0].transparent)
    clear = any(tile.clear for tile in tiles)
    palettes = _shared_out(tiles, glyph.COLORS - clear)
    if len(palettes) > glyph.PALETTES:
        what = f"the tiles need {len(palettes)} palettes, and a bank has {glyph.PALETTES}"
        raise RequestError.one(what, "", "use fewer colours, or make several banks of it")
    lead = (_KEY,) if clear else ()
    return Tiling(tiles, tuple(lead + palette for palette in palettes), 0 if clear else None)


def _tile(file: str, pixels: bytes, x: int, y: int, size: int) -> Tile:
    """Return a tile with its colours in reading order. Raises RequestError for a half transparent pixel."""
    # A dict keeps the order in which its keys came.
    distinct = dict.fromkeys(pixels[at : at + 4] for at in range(0, len(pixels), 4))
    half = [pixel for pixel in distinct if 0 < pixel[3] < _OPAQUE]
    if half:
        at = next(at for at in range(0, len(pixels), 4) if pixels[at : at + 4] == half[0]) // 4
        what = "the pixel is half transparent, which no palette can draw"
        place = f"{file} (x {x + at % size}, y {y + at // size})"
        raise RequestError.one(what, place, "paint it in a full colour, or clear it")
    colors = dict.fromkeys(f"#{pixel[:3].hex().upper()}" for pixel in distinct if pixel[3])
    return Tile(file, x, y, tuple(colors), len(colors) < len(distinct))


def _own_palette(picture: Picture) -> tuple[tuple[str, ...], int | None]:
    """Return the palette of an indexed picture up to the last colour in use, and which entry is transparent.

    Nothing, where it has more than 16 colours, or several that are transparent.
    """
    if not picture.has_palette:
        return (), None
    used = int(picture.entries(0, 0, picture.width, picture.height).max()) + 1
    table = [picture.table[at : at + 4] for at in range(0, 4 * used, 4)]
    clear = [at for at, color in enumerate(table) if color[3] < _OPAQUE]
    if used > glyph.COLORS or len(clear) > 1:
        return (), None
    return tuple(f"#{color[:3].hex().upper()}" for color in table), clear[0] if clear else None


def _kept_palettes(sheets: Sequence[Sheet]) -> tuple[tuple[str, ...], ...] | None:
    """Return the palettes of the pictures themselves, if all have one and they agree on what is transparent."""
    palettes = tuple(dict.fromkeys(sheet.palette for sheet in sheets))
    agreed = len({sheet.transparent for sheet in sheets}) == 1
    clear = any(tile.clear for sheet in sheets for tile in sheet.tiles)
    if not all(palettes) or not agreed or len(palettes) > glyph.PALETTES or (clear and sheets[0].transparent is None):
        return None
    return palettes


def _shared_out(tiles: Sequence[Tile], room: int) -> list[tuple[str, ...]]:
    raise_all(_crowded(tiles, room))
    order = {color: at for at, color in enumerate(dict.fromkeys(color for tile in tiles for color in tile.colors))}
    distinct = dict.fromkeys(frozenset(tile.colors) for tile in tiles)
    palettes: list[set[str]] = []
    for colors in sorted(distinct, key=lambda colors: (-len(colors), sorted(order[color] for color in colors))):
        fitting = [palette for palette in palettes if len(palette | colors) <= room]
        if fitting:
            max(fitting, key=lambda palette: len(palette & colors)).update(colors)
        else:
            palettes.append(set(colors))
    # A bank has a palette, also where all of its tiles are transparent.
    filled = [palette for palette in palettes if palette] or [{"#000000"}]
    listed = [sorted(palette, key=lambda color: order.get(color, 0)) for palette in filled]
    return [tuple(colors) for colors in sorted(listed, key=lambda colors: order.get(colors[0], 0))]


def _crowded(tiles: Sequence[Tile], room: int) -> Iterator[Problem]:
    for tile in tiles:
        if len(tile.colors) > room:
            besides = "" if room == glyph.COLORS else " besides the transparent one"
            what = f"the tile has {len(tile.colors)} colours, and a palette has {room}{besides}"
            yield Problem(f"{tile.file} (x {tile.x}, y {tile.y})", what, "use fewer colours in it")
