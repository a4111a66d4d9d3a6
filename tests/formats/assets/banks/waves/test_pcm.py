"""Frames become mono samples of 16 bits: rounded once, from exact sums. [A16]"""

from __future__ import annotations

import io
import math
import struct
from fractions import Fraction

import numpy as np
import pytest
from art import wave
from hypothesis import example, given
from hypothesis import strategies as st

from packaging_targets.formats.assets.banks.waves.pcm import Clipping, samples
from packaging_targets.formats.assets.banks.waves.riff import WaveError, read_wave

FULL = 32768


def converted(frames: bytes, code: int, bits: int, channels: int = 1) -> tuple[list[int], Clipping]:
    data = wave(frames, code=code, bits=bits, channels=channels)
    clipping = Clipping()
    blocks = samples(io.BytesIO(data), read_wave(io.BytesIO(data), len(data)), clipping)
    return [int(one) for block in blocks for one in block], clipping


def nearest(exact: Fraction) -> int:
    """The sample that stands for a value whose full scale is 32,768: `round` takes the even one of two."""
    return min(max(round(exact), -FULL), FULL - 1)


def integers(values: list[int], bits: int) -> bytes:
    return b"".join(
        (value + (128 if bits == 8 else 0)).to_bytes(bits // 8, "little", signed=bits > 8) for value in values
    )


@pytest.mark.parametrize(
    ("bits", "values", "expected"),
    [
        (8, [-128, -1, 0, 127], [-32768, -256, 0, 32512]),
        (16, [-32768, -1, 0, 32767], [-32768, -1, 0, 32767]),
        (24, [-(1 << 23), 127, 128, 129, 384, -128, -129, (1 << 23) - 1], [-32768, 0, 0, 1, 2, 0, -1, 32767]),
        (32, [-(1 << 31), 1 << 15, 3 << 15, -(1 << 15), (1 << 31) - 1], [-32768, 0, 2, 0, 32767]),
    ],
)
def test_integers_are_rounded_to_the_nearest_and_ties_to_even(
    bits: int, values: list[int], expected: list[int]
) -> None:
    assert converted(integers(values, bits), 1, bits) == (expected, Clipping())


@pytest.mark.statement("A16")
@given(st.sampled_from([8, 16, 24, 32]), st.sampled_from([1, 2]), st.data())
def test_integers_are_the_exact_average_rounded_once(bits: int, channels: int, data: st.DataObject) -> None:
    top = 1 << (bits - 1)
    values = data.draw(st.lists(st.integers(-top, top - 1), min_size=2, max_size=40))
    values = values[: len(values) // 2 * 2]
    frames = [values[at : at + channels] for at in range(0, len(values), channels)]
    expected = [nearest(Fraction(sum(frame) * FULL, top * channels)) for frame in frames]
    assert converted(integers(values, bits), 1, bits, channels) == (expected, Clipping())


floats = st.floats(-1.5, 1.5, width=32) | st.sampled_from([0.5 / FULL, 1.5 / FULL, 1e-30, -1e-30, 1.0, -1.0, 3e38])


@pytest.mark.statement("A16")
@given(st.sampled_from([(32, "f"), (64, "d")]), st.sampled_from([1, 2]), st.lists(floats, min_size=2, max_size=30))
@example((64, "d"), 2, [3 / FULL, 1e-300])  # halfway between two samples, but for what a sum of floats loses
@example((64, "d"), 2, [3 / FULL, -1e-300])
@example((64, "d"), 2, [-3 / FULL, -1e-300])
@example((64, "d"), 2, [1.7e308, 1.7e308])
@example((64, "d"), 2, [1.7e308, -1.7e308])
def test_floats_are_the_exact_average_rounded_once(form: tuple[int, str], channels: int, values: list[float]) -> None:
    bits, letter = form
    values = values[: len(values) // 2 * 2]
    frames = struct.pack(f"<{len(values)}{letter}", *values)
    held = [Fraction(value) for value in struct.unpack(f"<{len(values)}{letter}", frames)]
    exact = [Fraction(sum(held[at : at + channels])) * FULL / channels for at in range(0, len(held), channels)]
    found, clipping = converted(frames, 3, bits, channels)
    assert found == [nearest(one) for one in exact]
    beyond = [at for at, one in enumerate(exact) if abs(one) > FULL]
    # A sum that lies just beyond full scale may be full scale as a float.
    assert clipping.count == len(beyond) or any(abs(abs(one) - FULL) < Fraction(1, 1 << 20) for one in exact)
    assert clipping.count != len(beyond) or clipping.first == (beyond[0] if beyond else -1)


@pytest.mark.statement("A16")
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number(value: float) -> None:
    frames = np.zeros(2 * 70_000, "<f4")
    frames[2 * 69_999 + 1] = value
    with pytest.raises(WaveError, match=r"^has a sample that is no number, in frame 69999$"):
        converted(frames.tobytes(), 3, 32, 2)


def test_full_scale_is_no_clipping_and_what_is_beyond_is_counted_over_blocks() -> None:
    values = np.zeros(150_000, "<f4")
    values[[5, 6, 70_000, 140_000]] = [1.0, -1.0, 1.25, -3.0]
    found, clipping = converted(values.tobytes(), 3, 32)
    assert [found[at] for at in (5, 6, 70_000, 140_000)] == [32767, -32768, 32767, -32768]
    assert clipping == Clipping(70_000, 2)
