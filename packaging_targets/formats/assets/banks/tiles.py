"""Tiles of pictures become the indices of palettes, all tiles of a bank at once.

Colours are numbered first: those that any palette holds from 0, then three numbers for what is no colour of a palette.
A palette is then a row of a table: the index of each number, or none. Which palettes can draw a tile, and with which
indices, are look-ups in that table. Everything is exact, and in integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, groupby
from typing import TYPE_CHECKING, Any, BinaryIO

from packaging_targets.formats.assets.banks import glyph
from packaging_targets.formats.assets.banks.palettes import read_palettes
from packaging_targets.formats.assets.banks.png import FILE_LIMIT, Picture, pillow, read_png
from packaging_targets.formats.assets.diagnostics import AssetsError, Diagnostic
from packaging_targets.model.manifest import SourceReader

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NONE = 0xFF  # the index of what a palette lacks
_OPAQUE = 0xFF
_BLOCK = 1 << 14  # pixels
_CLEAR = 1 << 24  # colours below are those whose highest byte, which is their alpha, is 0
_FIX = "paint it in a colour of the palettes in asset.json, or declare the colour there"


class Colors:
    """The colours of all palettes, numbered, and what each palette makes of a number."""

    def __init__(self, palettes: Sequence[glyph.Palette], transparent: int | None) -> None:
        import numpy as np

        self.palettes = sorted(palettes, key=lambda palette: palette.index)
        self.names = sorted({color for palette in self.palettes for color in palette.colors})
        self.clear = len(self.names)
        self.unknown = self.clear + 1
        number = {color: at for at, color in enumerate(self.names)}
        # A row for each palette: the index of each number.
        self.indices: NDArray[np.uint8] = np.full((len(self.palettes), self.unknown + 1), _NONE, np.uint8)
        for row, palette in zip(self.indices, self.palettes, strict=True):
            for index, color in reversed([*enumerate(palette.colors)]):  # of equal colours the first counts
                row[number[color]] = index
        if transparent is not None:
            self.indices[:, self.clear] = transparent
        opaque = [int.from_bytes(color + b"\xff", "little") for color in self.names]
        # What is unknown or clear equals no colour: its number leads to one that has another place in the table.
        self._known: NDArray[np.uint32] = np.array([*opaque, 0, 0], np.uint32)
        self._factor, self._shift = _factor(opaque)
        self._places = np.full(1 << (32 - self._shift), self.unknown, np.uint16)
        self._places[self._place(self._known[: self.clear])] = range(self.clear)

    def numbers(self, rgba: NDArray[np.uint32]) -> NDArray[np.uint16]:
        """Return the number of each colour; a colour is its four bytes of RGBA, little-endian.

        What is half transparent is unknown, as is a colour that no palette holds.
        """
        import numpy as np

        numbers = self._places[self._place(rgba)]
        np.putmask(numbers, self._known[numbers] != rgba, self.unknown)
        if rgba.min() < _CLEAR:
            np.putmask(numbers, rgba < _CLEAR, self.clear)
        return numbers

    def _place(self, rgba: NDArray[np.uint32]) -> NDArray[np.uint32]:
        return (rgba * self._factor) >> self._shift


def _factor(colors: Sequence[int]) -> tuple[np.uint32, np.uint32]:
    """Return a factor and a shift that lead each of the colours to a place of its own.

    The product of 32 bits, shifted right, is the place. There is room for about the square of the number of colours,
    so that every second or third factor fits. Which one it is decides nothing.
    """
    import numpy as np

    bits = max(8, 2 * len(colors).bit_length() - 1)
    for at in count(1):
        factor = at * 0x9E3779B1 & 0xFFFFFFFF
        if len({(color * factor & 0xFFFFFFFF) >> (32 - bits) for color in colors}) == len(colors):
            break
    return np.uint32(factor), np.uint32(32 - bits)


@dataclass(slots=True)
class Tiles:
    """The tiles of a bank, in order of their index.

    `rows`, `columns` and `named` are where each one lies and the palette that it names, -1 where it says nothing.
    `numbers` are those of each one's colours, row by row, and `strange` has, by tile, the RGBA of its first pixel of
    an unknown colour. `missing` are the tiles that could not be read.
    """

    declared: Sequence[Mapping[str, Any]]
    size: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    named: NDArray[np.int64]
    numbers: NDArray[np.uint16]
    strange: dict[int, bytes] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, declared: Sequence[Mapping[str, Any]], size: int) -> Tiles:
        """Return tiles that are not yet read."""
        import numpy as np

        rows, columns, named = (np.array([tile.get(name, -1) for tile in declared]) for name in ("y", "x", "palette"))
        return cls(declared, size, rows, columns, named, np.zeros((len(declared), size * size), np.uint16))

    def place(self, number: int, at: int = 0) -> str:
        """Return, for people, where the pixel `at` of a tile lies in its picture."""
        x, y = max(0, int(self.columns[number])), max(0, int(self.rows[number]))
        return f"x {x + at % self.size}, y {y + at // self.size}"


def encode_tiles(
    params: Mapping[str, Any], sources: SourceReader, out: BinaryIO
) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """Write a glyph bank; return its derived metadata, and what is worth to know.

    Raises AssetsError with every bad file, and the first bad pixel of each tile.
    """
    pillow()  # says what to install
    import numpy as np

    palettes, found = read_palettes(params["palettes"], sources)
    colors = Colors(palettes, params["transparent_index"])
    tiles = Tiles.of(params["tiles"], params["tile_size"])
    unread = _read(tiles, colors, sources)
    if found:  # what the colours of tiles come to is not known
        raise AssetsError(*found, *unread)
    fits, used = _fits(tiles, colors)
    chosen = fits.argmax(1)  # the first one, which has the lowest index
    advisories = tuple(_fragile(tiles, colors, fits, used))
    undrawable = [number for number in np.flatnonzero(~fits.any(1)).tolist() if number not in tiles.missing]
    if unread or undrawable:
        raise AssetsError(*unread, *(_misfit(number, tiles, colors) for number in undrawable), *advisories)
    indices = colors.indices.ravel()[tiles.numbers + (chosen * colors.indices.shape[1])[:, None]]
    out.write(glyph.pack(indices.reshape(-1, tiles.size, tiles.size), palettes))
    return glyph.metadata(palettes), advisories


def _read(tiles: Tiles, colors: Colors, sources: SourceReader) -> list[Diagnostic]:
    """Read each picture once, and no two in memory together. Return what is wrong with them and with places in them."""
    import numpy as np

    files = [tile["file"] for tile in tiles.declared]
    by_file: dict[str, list[int]] = {}
    for path, run in groupby(range(len(files)), key=files.__getitem__):  # most banks are one run
        by_file.setdefault(path, []).extend(run)
    found: list[Diagnostic] = []
    for path, numbers in ((path, np.array(listed)) for path, listed in by_file.items()):
        picture = _opened(path, sources)
        if isinstance(picture, Diagnostic):
            found.append(picture)
            tiles.missing.update(numbers.tolist())
            continue
        outside = dict(_outside(tiles, numbers, path, picture))
        found += outside.values()
        tiles.missing.update(outside)
        inside = np.setdiff1d(numbers, [*outside]) if outside else numbers
        if inside.size:
            _take(picture, inside, tiles, colors)
    return found


def _opened(path: str, sources: SourceReader) -> Picture | Diagnostic:
    if (size := sources.info(path).size) > FILE_LIMIT:
        return Diagnostic(path, "", "image-invalid", f"`{path}` is {size} bytes long, and {FILE_LIMIT} are allowed")
    with sources.open(path) as stream:
        try:
            return read_png(stream.read(size))
        except ValueError as error:
            return Diagnostic(path, "", "image-invalid", f"`{path}` {error}", "save the picture as PNG again")


def _outside(tiles: Tiles, numbers: NDArray[np.int64], path: str, picture: Picture) -> Iterator[tuple[int, Diagnostic]]:
    """Yield each of the tiles of a picture that does not lie in it, with what is wrong about it."""
    size, width, height = tiles.size, picture.width, picture.height
    rows, columns = tiles.rows[numbers], tiles.columns[numbers]
    is_whole = columns < 0
    wrong = (columns + size > width) | (rows + size > height)
    if (width, height) != (size, size):
        wrong |= is_whole
    for at in wrong.nonzero()[0].tolist():
        number = int(numbers[at])
        if is_whole[at]:
            what = f"`{path}` is {width} x {height} pixels, and a tile is {size} x {size}"
            fix = 'say where the tile lies: "x": 0, "y": 0' if min(width, height) >= size else ""
            yield number, Diagnostic(path, "", "tile-invalid", what, fix)
        else:
            what = f"a tile of {size} x {size} pixels does not fit: `{path}` is {width} x {height}"
            yield number, Diagnostic(path, tiles.place(number), "tile-invalid", what)


def _take(picture: Picture, inside: NDArray[np.int64], tiles: Tiles, colors: Colors) -> None:
    """Number the colours of those tiles that lie in a picture."""
    import numpy as np

    rows, columns, size = tiles.rows[inside].clip(0), tiles.columns[inside].clip(0), tiles.size
    box = tuple(map(int, (columns.min(), rows.min(), columns.max() + size, rows.max() + size)))
    left, top, right, _ = box
    starts = (rows - top) * (right - left) + columns - left
    steps = (np.arange(size)[:, None] * (right - left) + np.arange(size)).ravel()
    if picture.table:  # its colours are looked up, and not its pixels
        table = np.frombuffer(picture.table, "<u4")
        pixels, known = picture.entries(*box).ravel(), colors.numbers(table)
    else:
        pixels = picture.rgba(*box).view("<u4").ravel()
    step = _BLOCK // steps.size  # what is looked at together stays in the processor's cache
    for at in range(0, len(inside), step):
        some = slice(at, at + step)
        taken = pixels[starts[some, None] + steps]
        numbers = known[taken] if picture.table else colors.numbers(taken)
        tiles.numbers[inside[some]] = numbers
        strange = numbers == colors.unknown
        for row in strange.any(1).nonzero()[0].tolist() if strange.any() else ():
            color = taken[row, strange[row].argmax()]
            tiles.strange[int(inside[at + row])] = (table[color] if picture.table else color).tobytes()


def _fits(tiles: Tiles, colors: Colors) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Return which palettes may draw each tile, tiles by palettes, and the colours of each tile as bits."""
    import numpy as np

    has = np.zeros((len(tiles.numbers), colors.indices.shape[1]), np.bool_)
    has.ravel()[tiles.numbers + np.arange(0, has.size, has.shape[1])[:, None]] = True
    used = np.packbits(has, axis=1)
    lacks = np.packbits(colors.indices == _NONE, axis=1)
    fits = np.stack([~(used & lack).any(1) for lack in lacks], axis=1)
    named = tiles.named[:, None]
    return fits & ((named < 0) | (named == [palette.index for palette in colors.palettes])), used


def _fragile(tiles: Tiles, colors: Colors, fits: NDArray[np.bool_], used: NDArray[np.uint8]) -> Iterator[Diagnostic]:
    """Yield one advice where a tile would have other indices in another one of the palettes that can draw it."""
    import numpy as np

    chosen = fits.argmax(1)
    several = (fits.sum(1) > 1).nonzero()[0]
    others: dict[int, int] = {}
    for row in range(1, len(colors.palettes) if several.size else 0):
        also = several[fits[several, row]]
        differs = np.packbits(colors.indices != colors.indices[row], axis=1)
        for number in also[(used[also] & differs[chosen[also]]).any(1)].tolist():
            others.setdefault(number, row)
    if others:
        first = min(others)
        one, other = colors.palettes[chosen[first]].index, colors.palettes[others[first]].index
        more = f", and so it is with {len(others) - 1} more" if len(others) > 1 else ""
        what = (
            f"tile {first} has other indices in palette {one} than in palette {other}, which has its colours too{more}"
        )
        file, fix = tiles.declared[first]["file"], f'write "palette": {one} in its artifact'
        yield Diagnostic(file, tiles.place(first), "palette-fragile", what, fix)


def _misfit(number: int, tiles: Tiles, colors: Colors) -> Diagnostic:
    """Return what is wrong with a tile that no palette can draw, at its first bad pixel."""
    named = int(tiles.named[number])
    has = colors.indices[[named in {-1, palette.index} for palette in colors.palettes]] != _NONE
    numbers = tiles.numbers[number]
    bad = ~has.any(0)[numbers]
    if bad.any():
        at = int(bad.argmax())
        what = _unknown(int(numbers[at]), named, colors, tiles.strange.get(number, b""))
    else:
        best = has[:, sorted(set(numbers.tolist()))].sum(1).argmax()
        at = int((~has[best][numbers]).argmax())
        # It is a colour: what is transparent is in every palette, or in none.
        what = f"the tile's colours are in no single palette: {_text(colors.names[numbers[at]])} is in another one"
    return Diagnostic(tiles.declared[number]["file"], tiles.place(number, at), "tile-invalid", what, _FIX)


def _unknown(number: int, named: int, colors: Colors, strange: bytes) -> str:
    if number == colors.clear:
        return "the pixel is transparent, and `output.pipeline.transparent_index` names no colour for it"
    if number < colors.clear:
        return f"the colour {_text(colors.names[number])} is not in palette {named}, which the artifact names"
    if strange[3] != _OPAQUE:
        return "the pixel is half transparent, which no palette can draw"
    return f"the colour {_text(strange)} is in no declared palette"


def _text(color: bytes) -> str:
    return f"`#{color[:3].hex().upper()}`"
