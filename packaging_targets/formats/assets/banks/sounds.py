"""`SOUNDS/pcm16le_v1`: samples one after the other, mono, 16-bit signed, little-endian.

The metadata says where each one lies: `samples` maps "0", "1", … to `offset` and `length` in bytes from the
start of the bank, `sample_rate` in hertz, and for a loop `loop_start` and `loop_end` in sample frames, the
end excluded.

Input is RIFF WAVE. The container is read here, and not with the standard library's `wave`: that one accepts
other files from one Python to the next, and believes the sizes that a file claims.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

DERIVED = ("channels", "samples")
"""The members of a bank's metadata that the encoder writes."""
FRAME = 2
"""Bytes of a sample frame."""
RATE_LIMIT = 192_000
SAMPLE_LIMIT = 4_096
"""The most samples of a bank."""

_CHUNKS_LIMIT = 1_000  # of a WAVE file, before its samples
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_NAMES = {_PCM: "PCM", _FLOAT: "float", 6: "A-law", 7: "mu-law"}
_FORMAT = struct.Struct("<HHIIHH")
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_REQUIRED = {"offset", "length", "sample_rate"}
_LOOP = {"loop_start", "loop_end"}


@dataclass(frozen=True, slots=True)
class Wave:
    """Where the frames of a WAVE file lie, in bytes, and how many are played in a second."""

    sample_rate: int
    offset: int
    length: int


def read_wave(stream: BinaryIO, size: int) -> Wave:
    """Find the frames in a seekable WAVE file of `size` bytes.

    Raises ValueError with what is wrong: it is no WAVE file, it claims more than it has, or its frames are
    not 16-bit PCM mono.
    """
    stream.seek(0)
    riff = stream.read(12)
    if riff[:4] != b"RIFF" or riff[8:] != b"WAVE":
        raise ValueError("is no WAVE file: it does not start with `RIFF` and `WAVE`")
    rate: int | None = None
    for name, at, length in _chunks(stream, size):
        if name == b"fmt ":
            rate = _sample_rate(stream.read(min(length, 40)))
        elif name == b"data":
            if rate is None:
                raise ValueError("has no `fmt ` chunk before its frames")
            if length == 0 or length % FRAME:
                raise ValueError(f"has {length} bytes of frames, and a frame is {FRAME} bytes")
            return Wave(rate, at, length)
    raise ValueError("has no frames: it holds no `data` chunk")


def place(waves: list[Wave], loops: list[tuple[int, int] | None]) -> dict[str, Any]:
    """Return the metadata of a bank that holds the frames of `waves` one after the other.

    Raises ValueError, `sample 3: …`, for a loop that ends behind its frames.
    """
    samples: dict[str, dict[str, int]] = {}
    offset = 0
    for index, (wave, loop) in enumerate(zip(waves, loops, strict=True)):
        sample = {"length": wave.length, "offset": offset, "sample_rate": wave.sample_rate}
        if loop is not None:
            if loop[1] > wave.length // FRAME:
                raise ValueError(
                    f"sample {index}: the loop ends at {loop[1]}, and there are {wave.length // FRAME} frames"
                )
            sample |= {"loop_start": loop[0], "loop_end": loop[1]}
        samples[str(index)] = sample
        offset += wave.length
    return {"channels": 1, "samples": samples}


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


def _chunks(stream: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, offset and length of each chunk; the stream stands at the chunk's bytes."""
    at = 12
    for _ in range(_CHUNKS_LIMIT):
        stream.seek(at)
        head = stream.read(8)
        if len(head) < 8:  # noqa: PLR2004  # a name and a length, 4 bytes each
            return
        name, length = struct.unpack("<4sI", head)
        at += 8
        if at + length > size:
            shown = name.decode("latin-1").strip()
            raise ValueError(f"is cut off: `{shown}` claims {length} bytes, and {size - at} are left")
        yield name, at, length
        at += length + length % 2
    raise ValueError(f"has more than {_CHUNKS_LIMIT} chunks")


def _sample_rate(raw: bytes) -> int:
    if len(raw) < _FORMAT.size:
        raise ValueError("has a `fmt ` chunk that is too short")
    code, channels, rate, _, _, bits = map(int, _FORMAT.unpack_from(raw))
    if code == _EXTENSIBLE and raw[26:40] == _GUID_TAIL:
        code = int.from_bytes(raw[24:26], "little")
    if (code, channels, bits) != (_PCM, 1, 16):
        shown = _NAMES.get(code, f"format {code:#x}")
        raise ValueError(f"is {bits}-bit {shown} with {channels} channel(s), and only 16-bit PCM mono is accepted")
    if not 1 <= rate <= RATE_LIMIT:
        raise ValueError(f"has {rate} frames a second, and 1 to {RATE_LIMIT} are accepted")
    return rate
