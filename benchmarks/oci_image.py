"""Measure `oci_image` beside `buildah bud`, in one sitting.

python -m benchmarks.oci_image [--folder FOLDER] [--rounds 5] [--files 10000] [--megabytes 200] [--json FILE]

Over a made-up application in three folders, each a layer on a base with busybox in it: cold (nothing built, nothing
cached), with nothing changed, and with one file of the top layer changed. buildah runs the Dockerfile that means the
same, as root and on overlay. It is given its fastest way: cold without a cache of layers, which takes it twice as long.
Ours leaves compressed layers and their digests, while buildah leaves folders until it pushes: so buildah is measured
twice, alone and with a push to an OCI layout. Programs take turns; medians count. Memory is looked at in a run of its
own, which is not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.images.application import LAYERS, TOP, made_up, make_parent
from benchmarks.machine import describe_machine
from benchmarks.measure import Run, measure

OURS, BUD, PUSHED = "ours", "buildah bud", "buildah bud and push"
GOALS = {"cold": 5.0}
"""How many times as fast as `buildah bud` a scenario is asked to be."""
MEMORY = 150
"""The most memory, in MB, that any of our processes is to take."""
_BASE_TAG = "localhost/base:1"
_IMAGE_TAG = "localhost/app:1"


@dataclass(slots=True)
class Bench:
    """A workspace and a storage of buildah in one folder, and what every program took in every scenario, in seconds."""

    folder: str
    buildah: str
    times: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    memory: dict[str, Run] = field(default_factory=dict)
    cpu: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)  # of the first layout that each program makes, in bytes
    written: dict[str, list[str]] = field(default_factory=dict)
    disturbed: int = 0

    def path(self, *names: str) -> str:
        """Return a path in the folder."""
        return os.path.join(self.folder, *names)

    def prepare(self, files: int, size: int) -> None:
        """Write the application, the base, and what each program wants to be told."""
        made_up(self.path("repo", "app"), files, size)
        make_parent(self.path("repo", "base"))
        layers = ", ".join(f'{{ srcs = ["app/{name}/**"] }}' for name in LAYERS)
        copies = "\n".join(f"COPY {name} /app/{name}" for name in LAYERS)
        texts = {
            "repo/TARGETS.toml": '[workspace]\n\n[[oci_image]]\nname = "app"\nbase = "base"\ncommand = ["sh"]\n'
            f"layers = [{layers}]\n",
            "Dockerfile": f'FROM {_BASE_TAG}\n{copies}\nCMD ["sh"]\n',
            "storage.conf": f'[storage]\ndriver = "overlay"\ngraphroot = "{self.path("root")}"\n'
            f'runroot = "{self.path("run")}"\n',
            "containers.conf": '[engine]\nevents_logger = "file"\n',
        }
        for name, text in texts.items():
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write(text)
        os.mkdir(self.path("tmp"))
        if self.buildah:
            self.tell("pull", "--quiet", f"oci:{self.path('repo', 'base')}")
            self.tell("tag", self.tell("images", "--quiet").split()[0], _BASE_TAG)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that keep all programs in the folder."""
        house = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        return {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "CONTAINERS_CONF": self.path("containers.conf"),
            "CONTAINERS_STORAGE_CONF": self.path("storage.conf"),
            # Compiled modules are there, as where we are installed, and stay out of the repository.
            "PYTHONPYCACHEPREFIX": self.path("compiled"),
            "PYTHONPATH": os.pathsep.join(filter(None, (house, os.environ.get("PYTHONPATH", "")))),
            "TMPDIR": self.path("tmp"),
            "XDG_CACHE_HOME": self.path("cache"),
        }

    def tell(self, *words: str) -> str:
        """Run buildah outside of all measurements."""
        command = (self.buildah, *words)
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True).stdout

    def commands(self, *, layers: bool) -> dict[str, list[list[str]]]:
        """Return the commands of ours, and of buildah to build and to push; `layers` lets it keep a cache of layers."""
        bud = [self.buildah, "bud", "--isolation", "chroot", "--network", "host", "--pull-never", "--format", "oci"]
        bud += ["--timestamp", "0", *(["--layers"] if layers else []), "-f", self.path("Dockerfile"), "-t", _IMAGE_TAG]
        bud.append(self.path("repo", "app"))
        push = [self.buildah, "push", _IMAGE_TAG, f"oci:{self.path('pushed')}:1"]
        ours = [[sys.executable, "-P", "-m", "packaging_targets.adapters.cli.main", "build"]]
        return {OURS: ours, **({BUD: [bud, push]} if self.buildah else {})}

    def run(self, command: Sequence[str], look: float = 0) -> Run:
        """Run a command in the workspace; raises SystemExit where it fails."""
        done = measure(command, self.path("repo"), self.environment, look=look)
        if done.code:
            raise SystemExit(f"{' '.join(command)}: exit code {done.code}: {done.log}")
        self.disturbed += not done.quiet
        return done

    def round(self, scenario: str, prepare: Callable[[], None], *, layers: bool = True) -> None:
        """Let every program build once, each after `prepare`."""
        for name, commands in self.commands(layers=layers).items():
            prepare()
            before = self.blobs()
            runs = [self.run(command) for command in commands]
            self._note(scenario, name, runs[:1])
            if len(runs) > 1:
                self._note(scenario, PUSHED, runs)
                self.sizes.setdefault(PUSHED, _size(self.path("pushed")))
            else:
                self.sizes.setdefault(OURS, _size(self.path("repo", "dist", "app")))
                self.written[scenario] = [blob for blob, _ in self.blobs() - before]

    def _note(self, scenario: str, name: str, runs: Sequence[Run]) -> None:
        for kept, taken in ((self.times, sum(run.wall for run in runs)), (self.cpu, sum(run.cpu for run in runs))):
            kept.setdefault(scenario, {}).setdefault(name, []).append(taken)

    def look(self) -> None:
        """Look at the memory that every program takes when nothing is built yet."""
        for name, commands in self.commands(layers=False).items():
            self.forget()
            self.memory[name] = self.run(commands[0], 0.02)

    def forget(self) -> None:
        """Remove all that was built, and what is remembered."""
        for name in ("repo/dist", "repo/.packaging", "cache", "pushed"):
            shutil.rmtree(self.path(name), ignore_errors=True)
        if self.buildah:
            for image in set(self.tell("images", "--all", "--quiet", "--no-trunc").split()) - {self._parent()}:
                subprocess.run(
                    (self.buildah, "rmi", "--force", image), env=self.environment, capture_output=True, check=False
                )

    def close(self) -> None:
        """Take down what buildah has mounted; a build that failed leaves some."""
        for words in (("rm", "--all"), ("rmi", "--all", "--force")):
            if self.buildah:
                subprocess.run((self.buildah, *words), env=self.environment, capture_output=True, check=False)

    def _parent(self) -> str:
        return self.tell("images", "--quiet", "--no-trunc", _BASE_TAG).strip()

    def edit(self) -> None:
        """Change one file of the top layer."""
        place = self.path("repo", "app", TOP, "part000", "file00000")
        with open(place, "ab") as file:
            file.write(f"// {random.random()}\n".encode())

    def blobs(self) -> set[tuple[str, int]]:
        """Return the blobs of our image, each with when it was put there."""
        folder = self.path("repo", "dist", "app", "blobs", "sha256")
        names = os.listdir(folder) if os.path.isdir(folder) else []
        return {(name, os.stat(os.path.join(folder, name)).st_ctime_ns) for name in names}


def _size(folder: str) -> int:
    return sum(os.path.getsize(os.path.join(parent, name)) for parent, _, names in os.walk(folder) for name in names)


def sit(bench: Bench, rounds: int) -> None:
    """Take all measurements."""
    bench.round("unrecorded", bench.forget, layers=False)  # the page cache is warm for all, and modules are compiled
    bench.sizes.clear()
    for _ in range(rounds):
        bench.round("cold", bench.forget, layers=False)
    for _ in range(2):  # all is made, a cache of layers is there, and stats have come to rest
        bench.round("unrecorded", lambda: None)
    for _ in range(rounds):
        bench.round("unchanged", lambda: None)
    for _ in range(rounds):
        bench.round("one changed", bench.edit)
    for kept in (bench.times, bench.cpu, bench.written):
        del kept["unrecorded"]
    bench.look()


def report(bench: Bench) -> str:
    """Return the table of medians and ratios, and what was written and taken."""
    lines = [
        "| | ours, s | buildah bud, s | speed | and push, s | speed | asked |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for scenario, taken in bench.times.items():
        medians = {name: statistics.median(times) for name, times in taken.items()}
        cells = [f"{medians[OURS]:.2f}"]
        for peer in (BUD, PUSHED):
            cells += [f"{medians[peer]:.2f}", f"{medians[peer] / medians[OURS]:.1f} x"] if peer in medians else ["", ""]
        asked = f"{GOALS[scenario]:.0f} x" if scenario in GOALS else ""
        lines.append(f"| {scenario} | {' | '.join(cells)} | {asked} |")
    cpu = (f"{name} {statistics.median(taken):.1f}" for name, taken in bench.cpu["cold"].items())
    blobs = (f"{name} {len(new)}" for name, new in bench.written.items())
    sizes = (f"{name} {size / 1e6:.1f} MB" for name, size in bench.sizes.items())
    memory = (f"{name} {run.largest_mb:.0f} MB, all {run.tree_mb:.0f} MB" for name, run in bench.memory.items())
    lines += ["", f"Processor seconds, cold: {', '.join(cpu)}.", f"Blobs that ours wrote: {', '.join(blobs)}."]
    lines += [f"Layouts: {', '.join(sizes)}."]
    lines += [f"Largest process, cold (ours is asked to stay below {MEMORY} MB): {'; '.join(memory)}."]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", help="where to work, on a disk with room for ten times the application")
    parser.add_argument("--buildah", metavar="PROGRAM", default=usable_buildah(), help="empty: ours alone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--json", metavar="FILE", help="write all times there")
    options = parser.parse_args(arguments)
    if options.folder:
        os.makedirs(options.folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        bench = Bench(folder, options.buildah)
        try:
            bench.prepare(options.files, options.megabytes * 1_000_000)
            sit(bench, options.rounds)
        finally:
            bench.close()
        print("; ".join(describe_machine().values()))
        print(f"{options.files} files, {options.rounds} rounds, {bench.disturbed} runs beside other programs\n")
        print(report(bench))
        if options.json:
            said = {
                "machine": describe_machine(),
                "files": options.files,
                "times": bench.times,
                "cpu": bench.cpu,
                "bytes": bench.sizes,
            }
            with open(options.json, "w", encoding="utf-8") as file:
                file.write(json.dumps(said, indent=1))


def usable_buildah() -> str:
    """Return buildah where it is installed, and we may mount its layers."""
    return shutil.which("buildah") or "" if os.geteuid() == 0 else ""


if __name__ == "__main__":
    main()
