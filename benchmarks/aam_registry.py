"""Measure registries of agent packages in folders: publishing among few and among many, and bringing one in order.

python -m benchmarks.aam_registry [--folder FOLDER] [--small 100] [--large 10000] [--rounds 60]

Publications to the small and to the large registry take turns, so that both meet the same disk; the median counts.
The large registry is made by placing archives by hand and reindexing, which is measured too.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import statistics
import tarfile
import tempfile
import time
from collections.abc import Callable

from benchmarks.machine import describe_machine
from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.folder.reindexing import reindex
from packaging_targets.registry.aam.folder.verifying import verify

_SKILL = b"---\nname: review\ndescription: What a review needs.\n---\n# Review\n" * 8


def archive(name: str, version: str) -> bytes:
    """Return the archive of a small package that depends on two others."""
    dependencies = {"@bench/p00001": "^1.0.0", "@bench/p00002": ">=1.0.0 <3.0.0"}
    manifest = {"name": name, "version": version, "description": f"What {name} is for.", "dependencies": dependencies}
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, data in {
            "package.agent.json": json.dumps(manifest).encode(),
            "skills/review/SKILL.md": _SKILL,
        }.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), 6, mtime=0)


def filled(root: str, packages: int) -> FolderRegistry:
    """Return a registry in which archives of packages lie that nobody has reindexed yet."""
    registry = FolderRegistry(root, lambda: 1_700_000_000)
    initialise(registry)
    for number in range(packages):
        folder = os.path.join(root, "packages", f"bench--p{number:05}", "versions")
        os.makedirs(folder)
        with open(os.path.join(folder, "1.0.0.aam"), "wb") as file:
            file.write(archive(f"@bench/p{number:05}", "1.0.0"))
    return registry


def seconds(action: Callable[[], object]) -> float:
    """Return how long something takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def publications(registries: list[FolderRegistry], rounds: int) -> list[float]:
    """Return the median seconds of a publication to each registry; new packages and new versions take turns."""
    taken: list[list[float]] = [[] for _ in registries]
    for number in range(rounds):
        name, version = (f"@new/n{number:05}", "1.0.0") if number % 2 else ("@bench/p00007", f"2.{number}.0")
        data = archive(name, version)
        for registry, times in zip(registries, taken, strict=True):
            times.append(seconds(lambda registry=registry, data=data: registry.publish(io.BytesIO(data))))  # type: ignore[misc]
    return [statistics.median(times) for times in taken]


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--folder", default=None, help="where the registries are made (default: the system's for temporary files)"
    )
    parser.add_argument("--small", type=int, default=100)
    parser.add_argument("--large", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory(dir=options.folder) as top:
        small, large = filled(f"{top}/small", options.small), filled(f"{top}/large", options.large)
        reindex(small)
        print(f"reindex, {options.large:,} archives placed by hand: {seconds(lambda: reindex(large)):.2f} s")
        print(f"reindex, {options.large:,} packages in order: {seconds(lambda: reindex(large)):.2f} s")
        few, many = publications([small, large], options.rounds)
        print(f"publish among {options.small:,}: {few * 1000:.1f} ms, among {options.large:,}: {many * 1000:.1f} ms")
        print(f"ratio: {many / few:.2f}")
        print(f"list of {options.large:,}: {seconds(lambda: list(large.summaries())):.2f} s")
        print(f"verify, every byte of {options.large:,}: {seconds(lambda: verify(large)):.2f} s")


if __name__ == "__main__":
    main()
