"""Pictures of banks: what people see, and always the same bytes."""

from __future__ import annotations

import hashlib
import io
import struct
import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from packaging_targets.formats.assets.banks import glyph, sounds
from packaging_targets.formats.assets.banks.pictures import bank_picture, wave_picture
from packaging_targets.formats.assets.banks.png import read_png

FIRST = glyph.Palette.parse(3, ["#000000", "#FF0000", "#00FF00"])
SECOND = glyph.Palette.parse(9, ["#FFFFFF", "#0000FF"])
MARK, LOOP, WAVE, CORE = (255, 184, 76), (63, 57, 54), (72, 148, 214), (150, 208, 255)


def bank(*palettes: glyph.Palette) -> bytes:
    """Two tiles: one of colour 1, one of 2."""
    tiles = np.stack([np.full((8, 8), index, np.uint8) for index in (1, 2)])
    return glyph.pack(tiles, palettes)


def seen(picture: bytes) -> NDArray[np.uint8]:
    read = read_png(picture)
    return read.rgba(0, 0, read.width, read.height)[..., :3]


def sampled(*samples: sounds.Sample) -> tuple[io.BytesIO, dict[str, Any]]:
    """A bank whose samples go from the lowest value to the highest."""
    frames = b"".join(
        struct.pack("<h", at * 65535 // max(1, one.frames - 1) - 32768) for one in samples for at in range(one.frames)
    )
    return io.BytesIO(frames), sounds.place(samples)


def test_a_sheet_is_drawn_twice_as_large_with_the_first_palette() -> None:
    pixels = seen(bank_picture(bank(SECOND, FIRST), 8))
    assert pixels.shape[1] == 512 + 32
    assert (pixels[16:31, 16:31] == (255, 0, 0)).all()
    assert (pixels[16:31, 33:47] == (0, 255, 0)).all()
    assert (pixels[16:31, 32] == (0 + 75, 127 + 78, 0 + 90)).all()  # the grid
    assert (pixels[16:31, 49:63] == 0).all()


def test_the_palettes_stand_below() -> None:
    pixels = seen(bank_picture(bank(FIRST, SECOND), 8))
    below = pixels[512 + 32 :]
    assert (below[5, 38 : 38 + 42 : 14] == [(0, 0, 0), (255, 0, 0), (0, 255, 0)]).all()
    assert (below[5, 302 : 302 + 28 : 14] == [(255, 255, 255), (0, 0, 255)]).all()
    assert (below[0, 16] == MARK).all()
    assert not (below[0, 280] == MARK).all()


def test_another_palette_draws() -> None:
    pixels = seen(bank_picture(bank(FIRST, SECOND), 8, 9))
    assert (pixels[16:31, 16:31] == (0, 0, 255)).all()
    assert (pixels[512 + 32, 280] == MARK).all()


def test_a_bank_without_colours_and_one_with_all_of_them() -> None:
    assert seen(bank_picture(bytes(glyph.SIZE), 32)).shape == (512 + 48 + 18, 544, 3)
    many = [glyph.Palette(index, (b"\xff\xff\xff",)) for index in range(64)]
    assert seen(bank_picture(bank(*many), 16)).shape == (512 + 48 + 32 * 18, 544, 3)


def test_a_wave_from_the_lowest_to_the_highest() -> None:
    pixels = seen(wave_picture(*sampled(sounds.Sample(8000, 88_000))))
    strip = pixels[16 : 16 + 96, 92 : 92 + 880]
    drawn = (strip == WAVE).all(-1) | (strip == CORE).all(-1)
    rows = [int(np.flatnonzero(column).mean()) for column in drawn.T]
    assert rows == sorted(rows, reverse=True)
    assert rows[0] > 85
    assert rows[-1] < 10


def test_a_loop_is_shaded() -> None:
    strip = seen(wave_picture(*sampled(sounds.Sample(8000, 880, (220, 440)))))[16, 92:972]
    assert (strip[221:439] == LOOP).all()
    assert [at for at, pixel in enumerate(strip.tolist()) if tuple(pixel) == MARK] == [220, 440]


@pytest.mark.parametrize("frames", [1, 2, 7, 879, 881, 70_000])
def test_samples_of_any_length(frames: int) -> None:
    pixels = seen(wave_picture(*sampled(sounds.Sample(192_000, frames, (0, frames)), sounds.Sample(1, 1))))
    for top in (16, 120):
        strip = pixels[top : top + 96, 92 : 92 + 880]
        drawn = np.logical_or.reduce([(strip == color).all(-1) for color in (CORE, WAVE, MARK)])
        assert drawn.any(0).all()  # every column has its wave, or an end of the loop


def test_many_samples() -> None:
    stream, metadata = sampled(*[sounds.Sample(8000, 2)] * 300)
    assert seen(wave_picture(stream, metadata)).shape[0] == 64 * 56 + 3 * 16


def test_memory_is_bounded() -> None:
    size = 48 << 20

    class Silence(io.RawIOBase):
        def seek(self, offset: int, whence: int = 0) -> int:
            return offset

        def read(self, count: int | None = -1) -> bytes:
            return bytes(count or 0)

    metadata = sounds.place([sounds.Sample(8000, size // 2)])
    wave_picture(Silence(), metadata)  # type: ignore[arg-type]  # imports
    tracemalloc.start()
    wave_picture(Silence(), metadata)  # type: ignore[arg-type]
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_golden_digests() -> None:
    waves = wave_picture(*sampled(sounds.Sample(44100, 5000, (100, 2000)), sounds.Sample(8000, 123)))
    digests = [hashlib.sha256(data).hexdigest() for data in (bank_picture(bank(FIRST, SECOND), 16), waves)]
    assert digests == [
        "1f0bfc99cc25e1c302872cf8208dbc8b5899ef39632ca9ed9a27d346a96a47f3",
        "a97f6251caabb2bcb2807c4432f5d03b773554264d60d373016bfbca3ae96dc7",
    ]
