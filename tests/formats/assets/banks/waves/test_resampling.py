"""Samples at another rate: how many, which weights, and how good. [A17]"""

from __future__ import annotations

import hashlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from packaging_targets.formats.assets.banks.waves import resampling
from packaging_targets.formats.assets.banks.waves.resampling import count_after, filters, loop_after, ratio_of, resample

ONE = 1 << resampling.WEIGHT_BITS


def resampled(values: NDArray[np.int64], ratio: Fraction, block: int = 5000) -> NDArray[np.int64]:
    blocks = (values[at : at + block] for at in range(0, len(values), block))
    return np.concatenate([*resample(blocks, len(values), ratio)])


@pytest.mark.statement("A17")
@pytest.mark.parametrize(
    ("old", "new", "ratio"),
    [
        (44100, 48000, Fraction(160, 147)),
        (48000, 24000, Fraction(1, 2)),
        (11025, 11025, Fraction(1)),
        (44100, 44099, Fraction(1)),
        (44101, 22050, Fraction(1023, 2046)),
        (18157, 44100, Fraction(2042, 4960)),
    ],
)
def test_ratios(old: int, new: int, ratio: Fraction) -> None:
    found = ratio_of(old, new)
    assert max(found.numerator, found.denominator) <= 2048
    assert abs(found / Fraction(new, old) - 1) < Fraction(1, 4000)
    if ratio.denominator < 1000:
        assert found == ratio


def test_rates_that_are_too_far_apart() -> None:
    assert ratio_of(1000, 64_000) == 64
    for old, new in ((1000, 64_001), (64_001, 1000)):
        with pytest.raises(ValueError, match=f"^cannot become {new} frames a second from {old}: 64 times"):
            ratio_of(old, new)


@pytest.mark.parametrize(
    "ratio", [Fraction(160, 147), Fraction(147, 160), Fraction(1, 2), Fraction(3), Fraction(1, 64)]
)
def test_weights_add_up_and_are_symmetric(ratio: Fraction) -> None:
    weights = filters(ratio)
    assert (weights.sum(1) == ONE).all()
    assert np.abs(weights).sum(1).max() < 4 * ONE  # so that 64 bits hold any sum
    # But for what is added to the largest weight of each row.
    assert np.abs(weights[1:, ::-1] - weights[:0:-1]).max(initial=0) < 50


@pytest.mark.statement("A17")
def test_golden_digests() -> None:
    """The weights are the same on every machine, and so is what becomes of noise."""
    digest = hashlib.sha256()
    for ratio in (Fraction(160, 147), Fraction(147, 320), Fraction(441, 80)):
        digest.update(filters(ratio).astype("<i8").tobytes())
    assert digest.hexdigest() == "4067e09b3927360a403a33dd8bd7185dba43611b127fc9f143947755f5d54f53"
    noise = np.array([(at * at * 48271 + at * 8191) % 65536 - 32768 for at in range(3000)], np.int64)
    digest = hashlib.sha256(resampled(noise, Fraction(160, 147)).astype("<i8").tobytes())
    assert digest.hexdigest() == "7d8212ead73effc9dd34203ab16b002362b7d7e4e1e355b7bc5772aad2cae04d"


def test_a_single_sample_shows_the_weights() -> None:
    ratio = Fraction(3, 2)
    weights = filters(ratio)
    reach = weights.shape[1] // 2
    values = np.zeros(200, np.int64)
    values[100] = 1
    found = resampled(values, ratio)
    for number, value in enumerate(found):
        at, row = divmod(number * 2, 3)
        column = 100 - at + reach - 1
        assert value == (weights[row, column] if 0 <= column < 2 * reach else 0)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([Fraction(160, 147), Fraction(1, 2), Fraction(5, 3), Fraction(2, 7), Fraction(9)]),
    st.integers(1, 3000),
    st.integers(1, 700),
    st.integers(-(1 << 32), 1 << 32),
)
def test_blocks_do_not_show(ratio: Fraction, frames: int, block: int, peak: int) -> None:
    values = np.array([(at * 7919 % 2003 - 1001) * peak // 1001 for at in range(frames)], np.int64)
    found = resampled(values, ratio, block)
    assert len(found) == count_after(frames, ratio)
    assert (found == resampled(values, ratio, 1 << 20)).all()


def test_a_constant_stays_what_it_is() -> None:
    found = resampled(np.full(4000, -12345, np.int64), Fraction(160, 147))
    assert (found[200:-200] == -12345 * ONE).all()


def sine(frequency: float, rate: int) -> NDArray[np.int64]:
    values: NDArray[np.int64] = np.rint(np.sin(2 * np.pi * frequency * np.arange(rate) / rate) * (1 << 30)).astype(
        np.int64
    )
    return values


def levels(frequency: float, old: int, new: int) -> tuple[float, float]:
    """How strong a sine of one second is after resampling, and the strongest of all else, in dB."""
    found = resampled(sine(frequency, old), ratio_of(old, new)) / ONE / (1 << 30)
    window = np.kaiser(len(found), 20)
    spectrum = np.abs(np.fft.rfft(found * window)) / window.sum() * 2 + 1e-20
    near = np.abs(np.fft.rfftfreq(len(found), 1 / new) - frequency) < 50
    strongest = spectrum[near].max() if near.any() else 1e-20
    return 20 * np.log10(strongest), 20 * np.log10(spectrum[~near].max())


PAIRS = [(44100, 48000), (48000, 44100), (44100, 22050), (11025, 44100), (96000, 44100), (48000, 32000)]


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_a_sweep_of_sines(old: int, new: int) -> None:
    """Whole hertz, so that each is one line of the spectrum."""
    half = min(old, new) / 2
    for part in (0.01, 0.25, 0.5, 0.75, 0.875):
        level, other = levels(round(half * part), old, new)
        assert abs(level) < 0.01
        assert other < -90
    for part in (1.005, 1.05, 1.3, 1.9):
        if half * part < old / 2:
            assert levels(round(half * part), old, new)[1] < -90  # all that is left is an alias


LOOPS = [
    ((0, 100), 100, Fraction(1, 2), (0, 50)),
    ((1, 3), 100, Fraction(1, 2), (0, 2)),  # 0.5 and 1.5: to even
    ((3, 5), 100, Fraction(1, 2), (2, 3)),  # 1.5 and 2.5, but not empty
    ((98, 99), 99, Fraction(1, 64), (1, 2)),
    ((0, 147), 147, Fraction(160, 147), (0, 160)),
    ((10, 11), 11, Fraction(1, 64), (0, 1)),
]


@pytest.mark.parametrize(("loop", "frames", "ratio", "expected"), LOOPS)
def test_loops_move_along(loop: tuple[int, int], frames: int, ratio: Fraction, expected: tuple[int, int]) -> None:
    assert loop_after(loop, frames, ratio) == expected


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.integers(1, 10_000), st.fractions(Fraction(1, 64), 64))
def test_a_loop_is_never_empty_and_within_its_sample(start: int, length: int, more: int, ratio: Fraction) -> None:
    frames = start + length + more
    moved = loop_after((start, start + length), frames, ratio)
    assert 0 <= moved[0] < moved[1] <= count_after(frames, ratio)
