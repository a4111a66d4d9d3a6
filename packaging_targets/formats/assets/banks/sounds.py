"""`SOUNDS/pcm16le_v1`: samples one after the other, mono, 16-bit signed, little-endian.

The metadata says where each one lies: `samples` maps "0", "1", … to `offset` and `length` in bytes from the
start of the bank, `sample_rate` in hertz, and for a loop `loop_start` and `loop_end` in sample frames, the
end excluded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

DERIVED = ("channels", "samples")
"""The members of a bank's metadata that the encoder writes."""
FRAME = 2
"""Bytes of a sample frame."""
RATE_LIMIT = 192_000
SAMPLE_LIMIT = 4_096
"""The most samples of a bank."""

_REQUIRED = {"offset", "length", "sample_rate"}
_LOOP = {"loop_start", "loop_end"}


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of a bank: how many frames, how many are played in a second, and its loop, the end excluded."""

    sample_rate: int
    frames: int
    loop: tuple[int, int] | None = None


def place(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return the metadata of a bank that holds `samples` one after the other."""
    rows: dict[str, dict[str, int]] = {}
    offset = 0
    for index, sample in enumerate(samples):
        row = {"length": sample.frames * FRAME, "offset": offset, "sample_rate": sample.sample_rate}
        if sample.loop is not None:
            row |= {"loop_start": sample.loop[0], "loop_end": sample.loop[1]}
        rows[str(index)] = row
        offset += row["length"]
    return {"channels": 1, "samples": rows}


def faults(size: int, decoded_size: int, metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong about a row of an asset table with such a bank: a path within the row, and what."""
    if decoded_size != size:
        yield "decoded_size", f"must be {size}, the same as `size`"
    if type(metadata.get("channels")) is not int or metadata["channels"] != 1:
        yield "metadata.channels", "must be 1"
    samples = metadata.get("samples")
    if not isinstance(samples, dict) or not 1 <= len(samples) <= SAMPLE_LIMIT:
        yield "metadata.samples", f"must be an object of 1 to {SAMPLE_LIMIT} samples"
        return
    end = 0
    for index in range(len(samples)):
        if str(index) not in samples:
            yield "metadata.samples", f"lacks `{index}`: samples count from 0 without a gap"
            return
        sample = samples[str(index)]
        found = list(_sample_faults(sample, end))
        for inner, what in found:
            yield f"metadata.samples.{index}{inner}", what
        if found:
            return
        end += sample["length"]
    if end != size:
        yield "size", f"is {size}, but the samples end at {end}"


def _sample_faults(sample: Any, end: int) -> Iterator[tuple[str, str]]:
    if not isinstance(sample, dict) or set(sample) not in (_REQUIRED, _REQUIRED | _LOOP):
        yield "", "must have `offset`, `length` and `sample_rate`, and may have `loop_start` with `loop_end`"
        return
    for name, value in sample.items():
        if type(value) is not int:
            yield f".{name}", "must be an integer"
            return
    if sample["offset"] != end:
        yield ".offset", f"is {sample['offset']}, but the sample before it ends at {end}"
    if sample["length"] <= 0 or sample["length"] % FRAME:
        yield ".length", f"must be a positive multiple of {FRAME}"
    if not 1 <= sample["sample_rate"] <= RATE_LIMIT:
        yield ".sample_rate", f"must be from 1 to {RATE_LIMIT}"
    if "loop_end" in sample and not (0 <= sample["loop_start"] < sample["loop_end"] <= sample["length"] // FRAME):
        yield ".loop_end", "must lie behind `loop_start` and within the sample"
