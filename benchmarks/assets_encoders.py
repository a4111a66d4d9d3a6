"""Measure the encoders of asset banks, each beside another way to the same thing, in one sitting.

python -m benchmarks.assets_encoders [--rounds 7] [--megabytes 16] [--json FILE]

Glyph banks: a picture of 256 x 256 pixels in 16 colours becomes a bank of 1,024 tiles of 8 x 8 or 256 of 16 x 16, with
one palette; beside it a loop over Pillow's pixels that knows one palette and looks at nothing else. Sounds: a file of
each form becomes samples of 16 bits, and some come to another rate, beside `soxr` where it is installed. All is in
memory, on one core, and in processor time; ways take turns, and medians count.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from benchmarks.machine import describe_machine
from packaging_targets.formats.assets.banks.encoding import encode
from packaging_targets.model.manifest import SourceInfo

GOAL = 200
"""How many glyph banks a second one core is asked to encode."""
OURS, PEER = "ours", "peer"
_PICTURES = ("indexed", "RGB", "RGBA")
_FORMS = (("PCM", 1, (8, 16, 24, 32)), ("float", 3, (32, 64)))
_RATES = ((44100, 48000), (48000, 44100), (44100, 22050))

Way = Callable[[], object]


class Memory:
    """One file, under any name."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def info(self, path: str) -> SourceInfo:  # noqa: ARG002  # there is but one
        """Return its size."""
        return SourceInfo(len(self._data))

    def open(self, path: str) -> BinaryIO:  # noqa: ARG002  # there is but one
        """Return its bytes."""
        return io.BytesIO(self._data)


def picture(mode: str) -> tuple[bytes, list[str]]:
    """Return a PNG of 256 x 256 pixels as pixel art has them, in dots of 2 x 2, and its 16 colours."""
    random = np.random.default_rng(1)
    colors = random.integers(0, 256, (16, 3), np.uint8)
    entries = random.integers(0, 16, (128, 128), np.uint8).repeat(2, 0).repeat(2, 1)
    if mode == "indexed":
        image = Image.frombytes("P", (256, 256), entries.tobytes())
        image.putpalette(colors.tobytes())
    else:
        image = Image.fromarray(colors[entries]).convert(mode)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue(), [f"#{bytes(color).hex()}" for color in colors]


def bank_ways(mode: str, tile_size: int) -> dict[str, Way]:
    """Return our way to a bank of a whole picture, and the loop over its pixels."""
    data, colors = picture(mode)
    places = range(0, 256, tile_size)
    params = {
        "tile_size": tile_size,
        "palettes": [{"index": 0, "colors": colors}],
        "transparent_index": None,
        "tiles": [{"file": "a.png", "x": x, "y": y} for y in places for x in places],
    }
    return {
        OURS: lambda: encode("GLYPH/indexed_v1", params, Memory(data), io.BytesIO()),
        PEER: lambda: pixel_by_pixel(data, colors),
    }


def pixel_by_pixel(data: bytes, colors: Sequence[str]) -> bytes:
    """Return the pixels of a bank as one would write it first."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    index = {tuple(bytes.fromhex(color[1:])): number for number, color in enumerate(colors)}
    pixels: Any = image.load()
    return bytes(
        index[pixels[x, y]] << 4 | index[pixels[x + 1, y]] for y in range(image.height) for x in range(0, 256, 2)
    )


def wave(code: int, bits: int, channels: int, rate: int, size: int) -> bytes:
    """Return a WAVE file with about `size` bytes of noise."""
    frame = channels * bits // 8
    random = np.random.default_rng(1)
    if code == 1:
        frames = random.integers(0, 256, size // frame * frame, np.uint8).tobytes()
    else:
        frames = ((random.random(size // frame * channels) - 0.5) * 1.9).astype(f"<f{bits // 8}").tobytes()
    head = struct.pack("<IHHIIHH", 16, code, channels, rate, rate * frame, frame, bits)
    body = b"WAVEfmt " + head + b"data" + struct.pack("<I", len(frames)) + frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


def sound_way(data: bytes, rate: int | None = None) -> Way:
    """Return our way from a WAVE file to a bank."""
    params = {"sample_rate": rate, "samples": [{"file": "a.wav"}]}
    return lambda: encode("SOUNDS/pcm16le_v1", params, Memory(data), io.BytesIO())


def rate_ways(old: int, new: int, size: int) -> dict[str, Way]:
    """Return the ways from one rate to another; `soxr` is asked for what it calls high quality."""
    data = wave(1, 16, 1, old, size)
    ways = {OURS: sound_way(data, new)}
    if find_spec("soxr"):
        import soxr  # type: ignore[import-not-found,unused-ignore]  # nothing of ours needs it

        samples = np.frombuffer(data[44:], "<i2")
        ways[PEER] = lambda: soxr.resample(samples, old, new, "HQ").tobytes()
    return ways


def sit(cases: Mapping[str, dict[str, Way]], rounds: int) -> dict[str, dict[str, float]]:
    """Return the median processor seconds of each way of each case."""
    taken: dict[str, dict[str, list[float]]] = {}
    for number in range(rounds + 1):
        for case, ways in cases.items():
            for name, way in ways.items():
                start = time.process_time()
                way()
                if number:  # the first round is for imports and filters
                    taken.setdefault(case, {}).setdefault(name, []).append(time.process_time() - start)
    return {case: {name: statistics.median(times) for name, times in found.items()} for case, found in taken.items()}


def table(head: str, found: Mapping[str, Mapping[str, float]], amount: float) -> str:
    """Return a table of how much each way does in a second."""
    lines = [f"| {head} | ours | peer | ratio |", "|---|---:|---:|---:|"]
    for case, times in found.items():
        cells = [f"{amount / times[OURS]:.0f}", "", ""]
        if PEER in times:
            cells[1:] = [f"{amount / times[PEER]:.0f}", f"{times[PEER] / times[OURS]:.1f} x"]
        lines.append(f"| {case} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--megabytes", type=float, default=16, help="of each WAVE file")
    parser.add_argument("--json", metavar="FILE", help="write all times there")
    options = parser.parse_args(arguments)
    size = int(options.megabytes * 1e6)
    banks = {f"{mode}, {side} x {side}": bank_ways(mode, side) for mode in _PICTURES for side in (8, 16)}
    sounds = {
        f"{name} {bits}, {channels}": {OURS: sound_way(wave(code, bits, count, 44100, size))}
        for name, code, widths in _FORMS
        for bits in widths
        for count, channels in enumerate(("mono", "stereo"), 1)
    }
    sounds |= {f"PCM 16, mono, {old} to {new}": rate_ways(old, new, size) for old, new in _RATES}
    found = {"banks": sit(banks, options.rounds), "sounds": sit(sounds, options.rounds)}
    print("; ".join(describe_machine().values()))
    print(f"{options.rounds} rounds; glyph banks are asked to be {GOAL} a second\n")
    print(table("glyph banks a second", found["banks"], 1), "\n")
    print(table("sounds, MB of the file a second", found["sounds"], size / 1e6))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            file.write(json.dumps({"machine": describe_machine(), "seconds": found}, indent=1))


if __name__ == "__main__":
    main()
