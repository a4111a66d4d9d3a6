"""`packaging assets` as a process: `watch` from change to change, Ctrl-C, a reader that goes away."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from games import BLUE, INK, RED, Game, png

from packaging_targets.adapters.testing import PACKAGING, Workspace
from packaging_targets.services.assets.events import ignore
from packaging_targets.services.assets.transaction import changing

PATIENCE = 30.0  # seconds: a machine may be busy


class Watcher:
    """`packaging assets watch --events`, and what it tells."""

    def __init__(self, game: Game) -> None:
        command = [*PACKAGING, "assets", "watch", "--events"]
        environment = Workspace(game.root.parent / "none").whole_environment()
        self._process = subprocess.Popen(
            command,
            cwd=game.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._left = b""

    def result(self) -> dict[str, Any]:
        """Return what the next build came to."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            line, found, rest = self._left.partition(b"\n")
            if found:
                self._left = rest
                value: dict[str, Any] = json.loads(line)
                if value["event"] == "result":
                    return value
            elif self._process.stdout is not None and select.select([self._process.stdout], [], [], 0.2)[0]:
                self._left += os.read(self._process.stdout.fileno(), 1 << 16)
        raise AssertionError("the watcher tells nothing")

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl-C; return the exit code, and what was told besides."""
        self._process.send_signal(signal.SIGINT)
        _, told = self._process.communicate(timeout=PATIENCE)
        return self._process.returncode, told.decode()

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def game(tmp_path: Path) -> Game:
    return Game(tmp_path / "game")


@pytest.fixture
def watcher(game: Game) -> Iterator[Watcher]:
    made = Watcher(game)
    yield made
    made.end()


def test_watch_builds_on_each_change_and_survives_a_failure(game: Game, watcher: Watcher) -> None:
    assert watcher.result()["encoded"] == [1, 2]
    game.write({"hero/hero.png": png(BLUE, RED)})
    assert watcher.result()["encoded"] == [2]
    good = game.outputs()
    game.write({"hero/hero.png": png(INK, RED)})
    failed = watcher.result()
    assert (failed["ok"], [one["code"] for one in failed["diagnostics"]]) == (False, ["tile-invalid"])
    assert game.outputs() == good
    game.write({"hero/hero.png": png(RED, RED)})
    assert watcher.result()["encoded"] == [2]
    assert game.outputs() != good
    assert watcher.interrupt() == (130, "watching assets/; Ctrl-C ends\ninterrupted\n")


def test_watch_tells_people_a_line_a_build(game: Game) -> None:
    process = Workspace(game.root).start(*PACKAGING, "assets", "watch")
    assert process.stdout is not None
    told = [process.stdout.readline(), process.stdout.readline()]
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=PATIENCE)
    assert told[0] == "watching assets/; Ctrl-C ends\n"
    assert told[1].startswith("built build/assets.pa: 2 assets, 2 encoded, ")
    assert (rest, process.returncode) == ("interrupted\n", 130)


def test_a_build_says_that_it_waits(game: Game) -> None:
    with changing(game.project, ignore):
        process = Workspace(game.root).start(*PACKAGING, "assets", "build")
        assert process.stdout is not None
        assert process.stdout.readline() == "another command is at work in this project; waiting for it\n"
    rest, _ = process.communicate(timeout=PATIENCE)
    assert rest.startswith("built build/assets.pa: 2 assets, ")
    assert process.returncode == 0


def test_a_reader_that_goes_away_is_no_crash(game: Game) -> None:
    environment = Workspace(game.root.parent / "none").whole_environment()
    for words in (["list"], ["build", "--events"], ["show", "hero"]):
        reading, writing = os.pipe()
        os.close(reading)
        command = [*PACKAGING, "assets", *words]
        done = subprocess.run(
            command, cwd=game.root, env=environment, stdout=writing, stderr=subprocess.PIPE, check=False
        )
        os.close(writing)
        assert (done.returncode, done.stderr) == (1, b""), words


def test_the_live_line_is_for_terminals(game: Game) -> None:
    environment = {**Workspace(game.root.parent / "none").whole_environment(), "TERM": "xterm"}
    for name in ("CI", "NO_COLOR"):
        environment.pop(name, None)
    ours, theirs = os.openpty()
    command = [*PACKAGING, "assets", "build"]
    done = subprocess.run(command, cwd=game.root, env=environment, stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    told = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert done.stdout.startswith(b"built build/assets.pa: 2 assets, ")
    assert "\r\x1b[Klooking at the assets" in told
    assert told.endswith("\r\x1b[K")


def test_help_and_other_verbs_load_no_service_of_assets() -> None:
    code = (
        "import sys\n"
        "from packaging_targets.adapters.cli.commands import make_parser\n"
        "make_parser()\n"
        "print([name for name in sys.modules if 'services.assets' in name or name in ('numpy', 'PIL', 'watchfiles')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout == "[]\n"


def test_watch_goes_on_when_the_assets_are_back(game: Game, watcher: Watcher) -> None:
    assert watcher.result()["ok"] is True
    (game.root / "assets").rename(game.root / "assets.off")
    assert watcher.result() == {"event": "result", "ok": False, "diagnostics": []}
    (game.root / "assets.off").rename(game.root / "assets")
    assert watcher.result()["ok"] is True
    game.write({"hero/hero.png": png(BLUE, RED)})
    assert watcher.result()["encoded"] == [2]
    code, told = watcher.interrupt()
    gone = game.root / "assets/.prometeu"
    assert told.splitlines()[-2:] == [
        f"error: `{gone}` cannot be locked: no such file or directory",
        "interrupted",
    ]
    assert code == 130
