"""Measure builds of a game's assets, and putting a pack together beside `cp`, in one sitting.

python -m benchmarks.assets [--folder FOLDER] [--rounds 5] [--assets 2000] [--megabytes 500] [--json FILE]

Half of the made-up assets are sheets of 256 tiles with a palette of 16, each its own; the other half are sounds, which
make up the bytes. Timed are whole runs of `packaging assets build`: from nothing, with nothing changed, with one
changed pixel, and with one changed name, which copies every bank. Putting together is timed alone, in one process, in
turns with `cp` of the pack on the same disk. Medians count. Memory is looked at in a run that is not timed.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable

from PIL import Image

from benchmarks.machine import describe_machine
from benchmarks.measure import measure
from packaging_targets.formats.assets.declared.registry import INDEX, Registry, Row
from packaging_targets.services.assets.building.banks import encode_all
from packaging_targets.services.assets.building.packing import STAGED, assemble
from packaging_targets.services.assets.building.record import PACK, Record
from packaging_targets.services.assets.building.snapshot import Snapshot
from packaging_targets.services.assets.events import Operation
from packaging_targets.services.assets.project import Project

_COMMAND = (sys.executable, "-m", "packaging_targets.adapters.cli.main", "assets", "build")
_LAST, _SINGLE = "assemble, of the last pack", "assemble, of single files"
_TILES = 256
_COLORS = 16
_SIDE = 256


def make_game(root: str, assets: int, megabytes: int) -> None:
    """Write a project with so many assets; each sound is as long as its share of the bytes."""
    source = random.Random(1)
    sounds = assets // 2
    length = megabytes * 1_000_000 // max(sounds, 1) // 2 * 2
    rows = []
    for number in range(assets):
        name = f"asset{number:05}"
        folder = os.path.join(root, "assets", f"{number % 50:02}", name)
        os.makedirs(folder)
        uuid = f"00000000-0000-4000-8000-{number:012}"
        rows.append(Row(number + 1, uuid, f"{number % 50:02}/{name}"))
        declared = _glyph(folder, source) if number % 2 else _sound(folder, source, length)
        head = {"schema_version": 1, "asset_uuid": uuid, "name": name, "preload": {"enabled": number % 10 == 0}}
        _write(os.path.join(folder, "asset.json"), json.dumps({**head, **declared}).encode())
    os.makedirs(os.path.join(root, "assets", ".prometeu"))
    _write(os.path.join(root, "assets", INDEX), Registry(assets + 1, tuple(rows)).to_bytes())


def _glyph(folder: str, source: random.Random) -> dict[str, object]:
    colors = [tuple(source.randbytes(3)) for _ in range(_COLORS)]
    _write(os.path.join(folder, "sheet.png"), picture(colors, source))
    palette = {"colors": [f"#{bytes(color).hex().upper()}" for color in colors]}
    tiles = [
        {"index": at, "file": "sheet.png", "x": at % 16 * 16, "y": at // 16 * 16} for at in range(_TILES)
    ]  # 16 x 16 pixels each
    return {
        "type": "glyph_bank",
        "inputs": {"sprites": ["sheet.png"]},
        "output": {
            "format": "GLYPH/indexed_v1",
            "codec": "NONE",
            "metadata": {"tile_size": 16},
            "pipeline": {"palettes": [{"index": 0, "palette": palette}]},
        },
        "artifacts": tiles,
    }


def picture(colors: list[tuple[int, ...]], source: random.Random) -> bytes:
    """Return a sheet of random pixels of these colours, as a PNG in true colour."""
    pixels = b"".join(bytes(colors[value & 15]) for value in source.randbytes(_SIDE * _SIDE))
    out = io.BytesIO()
    Image.frombytes("RGB", (_SIDE, _SIDE), pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()


def _sound(folder: str, source: random.Random, length: int) -> dict[str, object]:
    with wave.open(os.path.join(folder, "sound.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(22_050)
        file.writeframes(source.randbytes(length))
    return {
        "type": "sound_bank",
        "inputs": {"sources": ["sound.wav"]},
        "output": {"format": "SOUNDS/pcm16le_v1", "codec": "NONE"},
        "artifacts": [{"index": 0, "file": "sound.wav"}],
    }


def _write(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


class Sitting:
    """A project in a folder, and what each scenario took, in seconds."""

    def __init__(self, root: str, rounds: int) -> None:
        self.root = root
        self.rounds = rounds
        self.times: dict[str, list[float]] = {}
        self.source = random.Random(2)
        self.size = 0  # of the pack, in bytes

    def run(self) -> None:
        """Go through the scenarios."""
        for _ in range(self.rounds):
            shutil.rmtree(os.path.join(self.root, "build"), ignore_errors=True)
            self._build("from nothing")
            self._build("nothing changed")
            self._paint()
            self._build("one changed pixel")
            self._rename()
            self._build("one changed name")
        self._assemble()

    def memory(self) -> dict[str, float]:
        """Return the largest process of a build from nothing, and of one with a changed name, in MB."""
        shutil.rmtree(os.path.join(self.root, "build"))
        cold = measure(_COMMAND, self.root, os.environ, look=0.02).largest_mb
        self._rename()
        return {
            "from nothing": cold,
            "one changed name": measure(_COMMAND, self.root, os.environ, look=0.02).largest_mb,
        }

    def _build(self, scenario: str) -> None:
        run = measure(_COMMAND, self.root, os.environ)
        if run.code:
            raise SystemExit(run.log)
        self.times.setdefault(scenario, []).append(run.wall)

    def _paint(self) -> None:
        path = os.path.join(self.root, "assets", "01", "asset00001", "sheet.png")
        with Image.open(path) as image:
            image.load()
        image.paste(image.crop((16, 16, 24, 24)), (self.source.randrange(_SIDE), self.source.randrange(_SIDE)))
        image.save(path, compress_level=1)

    def _rename(self) -> None:
        path = os.path.join(self.root, "assets", "02", "asset00002", "asset.json")
        with open(path, encoding="utf-8") as file:
            declared = json.load(file)
        declared["name"] = f"asset{self.source.randrange(10**9)}"
        _write(path, json.dumps(declared).encode())

    def _assemble(self) -> None:
        """Time putting the pack together out of the last one, and out of files, in turns with `cp`."""
        project = Project(self.root)
        record = Record.load(project)
        snapshot = Snapshot.take(project.listing(), record)
        banks = encode_all(snapshot, record, Operation(self.root), keep=True).banks
        apart = encode_all(snapshot, Record(), Operation(self.root), keep=True).banks
        pack, copied = project.path(PACK), project.path("build/copied")
        for _ in range(self.rounds * 2):
            self._timed("cp", lambda: subprocess.run(["cp", pack, copied], check=True), copied)
            self._timed(_LAST, lambda: assemble(project, banks), project.path(STAGED))
            self._timed(_SINGLE, lambda: assemble(project, apart), project.path(STAGED))
        self.size = os.path.getsize(pack)

    def _timed(self, scenario: str, work: Callable[[], object], written: str) -> None:
        if os.path.exists(written):
            os.remove(written)
        os.sync()
        start = time.perf_counter()
        work()
        self.times.setdefault(scenario, []).append(time.perf_counter() - start)


def main() -> None:
    """Run the sitting, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default=tempfile.gettempdir())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--assets", type=int, default=2000)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as root:
        make_game(root, options.assets, options.megabytes)
        sitting = Sitting(root, options.rounds)
        sitting.run()
        medians = {name: statistics.median(times) for name, times in sitting.times.items()}
        memory = sitting.memory()
    print(describe_machine())
    print(f"{options.assets} assets, {sitting.size / 1e6:.0f} MB")
    for name, seconds in medians.items():
        print(f"{name:30} {seconds:8.3f} s   (best {min(sitting.times[name]):.3f})")
    for name in (_LAST, _SINGLE):
        print(f"{name}: {medians['cp'] / medians[name]:.2f} of the speed of cp")
    for name, largest in memory.items():
        print(f"memory, {name}: {largest:.0f} MB")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"medians": medians, "memory": memory, "times": sitting.times}, file, indent=1)


if __name__ == "__main__":
    main()
