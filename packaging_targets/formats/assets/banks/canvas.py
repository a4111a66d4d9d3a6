"""A picture to draw on, and its PNG file: the same bytes everywhere, with a font of our own of a few letters."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from packaging_targets.formats.assets.banks.png import COLOR, HEAD, SIGNATURE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Color = tuple[int, int, int]

_LEVEL = 9
# Letters of 3 x 5 pixels, row by row, three bits each from the left.
_FONT = {
    "0": 0b111_101_101_101_111,
    "1": 0b010_110_010_010_111,
    "2": 0b111_001_111_100_111,
    "3": 0b111_001_111_001_111,
    "4": 0b101_101_111_001_001,
    "5": 0b111_100_111_001_111,
    "6": 0b111_100_111_101_111,
    "7": 0b111_001_010_010_010,
    "8": 0b111_101_111_101_111,
    "9": 0b111_101_111_001_111,
    ".": 0b000_000_000_000_010,
    "+": 0b000_010_111_010_000,
    "H": 0b101_101_111_101_101,
    "s": 0b000_011_110_011_110,
    "z": 0b000_111_011_110_111,
    "k": 0b100_101_110_110_101,
    " ": 0,
}
_LETTER = (3, 5)


class Canvas:
    """Pixels, rows by columns by RGB; whatever is drawn beyond the edges is left out."""

    def __init__(self, width: int, height: int, color: Color) -> None:
        import numpy as np

        self.pixels: NDArray[np.uint8] = np.empty((height, width, 3), np.uint8)
        self.pixels[:] = color

    def fill(self, x: int, y: int, width: int, height: int, color: Color) -> None:
        """Draw a rectangle."""
        self.pixels[y : y + height, x : x + width] = color

    def tint(self, x: int, y: int, width: int, height: int, color: Color) -> None:
        """Mix a rectangle with a color, half and half."""
        part = self.pixels[y : y + height, x : x + width]
        part[:] = part // 2 + [channel // 2 for channel in color]

    def frame(self, x: int, y: int, width: int, height: int, color: Color) -> None:
        """Draw the edges of a rectangle, one pixel wide."""
        self.fill(x, y, width, 1, color)
        self.fill(x, y + height - 1, width, 1, color)
        self.fill(x, y, 1, height, color)
        self.fill(x + width - 1, y, 1, height, color)

    def write(self, x: int, y: int, text: str, scale: int, color: Color) -> None:
        """Write a text with its top left at (x, y); a letter is 3 x 5 pixels, each `scale` wide."""
        across, down = _LETTER
        for number, letter in enumerate(text):
            for at in range(across * down):
                if _FONT[letter] >> (across * down - 1 - at) & 1:
                    left = x + (number * (across + 1) + at % across) * scale
                    self.fill(left, y + at // across * scale, scale, scale, color)

    def png(self) -> bytes:
        """Return the picture as a PNG file."""
        import deflate
        import numpy as np

        height, width, _ = self.pixels.shape
        rows = np.zeros((height, 1 + width * 3), np.uint8)  # each row's filter first: none
        rows[:, 1:] = self.pixels.reshape(height, -1)
        head = HEAD.pack(width, height, 8, COLOR, 0, 0, 0)
        packed = bytes(deflate.zlib_compress(rows.tobytes(), _LEVEL))
        return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def text_width(text: str, scale: int) -> int:
    """Return how many pixels `Canvas.write` takes for a text."""
    return (len(text) * (_LETTER[0] + 1) - 1) * scale


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
