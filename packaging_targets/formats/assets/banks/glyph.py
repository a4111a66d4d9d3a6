"""`GLYPH/indexed_v1`: a sheet of tiles in palette indices, and the palettes to draw them with.

    pixels     256 x 256, row by row, 4 bits each, the left pixel of two in the high nibble     32,768 bytes
    palettes   64 of 16 colours, RGB565, little-endian; undeclared palettes and colours are 0    2,048 bytes

Tile 0 is at the top left, tile 1 to its right, and so on row by row; the rest of the sheet is index 0. A
tile's pixels become indices of one palette: the first declared one that holds all of the tile's colours,
compared as 24-bit RGB. A runtime may draw any tile with any palette, so the bank does not keep which one it
was.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

SHEET = 256
"""Width and height of the sheet, in pixels."""
TILE_SIZES = (8, 16, 32)
PALETTES = 64
COLORS = 16
PLANE_SIZE = SHEET * SHEET // 2
PALETTES_SIZE = PALETTES * COLORS * 2
SIZE = PLANE_SIZE + PALETTES_SIZE
"""Bytes of an encoded bank."""
DECODED_SIZE = SHEET * SHEET + PALETTES_SIZE
"""Bytes of a loaded bank: a byte a pixel."""
DERIVED = ("height", "palette_authored", "palette_count", "width")
"""The members of a bank's metadata that the encoder writes."""

_OPAQUE = 0xFF
_CLEAR = bytes(4)  # a transparent pixel, whatever colour its image gives it
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


@dataclass(frozen=True, slots=True)
class Palette:
    """A declared palette: its slot, from 0, and its colours as 3 bytes of RGB each."""

    index: int
    colors: tuple[bytes, ...]

    @classmethod
    def parse(cls, index: int, colors: Sequence[str]) -> Palette:
        """Return the palette of colours like `#FF8000`. Raises ValueError that names what is none."""
        for color in colors:
            if not _COLOR.fullmatch(color):
                raise ValueError(f"`{color}` is no colour like `#FF8000`")
        return cls(index, tuple(bytes.fromhex(color[1:]) for color in colors))


class PixelError(ValueError):
    """A pixel that no palette can draw; `x` and `y` count from the top left of the tile."""

    def __init__(self, what: str, x: int, y: int) -> None:
        super().__init__(what)
        self.x = x
        self.y = y


def index_tile(rgba: bytes, tile_size: int, palettes: Sequence[Palette], transparent: int | None = None) -> bytes:
    """Return the palette indices of a tile, a byte each, row by row.

    `rgba` is 4 bytes a pixel. A fully transparent pixel becomes the index `transparent`; without one, and for
    a half transparent pixel, it is an error. Of equal colours in a palette the first counts. Raises
    PixelError for the first pixel whose colour no palette holds, or which the best palette lacks where no
    single one holds them all.
    """
    pixels = [rgba[at : at + 4] if rgba[at + 3] else _CLEAR for at in range(0, len(rgba), 4)]
    colors = set(pixels)
    best: dict[bytes, int] = {}
    for palette in sorted(palettes, key=lambda palette: palette.index):
        indices = _indices(palette, transparent)
        if colors <= indices.keys():
            return bytes([indices[pixel] for pixel in pixels])
        if len(colors & indices.keys()) > len(colors & best.keys()):
            best = indices
    known = {pixel for palette in palettes for pixel in _indices(palette, transparent)}
    place = next((at for at, pixel in enumerate(pixels) if pixel not in known), None)
    if place is None:
        place = next(at for at, pixel in enumerate(pixels) if pixel not in best)
        what = f"the tile's colours are in no single palette: {_text(pixels[place])} is in another one"
    else:
        what = _unknown(pixels[place])
    raise PixelError(what, place % tile_size, place // tile_size)


def pack(tiles: Sequence[bytes], tile_size: int, palettes: Sequence[Palette]) -> bytes:
    """Return the 34,816 bytes of a bank; tile `n` holds `tile_size` squared palette indices, a byte each."""
    sheet = bytearray(SHEET * SHEET)
    across = SHEET // tile_size
    for number, tile in enumerate(tiles):
        corner = number // across * tile_size * SHEET + number % across * tile_size
        for row in range(tile_size):
            at = corner + row * SHEET
            sheet[at : at + tile_size] = tile[row * tile_size : (row + 1) * tile_size]
    plane = bytes([left << 4 | right for left, right in zip(sheet[::2], sheet[1::2], strict=True)])
    return plane + _pack_palettes(palettes)


def metadata(palettes: Sequence[Palette]) -> dict[str, int]:
    """Return what the encoder adds to a bank's metadata."""
    return {"height": SHEET, "palette_authored": len(palettes), "palette_count": PALETTES, "width": SHEET}


def capacity(tile_size: int) -> int:
    """Return how many tiles a sheet holds."""
    return (SHEET // tile_size) ** 2


def used_palettes(palettes: bytes) -> int:
    """Return how many palettes of a bank's palette block have a colour that is not 0."""
    length = COLORS * 2
    return sum(any(palettes[at : at + length]) for at in range(0, len(palettes), length))


def faults(size: int, decoded_size: int, metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong about a row of an asset table with such a bank: a path within the row, and what."""
    if size != SIZE:
        yield "size", f"must be {SIZE}"
    if decoded_size != DECODED_SIZE:
        yield "decoded_size", f"must be {DECODED_SIZE}"
    for name, due in (("height", SHEET), ("palette_count", PALETTES), ("width", SHEET)):
        if type(metadata.get(name)) is not int or metadata[name] != due:
            yield f"metadata.{name}", f"must be {due}"
    tile_size = metadata.get("tile_size")
    if type(tile_size) is not int or tile_size not in TILE_SIZES:
        yield "metadata.tile_size", "must be 8, 16 or 32"
    authored = metadata.get("palette_authored")
    if type(authored) is not int or not 1 <= authored <= PALETTES:
        yield "metadata.palette_authored", f"must be an integer from 1 to {PALETTES}"


def _indices(palette: Palette, transparent: int | None) -> dict[bytes, int]:
    indices = {color + b"\xff": at for at, color in reversed(list(enumerate(palette.colors)))}
    if transparent is not None:
        indices[_CLEAR] = transparent
    return indices


def _pack_palettes(palettes: Sequence[Palette]) -> bytes:
    block = bytearray(PALETTES_SIZE)
    for palette in palettes:
        for at, (red, green, blue) in enumerate(palette.colors):
            value = (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3
            struct.pack_into("<H", block, (palette.index * COLORS + at) * 2, value)
    return bytes(block)


def _unknown(pixel: bytes) -> str:
    if pixel[3] == 0:
        return "the pixel is transparent, and `output.pipeline.transparent_index` names no colour for it"
    if pixel[3] != _OPAQUE:
        return "the pixel is half transparent, which no palette can draw"
    return f"the colour {_text(pixel)} is in no declared palette"


def _text(pixel: bytes) -> str:
    return f"`#{pixel[:3].hex().upper()}`"
