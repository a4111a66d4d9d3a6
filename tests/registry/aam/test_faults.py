"""Processes that are killed while they publish, and many that publish at once while somebody reads."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from agents import packed, publish

from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.folder.reindexing import reindex
from packaging_targets.registry.aam.folder.verifying import verify
from packaging_targets.registry.aam.opening import open_folder

PLAIN = PackageName("", "plain")

# Publishes, and is killed right before or after the nth time that the system is asked for anything that changes a file.
KILLED = """
import builtins, io, os, signal, sys
path, root, name, version, limit = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5])
from packaging_targets.registry.aam.opening import open_folder
registry, left = open_folder(root), [limit]
def counted(call):
    def wrapped(*arguments, **others):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **others)
    return wrapped
for step in ("fsync", "rename", "unlink", "utime", "mkdir", "rmdir"):
    setattr(os, step, counted(getattr(os, step)))
builtins.open = counted(builtins.open)
with io.open(path, "rb") as archive:
    registry.publish(archive)
print("published", left[0])
"""


def archive_at(folder: Path, name: str, version: str, size: int = 0) -> Path:
    path = folder / f"{name}-{version}.aam"
    path.write_bytes(packed(name, version, files={"filling": random.Random(version).randbytes(size).hex()}))
    return path


def run_killed(folder: Path, registry: FolderRegistry, version: str, limit: int) -> tuple[bool, int]:
    """Publish until a step, in a process of its own; return whether it was published, and the steps that were left."""
    path = archive_at(folder, "plain", version)
    command = [sys.executable, "-c", KILLED, str(path), registry.tree.root, "plain", version, str(limit)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode == 0, int(done.stdout.split()[1]) if done.stdout else 0


def versions_of(registry: FolderRegistry) -> set[str]:
    found = registry.metadata(PLAIN)
    return set(found.releases) if found else set()


@pytest.mark.slow
@pytest.mark.uaaps("P39", "P42")
@pytest.mark.parametrize("repair", ["reindex", "the next change"])
def test_a_kill_at_every_step_is_repaired(folder: FolderRegistry, tmp_path: Path, repair: str) -> None:
    """Each step of publishing, the first version of a package and a later one: what is whole afterwards, stays."""
    publish(folder, "other")
    published, limit = set[str](), 1
    while True:
        version = f"1.{limit}.0"
        done, _ = run_killed(tmp_path, folder, version, limit)
        listed = {one.name: one.versions for one in folder.summaries()}
        for shown in listed.get(PLAIN, ()):  # whatever is listed has its bytes
            assert Path(folder.tree.archive("plain", shown)).exists()
        if repair == "reindex":
            reindex(folder)
        else:
            folder.deprecate(PackageName("", "other"), "1.0.0", f"{limit}")
        assert verify(folder).problems == []
        if done:
            published.add(version)
        assert published <= versions_of(folder)
        if done:
            break
        limit += 1
    assert limit > 15


@pytest.mark.slow
@pytest.mark.uaaps("P39", "P42")
def test_300_kills_at_any_moment(folder: FolderRegistry, tmp_path: Path) -> None:
    """The archives are large enough for moments in the midst of writing; what was reported as published is there."""
    publish(folder, "other")
    chance, published = random.Random(7), set[str]()
    archive = archive_at(tmp_path, "plain", "1.0.0", 60_000)
    started = time.perf_counter()
    with archive.open("rb") as file:
        folder.publish(file)
    reach = 2 * (time.perf_counter() - started)
    killed = 0
    for number in range(300):
        version = f"2.{number}.0"
        path = archive_at(tmp_path, "plain", version, 60_000)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:  # a fork of its own: starting an interpreter would take far longer than publishing
            try:
                os.close(read)
                with path.open("rb") as file:
                    open_folder(folder.tree.root).publish(file)
                os.write(write, b"published")
            finally:
                os._exit(0)
        os.close(write)
        time.sleep(chance.uniform(0, reach))
        os.kill(child, signal.SIGKILL)
        if os.read(read, 9):
            published.add(version)
            reach *= 0.9  # so that moments stay within a publication, however busy the machine is
        else:
            killed += 1
            reach *= 1.05
        os.close(read)
        os.waitpid(child, 0)
        if number % 3 == 0:
            reindex(folder)
            assert published <= versions_of(folder)
    reindex(folder)
    assert published <= versions_of(folder)
    assert verify(folder).problems == []
    assert reindex(folder).changed is False
    assert killed > 60
    assert len(published) > 10


def _publish_many(root: str, number: int, versions: int) -> None:
    registry = open_folder(root)
    for version in range(versions):
        name = "shared" if version % 2 else f"own{number}"
        publish(registry, name, f"{number}.{version}.0")


@pytest.mark.slow
@pytest.mark.uaaps("S12.5.index-atomic", "P39")
def test_16_processes_publish_50_versions_each_while_somebody_reads(folder: FolderRegistry) -> None:
    root, looks, seen = folder.tree.root, 0, 0
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_publish_many, args=(root, number, 50)) for number in range(16)]
    for process in processes:
        process.start()
    while any(process.is_alive() for process in processes):
        listing = json.loads(Path(root, "index.json").read_bytes())
        for entry in listing["packages"]:
            for version in entry["versions"]:
                assert os.path.exists(folder.tree.archive(entry["name"], version)), (entry["name"], version)
                assert os.path.exists(f"{folder.tree.archive(entry['name'], version)}.sha256")
        now = sum(len(entry["versions"]) for entry in listing["packages"])
        assert now >= seen
        looks, seen = looks + 1, now
    for process in processes:
        process.join()
        assert process.exitcode == 0
    found = {str(one.name): one.versions for one in folder.summaries()}
    assert len(found["shared"]) == 16 * 25
    assert sum(map(len, found.values())) == 16 * 50
    assert verify(folder).problems == []
    assert reindex(folder).changed is False
    assert looks > 20
