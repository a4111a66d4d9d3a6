"""Samples at another rate: a windowed sinc in exact integers, so that every machine makes the same ones.

The ratio of the rates is L / M in lowest terms. Each output sample is a weighted sum of the input samples around it;
there are L rows of weights, one for each place that an output sample can have between two input samples. The weights
are those of a low-pass filter at 15/16 of half of the lower rate, 48 of its zeros to each side, under a Kaiser window.
They are computed in integers of 96 bits and more, each row adds up to 2 to the 24th exactly, and so a constant stays
what it is. Samples of up to 33 bits and weights of 24 fit into 64 bits with their sums. Before the first and behind
the last input sample there is silence.

Measured on sines: what would alias is weaker by more than 90 dB, and up to 7/8 of half of the lower rate nothing
changes by more than 0.01 dB.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WEIGHT_BITS = 24
RATIO_LIMIT = 64
"""How many times as high or as low the new rate may be."""
_PART_LIMIT = 2_048  # the largest L or M: ratios of stranger rates are replaced by the nearest one
_ZEROS = 48  # of the sinc, to each side
_CUTOFF = Fraction(15, 16)  # of half of the lower rate
_SHAPE = Fraction(576, 25)  # of the Kaiser window: the square of half of its beta, 9.6
_BITS = 96
_BLOCK = 1 << 16  # input samples that are looked at together
_PI_BITS = 128
_PI = 0x3243F6A8885A308D313198A2E03707344  # times 2 to the _PI_BITS


def ratio_of(old: int, new: int) -> Fraction:
    """Return the ratio of two rates in hertz. Raises ValueError where they are too far apart."""
    if max(old, new) > RATIO_LIMIT * min(old, new):
        raise ValueError(f"cannot become {new} frames a second from {old}: {RATIO_LIMIT} times as many is the limit")
    if new <= old:
        return Fraction(new, old).limit_denominator(_PART_LIMIT)
    return 1 / Fraction(old, new).limit_denominator(_PART_LIMIT)


def count_after(frames: int, ratio: Fraction) -> int:
    """Return how many samples so many input samples become."""
    return -(-frames * ratio.numerator // ratio.denominator)


def loop_after(loop: tuple[int, int], frames: int, ratio: Fraction) -> tuple[int, int]:
    """Return where a loop lies at the new rate: at the nearest samples, ties to even, and never empty."""
    count = count_after(frames, ratio)
    start = min(round(loop[0] * ratio), count - 1)
    return start, min(max(round(loop[1] * ratio), start + 1), count)


def resample(blocks: Iterator[NDArray[np.int64]], frames: int, ratio: Fraction) -> Iterator[NDArray[np.int64]]:
    """Yield samples at the new rate, times 2 to the WEIGHT_BITS; `blocks` have `frames` samples in all.

    Memory is bounded by the size of a block.
    """
    import numpy as np

    weights = filters(ratio)
    taps, period = weights.shape[1], ratio.denominator
    held = np.zeros(taps // 2 - 1, np.int64)
    left = count_after(frames, ratio)
    for block in chain(blocks, [np.zeros(taps + period, np.int64)]):
        held = np.concatenate((held, block))
        while left and (periods := min(len(held) - taps + 1, _BLOCK + period) // period) > 0:
            made = _periods(held, weights, periods, ratio)[:left]
            held = held[periods * period :]
            left -= len(made)
            yield made


def _periods(held: NDArray[np.int64], weights: NDArray[np.int64], periods: int, ratio: Fraction) -> NDArray[np.int64]:
    """Return the output of so many periods: L samples from every M."""
    import numpy as np

    rows, period = ratio.numerator, ratio.denominator
    windows = np.lib.stride_tricks.sliding_window_view(held, weights.shape[1])
    made = np.empty((periods, rows), np.int64)
    for number in range(rows):
        at, row = divmod(number * period, rows)
        some = windows[at : at + (periods - 1) * period + 1 : period]
        made[:, number] = np.einsum("ij,j->i", some, weights[row])
    return made.ravel()


@lru_cache(maxsize=8)
def filters(ratio: Fraction) -> NDArray[np.int64]:
    """Return the weights: a row for each place of an output sample between two input samples, L in all.

    The sample at the place 0 counts most in the column `reach - 1`, half of the columns being `reach`.
    """
    import numpy as np

    rows = ratio.numerator
    curve = _curve(max(ratio.numerator, ratio.denominator))
    reach = -(-(len(curve) - 1) // rows)
    curve += [0] * (reach * rows + 1 - len(curve))
    return np.array([_row(curve, place, rows, reach) for place in range(rows)], np.int64)


def _row(curve: list[int], place: int, rows: int, reach: int) -> list[int]:
    row = [curve[abs(place + at * rows)] for at in range(reach - 1, -reach - 1, -1)]
    total = sum(row)
    weights = [((value << WEIGHT_BITS + 1) + total) // (2 * total) for value in row]
    largest = weights.index(max(weights))
    weights[largest] += (1 << WEIGHT_BITS) - sum(weights)
    return weights


def _curve(part: int) -> list[int]:
    """Return half of the filter, from its middle on, `part` values to a zero of the sinc, in fixed point."""
    end = _ZEROS * part
    angle = _PI * _CUTOFF.numerator // (_CUTOFF.denominator * part)
    sine, cosine = _sine_and_cosine(angle)
    values = [_window(0, end)]
    here, across = sine, cosine
    for at in range(1, end + 1):
        values.append((here << _BITS) // (angle * at) * _window(at, end) >> _BITS)
        here, across = (
            here * cosine + across * sine >> _PI_BITS,
            across * cosine - here * sine >> _PI_BITS,
        )
    return values


def _sine_and_cosine(angle: int) -> tuple[int, int]:
    """Return both of a small angle, by their series; all three times 2 to the _PI_BITS."""
    sums = [0, 0]
    term, at = 1 << _PI_BITS, 0
    while term:
        sums[at % 2] += -term if at % 4 > 1 else term
        at += 1
        term = (term * angle >> _PI_BITS) // at
    return sums[1], sums[0]


def _window(at: int, end: int) -> int:
    """Return the Kaiser window, but for a factor: the Bessel function I0, by its series."""
    square = (_SHAPE.numerator * (end * end - at * at) << _BITS) // (_SHAPE.denominator * end * end)
    total = term = 1 << _BITS
    step = 1
    while term:
        term = (term * square >> _BITS) // (step * step)
        total += term
        step += 1
    return total
