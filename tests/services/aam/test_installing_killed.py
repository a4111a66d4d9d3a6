"""An installation that is killed at any moment, or is not alone."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agents import Place, make_place

from packaging_targets.services.aam.asking.verification import verify
from packaging_targets.services.aam.installing.install import Options, install, uninstall

_EVENTS = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "shutil.rmtree", "os.chmod")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = make_place(tmp_path / "place", monkeypatch)
    for version in ("1.0.0", "1.1.0"):
        place.publish("words", version)
    place.publish("style", "1.0.0", {"words": "^1.0.0"})
    place.publish("gone", "1.0.0")
    place.publish("@acme/review", "2.0.0", {"style": "^1.0.0"})
    place.wants({"style": "*", "words": "1.0.0", "gone": "*"})
    install([], Options())
    return place


def change() -> None:
    """A package comes, one becomes another version; manifest, lock and state go with them."""
    install(["@acme/review@^2.0.0", "words@1.1.0"], Options())


def in_child(act: Callable[[], object]) -> int:
    """Do something in a process of its own; return its status, 0 where it ended well."""
    child = os.fork()
    if child == 0:
        try:
            act()
        except BaseException:  # noqa: BLE001  # it is told, and the test fails
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def killed_at(act: Callable[[], object], moment: int) -> bool:
    """Do it in a process that is killed before its change of the disk with that number; tell whether it was."""

    def doomed() -> None:
        left = moment

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal left
            writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if event in _EVENTS or writes:
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        act()

    status = in_child(doomed)
    assert status in {0, signal.SIGKILL}
    return status == signal.SIGKILL


def seen(place: Place) -> dict[str, bytes]:
    """What the project holds, but for rubbish and what only spares work."""
    rubbish = (".agent-packages/.staging/", ".agent-packages/.journal/", ".agent-packages/.unchanged")
    return {path: data for path, data in place.files().items() if not path.startswith(rubbish)}


def tried(place: Place, act: Callable[[], object], moments: range) -> None:
    """Kill at each of these moments: what is there then is what was before, or what comes after."""
    kept = place.root / "kept"
    shutil.copytree(place.project, kept)
    before = seen(place)
    assert in_child(act) == 0
    after = seen(place)
    assert after != before
    found = set()
    for moment in moments:
        shutil.rmtree(place.project)
        shutil.copytree(kept, place.project)
        os.chdir(place.project)
        if not killed_at(act, moment):
            break
        assert verify(".").problems == (), moment  # the next command settles it
        now = seen(place)
        assert now in (before, after), moment
        found.add(now == after)
        act()
        assert seen(place) == after, moment
        assert not (place.project / ".agent-packages/.staging").exists()
    assert found == {True, False}


@pytest.mark.uaaps("P47")
@pytest.mark.slow
def test_an_installation_killed_at_any_moment(place: Place) -> None:
    tried(place, change, range(400))


@pytest.mark.uaaps("P47")
@pytest.mark.slow
def test_an_uninstallation_killed_at_any_moment(place: Place) -> None:
    def act() -> None:
        if "gone" in (place.project / "package.agent.json").read_text():
            uninstall(["gone"], Options())
        else:
            install([], Options())

    tried(place, act, range(200))


@pytest.mark.uaaps("P47")
def test_an_installation_killed_at_some_moments(place: Place) -> None:
    tried(place, change, range(0, 400, 9))


def test_installations_take_turns(place: Place) -> None:
    children = []
    for number in range(4):
        place.publish(f"other-{number}")
    for number in range(4):
        child = os.fork()
        if child == 0:
            try:
                install([f"other-{number}"], Options())
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0, 0]
    assert {"other-0", "other-1", "other-2", "other-3"} < place.versions().keys()
    assert verify(".").problems == ()


def test_processes_share_a_cache(place: Place) -> None:
    """Some find it empty, some full, and one tampers with it."""
    for name in ("words", "style"):
        for file in (place.home / "cache").glob(f"{name}-*"):
            file.write_bytes(b"torn")
    children = []
    for number in range(4):
        folder = place.root / f"project-{number}"
        folder.mkdir()
        child = os.fork()
        if child == 0:
            try:
                install(["@acme/review"], Options(root=str(folder)))
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0, 0]
    locks = {(place.root / f"project-{number}/package.agent.lock").read_bytes() for number in range(4)}
    assert len(locks) == 1
    assert not list((place.home / "cache").glob("*.new"))
