"""Palettes from files: what drawing programs write, as up to 16 colours in their order.

    .gpl    GIMP: a head, then a line of three numbers and a name for each colour
    .pal    JASC (Paint Shop Pro): `JASC-PAL`, `0100`, how many, then a line of three numbers for each
    .hex    a line like `FF8000` for each
    .png    the palette of an indexed picture, or the pixels of another one in reading order

The transparency that a file gives to a colour is not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from packaging_targets.formats.assets.banks.glyph import COLORS, Palette
from packaging_targets.formats.assets.banks.png import Picture, read_png
from packaging_targets.formats.assets.diagnostics import Diagnostic
from packaging_targets.model.manifest import SourceReader

FILE_LIMIT = 64 << 10
"""The longest file, in bytes."""

_CODE = "palette-invalid"
_HEX = re.compile(r"#?([0-9A-Fa-f]{6})")
_NUMBERS = re.compile(r"(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})(?:\s.*)?")
_THREE = re.compile(r"(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})")
_HEADER = re.compile(r"[A-Za-z ]+:.*")
_TOP = 255

Lines = list[tuple[int, str]]
"""The lines of a file that are not empty, each with its number from 1."""


class PaletteError(ValueError):
    """A file that is no palette; `place` is what is to blame in it, such as `line 3`."""

    def __init__(self, what: str, place: str = "") -> None:
        super().__init__(what)
        self.place = place


def read_palettes(
    declared: Sequence[Mapping[str, Any]], sources: SourceReader
) -> tuple[list[Palette], list[Diagnostic]]:
    """Return the palettes in order of their index, and what is wrong with the files of others.

    Each is declared as `{"index", "colors"}` or `{"index", "file"}`.
    """
    palettes: list[Palette] = []
    found: list[Diagnostic] = []
    for one in sorted(declared, key=lambda one: int(one["index"])):
        if "file" not in one:
            palettes.append(Palette.parse(one["index"], one["colors"]))
            continue
        path = one["file"]
        try:
            palettes.append(Palette(one["index"], read_palette(path, sources)))
        except PaletteError as error:
            fix = "save the palette again, or write its colours into asset.json"
            found.append(Diagnostic(path, error.place, _CODE, f"`{path}` {error}", fix))
    return palettes, found


def read_palette(path: str, sources: SourceReader) -> tuple[bytes, ...]:
    """Return the colours of a palette file, 3 bytes of RGB each. Raises PaletteError."""
    if (size := sources.info(path).size) > FILE_LIMIT:
        raise PaletteError(f"is {size} bytes long, and a palette may have {FILE_LIMIT}")
    with sources.open(path) as stream:
        return parse_palette(path, stream.read(FILE_LIMIT + 1))


def parse_palette(path: str, data: bytes) -> tuple[bytes, ...]:
    """Return the colours in the bytes of a palette file; the end of its name says what it is. Raises PaletteError."""
    ending = path.rpartition(".")[2].lower()
    if ending == "png":
        colors = [*_from_picture(data)]
    elif ending in _TEXTS:
        text = data.decode("utf-8-sig", "replace")
        lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        colors = [*_limited(_TEXTS[ending](lines))]
    else:
        raise PaletteError(f"is no palette that is known: `.{ending}` is none of .gpl, .pal, .hex and .png")
    if not colors:
        raise PaletteError("has no colours")
    return tuple(colors)


def _gpl(lines: Lines) -> Iterator[tuple[int, bytes]]:
    if not lines or lines[0][1] != "GIMP Palette":
        raise PaletteError("does not start with `GIMP Palette`", "line 1")
    for number, line in lines[1:]:
        if not line.startswith("#") and not _HEADER.fullmatch(line):
            yield number, _rgb(_NUMBERS.fullmatch(line), line, number)


def _pal(lines: Lines) -> Iterator[tuple[int, bytes]]:
    if [line for _, line in lines[:2]] != ["JASC-PAL", "0100"]:
        raise PaletteError("does not start with `JASC-PAL` and `0100`", "line 1")
    count = lines[2][1] if len(lines) > 2 else ""  # noqa: PLR2004  # the third line
    if count != str(len(lines) - 3):
        place = f"line {lines[2][0]}" if count else ""
        raise PaletteError(f"says that it has `{count[:20]}` colours, and has {max(0, len(lines) - 3)}", place)
    for number, line in lines[3:]:
        yield number, _rgb(_THREE.fullmatch(line), line, number)


def _hex(lines: Lines) -> Iterator[tuple[int, bytes]]:
    for number, line in lines:
        match = _HEX.fullmatch(line)
        if match is None:
            raise PaletteError(f"has `{line[:40]}`, which is no colour like `FF8000`", f"line {number}")
        yield number, bytes.fromhex(match[1])


_TEXTS: dict[str, Callable[[Lines], Iterator[tuple[int, bytes]]]] = {"gpl": _gpl, "hex": _hex, "pal": _pal}


def _rgb(match: re.Match[str] | None, line: str, number: int) -> bytes:
    channels = [int(digits) for digits in match.groups()] if match else []
    if not channels or max(channels) > _TOP:
        raise PaletteError(f"has `{line[:40]}`, which is no colour of three numbers up to 255", f"line {number}")
    return bytes(channels)


def _limited(colors: Iterator[tuple[int, bytes]]) -> Iterator[bytes]:
    for count, (number, color) in enumerate(colors):
        if count == COLORS:
            raise PaletteError(f"has more than {COLORS} colours", f"line {number}")
        yield color


def _from_picture(data: bytes) -> Iterator[bytes]:
    try:
        picture = read_png(data)
    except ValueError as error:
        raise PaletteError(str(error)) from None
    if picture.has_palette:
        rgba = picture.table
        if len(rgba) > COLORS * 4:
            raise PaletteError(f"has {len(rgba) // 4} colours, and a palette holds {COLORS}")
    else:
        rgba = _pixels(picture)
    return (rgba[at : at + 3] for at in range(0, len(rgba), 4))


def _pixels(picture: Picture) -> bytes:
    if picture.width * picture.height > COLORS:
        size = f"{picture.width} x {picture.height}"
        raise PaletteError(f"is {size} pixels, and as a palette it may have {COLORS}, or be indexed")
    rgba = bytes(picture.rgba(0, 0, picture.width, picture.height))
    for at in range(0, len(rgba), 4):
        if rgba[at + 3] != _TOP:
            place = f"x {at // 4 % picture.width}, y {at // 4 // picture.width}"
            raise PaletteError("has a transparent pixel, which is no colour of a palette", place)
    return rgba
