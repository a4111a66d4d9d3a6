"""Measure `aam pkg pack` beside `tar | gzip -6`, in one sitting.

python -m benchmarks.aam_pack [--rounds 7] [--folder FOLDER]

The package has 2,000 files of 40 MB: 1,500 texts, of which a third has letters beyond ASCII, and a third names as code
has them, and 500 files of noise.
Runs of the two take turns; the medians count, and the median of what each pair came to. `aam` reads every text for
hidden characters and secrets besides.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile

from benchmarks.machine import describe_machine
from benchmarks.measure import measure

TEXTS, NOISE = 1_500, 500
TEXT_SIZE, NOISE_SIZE = 14_000, 38_000
_SEED = 7


def make_package(folder: str) -> None:
    """Write the package, always the same."""
    rng = random.Random(_SEED)
    words = ["".join(rng.choices("etaoinshrdlucmfwyp", k=rng.randint(2, 10))) for _ in range(4_000)]
    foreign = ["—", "é", "naïve", "“so”", "日本語", "✅"]
    code = [f"{words[number]}_{words[-number]}-x" for number in range(400)]
    manifest = {"name": "@acme/large", "version": "1.0.0"}
    with open(os.path.join(folder, "package.agent.json"), "w", encoding="utf-8") as file:
        json.dump(manifest, file)
    for number in range(TEXTS):
        chosen = [*words, *(foreign, code, ())[number % 3]]
        _write(folder, f"docs/d{number // 50}/t{number}.md", _text(rng, chosen).encode()[:TEXT_SIZE])
    for number in range(NOISE):
        _write(folder, f"assets/a{number // 50}/n{number}.bin", rng.randbytes(NOISE_SIZE))


def _text(rng: random.Random, words: list[str]) -> str:
    lines = (" ".join(rng.choices(words, k=12)) for _ in range(TEXT_SIZE // 60))
    return "\n".join(lines).ljust(TEXT_SIZE)


def _write(folder: str, path: str, data: bytes) -> None:
    place = os.path.join(folder, path)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as file:
        file.write(data.decode("utf-8", "ignore").encode() if path.endswith(".md") else data)


def compare(package: str, out: str, rounds: int) -> None:
    """Print what each took, and what the pairs came to."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    environment = {**os.environ, "PYTHONPATH": root}
    peers = {
        "tar | gzip -6": ["/bin/sh", "-c", f"tar cf - . | gzip -6 >{out}/tar.tgz"],
        "aam pkg pack": [sys.executable, "-m", "packaging_targets.adapters.cli.aam.program", "pkg", "pack", "-o", out],
    }
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, argv in peers.items():
            done = measure(argv, package, environment)
            if done.code:
                raise RuntimeError(done.log)
            times[name].append(done.wall)
    print("| 2,000 files, 40 MB | s | MB |\n|---|---|---|")
    for name, file in zip(peers, ("tar.tgz", "acme--large-1.0.0.aam"), strict=True):
        size = os.path.getsize(os.path.join(out, file))
        print(f"| {name} | {statistics.median(times[name]):.2f} | {size / 1e6:.1f} |")
    pairs = [theirs / ours for theirs, ours in zip(*times.values(), strict=True)]
    print(f"\nspeed to `tar | gzip -6`: {statistics.median(pairs):.2f} (from {min(pairs):.2f} to {max(pairs):.2f})")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", help="where the package and the archives go (default: the system's)")
    options = parser.parse_args()
    print(describe_machine(), end="\n\n")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        package, out = os.path.join(folder, "package"), os.path.join(folder, "out")
        os.mkdir(package)
        os.mkdir(out)
        make_package(package)
        compare(package, out, options.rounds)


if __name__ == "__main__":
    main()
