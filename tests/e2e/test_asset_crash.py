"""A build of assets that is killed loses time and nothing else."""

from __future__ import annotations

import io
import os
import signal
import time
from pathlib import Path
from random import Random

import pytest
from checkout import rounds
from games import BLUE, RED, Game, png, wav

from packaging_targets.formats.assets.reader import AssetPack
from packaging_targets.services.assets.building.build import build
from packaging_targets.services.assets.project import Project


def _build_and_kill(project: Project, after: float) -> bool:
    """Build in a process of its own, and kill it after so many seconds; tell whether it was still running."""
    pid = os.fork()
    if not pid:
        os.setsid()
        try:
            build(project)
        finally:
            os._exit(0)
    time.sleep(after)
    running = os.waitpid(pid, os.WNOHANG)[0] == 0
    if running:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return running


def _kill(tmp_path: Path, count: int) -> None:
    random = Random(7)
    game = Game(tmp_path / "game")
    game.write({"sounds/jump/up.wav": wav(*range(-20_000, 20_000))})
    build(game.project)
    started = time.monotonic()
    game.write({"hero/hero.png": png(BLUE, RED)})
    build(game.project)
    seconds = time.monotonic() - started
    killed = tried = 0
    before = game.outputs()
    while killed < count:
        tried += 1
        assert tried < 8 * count + 20, f"only {killed} of {tried} builds were still running when they were to be killed"
        game.write({
            "hero/hero.png": png(*random.choices([RED, BLUE], k=2)),
            "sounds/jump/down.wav": wav(*(random.randrange(99) for _ in range(5))),
        })  # fmt: skip
        killed += _build_and_kill(game.project, random.uniform(0.0005, seconds * 1.2))
        left = game.outputs()
        assert len(left) == len(before)
        AssetPack.open(io.BytesIO(left["build/assets.pa"])).verify()  # each file is whole, whenever it is read
        build(game.project)
        clean = Game(tmp_path / "clean")
        for path in game.path("").rglob("*.*"):
            if path.is_file():
                clean.write({str(path.relative_to(game.path(""))): path.read_bytes()})
        build(clean.project)
        before = game.outputs()
        assert before == clean.outputs(), f"round {tried}"


def test_a_killed_build_is_made_good(tmp_path: Path) -> None:
    _kill(tmp_path, 5)


@pytest.mark.slow
def test_builds_killed_at_many_moments(tmp_path: Path) -> None:
    _kill(tmp_path, rounds(200))
