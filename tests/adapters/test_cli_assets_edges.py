"""`packaging assets` where the world is in its way: odd files, missing rights, closed streams."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from games import Game

from packaging_targets.adapters.cli.commands import run


@pytest.fixture
def game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Game:
    """Two assets, registered; the current folder is their project."""
    made = Game(tmp_path / "game")
    monkeypatch.chdir(made.root)
    return made


def told(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run `packaging assets`; return its exit code, and what it told to standard error."""
    code = run(["assets", *arguments])
    return code, capfd.readouterr().err


@pytest.mark.parametrize(
    ("place", "what", "fix"),
    [
        ("build/assets.pa", "is what builds write", "choose a place below build/previews/"),
        ("build/.packer/record.json", "is what builds write", "choose a place below build/previews/"),
        ("build/.packer/new.png", "is what builds write", "choose a place below build/previews/"),
        ("notes.txt", "is there, and is no PNG", "move it away, or choose another place with -o"),
        ("/dev/null", "is there, and is no regular file", "move it away, or choose another place with -o"),
        ("link.png", "is there, and is no regular file", "move it away, or choose another place with -o"),
        ("pipe", "is there, and is no regular file", "move it away, or choose another place with -o"),
        ("build", "is there, and is no regular file", "move it away, or choose another place with -o"),
        ("aside/new.png", "lies among your assets, where a preview could replace one", None),
    ],
)
def test_a_preview_replaces_pictures_alone(
    game: Game, capfd: pytest.CaptureFixture[str], place: str, what: str, fix: str | None
) -> None:
    assert told(capfd, "build")[0] == 0
    Path("notes.txt").write_text("mine", "utf-8")
    os.symlink("elsewhere.png", "link.png")
    os.symlink("assets/hero", "aside")
    os.mkfifo("pipe")
    before = sorted(game.root.rglob("*")), game.outputs()
    mend = fix or "choose a place elsewhere, such as below build/previews/"
    assert told(capfd, "preview", "hero", "-o", place) == (
        2,
        f"error: `{place}` {what}\n  at {place}\n  fix: {mend}\n",
    )
    assert (sorted(game.root.rglob("*")), game.outputs()) == before


def test_a_preview_does_not_follow_its_folder_into_the_assets(game: Game, capfd: pytest.CaptureFixture[str]) -> None:
    Path("build").mkdir()
    os.symlink("../assets/hero", "build/previews")
    code, err = told(capfd, "preview", "hero")
    assert (code, err.splitlines()[0]) == (
        2,
        "error: `build/previews/hero.png` lies among your assets, where a preview could replace one",
    )
    assert game.path("hero/hero.png").read_bytes()


def test_a_preview_from_elsewhere_tells_the_whole_path(
    game: Game, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert run(["assets", "preview", "hero", "--project", str(game.root)]) == 0
    assert capfd.readouterr().out == f"wrote {game.root}/build/previews/hero.png\n"
