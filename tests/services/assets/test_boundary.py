"""What the services of registry and workspace read and write: their part of `assets/`, and nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from studio import Studio
from verbs import VERBS, start

from packaging_targets.services.assets.reading.details import details
from packaging_targets.services.assets.reading.summary import summary

_told: list[tuple[str, str]] | None = None
_WRITING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.utime", "os.link"}
OURS = "assets/.prometeu/"
RECORD = "build/.packer/record.json"

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
        paths = [
            path for path in arguments[: 2 if event in {"os.rename", "os.link"} else 1] if isinstance(path, str | bytes)
        ]
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
    read = {path for _, path in seen if path != RECORD}  # what builds know of files spares reading them
    assert [path for path in read if not path.startswith("assets/") and path != "assets"] == []
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
    assert [path for _, path in seen if not path.startswith("assets") and path not in {"build/assets.pa", RECORD}] == []
