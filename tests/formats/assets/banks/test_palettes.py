"""Palettes from files. [A18]"""

from __future__ import annotations

import zlib

import pytest
from art import COLOR_ALPHA, INDEXED, chunk, drawn, png
from hypothesis import given
from hypothesis import strategies as st
from sources import Sources

from packaging_targets.formats.assets.banks.glyph import Palette
from packaging_targets.formats.assets.banks.palettes import PaletteError, parse_palette, read_palettes

RED, INK = bytes([255, 0, 0]), bytes([29, 43, 83])
GIMP = "GIMP Palette\nName: mine\nColumns: 4\n# a comment\n255   0   0\tRed\n 29  43  83 ink: dark\n"
JASC = "JASC-PAL\r\n0100\r\n2\r\n255 0 0\r\n29 43 83\r\n"


def indexed(*colors: bytes) -> bytes:
    return png(zlib.compress(bytes(4)), chunk(b"PLTE", b"".join(colors)), size=(1, 2), head=(8, INDEXED, 0, 0, 0))


@pytest.mark.statement("A18")
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("p.gpl", GIMP.encode()),
        ("p.gpl", b"\xef\xbb\xbf" + GIMP.replace("\n", "\r\n").encode()),
        ("p.gpl", GIMP.encode().replace(b"Red", b"\xff\xfe")),
        ("p.pal", JASC.encode()),
        ("p.hex", b"ff0000\n1D2B53"),
        ("P.HEX", b"\n#ff0000\n\n#1D2B53\n\n"),
        ("p.png", indexed(RED, INK)),
        ("p.png", drawn([[tuple(RED)], [tuple(INK)]])),
    ],
    ids=["gpl", "gpl-windows", "gpl-latin", "jasc", "hex", "hex-blank-lines", "png-indexed", "png-pixels"],
)
def test_every_kind_of_file(name: str, data: bytes) -> None:
    assert parse_palette(name, data) == (RED, INK)


def test_pixels_are_taken_in_reading_order() -> None:
    """Greys too are pixels: only an indexed picture has a palette."""
    assert parse_palette("p.png", drawn([[(1,), (2,)], [(3,), (4,)]], 0)) == tuple(
        bytes([at] * 3) for at in (1, 2, 3, 4)
    )


@pytest.mark.statement("A18")
@pytest.mark.parametrize(
    ("name", "data", "what", "place"),
    [
        ("p.aco", b"", "is no palette that is known: `.aco` is none of .gpl, .pal, .hex and .png", ""),
        ("p.gpl", b"", "does not start with `GIMP Palette`", "line 1"),
        ("p.gpl", b"gimp palette\n1 2 3", "does not start with `GIMP Palette`", "line 1"),
        ("p.gpl", b"GIMP Palette\nName: x\n#\n", "has no colours", ""),
        ("p.gpl", b"GIMP Palette\n1 2\n", "has `1 2`, which is no colour of three numbers up to 255", "line 2"),
        (
            "p.gpl",
            b"GIMP Palette\n\n1 2 256 x\n",
            "has `1 2 256 x`, which is no colour of three numbers up to 255",
            "line 3",
        ),
        ("p.gpl", b"GIMP Palette\n" + b"1 2 3\n" * 17, "has more than 16 colours", "line 18"),
        ("p.pal", b"JASC-PAL\n0200\n0\n", "does not start with `JASC-PAL` and `0100`", "line 1"),
        ("p.pal", b"RIFF\0\0\0\0PAL data", "does not start with `JASC-PAL` and `0100`", "line 1"),
        ("p.pal", b"JASC-PAL\n0100\n3\n1 2 3\n", "says that it has `3` colours, and has 1", "line 3"),
        ("p.pal", b"JASC-PAL\n0100\n", "says that it has `` colours, and has 0", ""),
        (
            "p.pal",
            b"JASC-PAL\n0100\n1\n1 2 3 4\n",
            "has `1 2 3 4`, which is no colour of three numbers up to 255",
            "line 4",
        ),
        ("p.hex", b"\n", "has no colours", ""),
        ("p.hex", b"ff0000\n\nff00\n", "has `ff00`, which is no colour like `FF8000`", "line 3"),
        ("p.hex", b"123456\n" * 17, "has more than 16 colours", "line 17"),
        ("p.png", b"GIF89a", "is no PNG file", ""),
        ("p.png", indexed(*[RED] * 17), "has 17 colours, and a palette holds 16", ""),
        ("p.png", drawn([[tuple(RED)] * 17]), "is 17 x 1 pixels, and as a palette it may have 16, or be indexed", ""),
        (
            "p.png",
            drawn([[(0, 0, 0, 255)] * 2, [(0, 0, 0, 255), (0, 0, 0, 254)]], COLOR_ALPHA),
            "has a transparent pixel, which is no colour of a palette",
            "x 1, y 1",
        ),
    ],
)
def test_a_file_that_is_no_palette(name: str, data: bytes, what: str, place: str) -> None:
    with pytest.raises(PaletteError) as caught:
        parse_palette(name, data)
    assert (str(caught.value), caught.value.place) == (what, place)


def test_files_beside_declared_palettes() -> None:
    """In order of their index; a file that is too long is not read."""
    declared = [{"index": 3, "file": "p.hex"}, {"index": 1, "colors": ["#FF0000"]}, {"index": 2, "file": "long.gpl"}]
    sources = Sources({"p.hex": b"1D2B53", "long.gpl": b""}, {"long.gpl": 65537})
    palettes, found = read_palettes(declared, sources)
    assert palettes == [Palette(1, (RED,)), Palette(3, (INK,))]
    assert [str(one.problem()) for one in found] == [
        (
            "error: `long.gpl` is 65537 bytes long, and a palette may have 65536\n  at long.gpl\n"
            "  fix: save the palette again, or write its colours into asset.json"
        )
    ]


@given(
    st.sampled_from(["gpl", "pal", "hex", "png"]),
    st.binary(max_size=200),
    st.sampled_from([b"", *map(str.encode, (GIMP, JASC))]),
)
def test_noise_is_refused_or_a_palette(ending: str, noise: bytes, start: bytes) -> None:
    try:
        colors = parse_palette(f"p.{ending}", start + noise)
    except PaletteError:
        return
    assert 1 <= len(colors) <= 16
    assert all(len(color) == 3 for color in colors)
