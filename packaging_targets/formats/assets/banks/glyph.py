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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
            if not is_color(color):
                raise ValueError(f"`{color}` is no colour like `#FF8000`")
        return cls(index, tuple(bytes.fromhex(color[1:]) for color in colors))


def is_color(text: str) -> bool:
    """Tell whether a text is a colour like `#FF8000`."""
    return _COLOR.fullmatch(text) is not None


def pack(tiles: NDArray[np.uint8], palettes: Sequence[Palette]) -> bytes:
    """Return the 34,816 bytes of a bank; `tiles` are palette indices: tiles by rows by columns."""
    import numpy as np

    size = tiles.shape[1]
    across = SHEET // size
    room = np.zeros((across * across, size, size), np.uint8)
    room[: len(tiles)] = tiles
    sheet = room.reshape(across, across, size, size).swapaxes(1, 2).reshape(-1, 2)
    return (sheet[:, 0] << 4 | sheet[:, 1]).tobytes() + _pack_palettes(palettes)


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


def _pack_palettes(palettes: Sequence[Palette]) -> bytes:
    block = bytearray(PALETTES_SIZE)
    for palette in palettes:
        for at, (red, green, blue) in enumerate(palette.colors):
            value = (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3
            struct.pack_into("<H", block, (palette.index * COLORS + at) * 2, value)
    return bytes(block)
