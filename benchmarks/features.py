"""Measure `features package` beside the reference client, in one sitting.

python -m benchmarks.features [--collection FOLDER] [--client PROGRAM] [--rounds 5] [--json FILE]

Over a collection of features: cold (no output folder, nothing remembered), with nothing changed, and with one feature
changed. Programs are started as people start them, so that node's start counts on one side and Python's on the other.
The reference client needs `-f` where the output folder is there, and packs everything every time. Runs take turns;
medians count, and ratios are taken inside the sitting. Without `--collection`, one of 449 features is made up.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.machine import describe_machine
from benchmarks.measure import measure

FEATURES = 449
GOALS = {"cold": 3.0, "unchanged": 10.0, "one changed": 10.0}
"""How many times as fast as the reference client each scenario is asked to be."""


@dataclass(slots=True)
class Bench:
    """A copy of a collection in a folder of its own, and what every program took in every scenario, in seconds."""

    folder: str
    client: str
    times: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    disturbed: int = 0

    def path(self, *names: str) -> str:
        """Return a path in the folder."""
        return os.path.join(self.folder, *names)

    def commands(self) -> dict[str, list[str]]:
        """Return the command of each program."""
        ours = [sys.executable, "-P", "-m", "packaging_targets.adapters.cli.features", "package"]
        theirs = [self.client, "features", "package"]
        return {
            "ours": [*ours, "-f", "-o", self.path("ours"), self.path("collection")],
            "reference client": [*theirs, "-f", "-o", self.path("theirs"), self.path("collection", "src")],
        }

    def round(self, scenario: str, prepare: Callable[[], None]) -> None:
        """Let every program package once, after `prepare`."""
        paths = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "XDG_CACHE_HOME": self.path("cache"),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        }
        for name, command in self.commands().items():
            if name != "ours" and not self.client:
                continue
            prepare()
            done = measure(command, self.folder, environment)
            if done.code:
                raise SystemExit(f"{name}: exit code {done.code}: {done.log}")
            self.disturbed += not done.quiet
            self.times.setdefault(scenario, {}).setdefault(name, []).append(done.wall)

    def forget(self) -> None:
        """Remove all outputs, and what is remembered."""
        for name in ("ours", "theirs", "cache"):
            shutil.rmtree(self.path(name), ignore_errors=True)

    def edit(self) -> None:
        """Change the script of one feature."""
        names = sorted(os.listdir(self.path("collection", "src")))
        script = self.path("collection", "src", names[len(names) // 2], "install.sh")
        with open(script, "a", encoding="utf-8") as file:
            file.write(f"# {random.random()}\n")


def made_up(folder: str) -> None:
    """Make a collection of the shape of a real one: 449 features of four files, 25 KB together."""
    noise = random.Random(1)
    words = ["".join(noise.choices("abcdefghijklmnopqrstuvwxyz", k=noise.randint(2, 10))) for _ in range(3000)]

    def text(size: int) -> str:
        lines = (" ".join(noise.choices(words, k=9)) for _ in range(size // 60))
        return "\n".join(lines) + "\n"

    for number in range(FEATURES):
        name = f"feature-{number:03}"
        place = os.path.join(folder, "src", name)
        os.makedirs(place)
        options = {f"option{one}": {"type": "string", "default": "1", "description": text(60)} for one in range(4)}
        metadata = {"id": name, "version": "1.0.0", "name": name, "description": text(80), "options": options}
        files = {
            "devcontainer-feature.json": json.dumps(metadata, indent=4),
            "install.sh": "#!/bin/sh\n" + text(4000),
            "library_scripts.sh": text(15_000),
            "README.md": text(4000),
        }
        for file, content in files.items():
            with open(os.path.join(place, file), "w", encoding="utf-8") as out:
                out.write(content)


def sit(bench: Bench, rounds: int) -> None:
    """Take all measurements."""
    for _ in range(rounds):
        bench.round("cold", bench.forget)
    for _ in range(2):  # all is made, and its stat has come to rest
        bench.round("unrecorded", lambda: None)
    for _ in range(rounds):
        bench.round("unchanged", lambda: None)
    for _ in range(rounds):
        bench.round("one changed", bench.edit)
    del bench.times["unrecorded"]


def report(bench: Bench) -> str:
    """Return the table of medians and ratios."""
    lines = ["| | ours, s | reference client, s | speed | asked |", "|---|---:|---:|---:|---:|"]
    for scenario, goal in GOALS.items():
        ours, *theirs = (statistics.median(taken) for taken in bench.times[scenario].values())
        compared = f"{theirs[0]:.3f} | {theirs[0] / ours:.1f} x" if theirs else "not installed | "
        lines.append(f"| {scenario} | {ours:.3f} | {compared} | {goal:.0f} x |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collection", metavar="FOLDER", help="a folder with src/, which is copied")
    parser.add_argument("--client", metavar="PROGRAM", default=shutil.which("devcontainer") or "", help="devcontainer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", metavar="FILE", help="write all times there")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder, options.client)
        if options.collection:
            os.mkdir(bench.path("collection"))
            shutil.copytree(os.path.join(options.collection, "src"), bench.path("collection", "src"), symlinks=True)
        else:
            made_up(bench.path("collection"))
        count = len(os.listdir(bench.path("collection", "src")))
        sit(bench, options.rounds)
        print("; ".join(describe_machine().values()))
        print(f"{count} features, {options.rounds} rounds, {bench.disturbed} runs beside other programs\n")
        print(report(bench))
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                file.write(
                    json.dumps({"machine": describe_machine(), "features": count, "times": bench.times}, indent=1)
                )


if __name__ == "__main__":
    main()
