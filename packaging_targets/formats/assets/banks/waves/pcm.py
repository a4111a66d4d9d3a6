"""What the frames of a WAVE file are as mono samples of 16 bits.

The channels of a frame are added up exactly, and rounded once, to the nearest value and to the even one of two that are
as near. Full scale is 1 for floats, and 32,768 for us: the highest sample, 32,767, also stands for what rounds to full
scale. What lies beyond it is cut, and counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from packaging_targets.formats.assets.banks.waves.riff import FLOAT, Wave, WaveError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Sums = NDArray[np.int32] | NDArray[np.int64]

BLOCK = 1 << 16
"""The most frames that are converted at once."""
FIXED_BITS = 32
"""Bits of a float on its way to another rate: full scale is 2 to the 31st."""

_TOP, _BOTTOM = 0x7FFF, -0x8000
_NARROW = 16  # bits of a channel up to which sums fit into 32


class ShorterError(Exception):
    """The file has fewer frames than it had when it was looked at."""


@dataclass(slots=True)
class Clipping:
    """How many samples were cut, and which was the first."""

    first: int = -1
    count: int = 0

    def add(self, cut: NDArray[np.bool_], start: int) -> None:
        """Count the samples in `cut`, whose first is number `start`."""
        if cut.any():
            if not self.count:
                self.first = start + int(cut.argmax())
            self.count += int(cut.sum())


def blocks(stream: BinaryIO, wave: Wave) -> Iterator[bytes]:
    """Yield the bytes of whole frames, a block at a time. Raises ShorterError."""
    stream.seek(wave.offset)
    left = wave.length
    while left:
        block = stream.read(min(left, BLOCK * wave.frame))
        if not block or len(block) % wave.frame:
            raise ShorterError
        left -= len(block)
        yield block


def samples(stream: BinaryIO, wave: Wave, clipping: Clipping) -> Iterator[NDArray[np.int16]]:
    """Yield the samples of a file at its own rate. Raises WaveError for a float that is no number, and ShorterError."""
    start = 0
    for block in blocks(stream, wave):
        if wave.code == FLOAT:
            yield _from_floats(_floats(block, wave, start), start, clipping)
        else:
            yield rounded(_sums(block, wave), wave.bits - 16 + wave.channels - 1)
        start += len(block) // wave.frame


def fixed(stream: BinaryIO, wave: Wave, clipping: Clipping) -> Iterator[NDArray[np.int64]]:
    """Yield the sums of the channels as integers, full scale being 2 to the `fixed_bits(wave)` less 1.

    Floats are rounded to such integers, and cut at full scale. Raises as `samples` does.
    """
    import numpy as np

    start = 0
    for block in blocks(stream, wave):
        if wave.code == FLOAT:
            with np.errstate(over="ignore"):  # two huge values; what comes of them is cut
                sums = _added(_floats(block, wave, start))
            clipping.add(np.abs(sums) > wave.channels, start)
            sums = sums.clip(-wave.channels, wave.channels)
            yield np.rint(sums * float(1 << (FIXED_BITS - 1))).astype(np.int64)
        else:
            yield _sums(block, wave).astype(np.int64)
        start += len(block) // wave.frame


def fixed_bits(wave: Wave) -> int:
    """Return how many bits, the sign included, a sum of the channels has in `fixed`."""
    return (FIXED_BITS if wave.code == FLOAT else wave.bits) + wave.channels - 1


def rounded(values: Sums, shift: int) -> NDArray[np.int16]:
    """Return integers without their lowest `shift` bits, rounded to the nearest, ties to even, and cut to 16 bits."""
    if shift <= 0:
        return _cut(values << -shift)
    near = (values + ((1 << (shift - 1)) - 1) + (values >> shift & 1)) >> shift
    return _cut(near)


def _cut(values: NDArray[Any]) -> NDArray[np.int16]:
    import numpy as np

    cut: NDArray[np.int16] = np.clip(values, _BOTTOM, _TOP).astype("<i2")
    return cut


def _sums(block: bytes, wave: Wave) -> Sums:
    """Return the exact sum of the channels of each frame of integers."""
    import numpy as np

    wide: Any = np.int32 if wave.bits <= _NARROW else np.int64
    if wave.bits == 8:  # noqa: PLR2004  # the one form without a sign
        values: Sums = np.frombuffer(block, "u1").astype(wide) - 128
    elif wave.bits == 24:  # noqa: PLR2004  # the one form that numpy does not know
        padded = np.zeros((len(block) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(block, np.uint8).reshape(-1, 3)
        values = padded.view("<i4")[:, 0].astype(wide) >> 8
    else:
        values = np.frombuffer(block, f"<i{wave.bits // 8}").astype(wide)
    return values if wave.channels == 1 else values[0::2] + values[1::2]


def _floats(block: bytes, wave: Wave, start: int) -> NDArray[np.float64]:
    """Return the channels of each frame."""
    import numpy as np

    values = np.frombuffer(block, f"<f{wave.bits // 8}").astype(np.float64).reshape(-1, wave.channels)
    if not (finite := np.isfinite(values)).all():
        raise WaveError(f"has a sample that is no number, in frame {start + int((~finite).any(1).argmax())}")
    return values


def _added(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    return frames[:, 0] if frames.shape[1] == 1 else frames[:, 0] + frames[:, 1]


def _from_floats(frames: NDArray[np.float64], start: int, clipping: Clipping) -> NDArray[np.int16]:
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):  # as above
        sums = _added(frames)
        scaled = sums * (32768.0 / frames.shape[1])
        near = np.rint(scaled)
        if frames.shape[1] > 1:
            # The sum of two floats is itself rounded. Where it then lies between two samples, what was lost decides.
            left, right = frames[:, 0], frames[:, 1]
            part = sums - left
            lost = (left - (sums - part)) + (right - part)
            tie = (scaled - np.floor(scaled) == 0.5) & (lost != 0)  # noqa: PLR2004  # halfway
            near = np.where(tie, np.where(lost > 0, np.ceil(scaled), np.floor(scaled)), near)
    clipping.add(np.abs(scaled) > 32768, start)  # noqa: PLR2004  # full scale
    return _cut(near)
