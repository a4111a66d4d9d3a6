"""A small picture for each package, made of its name: what people have seen once they find again in a list.

Four tiles, each a shape in one of four turns, in one of twelve hues. It is decoration, and says nothing besides.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

HUES = 12
_SHAPES = (
    "M0 0H8A8 8 0 0 1 0 8Z",  # a quarter of a disc
    "M0 0H8V8A8 8 0 0 1 0 0Z",  # a leaf's half
    "M0 0H8L0 8Z",  # half of a square
    "M0 0A8 8 0 0 1 8 8A8 8 0 0 1 0 0Z",  # a leaf
    "M4 0.6A3.4 3.4 0 0 1 4 7.4A3.4 3.4 0 0 1 4 0.6Z",  # a disc
)
_PLACES = ((0, 0), (8, 0), (0, 8), (8, 8))


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a mark: its outline, and how it is placed; `soft` tells that it is of the paler tone."""

    outline: str
    transform: str
    soft: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark of a name: the number of its hue, and its tiles on a square of 16."""

    hue: int
    tiles: tuple[Tile, ...]


def mark_of(name: str) -> Mark:
    """Return the mark of a package's name."""
    digest = hashlib.sha256(name.encode()).digest()
    tiles = tuple(
        Tile(
            _SHAPES[digest[4 * at + 1] % len(_SHAPES)],
            f"translate({x} {y}) rotate({90 * (digest[4 * at + 2] % 4)} 4 4)",
            bool(digest[4 * at + 3] % 3 == 0),
        )
        for at, (x, y) in enumerate(_PLACES)
    )
    return Mark(digest[0] % HUES, tiles)
