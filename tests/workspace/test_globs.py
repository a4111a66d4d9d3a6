from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from packaging_targets.workspace.globs import compile_glob, fixed_prefix, match_any, package_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("**", ["a", "a/b/c"], []),
        ("*", ["a", ".hidden"], ["a/b"]),
        ("*.py", ["x.py", ".py"], ["a/x.py", "x.pyc"]),
        ("**/*.py", ["x.py", "a/b/x.py"], ["x.pyc"]),
        ("src/**", ["src/a", "src/a/b"], ["src", "srcs/a"]),
        ("a/**/b", ["a/b", "a/x/y/b"], ["a/xb", "b"]),
        ("?", ["a", "é"], ["ab", "/"]),
        ("[ab].txt", ["a.txt"], ["c.txt", "ab.txt"]),
        ("[!ab].txt", ["c.txt"], ["a.txt", "/.txt"]),
        ("[", ["["], ["a"]),
        ("a.b+(c)", ["a.b+(c)"], ["aXb+(c)"]),
        ("*", ["new\nline"], []),
    ],
)
def test_what_a_glob_matches(glob: str, yes: list[str], no: list[str]) -> None:
    matches = match_any([glob])
    assert [path for path in yes if not matches(path)] == []
    assert [path for path in no if matches(path)] == []


@pytest.mark.parametrize("glob", ["", "/a", "../a", "a/../b", "./a", "a/."])
def test_what_is_no_glob(glob: str) -> None:
    with pytest.raises(ValueError, match=r"^a glob (is relative to|never leaves) its package"):
        compile_glob(glob)


def test_the_folder_that_a_glob_stays_in() -> None:
    globs = ["src/a/*.py", "src/**", "*.py", "x", "a/b", "a[1]/b/c"]
    assert [fixed_prefix(glob) for glob in globs] == ["src/a", "src", "", "", "a", ""]


def test_a_package_ends_where_another_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("p/TARGETS.toml", "p/x", "p/sub/y", "p/other/TARGETS.toml", "p/other/z", "p/skip/s", "p/.git/config"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    os.symlink("x", "p/link")
    os.mkfifo("p/pipe")
    found = {(one.path, one.kind) for one in package_files("p", lambda path: path == "p/skip")}
    assert found == {
        ("TARGETS.toml", "file"),
        ("x", "file"),
        ("sub/y", "file"),
        ("link", "link"),
        ("pipe", "other"),
        ("other/TARGETS.toml", "package"),
    }
    assert [one.path for one in package_files("p", lambda _: False, "sub")] == ["sub/y"]
    assert list(package_files("p", lambda _: False, "none")) == []
