"""Installing where people keep something of their own: it is not lost without a word, and not taken for ours."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from agents import Place, aam, make_place, package, packed

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = make_place(tmp_path, monkeypatch)
    place.publish("words")
    return place


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return lambda *arguments: aam(capsys, *arguments)


def test_a_folder_that_was_not_installed_is_not_deleted(place: Place, run: Run) -> None:
    mine = place.project / ".agent-packages/words/mine.md"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert run("install", "words") == (
        2,
        "",
        "error: `.agent-packages/words` is there already, and nothing says that it was installed\n"
        "  at .agent-packages/words\n"
        "  fix: move it away, or install with --force\n",
    )
    assert place.files() == {".agent-packages/words/mine.md": b"mine"}
    assert run("install", "words", "--force")[:2] == (0, "+ words@1.0.0\nadded 1: 1 package is installed\n")
    assert not mine.exists()


def test_what_people_changed_in_a_package_is_told_when_it_goes(place: Place, run: Run) -> None:
    run("install", "words")
    folder = place.project / ".agent-packages/words"
    (folder / "mine.md").write_text("mine")
    (folder / "skills/review/SKILL.md").write_text("better")
    code, out, err = run("uninstall", "words")
    assert (code, out) == (0, "- words@1.0.0\nremoved 1: no packages are installed\n")
    for name in ("mine.md", "skills/review/SKILL.md"):
        told = f"`.agent-packages/words/{name}` was changed by somebody, and does not stay\n"
        assert told in err


def test_force_installs_all_again(place: Place, run: Run) -> None:
    run("install", "words")
    before = place.files()
    (place.project / ".agent-packages/words/skills/review/SKILL.md").write_text("worse")
    code, out, _ = run("install", "--force", "--frozen")
    assert (code, out) == (0, "~ words@1.0.0, again\nchanged 1: 1 package is installed\n")
    assert place.files() == before


def test_verify_believes_the_archive_more_than_the_state(place: Place, run: Run) -> None:
    run("install", "words")
    skill = place.project / ".agent-packages/words/skills/review/SKILL.md"
    skill.write_text("worse")
    state = place.project / ".agent-packages/.installed.json"
    value = json.loads(state.read_text())
    value["packages"]["words"]["files"]["skills/review/SKILL.md"] = hashlib.sha256(b"worse").hexdigest()
    state.write_text(json.dumps(value))
    err = run("verify")[2]
    assert err == (
        "error: the file was changed\n  at .agent-packages/words/skills/review/SKILL.md\n  fix: aam install --force\n\n"
    )


def test_a_dry_run_counts_what_it_would_do(place: Place, run: Run) -> None:
    out = run("install", "words", "--dry-run")[1]
    assert out == "+ words@1.0.0\nwould add 1: 1 package would be installed\n"


def test_a_package_from_a_folder_is_not_saved_as_one_of_a_registry(place: Place, run: Run) -> None:
    """Somebody else's `own` would be installed by whoever has the manifest without the lock."""
    package(place.root / "own", "own")
    place.wants({"words": "*"})
    before = (place.project / "package.agent.json").read_bytes()
    code, _, err = run("install", "../own")
    assert (code, err) == (
        0,
        "warning: `own` comes from `../own`: the lock has it, and package.agent.json has not\n"
        "  at ../own\n"
        "  fix: publish it, and install it by its name, for those who depend on this package\n\n",
    )
    assert (place.project / "package.agent.json").read_bytes() == before
    assert place.versions() == {"own": "1.0.0", "words": "1.0.0"}
    assert run("install", "--frozen")[:2] == (0, "nothing to do: 2 packages\n")
    assert run("uninstall", "own")[0] == 0
    assert place.versions() == {"words": "1.0.0"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(place: Place, run: Run) -> None:
    place.home.chmod(0o555)
    assert run("install", "words")[0] == 0


def test_a_cache_that_is_no_folder_is_told_and_done_without(place: Place, run: Run) -> None:
    (place.home / "cache").write_text("no folder")
    (place.root / "own.aam").write_bytes(packed("own"))
    code, _, err = run("install", "words", "../own.aam")
    assert code == 0
    assert err == (
        f"warning: the cache `{place.home}/cache` cannot be written: file exists\n"
        f"  at {place.home}/cache\n"
        "  fix: nothing: it is done without; AAM_HOME says where it lies\n\n"
    )
    assert place.versions() == {"own": "1.0.0", "words": "1.0.0"}


def test_a_project_is_found_from_a_folder_below_it(
    place: Place, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place.wants({"words": "*"})
    (place.project / "docs/deep").mkdir(parents=True)
    monkeypatch.chdir(place.project / "docs/deep")
    assert run("install")[1] == "+ words@1.0.0\nadded 1: 1 package is installed\n"
    assert place.versions() == {"words": "1.0.0"}
    assert run("list")[1] == "words@1.0.0  wanted: *\n"
    package(place.project / "docs/own", "own")
    assert run("install", "../own")[0] == 0
    assert place.lock()["resolved"]["own"]["source"]["path"] == "./docs/own"
    assert run("list", "--project", ".")[1] == "nothing is installed\n"
    shutil.rmtree(place.project / ".agent-packages")
