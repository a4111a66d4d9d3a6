"""The `[workspace]` table: what it says, and where it is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packaging_targets.errors import RequestError
from packaging_targets.workspace.settings import Settings, open_workspace, read_settings
from packaging_targets.workspace.target_file import parse_target_file

if TYPE_CHECKING:
    from pathlib import Path


def settings(table: str) -> Settings:
    return read_settings("/repo", parse_target_file("TARGETS.toml", f"[workspace]\n{table}".encode()))


def test_defaults() -> None:
    found = settings("")
    assert (found.out, found.ignore, found.cache) == ("dist", (), None)
    assert found.layout.index == "/repo/.packaging/index"


def test_paths_are_relative_to_the_root() -> None:
    found = settings('out = "build/out"\ncache = "tmp/cache"\n')
    assert (found.layout.out, found.layout.cache) == ("build/out", "/repo/tmp/cache")
    assert settings('cache = "/var/cache"\n').layout.cache == "/var/cache"


@pytest.mark.parametrize("out", ["", ".", "..", "../x", "/x", "a/", "a//b", "./a", "a/../b"])
def test_outputs_go_into_a_folder_of_the_workspace(out: str) -> None:
    with pytest.raises(RequestError) as caught:
        settings(f'out = "{out}"\n')
    assert str(caught.value) == (
        f"error: `out` must be a folder inside the workspace, but is `{out}`\n"
        "  at TARGETS.toml:2  ($.out)\n"
        '  fix: write out = "dist"'
    )


def test_a_folder_may_be_called_what_it_likes() -> None:
    assert settings('out = "..x"\n').out == "..x"


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("out = 1", "`out` must be the folder for outputs, relative to the workspace"),
        ("cache = []", "`cache` must be the folder of the action cache, relative to the workspace"),
        ('ignore = "x"', "`ignore` must be globs of folders and files that are no part of the workspace"),
        ('ignore = ["x", 1]', "`ignore` must be globs of folders and files that are no part of the workspace"),
    ],
)
def test_wrong_types(table: str, what: str) -> None:
    with pytest.raises(RequestError) as caught:
        settings(table)
    assert str(caught.value) == f"error: {what}\n  at TARGETS.toml:2  ($.{table.split(maxsplit=1)[0]})"


def test_what_is_ignored() -> None:
    found = settings('out = "build"\nignore = ["third_party", "*.log", "docs/*/old"]\n')
    ignored = ["build", ".packaging", "third_party", "a/third_party", "x.log", "a/b/x.log", "docs/a/b/old"]
    assert [path for path in ignored if not found.ignores(path)] == []
    assert [path for path in ["buildx", "a/build", "third", "docs/old", "x.logs"] if found.ignores(path)] == []
    assert not found.discovers("a/node_modules", "node_modules")
    assert not found.discovers("third_party", "third_party")
    assert found.discovers("a", "a")


def test_the_nearest_workspace_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "TARGETS.toml").write_text("[workspace]  # the outer one\n")
    (tmp_path / "a" / "TARGETS.toml").write_text('\n [workspace]\nout = "o"\n')
    (tmp_path / "a" / "b" / "TARGETS.toml").write_text("# [workspace]\n")
    assert open_workspace(str(tmp_path / "a" / "b" / "c")).root == str(tmp_path / "a")
    assert open_workspace(str(tmp_path / "a")).out == "o"
    assert open_workspace(str(tmp_path)).root == str(tmp_path)
