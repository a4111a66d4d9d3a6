"""Outputs that are folders: which files are in them is found out when their actions run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from packaging_targets.adapters.testing import Workspace

if TYPE_CHECKING:
    from pathlib import Path

SITE = """
    [[command]]
    name = "site"
    srcs = ["*.md"]
    argv = ["sh", "-c", "for page in *.md; do mkdir -p {out}/$(head -c1 $page); cp $page {out}/$(head -c1 $page)/$page.html; done"]
    outs = ["html/"]
"""
PACKED = """
    [[archive]]
    name = "pack"
    srcs = []
    deps = [":site"]
    format = "zip"
    prefix = "www"
"""
PAGES = {"docs/one.md": "a page\n", "docs/two.md": "b page\n"}
HTML = "dist/docs/html"


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = Workspace(tmp_path / "repo")
    ws.write({"docs/TARGETS.toml": SITE + PACKED, **PAGES})
    return ws


def members(ws: Workspace) -> list[str]:
    from zipfile import ZipFile

    with ZipFile(ws.path("dist/docs/pack.zip")) as archive:
        return [name for name in archive.namelist() if not name.endswith("/")]


def test_what_a_program_makes_in_a_folder_is_an_output(ws: Workspace) -> None:
    run = ws.build()
    assert run.built == ["//docs:pack", "//docs:site"]
    assert ws.paths(HTML) == [f"{HTML}/a/one.md.html", f"{HTML}/b/two.md.html"]
    assert members(ws) == ["www/html/a/one.md.html", "www/html/b/two.md.html"]
    assert ws.build().built == []


def test_a_file_that_is_not_made_any_longer_goes_with_its_folder(ws: Workspace) -> None:
    ws.build()
    ws.write({"docs/two.md": "a page too\n"})
    run = ws.build()
    assert run.built == ["//docs:pack", "//docs:site"]
    assert run.removed == [f"{HTML}/b/two.md.html"]
    assert "removed " not in run.output  # it is what such folders do
    assert ws.paths(HTML) == [f"{HTML}/a/one.md.html", f"{HTML}/a/two.md.html"]
    assert members(ws) == ["www/html/a/one.md.html", "www/html/a/two.md.html"]
    assert not ws.path(f"{HTML}/b").exists()


def test_going_back_restores_the_folder_as_it_was(ws: Workspace) -> None:
    ws.build()
    ws.write({"docs/two.md": "a page too\n"})
    ws.build()
    ws.write({"docs/two.md": "b page\n"})
    run = ws.build()
    assert (run.built, run.restored) == ([], ["//docs:pack", "//docs:site"])
    assert ws.paths(HTML) == [f"{HTML}/a/one.md.html", f"{HTML}/b/two.md.html"]


def test_dependants_run_again_only_when_a_file_in_the_folder_is_another_one(ws: Workspace) -> None:
    ws.write({"docs/TARGETS.toml": SITE.replace("cp $page", "head -c 3 $page >") + PACKED})
    ws.build()
    ws.write({"docs/one.md": "a pagE\n"})
    assert ws.build().built == ["//docs:site"]


@pytest.mark.parametrize("damage", ["remove", "change"])
def test_a_file_in_a_folder_that_was_tampered_with_comes_back(ws: Workspace, damage: str) -> None:
    ws.build()
    page = ws.path(f"{HTML}/a/one.md.html")
    page.unlink() if damage == "remove" else page.write_text("forged")
    run = ws.build()
    assert run.restored == ["//docs:site"]
    assert page.read_text() == "a page\n"


def test_strays_in_a_folder_go_when_its_action_runs(ws: Workspace) -> None:
    ws.build()
    ws.write({f"{HTML}/stray.html": "mine", "docs/one.md": "a change\n"})
    os.symlink("/", ws.path(f"{HTML}/link"))
    run = ws.build()
    assert run.removed == [f"{HTML}/link", f"{HTML}/stray.html"]
    assert ws.paths(HTML) == [f"{HTML}/a/one.md.html", f"{HTML}/b/two.md.html"]


def test_a_folder_goes_with_its_target(ws: Workspace) -> None:
    ws.build()
    ws.write({"docs/TARGETS.toml": ""})
    run = ws.build()
    assert run.removed == [f"{HTML}/a/one.md.html", f"{HTML}/b/two.md.html", "dist/docs/pack.zip"]
    assert not ws.path("dist/docs").exists()


def test_a_changed_description_keeps_what_stays_the_same(ws: Workspace) -> None:
    ws.build()
    ws.write({"docs/TARGETS.toml": SITE.replace('name = "site"', 'name = "site"\ntimeout = 9') + PACKED})
    run = ws.build()
    assert (run.built, run.restored, run.removed) == ([], [], [])
    assert ws.paths(HTML) == [f"{HTML}/a/one.md.html", f"{HTML}/b/two.md.html"]


def test_without_records_and_index_the_folder_is_restored(ws: Workspace) -> None:
    ws.build()
    for name in ("records.sqlite", "index"):
        ws.path(f".packaging/{name}").unlink()
    ws.write({f"{HTML}/left-by-a-kill.html": "x"})
    run = ws.build()
    assert run.restored == ["//docs:pack", "//docs:site"]
    assert run.removed == [f"{HTML}/left-by-a-kill.html"]


def test_other_folders_stay_when_some_targets_are_built_without_records(ws: Workspace) -> None:
    ws.write({"other/TARGETS.toml": SITE, "other/one.md": "x\n"})
    ws.build()
    for name in ("records.sqlite", "index"):
        ws.path(f".packaging/{name}").unlink()
    ws.build("//other:site")
    assert ws.paths(HTML) == [f"{HTML}/a/one.md.html", f"{HTML}/b/two.md.html"]


def test_clean_removes_what_is_in_a_folder(ws: Workspace) -> None:
    ws.build()
    assert ws.doit("clean").exit_code == 0
    assert ws.paths("dist") == []
    assert ws.build().restored == ["//docs:pack", "//docs:site"]


def test_a_program_that_makes_nothing_in_a_folder_fails(ws: Workspace) -> None:
    ws.write({"docs/TARGETS.toml": SITE.replace("for page in *.md; do", "for page in; do")})
    assert "`sh` made no file in `dist/docs/html/`" in ws.build().output


def test_a_link_in_a_folder_is_refused(ws: Workspace) -> None:
    ws.write({"docs/TARGETS.toml": SITE.replace("; done", "; done; ln -s a {out}/link")})
    assert (
        "error: the output `dist/docs/html/link` is a symbolic link, to `a`\n  at //docs:site\n"
        "  fix: let `sh` put a copy there, as `cp -L` does: outputs are regular files\n" in ws.build().output
    )


@pytest.mark.parametrize("others", ["html/a/one.md.html", "html/", "html/inner/"])
def test_nobody_else_makes_something_in_a_folder(ws: Workspace, others: str) -> None:
    ws.write({"docs/TARGETS.toml": SITE + SITE.replace('"site"', '"rival"').replace('"html/"', f'"{others}"')})
    run = ws.build()
    assert run.exit_code == 3
    assert f"two targets make `dist/docs/{others}`" in run.output or "two targets make `dist/docs/html/`" in run.output
    ws.write({"docs/TARGETS.toml": SITE})
    ws.build()
    ws.write({"docs/TARGETS.toml": SITE + SITE.replace('"site"', '"rival"').replace('"html/"', f'"{others}"')})
    assert ws.build().exit_code == 3


def test_an_output_in_a_folder_of_the_same_target_is_refused(ws: Workspace) -> None:
    ws.write(
        {
            "docs/TARGETS.toml": SITE.replace('["html/"]', '["html/", "html/a/x.html"]').replace(
                "{out}", "../dist/docs/html"
            )
        }
    )
    assert "makes `dist/docs/html/a/x.html` in `dist/docs/html/`, which is an output too" in ws.build().output


def test_why_names_the_files_of_a_folder(ws: Workspace) -> None:
    ws.build()
    ws.write({"docs/two.md": "a page too\n"})
    ws.build()
    told = ws.doit("why", "//docs:pack").output
    assert f"input added {HTML}/a/two.md.html" in told
    assert f"input removed {HTML}/b/two.md.html" in told


def made(place: str) -> str:
    run = "mkdir -p {out} && echo a > {out}/a" if place.endswith("/") else "echo a > {out}"
    return f'[[command]]\nname = "made"\nouts = ["{place}"]\nargv = ["sh", "-c", "{run}"]\n'


@pytest.mark.parametrize(("before", "after", "file"), [("x", "x/", "x/a"), ("x/", "x", "x"), ("x/y/", "x", "x")])
def test_an_output_that_was_a_file_becomes_a_folder_and_back(
    tmp_path: Path, before: str, after: str, file: str
) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write({"p/TARGETS.toml": made(before)})
    ws.build()
    first = ws.contents()
    ws.write({"p/TARGETS.toml": made(after)})
    run = ws.build()
    assert (run.built, run.removed) == (["//p:made"], list(first))
    assert ws.contents() == {f"dist/p/{file}": b"a\n"}
    ws.write({"p/TARGETS.toml": made(before)})
    assert ws.build().restored == ["//p:made"]
    assert ws.contents() == first


def test_a_file_in_the_way_that_somebody_changed_stays_and_is_told(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write({"p/TARGETS.toml": made("x")})
    ws.build()
    ws.write({"p/TARGETS.toml": made("x/"), "dist/p/x": "mine"})
    run = ws.build()
    assert "error: `dist/p/x` is a file, where the build makes a folder\n" in run.output
    assert "fix: move it away\n" in run.output
    assert ws.read("dist/p/x") == "mine"
    ws.path("dist/p/x").unlink()
    assert ws.build().built == ["//p:made"]


def test_a_folder_where_a_file_goes_is_told(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write({"p/TARGETS.toml": made("x"), "dist/p/x/mine": "mine"})
    run = ws.build()
    assert "error: `dist/p/x` cannot be read or written: is a directory\n" in run.output
    assert "fix: move the folder away\n" in run.output
    assert ws.read("dist/p/x/mine") == "mine"


def test_nothing_is_written_or_removed_through_a_link_in_the_place_of_a_folder(ws: Workspace) -> None:
    ws.build()
    elsewhere = ws.path("elsewhere")
    ws.path(HTML).rename(elsewhere)
    ws.path(HTML).symlink_to(elsewhere)
    ws.write({"elsewhere/mine.txt": "mine", "docs/one.md": "c page\n"})
    before = ws.contents("elsewhere")
    run = ws.build()
    what = f"error: `{HTML}` is a link, and the build would fill and empty the folder that it leads to\n"
    assert what in run.output
    assert ws.contents("elsewhere") == before
    ws.path(HTML).unlink()
    assert ws.build().built == ["//docs:pack", "//docs:site"]
    assert ws.paths(HTML) == [f"{HTML}/b/two.md.html", f"{HTML}/c/one.md.html"]


def test_a_link_in_a_folder_that_still_holds_what_was_made_keeps_it(ws: Workspace) -> None:
    ws.build()
    ws.path(HTML).rename(ws.path("elsewhere"))
    ws.path(HTML).symlink_to(ws.path("elsewhere"))
    ws.write({"elsewhere/mine.txt": "mine"})
    for name in ("index", "records.sqlite"):
        ws.path(f".packaging/{name}").unlink()
    ws.build()
    assert ws.read("elsewhere/mine.txt") == "mine"
    assert ws.path("elsewhere/a/one.md.html").exists()


@pytest.mark.parametrize("stray", ["link", "file", "folder"])
def test_strays_inside_a_folder_give_way_to_what_is_made_there(ws: Workspace, stray: str) -> None:
    ws.build()
    expected = ws.contents(HTML)
    ws.write({"elsewhere/mine.txt": "mine"})
    page = ws.path(f"{HTML}/a/one.md.html")
    page.unlink()
    if stray == "folder":
        page.mkdir()
        (page / "in").write_text("the way")
    else:
        page.parent.rmdir()
        page.parent.symlink_to(ws.path("elsewhere")) if stray == "link" else page.parent.write_text("in the way")
    run = ws.build()
    assert (run.exit_code, run.restored) == (0, ["//docs:site"])
    assert ws.contents(HTML) == expected
    assert ws.paths("elsewhere") == ["elsewhere/mine.txt"]


def test_names_that_are_not_utf_8_are_refused_and_strays_of_such_names_go(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    odd = "printf a > {out}/$(printf '\\\\377')"
    ws.write({"p/TARGETS.toml": made("x/").replace("echo a > {out}/a", f"echo a > {{out}}/a && {odd}")})
    run = ws.build()
    assert (run.exit_code, run.failed) == (1, ["//p:made"])
    assert "error: the name of the output `dist/p/x/\\xff` is not UTF-8\n" in run.output
    assert "fix: let the program name it otherwise\n" in run.output
    ws.write({"p/TARGETS.toml": made("x/")})
    ws.build()
    stray = os.fsencode(ws.path("dist/p/x")) + b"/\xff"
    with open(stray, "wb"):
        ws.path("dist/p/x/a").unlink()
    assert ws.build().removed == ["dist/p/x/\\xff"]
    assert not os.path.exists(stray)


def test_an_output_that_turns_out_to_be_a_folder_is_no_work_of_a_person(ws: Workspace) -> None:
    command = '[[command]]\nname = "made"\nsrcs = []\nouts = ["{}"]\nargv = ["sh", "-c", "mkdir -p $0; echo a >$0/a", "{{out}}"]\n'
    ws.write({"made/TARGETS.toml": command.format("all")})
    assert "the output `dist/made/all` is a folder" in ws.packaging("build", "//made").output
    ws.write({"made/TARGETS.toml": command.format("all/")})
    assert "kept" not in ws.build("//made").output
