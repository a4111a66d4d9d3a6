"""From WAVE files to a sound bank, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

from packaging_targets.errors import PackagingError
from packaging_targets.formats.assets.banks import sounds
from packaging_targets.formats.assets.banks.waves import pcm, resampling
from packaging_targets.formats.assets.banks.waves.riff import Wave, WaveError, read_wave
from packaging_targets.formats.assets.diagnostics import AssetsError, Diagnostic
from packaging_targets.model.manifest import SourceReader

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Part:
    """A sample to be: its file, the frames in that, and what becomes of their rate."""

    file: str
    wave: Wave
    ratio: Fraction
    sample: sounds.Sample


def encode_samples(
    params: Mapping[str, Any], sources: SourceReader, out: BinaryIO
) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """Write a sound bank; return its derived metadata, and what is worth to know.

    Raises AssetsError with every bad file.
    """
    found: list[Diagnostic] = []
    parts = [*_parts(params["samples"], params["sample_rate"], sources, found)]
    if found:
        raise AssetsError(*found)
    for part in parts:
        found += _copy(part, sources, out)
    if any(one.is_blocking for one in found):
        raise AssetsError(*found)
    return sounds.place([part.sample for part in parts]), tuple(sorted(set(found)))


def _parts(
    samples: Sequence[Mapping[str, Any]], rate: int | None, sources: SourceReader, found: list[Diagnostic]
) -> Iterator[Part]:
    """Yield what the samples become; `found` is told of those that become nothing."""
    for number, sample in enumerate(samples):
        file = sample["file"]
        try:
            with sources.open(file) as stream:
                wave = read_wave(stream, sources.info(file).size)
            ratio = resampling.ratio_of(wave.sample_rate, rate or wave.sample_rate)
        except ValueError as error:
            fix = error.fix if isinstance(error, WaveError) else "choose a rate that is nearer to that of the file"
            found.append(Diagnostic(file, "", "sound-invalid", f"`{file}` {error}", fix))
            continue
        loop = tuple(sample["loop"]) if sample.get("loop") else None
        if loop and loop[1] > wave.frames:
            what = f"the loop of sample {number} ends at {loop[1]}, and there are {wave.frames} frames"
            found.append(Diagnostic(file, "", "loop-invalid", what, f"end it at {wave.frames} or before"))
            continue
        count = resampling.count_after(wave.frames, ratio)
        moved = resampling.loop_after(loop, wave.frames, ratio) if loop else None
        yield Part(file, wave, ratio, sounds.Sample(rate or wave.sample_rate, count, moved))


def _copy(part: Part, sources: SourceReader, out: BinaryIO) -> Iterator[Diagnostic]:
    """Write the samples of a file; yield what is wrong with them."""
    file, clipping, overshoot = part.file, pcm.Clipping(), pcm.Clipping()
    try:
        with sources.open(file) as stream:
            out.writelines(memoryview(block).cast("B") for block in _bytes(stream, part, clipping, overshoot))
    except WaveError as error:
        yield Diagnostic(file, "", "sound-invalid", f"`{file}` {error}", error.fix)
    except pcm.ShorterError:
        yield Diagnostic(file, "", "input-changed", f"`{file}` became shorter while it was read", "build again")
    for cut, when in ((clipping, ""), (overshoot, f" at {part.sample.sample_rate} frames a second")):
        if cut.count:
            many = f"{cut.count} samples are" if cut.count > 1 else "one sample is"
            what = f"{many} beyond full scale{when}, and cut: the first is {cut.first}"
            yield Diagnostic(file, "", "sound-clipped", what, "make it less loud")


def _bytes(stream: BinaryIO, part: Part, clipping: pcm.Clipping, overshoot: pcm.Clipping) -> Iterator[Any]:
    if part.ratio == 1 and part.wave.is_bank_form:
        yield from pcm.blocks(stream, part.wave)
        return
    _numpy()
    if part.ratio == 1:
        yield from pcm.samples(stream, part.wave, clipping)
    else:
        yield from _resampled(stream, part, clipping, overshoot)


def _resampled(
    stream: BinaryIO, part: Part, clipping: pcm.Clipping, overshoot: pcm.Clipping
) -> Iterator[NDArray[np.int16]]:
    bits = pcm.fixed_bits(part.wave) + resampling.WEIGHT_BITS
    full = 1 << (bits - 1)
    start = 0
    for made in resampling.resample(pcm.fixed(stream, part.wave, clipping), part.wave.frames, part.ratio):
        overshoot.add((made > full) | (made < -full), start)
        start += len(made)
        yield pcm.rounded(made, bits - 16)


def _numpy() -> None:
    try:
        import numpy as np  # noqa: F401  # what comes next needs it
    except ImportError:
        what = "sounds that are not mono PCM of 16 bits need `numpy`, which is not installed"
        raise PackagingError.one(what, fix="pip install 'packaging-targets[assets]'") from None
