"""`packaging assets`: what each verb prints, in both formats, and with which exit code it ends."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from games import BLUE, INK, RED, UUID, Game, hero, interrupt, png, wav
from PIL import Image

from packaging_targets.adapters.cli.commands import run

VERBS = (
    *("list", "show", "summary", "preview", "doctor"),
    *("init", "add", "adopt", "forget", "include", "exclude"),
    *("rm", "quarantine", "restore", "gc"),
    *("build", "watch"),
)


@dataclass(frozen=True)
class Called:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """What it printed, as JSON."""
        assert self.err == ""
        return json.loads(self.out)


Assets = Callable[..., Called]


@pytest.fixture
def assets(capfd: pytest.CaptureFixture[str]) -> Assets:
    """Run `packaging assets` in this process; how long something took is told as 0.00 s."""

    def call(*arguments: str) -> Called:
        code = run(["assets", *arguments])
        out, err = capfd.readouterr()
        return Called(code, re.sub(r"\d+\.\d\d s\b", "0.00 s", out), err)

    return call


@pytest.fixture
def game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Game:
    """Two assets, registered; the current folder is their project."""
    made = Game(tmp_path / "game")
    monkeypatch.chdir(made.root)
    return made


def tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_init_in_an_empty_folder_and_again(tmp_path: Path, assets: Assets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert assets("init") == Called(0, "made assets\nmade assets/.prometeu\nmade assets/.prometeu/index.json\n", "")
    assert assets("init") == Called(0, "all is there already\n", "")
    assert assets("list") == Called(0, "there are no assets\n", "")
    assert assets("summary").out.startswith("assets       none\n")
    assert assets("quarantine", "--list").out == "nothing is in quarantine\n"
    assert assets("list", "--format", "json").value == []


def test_list(game: Game, assets: Assets) -> None:
    assert assets("list").out == (
        "id  name  type        parts  built  state  folder\n"
        " 1  jump  sound_bank      2  yes    ok     assets/sounds/jump\n"
        " 2  hero  glyph_bank      2  yes    ok     assets/hero\n"
    )
    listed = assets("list", "--format", "json").value
    assert [(one["asset_id"], one["asset_name"], one["state"]) for one in listed] == [
        (1, "jump", "ok"),
        (2, "hero", "ok"),
    ]


def test_a_project_is_found_from_within_and_by_its_folder(
    game: Game, assets: Assets, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = assets("list")
    monkeypatch.chdir(game.path("hero"))
    assert assets("list") == told
    monkeypatch.chdir("/")
    assert assets("list", "--project", str(game.root)) == told


def test_where_there_is_no_project(tmp_path: Path, assets: Assets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for verb in VERBS:
        words = {"add": ["."], "adopt": ["."], "summary": [], "gc": []}.get(verb, ["hero"])
        if verb != "init":
            words = [] if verb in {"list", "doctor", "build", "watch"} else words
            called = assets(verb, *words)
            assert (called.code, called.out) == (2, ""), verb
            assert "there is no `assets/.prometeu/index.json` here or above" in called.err, verb
    called = assets("list", "--project", "nowhere")
    assert called == Called(2, "", "error: there is no folder `nowhere`\n  at --project\n")


def test_build_and_again(game: Game, assets: Assets) -> None:
    size = 0
    built = assets("build")
    size = os.path.getsize(game.root / "build/assets.pa")
    assert built == Called(0, f"built build/assets.pa: 2 assets, 2 encoded, {size:,} bytes  (0.00 s)\n", "")
    assert assets("build").out == "up to date: 2 assets  (0.00 s)\n"
    assert assets("build", "--quiet") == Called(0, "", "")
    game.write({"hero/hero.png": png(BLUE, RED)})
    value = assets("build", "--format", "json").value
    assert value == {"ok": True, "assets": [1, 2], "encoded": [2], "changed": True, "size": size, "diagnostics": []}


def test_a_build_that_fails_leaves_what_was_built(game: Game, assets: Assets) -> None:
    assets("build")
    before = game.outputs()
    game.write({"hero/hero.png": png(INK, RED), "sounds/jump/up.wav": b"OggS"})
    failed = assets("build")
    assert (failed.code, failed.out) == (1, "")
    assert (
        "error[tile-invalid]: the colour `#1D2B53` is in no declared palette\n  at assets/hero/hero.png" in failed.err
    )
    assert "error[sound-invalid]: " in failed.err
    assert failed.err.endswith("\nnothing was built; the last good outputs are as they were\n")
    value = assets("build", "--format", "json").value
    assert sorted(one["code"] for one in value["diagnostics"]) == ["sound-invalid", "tile-invalid"]
    assert value["ok"] is False
    assert game.outputs() == before


def test_events_are_lines_of_json_and_the_result_is_the_last(game: Game, assets: Assets) -> None:
    called = assets("build", "--events")
    events = [json.loads(line) for line in called.out.splitlines()]
    assert (called.code, called.err) == (0, "")
    assert [events[0]["event"], events[-2]["event"]] == ["build_started", "build_finished"]
    assert [event["sequence"] for event in events[:-1]] == list(range(1, len(events)))
    assert len({event["operation"] for event in events[:-1]}) == 1
    assert {event["project"] for event in events[:-1]} == {str(game.root)}
    assert (events[-1]["event"], events[-1]["ok"], events[-1]["encoded"]) == ("result", True, [1, 2])
    game.write({"hero/hero.png": png(INK, RED)})
    called = assets("build", "--events")
    last = json.loads(called.out.splitlines()[-1])
    assert (called.code, last["event"], last["ok"]) == (1, "result", False)
    assert [one["code"] for one in last["diagnostics"]] == ["tile-invalid"]


def test_doctor(game: Game, assets: Assets) -> None:
    assert assets("doctor") == Called(0, "ok: 2 assets\n", "")
    game.write({"copy/asset.json": hero(asset_uuid=f"{UUID}09", name="copy"), "copy/hero.png": png(RED, BLUE)})
    stray = assets("doctor")
    assert (stray.code, stray.out) == (0, "ok: 2 assets, 1 warning\n")
    assert "warning[asset-unregistered]: " in stray.err
    assert assets("doctor", "--strict").code == 1
    game.write({"hero/hero.psd": bytes(2_000_000)})
    assert assets("doctor").out == "ok: 2 assets, 1 warning\n"
    workspace = assets("doctor", "--workspace")
    assert workspace.out == "ok: 2 assets, 2 warnings\n"
    assert "warning[file-unused]: " in workspace.err
    game.path("sounds/jump/asset.json").unlink()
    broken = assets("doctor")
    assert (broken.code, broken.out) == (1, "1 error, 1 warning: a build would fail\n")
    assert "error[declaration-missing]: " in broken.err
    value = assets("doctor", "--format", "json").value
    assert (value["ok"], [one["code"] for one in value["diagnostics"]]) == (
        False,
        ["declaration-missing", "asset-unregistered"],
    )


def test_doctor_mends_where_assets_are(game: Game, assets: Assets) -> None:
    game.path("hero").rename(game.path("people"))
    warned = assets("doctor")
    assert (warned.code, warned.out) == (0, "ok: 2 assets, 1 warning\n")
    assert "warning[asset-moved]: " in warned.err
    assert "  fix: packaging assets doctor --fix\n" in warned.err
    mended = assets("doctor", "--fix")
    assert (mended.code, mended.err) == (0, "")
    assert mended.out.startswith("mended: ")
    assert mended.out.endswith("ok: 2 assets\n")
    assert assets("doctor", "--fix") == Called(0, "ok: 2 assets\n", "")
    assert set(assets("doctor", "--fix", "--format", "json").value) == {"ok", "assets", "diagnostics", "repaired"}


@pytest.mark.parametrize("verb", ["list", "summary", "show hero", "preview hero", "quarantine --list"])
def test_who_looks_tells_of_what_was_interrupted(game: Game, assets: Assets, verb: str) -> None:
    whole = assets(*verb.split())
    assert (whole.code, whole.err) == (0, "")
    interrupt(game)
    half = assets(*verb.split())
    assert half.code == 0
    assert half.out == whole.out.replace("0 blocking", "1 blocking")
    assert half.err == (
        "error[change-interrupted]: a change of assets was interrupted, and is half-done: all else is told as it stands\n"
        "  at assets/.prometeu/journal\n"
        "  fix: packaging assets doctor --fix\n\n"
    )


def test_who_changes_something_settles_what_was_interrupted_and_says_so(game: Game, assets: Assets) -> None:
    interrupt(game)
    failed = assets("build")
    assert failed.code == 1
    assert failed.err.startswith("error[change-interrupted]: ")
    assert assets("doctor").code == 1
    mended = assets("doctor", "--fix")
    assert (mended.code, mended.out.splitlines()[0]) == (0, "mended: finished a change that was interrupted")
    interrupt(game)
    assert assets("exclude", "hero").err == "note: finished a change that was interrupted\n\n"
    interrupt(game)
    game.path(".prometeu/index.json").write_bytes(game.path(".prometeu/index.json").read_bytes() + b"\n")
    assert assets("rm", "hero").err == (
        "note: took back a change that was interrupted: what it was about has changed since, or it had failed\n\n"
    )
    assert assets("include", "hero").err == ""


def test_show_tells_all_of_an_asset(game: Game, assets: Assets) -> None:
    before = assets("show", "hero")
    assert (before.code, before.err) == (0, "")
    assert before.out.startswith(
        "hero\n"
        "  id       2\n"
        f"  uuid     {UUID}02\n"
        "  folder   assets/hero\n"
        "  state    ok, in the build\n"
        "  type     glyph_bank\n"
        "  format   GLYPH/indexed_v1\n"
        "  preload  at boot, slot 0\n"
        "artifacts  2\n"
        "  1  hero.png  x 8, y 0\n"
        "  0  hero.png  x 0, y 0\n"
        "metadata\n"
        "  tile_size  8\n"
        "pipeline\n"
        "  palette 3  #000000 #FF0000 #0000FF\n"
        "inputs\n"
    )
    assert before.out.endswith("\nnot in build/assets.pa\n")
    assets("build")
    assert assets("show", "2").out.endswith(
        "in build/assets.pa\n"
        "  bank                       GLYPH\n"
        "  codec                      NONE\n"
        "  offset                     10\n"
        "  size                       34,816 bytes\n"
        "  decoded                    67,584 bytes\n"
        "  metadata.height            256\n"
        "  metadata.palette_authored  1\n"
        "  metadata.palette_count     64\n"
        "  metadata.tile_size         8\n"
        "  metadata.width             256\n"
    )
    by_folder = assets("show", "assets/hero", "--format", "json").value
    assert by_folder == assets("show", f"{UUID}02", "--format", "json").value
    assert assets("show", "hera").err.startswith("error: there is no asset `hera`")


def test_show_tells_what_is_wrong_with_an_asset(game: Game, assets: Assets) -> None:
    game.write({"hero/asset.json": hero(artifacts="none", inputs=3)})
    shown = assets("show", "2")
    assert shown.code == 0
    assert "  state    invalid, in the build\n" in shown.out
    assert "error[declaration-invalid]: " in shown.err


def test_show_looks_into_any_pack(game: Game, assets: Assets) -> None:
    assets("build")
    listed = assets("show", "--pack", "build/assets.pa")
    assert listed.out == (
        "build/assets.pa: 2 assets, 34,826 bytes of banks\n"
        "id  name  bank    offset   size  decoded  slot\n"
        " 1  jump  SOUNDS       0     10       10     -\n"
        " 2  hero  GLYPH       10  34816    67584     0\n"
    )
    entry = assets("show", "1", "--pack", "build/assets.pa", "--verify")
    assert entry.out.startswith("jump  (asset 1)\n  bank               SOUNDS\n")
    assert re.search(r"(?m)^  sha256   [0-9a-f]{64}$", entry.out)
    value = assets("show", "--pack", "build/assets.pa", "--format", "json").value
    assert [(one["asset_id"], one["slot"]) for one in value["assets"]] == [(1, None), (2, 0)]
    assert assets("show", "--pack", "build/assets.pa", "--verify").out.count("\n") == 4


def test_what_can_be_read_but_not_looked_into(game: Game, assets: Assets) -> None:
    os.mkfifo("waits.pa")
    assert assets("show", "--pack", "waits.pa").err == "error: `waits.pa` is no regular file\n  at waits.pa\n"
    assert assets("show", "--pack", "assets").err.startswith("error: `assets` cannot be read: is a directory\n")
    assets("build")
    os.symlink("build/assets.pa", "link.pa")
    assert assets("show", "--pack", "link.pa").out.startswith("link.pa: 2 assets, ")


def test_where_build_is_no_folder(game: Game, assets: Assets) -> None:
    Path("build").write_text("")
    assert assets("build") == Called(
        1,
        "",
        "error: `build/.packer` cannot be made: not a directory\n"
        "  at build/.packer\n"
        "nothing was built; the last good outputs are as they were\n",
    )
    last = json.loads(assets("build", "--events").out.splitlines()[-1])
    assert last == {"event": "result", "ok": False, "diagnostics": []}
    assert assets("preview", "hero").err.startswith("error: `build/previews/hero.png` cannot be written: ")


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (None, 2, "error: `x.pa` cannot be read: no such file or directory\n  at x.pa\n"),
        (b"", 1, "error: the file is 0 bytes long, and the prelude alone is 32\n  at x.pa\n"),
        (b"\x89PNG" * 20, 1, "error: the file does not start with `ASPA`: it is no asset pack\n  at x.pa (byte 0)\n"),
    ],
)
def test_what_is_no_pack(
    content: bytes | None, code: int, told: str, tmp_path: Path, assets: Assets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("x.pa").write_bytes(content)
    assert assets("show", "--pack", "x.pa") == Called(code, "", told)


def test_summary(game: Game, assets: Assets) -> None:
    lines = assets("summary").out.splitlines()
    assert lines[:4] == ["assets       2 ok", "built        2", "diagnostics  0 blocking, 0 advisory", ""]
    assert re.fullmatch(r" 2  hero  glyph_bank      2  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", lines[6])
    assert assets("summary", "--format", "json").value["included"] == 2


def test_preview_draws_what_would_be_packed(game: Game, assets: Assets) -> None:
    assert assets("preview", "hero") == Called(0, "wrote build/previews/hero.png\n", "")
    drawn = (game.root / "build/previews/hero.png").read_bytes()
    assets("build")
    packed = assets("preview", "2", "-o", "there.png", "--format", "json").value
    assert packed == {"root": "assets/hero", "name": "hero", "path": "there.png", "packed": True}
    assert (game.root / "there.png").read_bytes() == drawn
    with Image.open(game.root / "there.png") as picture:
        assert {(255, 0, 0), (0, 0, 255)} <= {color for _, color in picture.convert("RGB").getcolors(1 << 20) or ()}
    game.write({"hero/hero.png": png(BLUE, RED)})
    again = assets("preview", "hero", "--palette", "3", "--format", "json").value
    assert again["packed"] is False
    assert (game.root / "build/previews/hero.png").read_bytes() != drawn
    assert assets("preview", "jump").code == 0
    with Image.open(game.root / "build/previews/jump.png") as picture:
        assert picture.format == "PNG"


def test_preview_refuses(game: Game, assets: Assets) -> None:
    before = tree(game.root)
    assert assets("preview", "hero", "--palette", "0").err == (
        "error: `hero` has no palette 0\n  at assets/hero/asset.json\n  fix: choose one of 3\n"
    )
    assert assets("preview", "jump", "--palette", "0").err.endswith("fix: leave --palette out: sounds have none\n")
    among = assets("preview", "hero", "-o", "assets/hero/hero.png")
    assert (among.code, "where a preview could replace one" in among.err) == (2, True)
    assert assets("preview", "hero", "-o", "not/there.png").err.startswith("error: `not/there.png` cannot be written: ")
    game.write({"hero/hero.png": png(INK, RED)})
    broken = assets("preview", "hero")
    assert (broken.code, "error[tile-invalid]: " in broken.err) == (1, True)
    game.write({"hero/hero.png": before["assets/hero/hero.png"]})
    assert {path for path in tree(game.root) if "previews" not in path} == set(before)


def test_preview_of_what_is_not_built(game: Game, assets: Assets) -> None:
    assets("exclude", "hero")
    assert assets("preview", "hero").code == 0
    game.write({"lone/asset.json": hero(asset_uuid=f"{UUID}09", name="lone"), "lone/hero.png": png(RED, BLUE)})
    assert assets("preview", "assets/lone").out == "wrote build/previews/lone.png\n"
    game.write({"hero/asset.json": hero(artifacts=[])})
    broken = assets("preview", "hero")
    assert (broken.code, "error[artifacts-invalid]: " in broken.err) == (1, True)
    assets("quarantine", "jump", "--yes")
    assert assets("preview", "jump").code == 2


def test_add_writes_a_declaration_that_builds(game: Game, assets: Assets) -> None:
    game.write({"tiles/tiles.png": png(RED, BLUE, INK)})
    added = assets("add", "assets/tiles", "--tile-size", "8", "--preload")
    assert (added.code, added.err) == (0, "")
    assert "wrote assets/tiles/asset.json\n" in added.out
    assert "wrote assets/.prometeu/index.json\n" in added.out
    assert assets("build").out.startswith("built build/assets.pa: 3 assets, ")
    shown = assets("show", "tiles", "--format", "json").value
    assert (shown["asset"]["asset_id"], shown["slot"]) == (3, 1)
    again = assets("add", "assets/tiles")
    assert (again.code, again.out) == (2, "")
    game.write({"blip/blip.wav": wav(1, 2, 3)})
    value = assets("add", "assets/blip", "--name", "beep", "--format", "json").value
    assert (value["asset_id"], value["asset_name"], value["changed"]) == (4, "beep", True)


def test_an_asset_that_is_forgotten_and_adopted_again(game: Game, assets: Assets) -> None:
    assert assets("forget", "hero").code == 0
    assert assets("build").out.startswith("built build/assets.pa: 1 asset, ")
    adopted = assets("adopt", "assets/hero", "--format", "json").value
    assert (adopted["asset_id"], adopted["asset_uuid"]) == (3, f"{UUID}02")
    refused = assets("adopt", "assets/hero")
    assert (refused.code, refused.out) == (2, "")


def test_a_copy_needs_a_uuid_of_its_own(game: Game, assets: Assets) -> None:
    game.write({"copy/asset.json": hero(name="copy"), "copy/hero.png": png(RED, BLUE)})
    refused = assets("adopt", "assets/copy")
    assert (refused.code, refused.out) == (2, "")
    value = assets("adopt", "assets/copy", "--new-uuid", "--format", "json").value
    assert value["asset_uuid"] != f"{UUID}02"
    assert value["written"] == ["assets/.prometeu/index.json", "assets/copy/asset.json"]


def test_exclude_and_include(game: Game, assets: Assets) -> None:
    assert assets("exclude", "jump").code == 0
    assert " 1  jump  sound_bank      2  no     ok     assets/sounds/jump\n" in assets("list").out
    assert assets("exclude", "jump", "--format", "json").value["changed"] is False
    assert assets("include", "1").code == 0
    assert " 1  jump  sound_bank      2  yes    ok     assets/sounds/jump\n" in assets("list").out


def test_a_plan_is_shown_and_carried_out_with_yes(game: Game, assets: Assets) -> None:
    before = tree(game.root)
    shown = assets("quarantine", "hero")
    assert (shown.code, shown.err) == (0, "")
    size = sum(len(before[f"assets/hero/{name}"]) for name in ("asset.json", "hero.png"))
    assert shown.out == (
        "put `hero` (2) into quarantine; it is not built any more\n"
        f"move `assets/hero` to `assets/.prometeu/quarantine/2`: 2 files, {size:,} bytes\n"
        "nothing was changed; --yes does it\n"
    )
    assert tree(game.root) == before
    assert assets("quarantine", "hero", "--yes").out.endswith("\ndone\n")
    assert not game.path("hero").exists()
    assert assets("quarantine", "--list").out == "id  name  was in\n 2  hero  assets/hero\n"
    assert [one["state"] for one in assets("quarantine", "--list", "--format", "json").value] == ["quarantined"]
    assert assets("restore", "hero", "--yes").code == 0
    assert tree(game.root) == before


def test_restore_to_another_place(game: Game, assets: Assets) -> None:
    assets("quarantine", "hero", "--yes")
    value = assets("restore", "2", "--to", "assets/people/hero", "--yes", "--format", "json").value
    assert (value["applied"], value["asset_ids"]) == (True, [2])
    assert game.path("people/hero/asset.json").exists()


def test_what_is_deleted_is_told_before(game: Game, assets: Assets) -> None:
    assets("quarantine", "hero", "--yes")
    shown = assets("gc")
    assert shown.out.endswith("\nnothing was changed; --yes does it; deleted files cannot be had back\n")
    assert assets("gc", "--older-than", "1", "--yes") == Called(0, "there is nothing to do\n", "")
    assert assets("quarantine", "--list").out.endswith("hero\n")
    assert assets("gc", "--yes").out.endswith("\ndone\n")
    value = assets("rm", "jump", "--format", "json").value
    assert (value["applied"], value["asset_ids"]) == (False, [1])
    assert game.path("sounds/jump/up.wav").exists()
    assert assets("rm", "jump", "--yes").code == 0
    assert not game.path("sounds/jump").exists()
    assert assets("list").out == "there are no assets\n"


def test_watch_without_a_watcher(game: Game, assets: Assets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    called = assets("watch", "--quiet")
    assert called == Called(
        1,
        "",
        "error: watching needs `watchfiles`, which is not installed\n  fix: pip install 'packaging-targets[assets]'\n",
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show"], "error: no asset is named\n"),
        (["show", "hero", "--verify"], "error: `--verify` is for packs\n"),
        (["show", "hero", "--pack", "x.pa"], "error: `hero` is no id\n"),
        (["quarantine"], "error: no asset is named\n"),
        (["quarantine", "hero", "--list"], "error: an asset and `--list` do not go together\n"),
    ],
)
def test_wrong_requests(words: list[str], told: str, game: Game, assets: Assets) -> None:
    called = assets(*words)
    assert (called.code, called.out) == (2, "")
    assert called.err.startswith(told)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nothing"],
        ["list", "--form", "json"],
        ["add"],
        ["add", "x", "--tile-size", "12"],
        ["gc", "--older-than", "0"],
        ["preview", "hero", "--palette", "64"],
    ],
)
def test_words_that_no_verb_has(words: list[str], game: Game, assets: Assets) -> None:
    with pytest.raises(SystemExit) as stop:
        assets(*words)
    assert stop.value.code == 2


@pytest.mark.parametrize("verb", VERBS)
def test_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run(["assets", verb, "--help"])
    told = capsys.readouterr().out
    assert stop.value.code == 0
    assert told.startswith(f"usage: packaging assets {verb} ")
    assert "--project DIR" in told
    assert "--format {text,json}" in told
    assert ("--yes" in told) == (verb in {"rm", "quarantine", "restore", "gc"})


def test_the_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(["assets", "--help"])
    told = capsys.readouterr().out
    for verb in VERBS:
        assert re.search(rf"(?m)^    {verb}(?: |$)", told), verb


def test_json_goes_behind_the_verb(game: Game, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--json", "assets", "list"]) == 2
    assert "`--json` is refused" in capsys.readouterr().err


def test_a_name_that_two_assets_have(game: Game, assets: Assets) -> None:
    game.write({"hero/asset.json": hero(name="jump")})
    assert assets("show", "2").code == 0
    assert "error: `jump` is the name of several assets: " in assets("show", "jump").err
    assert "error[identity-collision]: " in assets("build").err


def test_what_would_colour_a_terminal_is_told_as_letters(game: Game, assets: Assets) -> None:
    game.write({"hero/asset.json": hero(name="\x1b[31mred", artifacts=[{"file": "\x9b2J"}])})
    shown = assets("show", "2").out + assets("list").out + assets("summary").out
    assert "\\x1b[31mred" in shown
    assert "\\x9b2J" in shown
    assert not {"\x1b", "\x9b"} & set(shown)


def test_of_many_of_a_kind_a_few_are_told(game: Game, assets: Assets) -> None:
    artifacts = [{"index": at, "file": "hero.png", "x": 0, "y": 8 * at} for at in range(12)]
    game.write({"hero/hero.png": png(*[INK] * 1, size=96), "hero/asset.json": hero(artifacts=artifacts)})
    failed = assets("build")
    places = re.findall(r"at assets/hero/hero.png \(x 0, y (\d+)\)", failed.err)
    assert places == ["0", "8", "16", "24", "32"]
    assert "error[tile-invalid]: and 7 more in `assets/hero/hero.png`\n" in failed.err
    assert len(assets("build", "--format", "json").value["diagnostics"]) == 12
