"""The encoders of the contract once more, as small and slow as can be: what a bank has to be.

Nothing of the package is used here, and no library: sounds are fractions, and filters are decimals of 60 digits. Each
function does what a statement says, in its words.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from functools import cache

FLOAT = 3
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
DIGITS = 60
FULL = 32_768


def glyph_bank(tiles: Sequence[Sequence[Sequence[int]]], palettes: dict[int, Sequence[str]]) -> bytes:
    """Return the bank of tiles of colour indices, each a list of rows: G2, G3 and G6."""
    size = len(tiles[0])
    across = 256 // size
    sheet = [[0] * 256 for _ in range(256)]
    for number, tile in enumerate(tiles):
        for y, row in enumerate(tile):
            for x, index in enumerate(row):
                sheet[number // across * size + y][number % across * size + x] = index
    pixels = bytes(row[x] * 16 + row[x + 1] for row in sheet for x in range(0, 256, 2))
    block = bytearray(2_048)
    for index, colors in palettes.items():
        for at, color in enumerate(colors):
            red, green, blue = bytes.fromhex(color[1:])
            value = red // 8 * 2048 + green // 4 * 32 + blue // 8
            struct.pack_into("<H", block, index * 32 + at * 2, value)
    return pixels + bytes(block)


def full_scale(code: int, bits: int) -> int:
    """Return what stands for full scale in a file."""
    return 1 if code == FLOAT else 1 << (bits - 1)


def pcm16(values: Sequence[float], channels: int, code: int, bits: int) -> bytes:
    """Return the samples of frames: the mean, rounded once, as A16 says."""
    means = [sum(map(Fraction, values[at : at + channels])) / channels for at in range(0, len(values), channels)]
    return samples(mean * FULL / full_scale(code, bits) for mean in means)


def samples(exact: Sequence[Fraction] | object) -> bytes:
    """Round values whose full scale is 32,768: ties to the even one, and 32,768 becomes 32,767."""
    assert hasattr(exact, "__iter__")
    return b"".join(struct.pack("<h", max(-FULL, min(FULL - 1, round(value)))) for value in exact)


def resampled(values: Sequence[float], channels: int, code: int, bits: int, ratio: Fraction) -> bytes:
    """Return the samples of frames at L / M times their rate, as A17 says."""
    sums = [sum(map(Fraction, values[at : at + channels])) for at in range(0, len(values), channels)]
    if code == FLOAT:
        unit = 1 << 31
        sums = [Fraction(round(max(-channels, min(channels, value)) * unit), unit) for value in sums]
    up, down = ratio.numerator, ratio.denominator
    rows = filters(ratio)
    made = []
    for number in range(-(-len(sums) * up // down)):
        place, row = divmod(number * down, up)
        reach = len(rows[row]) // 2
        around = range(place - reach + 1, place + reach + 1)
        total = sum(weight * sums[at] for weight, at in zip(rows[row], around, strict=True) if 0 <= at < len(sums))
        made.append(Fraction(total) * FULL / (full_scale(code, bits) * channels << 24))
    return samples(made)


def loop(start: int, end: int, count: int, ratio: Fraction) -> tuple[int, int]:
    """Return where a loop lies among `count` samples at the new rate."""
    first = min(round(start * ratio), count - 1)
    return first, min(max(round(end * ratio), first + 1), count)


@cache
def filters(ratio: Fraction) -> list[list[int]]:
    """Return the weights of each of the L places: a sinc at 15/16 of the lower rate's half, 48 zeros to each side, under
    a Kaiser window with a beta of 9.6, scaled to the sum 2 ** 24; what rounding leaves goes to the largest weight."""
    up, down = ratio.numerator, ratio.denominator
    part = max(up, down)
    end = 48 * part
    reach = -(-end // up)
    with localcontext(prec=DIGITS):
        curve = [kernel(at, part, end) if at <= end else Decimal(0) for at in range(reach * up + 1)]
        rows = []
        for place in range(up):
            values = [curve[abs(place + at * up)] for at in range(reach - 1, -reach - 1, -1)]
            total = sum(values)
            weights = [int((value / total * (1 << 24)).to_integral_value(ROUND_HALF_UP)) for value in values]
            weights[weights.index(max(weights))] += (1 << 24) - sum(weights)
            rows.append(weights)
    return rows


def kernel(at: int, part: int, end: int) -> Decimal:
    angle = PI * at * 15 / (16 * part)
    sinc = sine(angle) / angle if at else Decimal(1)
    return sinc * bessel(Decimal("4.8") ** 2 * (1 - (Decimal(at) / end) ** 2))


def sine(angle: Decimal) -> Decimal:
    angle %= 2 * PI
    term, total, at = angle, Decimal(0), 1
    while abs(term) > Decimal(10) ** -DIGITS:
        total += term
        term *= -angle * angle / ((at + 1) * (at + 2))
        at += 2
    return total


def bessel(square: Decimal) -> Decimal:
    """Return I0 of twice the root of `square`."""
    term = total = Decimal(1)
    at = 1
    while term > Decimal(10) ** -DIGITS:
        term *= square / (at * at)
        total += term
        at += 1
    return total
