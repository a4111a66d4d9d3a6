"""`sounds/1`: a `SOUNDS/pcm16le_v1` bank from WAVE files.

Params: `samples`, in order of their index, each `{"file"}` with `loop` (`[start, end]` in sample frames)
where it has one. Outputs: the bank, and its facts as JSON. Frames stream from the files to the bank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from packaging_targets.errors import BuildError, Problem, raise_all
from packaging_targets.formats.assets.banks import sounds
from packaging_targets.model.digest import canonical_json

if TYPE_CHECKING:
    from packaging_targets.model.action import Action, Step

_CHUNK = 1 << 20
_FIX = "export it as WAVE, 16-bit PCM, mono"


def run(action: Action, step: Step) -> None:
    """Encode the bank. Raises BuildError that names every bad file."""
    samples = action.params["samples"]
    waves = _waves([sample["file"] for sample in samples], step)
    try:
        metadata = sounds.place(waves, [sample.get("loop") for sample in samples])
    except ValueError as error:
        raise BuildError.one(str(error), action.name) from None
    bank, facts = action.outputs
    with step.create(bank) as out:
        for sample, wave in zip(samples, waves, strict=True):
            with step.open(sample["file"]) as stream:
                _copy(stream, out, wave, sample["file"])
    with step.create(facts) as out:
        size = sum(wave.length for wave in waves)
        out.write(canonical_json({"decoded_size": size, "metadata": metadata}))


def _waves(paths: list[str], step: Step) -> list[sounds.Wave]:
    waves: list[sounds.Wave] = []
    problems: list[Problem] = []
    for path in paths:
        with step.open(path) as stream:
            try:
                waves.append(sounds.read_wave(stream, step.info(path).size))
            except ValueError as error:
                problems.append(Problem(path, f"`{path}` {error}", _FIX))
    raise_all(problems, BuildError)
    return waves


def _copy(stream: BinaryIO, out: BinaryIO, wave: sounds.Wave, path: str) -> None:
    stream.seek(wave.offset)
    left = wave.length
    while left and (chunk := stream.read(min(_CHUNK, left))):
        out.write(chunk)
        left -= len(chunk)
    if left:
        raise BuildError.one(f"`{path}` became shorter while it was read", path, "build again")
