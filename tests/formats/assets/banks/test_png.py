"""Judging PNG files: what lenient decoders let pass is refused."""

from __future__ import annotations

import contextlib
import io
import tracemalloc
import zlib
from typing import Any

import pytest
from art import COLOR_ALPHA, GREY, GREY_ALPHA, INDEXED, chunk, drawn, png
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.formats.assets.banks.png import PngHead, read_png

ROWS = zlib.compress(bytes(14))  # two rows of a filter byte and two pixels of 3 bytes
GOOD = png(ROWS)


def refusal(data: bytes) -> str:
    with pytest.raises(ValueError, match=r"^(is|has|does)") as caught:
        read_png(data)
    return str(caught.value)


def seen(data: bytes) -> list[list[int]]:
    """The colours of a picture in reading order."""
    picture = read_png(data)
    colors: list[list[int]] = picture.rgba(0, 0, picture.width, picture.height).reshape(-1, 4).tolist()
    return colors


@pytest.mark.statement("A12")
def test_a_good_file() -> None:
    assert seen(GOOD) == [[0, 0, 0, 255]] * 4
    assert read_png(GOOD + b"what stands behind the end does not count")
    assert read_png(png(ROWS, chunk(b"tEXt", b"a\0b")))


def test_a_file_that_is_too_long_is_not_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packaging_targets.formats.assets.banks.png.FILE_LIMIT", len(GOOD) - 1)
    assert refusal(GOOD) == f"is longer than the {len(GOOD) - 1} bytes that are allowed"


def test_pixel_data_in_pieces() -> None:
    assert read_png(png(ROWS[5:], chunk(b"IDAT", ROWS[:2]), chunk(b"IDAT", ROWS[2:5])))


@pytest.mark.parametrize(
    ("size", "head", "length"),
    [
        ((9, 3), (1, GREY), 3 * 3),
        ((9, 3), (4, INDEXED), 3 * 6),
        ((9, 3), (8, COLOR_ALPHA), 3 * 37),
        ((8, 8), (8, GREY, True), 1 * 2 + 1 * 2 + 1 * 3 + 2 * 3 + 2 * 5 + 4 * 5 + 4 * 9),
        ((1, 1), (8, GREY, True), 2),
        ((3, 2), (8, GREY, True), 2 + 3 - 1 + 2 + 4),
    ],
)
def test_how_long_the_pixel_data_is(size: tuple[int, int], head: Any, length: int) -> None:
    assert PngHead(*size, *head).data_size == length


def test_colours_that_are_declared_transparent() -> None:
    red, blue = [255, 0, 0], [0, 0, 255]
    clear = chunk(b"tRNS", bytes([0, 255, 0, 0, 0, 0]))
    data = zlib.compress(bytes([0, *red, *blue, 0, *blue, *red]))
    assert seen(png(data, clear)) == [[0, 0, 0, 0], [*blue, 255], [*blue, 255], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("depth", "rows", "expected"),
    [
        (1, [0b01000000, 0b10000000], [0, 255, 255, 0]),
        (2, [0b00010000, 0b10110000], [0, 85, 170, 255]),
        (4, [0x0F, 0x73], [0, 255, 119, 51]),
    ],
)
def test_greys_of_few_bits(depth: int, rows: list[int], expected: list[int]) -> None:
    data = zlib.compress(bytes([0, rows[0], 0, rows[1]]))
    assert seen(png(data, head=(depth, GREY, 0, 0, 0))) == [[grey] * 3 + [255] for grey in expected]
    clear = chunk(b"tRNS", bytes([0, 0]))
    assert [pixel[3] for pixel in seen(png(data, clear, head=(depth, GREY, 0, 0, 0)))] == [
        0 if grey == 0 else 255 for grey in expected
    ]


def test_a_palette_with_alphas() -> None:
    palette, alphas = chunk(b"PLTE", bytes(range(9))), chunk(b"tRNS", bytes([255, 0]))
    data = png(zlib.compress(bytes([0, 0, 1, 0, 2, 0])), palette, alphas, head=(8, INDEXED, 0, 0, 0))
    assert seen(data) == [[0, 1, 2, 255], [3, 4, 5, 0], [6, 7, 8, 255], [0, 1, 2, 255]]
    assert read_png(data).has_palette


def test_greys_with_alpha() -> None:
    assert seen(drawn([[(7, 255), (9, 3)]], GREY_ALPHA)) == [[7, 7, 7, 255], [9, 9, 9, 3]]


@given(st.data())
def test_what_another_program_writes_is_read_as_it_was(data: st.DataObject) -> None:
    """Filters, depths and passes are those that Pillow chooses."""
    image_of = pytest.importorskip("PIL.Image")
    size = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    mode, channels = data.draw(st.sampled_from([("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4), ("P", 1), ("1", 1)]))
    noise = data.draw(st.binary(min_size=1, max_size=60))
    count = size[0] * size[1] * channels
    image = image_of.frombytes("L" if mode == "1" else mode, size, (noise * count)[:count])
    if mode == "P":
        image.putpalette(bytes(range(256)) * 3)
    out = io.BytesIO()
    image.convert(mode).save(out, "PNG", optimize=data.draw(st.booleans()))
    expected = image.convert(mode).convert("RGBA").tobytes()
    assert bytes(channel for pixel in seen(out.getvalue()) for channel in pixel) == expected


def test_interlaced_pictures() -> None:
    """Of 3 x 2 pixels the passes are: (0, 0); (2, 0); (1, 0); the second row."""
    data = zlib.compress(bytes([0, 1, 0, 3, 0, 2, 0, 4, 5, 6]))
    greys = [pixel[0] for pixel in seen(png(data, size=(3, 2), head=(8, GREY, 0, 0, 1)))]
    assert greys == [1, 2, 3, 4, 5, 6]


DAMAGED = bytearray(GOOD)
DAMAGED[45] ^= 1
MALFORMED = {
    "empty": (b"", "is no PNG file"),
    "jpeg": (b"\xff\xd8\xff", "is no PNG file"),
    "signature-alone": (GOOD[:8], "is cut off: it has no end"),
    "no-end": (GOOD[:-12], "is cut off: it has no end"),
    "cut-off": (GOOD[:50], "is cut off: it has no end"),
    "damaged": (bytes(DAMAGED), "is damaged: the checksum of `IDAT` at byte 33 does not match"),
    "no-head": (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", ROWS) + chunk(b"IEND", b""),
        "does not start with its size",
    ),
    "nothing": (b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), "does not start with its size"),
    "no-width": (png(ROWS, size=(0, 2)), "is 0 x 2 pixels, and 4096 x 4096 are allowed"),
    "too-high": (png(ROWS, size=(2, 4097)), "is 2 x 4097 pixels, and 4096 x 4096 are allowed"),
    "gigantic": (
        png(ROWS, size=(0xFFFFFFFF, 0xFFFFFFFF)),
        "is 4294967295 x 4294967295 pixels, and 4096 x 4096 are allowed",
    ),
    "16-bit": (png(ROWS, head=(16, 2, 0, 0, 0)), "has 16 bits a channel, and 8 are allowed: save it with 8"),
    "colour-type": (png(ROWS, head=(8, 5, 0, 0, 0)), "has a colour type that PNG does not know"),
    "interlace": (png(ROWS, head=(8, 2, 0, 0, 2)), "has a colour type that PNG does not know"),
    "animation": (png(ROWS, chunk(b"acTL", bytes(8))), "is an animation, and a tile is one picture"),
    "half-the-rows": (png(zlib.compress(bytes(7))), "has less pixel data than its size asks for"),
    "unfinished": (png(ROWS[:-4]), "has less pixel data than its size asks for"),
    "one-byte-more": (png(zlib.compress(bytes(15))), "has more pixel data than its size asks for"),
    "bomb": (png(zlib.compress(bytes(1 << 26))), "has more pixel data than its size asks for"),
    "many-chunks": (png(ROWS, chunk(b"IDAT", b"") * 60_000), "has more than 50000 chunks"),
    "filter": (png(zlib.compress(bytes([5] * 14))), "is damaged: its rows have filters that PNG does not know"),
    "packing": (png(ROWS, head=(8, 2, 1, 0, 0)), "has a colour type that PNG does not know"),
    "depth": (png(ROWS, head=(4, 2, 0, 0, 0)), "has a colour type that PNG does not know"),
    "no-palette": (
        png(zlib.compress(bytes(6)), head=(8, 3, 0, 0, 0)),
        "has a palette that is no list of 1 to 256 colours",
    ),
    "odd-palette": (
        png(zlib.compress(bytes(6)), chunk(b"PLTE", bytes(4)), head=(8, 3, 0, 0, 0)),
        "has a palette that is no list of 1 to 256 colours",
    ),
    "short-palette": (
        png(zlib.compress(bytes([0, 0, 1, 0, 0, 2])), chunk(b"PLTE", bytes(6)), head=(8, 3, 0, 0, 0)),
        "has pixels of colour 2, and its palette has 2",
    ),
    "two-palettes": (png(ROWS, chunk(b"PLTE", bytes(3)) * 2), "has the chunk `PLTE` twice"),
    "two-heads": (
        png(ROWS, GOOD[8:33]),
        "has a chunk `IHDR` that decoders do not know, or know but once",
    ),
    "critical": (png(ROWS, chunk(b"CgBI", b"")), "has a chunk `CgBI` that decoders do not know, or know but once"),
    "not-deflate": (png(b"\xff" * 20), "is damaged: its pixel data cannot be unpacked"),
    "adler": (png(ROWS[:-1] + b"\xff"), "is damaged: its pixel data cannot be unpacked"),
}


@pytest.mark.parametrize(("data", "what"), MALFORMED.values(), ids=MALFORMED)
def test_a_file_that_lies(data: bytes, what: str) -> None:
    assert refusal(data) == what


@given(st.integers(8, len(GOOD) - 5), st.integers(1, 255))
def test_a_changed_byte_is_noticed(at: int, flip: int) -> None:
    data = bytearray(GOOD)
    data[at] ^= flip
    refusal(bytes(data))


def test_a_file_cut_off_anywhere() -> None:
    for length in range(len(GOOD)):
        refusal(GOOD[:length])


def test_a_bomb_costs_no_more_than_its_picture_would() -> None:
    """64 MiB of pixel data in 64 KiB, for a picture that claims to be small, and for one that claims too much."""
    small = png(zlib.compress(bytes(1 << 26)), size=(16, 16))
    large = png(zlib.compress(bytes(100)), size=(4096, 4096), head=(8, COLOR_ALPHA, 0, 0, 0))
    for data, what, limit in ((small, "has more pixel data", 3 << 20), (large, "has less pixel data", 65 << 20)):
        tracemalloc.start()
        assert refusal(data).startswith(what)
        assert tracemalloc.get_traced_memory()[1] < limit
        tracemalloc.stop()


@given(st.binary(max_size=60), st.integers(0, 8), st.integers(0, 6), st.integers(1, 9), st.booleans())
def test_noise_is_refused_or_a_picture(noise: bytes, depth: int, kind: int, side: int, interlaced: bool) -> None:
    """Checksums are right here, so that what is behind them is tried."""
    data = png(zlib.compress(noise), chunk(b"PLTE", noise[:9]), size=(side, side), head=(depth, kind, 0, 0, interlaced))
    with contextlib.suppress(ValueError):
        assert len(seen(data)) == side * side
