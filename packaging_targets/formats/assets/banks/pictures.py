"""Banks as pictures for people: a sheet of tiles with its palettes, and the waves of samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from packaging_targets.formats.assets.banks import glyph, sounds
from packaging_targets.formats.assets.banks.canvas import Canvas, Color, text_width
from packaging_targets.formats.assets.banks.png import demand

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LIBRARIES = ("numpy", "deflate")
_BACK: Color = (24, 25, 33)
_PANEL: Color = (34, 36, 47)
_LINE: Color = (70, 74, 94)
_TEXT: Color = (150, 156, 180)
_STRONG: Color = (236, 239, 250)
_MARK: Color = (255, 184, 76)
_LOOP: Color = (63, 57, 54)
_WAVE: Color = (72, 148, 214)
_CORE: Color = (150, 208, 255)
_MARGIN = 16

_ZOOM = 2
_SWATCH = 13
_LABEL = 22
_PALETTE_ROW = 18

_SHOWN = 64
"""The most samples that are drawn; how many more there are is written below."""
_COLUMNS = 880
_SIDE = 76  # where number, length and rate of a sample stand
_BLOCK = 1 << 16  # frames
_FULL = 32768


def bank_picture(bank: bytes, tile_size: int, palette: int | None = None) -> bytes:
    """Return a PNG of a glyph bank: its sheet, twice as large, drawn with a palette, and its palettes below.

    `palette` is one of the 64; without it, the first with colours draws. A thin grid parts the tiles, and a mark
    stands beside the palette that drew. Palettes without any colour but black are left out.
    """
    demand(*_LIBRARIES)
    import numpy as np

    colors = _palettes(bank)
    used = np.flatnonzero(colors.any((1, 2))).tolist()
    drawing = palette if palette is not None else used[0] if used else 0
    shown = sorted({*used, drawing})
    side = glyph.SHEET * _ZOOM
    rows = -(-len(shown) // 2)
    canvas = Canvas(side + 2 * _MARGIN, side + 3 * _MARGIN + rows * _PALETTE_ROW, _BACK)
    packed = np.frombuffer(bank[: glyph.PLANE_SIZE], np.uint8)
    indices = np.stack((packed >> 4, packed & 15), axis=1).reshape(glyph.SHEET, glyph.SHEET)
    sheet = colors[drawing][indices].repeat(_ZOOM, 0).repeat(_ZOOM, 1)
    canvas.pixels[_MARGIN : _MARGIN + side, _MARGIN : _MARGIN + side] = sheet
    for at in range(tile_size * _ZOOM, side, tile_size * _ZOOM):
        canvas.tint(_MARGIN + at, _MARGIN, 1, side, _TEXT)
        canvas.tint(_MARGIN, _MARGIN + at, side, 1, _TEXT)
    canvas.frame(_MARGIN - 1, _MARGIN - 1, side + 2, side + 2, _LINE)
    for number, index in enumerate(shown):
        column, row = divmod(number, rows)
        x, y = _MARGIN + column * (side // 2 + _MARGIN // 2), side + 2 * _MARGIN + row * _PALETTE_ROW
        _draw_palette(canvas, x, y, index, colors[index], is_drawing=index == drawing)
    return canvas.png()


def wave_picture(stream: BinaryIO, metadata: Mapping[str, Any]) -> bytes:
    """Return a PNG of a sound bank: a strip for each sample, with its number, its length and its rate.

    `stream` is the bank, seekable, and `metadata` its row's. Of each column the light part goes from the lowest to the
    highest value, and the bright part is the mean distance from silence. The region of a loop is shaded. No more than
    a block of the bank is in memory.
    """
    demand(*_LIBRARIES)
    samples = [metadata["samples"][str(number)] for number in range(min(len(metadata["samples"]), _SHOWN))]
    more = len(metadata["samples"]) - len(samples)
    height = 96 if len(samples) <= 12 else 48  # noqa: PLR2004  # so that a bank of a few is shown well
    strip = height + _MARGIN // 2
    canvas = Canvas(
        _SIDE + _COLUMNS + 2 * _MARGIN, len(samples) * strip + 2 * _MARGIN + (_MARGIN if more else 0), _BACK
    )
    for number, sample in enumerate(samples):
        y = _MARGIN + number * strip
        _label(canvas, y, height, number, sample)
        _draw_wave(canvas, y, height, stream, sample)
    if more:
        canvas.write(_MARGIN, canvas.pixels.shape[0] - _MARGIN - 10, f"+{more}", 2, _TEXT)
    return canvas.png()


def _palettes(bank: bytes) -> NDArray[np.uint8]:
    """Return the palettes as RGB: 64 by 16 by 3."""
    import numpy as np

    values = np.frombuffer(bank[glyph.PLANE_SIZE :], "<u2").reshape(glyph.PALETTES, glyph.COLORS)
    red, green, blue = values >> 11, values >> 5 & 63, values & 31
    # The highest bits once more at the end, so that full is 255.
    wide = (red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2)
    return np.stack(wide, axis=-1).astype(np.uint8)


def _draw_palette(canvas: Canvas, x: int, y: int, index: int, colors: NDArray[np.uint8], *, is_drawing: bool) -> None:
    canvas.write(x + 4, y + 2, f"{index:02}", 2, _MARK if is_drawing else _TEXT)
    if is_drawing:
        canvas.fill(x, y, 2, _SWATCH + 1, _MARK)
    for number, color in enumerate(colors.tolist()):
        canvas.fill(x + _LABEL + number * (_SWATCH + 1), y, _SWATCH, _SWATCH + 1, tuple(color))
    canvas.frame(x + _LABEL - 1, y - 1, glyph.COLORS * (_SWATCH + 1) + 1, _SWATCH + 3, _LINE)


def _label(canvas: Canvas, y: int, height: int, number: int, sample: Mapping[str, int]) -> None:
    frames, rate = sample["length"] // sounds.FRAME, sample["sample_rate"]
    hundredths = (frames * 100 + rate // 2) // rate
    canvas.write(_MARGIN, y + 4, str(number), 3, _STRONG)
    small = (f"{hundredths // 100}.{hundredths % 100:02} s", f"{rate} Hz")
    for row, text in enumerate(small):
        scale = 2 if text_width(text, 2) < _SIDE else 1
        canvas.write(_MARGIN, y + height - 26 + row * 14, text, scale, _TEXT)


def _draw_wave(canvas: Canvas, y: int, height: int, stream: BinaryIO, sample: Mapping[str, int]) -> None:
    import numpy as np

    x, frames = _MARGIN + _SIDE, sample["length"] // sounds.FRAME
    canvas.fill(x, y, _COLUMNS, height, _PANEL)
    ends = [sample[name] * _COLUMNS // frames for name in ("loop_start", "loop_end") if name in sample]
    if ends:
        canvas.fill(x + ends[0], y, max(1, ends[1] - ends[0]), height, _LOOP)
    lowest, highest, mean = _envelope(stream, sample["offset"], frames)
    middle, half = y + height // 2, height // 2 - 2
    rows = np.arange(y, y + height)[:, None]
    area = canvas.pixels[y : y + height, x : x + _COLUMNS]

    def between(low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.bool_]:
        up, down = (-(-value * half // _FULL) for value in (high, -low))
        inside: NDArray[np.bool_] = (rows >= middle - up) & (rows <= middle + down)
        return inside

    area[between(lowest, highest)] = _WAVE
    area[between(np.maximum(-mean, lowest), np.minimum(mean, highest))] = _CORE
    for end in ends:
        canvas.fill(x + min(end, _COLUMNS - 1), y, 1, height, _MARK)


def _envelope(
    stream: BinaryIO, offset: int, frames: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return of each column the lowest and the highest value, and the mean distance from 0."""
    import numpy as np

    bounds = np.arange(_COLUMNS + 1) * frames // _COLUMNS
    columns = np.zeros((3, _COLUMNS), np.int64)
    at = 0
    while at < _COLUMNS:
        # As many columns as fit into a block, and one at least.
        until = max(at + 1, int(np.searchsorted(bounds, bounds[at] + _BLOCK, "right")) - 1)
        until = min(until, _COLUMNS)
        first, last = int(bounds[at]), max(int(bounds[until]), int(bounds[at]) + 1)
        stream.seek(offset + first * sounds.FRAME)
        values = np.frombuffer(stream.read((last - first) * sounds.FRAME), "<i2").astype(np.int64)
        starts = bounds[at:until] - first  # of columns without a frame of their own, the one before counts
        widths = np.maximum(np.diff(bounds[at : until + 1]), 1)
        columns[0, at:until] = np.minimum.reduceat(values, starts)
        columns[1, at:until] = np.maximum.reduceat(values, starts)
        columns[2, at:until] = np.add.reduceat(np.abs(values), starts) // widths
        at = until
    low, high, mean = columns
    # Where the wave leaps from one column to the next, it is one line all the same.
    return np.minimum(low, np.append(low[:1], high[:-1])), np.maximum(high, np.append(high[:1], low[:-1])), mean
