<<<<<<< HEAD
"""What the packer never touches: it reads nothing under `src/`, and writes nothing but `build/` and the registry."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from games import Game

# Every file and folder that is opened or listed below the project, by anything that runs in the process.
SPY = """
import json, os, sys
root = sys.argv[1]
touched = set()

def hook(event, arguments):
    if event in {"open", "os.scandir", "os.listdir", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}:
        for path in arguments[:2]:
            if isinstance(path, (str, bytes)):
                whole = os.path.abspath(os.fsdecode(path))
                if whole.startswith(root + os.sep):
                    touched.add(os.path.relpath(whole, root))

from packaging_targets.services.assets.building.build import build
from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.reading.doctor import doctor
from packaging_targets.services.assets.reading.listing import list_assets
from packaging_targets.services.assets.reading.summary import summary

sys.addaudithook(hook)
project = Project(root)
for verb in (doctor, list_assets, summary, build, build, doctor):
    verb(project)
print(json.dumps(sorted(touched)))
"""


def test_nothing_is_read_or_written_elsewhere(tmp_path: Path) -> None:
    game = Game(tmp_path / "game")
    for folder in ("src", "cartridge", "docs"):
        (game.root / folder).mkdir()
        (game.root / folder / "asset.json").write_text("{}")
    done = subprocess.run([sys.executable, "-c", SPY, str(game.root)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    touched = json.loads(done.stdout)
    assert {path.split("/")[0] for path in touched} == {"assets", "build"}
    assert "assets/hero/hero.png" in touched
    assert "build/assets.pa" in touched
=======
"""What the services of registry and workspace read and write: their part of `assets/`, and nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from art import Studio
from verbs import VERBS, start

from packaging_targets.services.assets.reading.details import details
from packaging_targets.services.assets.reading.summary import summary

_told: list[tuple[str, str]] | None = None
_WRITING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.utime"}
OURS = "assets/.prometeu/"

MAY_CHANGE: dict[str, tuple[str, ...]] = {
    "register": (OURS, "assets/fresh/deep/"),
    "adopt": (OURS, "assets/nameless/asset.json"),
    "forget": (OURS,),
    "include": (OURS,),
    "exclude": (OURS,),
    "repair": (OURS,),
    "remove": (OURS, "assets/one"),
    "quarantine": (OURS, "assets/one"),
    "restore": (OURS, "assets/back"),
    "gc": (OURS,),
}


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _told is not None and (event in {"open", "os.listdir", "os.scandir"} or event in _WRITING):
        writes = event in _WRITING or (event == "open" and bool((arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR)))
        paths = [path for path in arguments[: 2 if event == "os.rename" else 1] if isinstance(path, str | bytes)]
        _told.extend(("write" if writes else "read", os.path.abspath(os.fsdecode(path))) for path in paths)


@pytest.fixture(scope="module", autouse=True)
def _listening() -> None:
    sys.addaudithook(_hook)  # there is no way to take it away again


@contextmanager
def watched(studio: Studio) -> Iterator[list[tuple[str, str]]]:
    """Give what is read and written in the project meanwhile, as paths in it."""
    global _told  # noqa: PLW0603  # a hook stays for good, and has to be told where to put what it sees
    seen: list[tuple[str, str]] = []
    _told = seen
    try:
        yield seen
    finally:
        _told = None
        start_of = f"{studio.root}/"
        seen[:] = [(how, path.removeprefix(start_of)) for how, path in seen if path.startswith(start_of)]


def prepared(studio: Studio) -> Studio:
    """Give a project with sources of a game, a cartridge and a build, which are none of our business."""
    project = start(studio.root.parent / "watched")
    for path in ("src/main.pbs", "cartridge/manifest.json", "build/old", "assets.txt", "assets/fresh/deep/x.wav"):
        project.write(path, (project.root / "assets/one/x.wav").read_bytes())
    return project


@pytest.mark.parametrize("verb", VERBS)
def test_a_change_keeps_to_what_is_its_own(studio: Studio, verb: str) -> None:
    project = prepared(studio)
    before = project.tree()
    with watched(project) as seen:
        VERBS[verb](project)
    assert seen
    assert [path for _, path in seen if not path.startswith("assets/") and path != "assets"] == []
    ours = MAY_CHANGE[verb]
    assert [path for how, path in seen if how == "write" and not f"{path}/".startswith(ours)] == []
    after = project.tree()
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert [path for path in changed if not f"{path}/".startswith(ours) and path + "/" != OURS] == []


@pytest.mark.parametrize("read", [lambda studio: details(studio.project, "1"), lambda studio: summary(studio.project)])
def test_what_reads_writes_nothing(studio: Studio, read: Callable[[Studio], object]) -> None:
    project = prepared(studio)
    with watched(project) as seen:
        read(project)
    assert {path for how, path in seen if how == "write"} == set()
    assert [path for _, path in seen if not path.startswith("assets") and path != "build/assets.pa"] == []
>>>>>>> verbs
