from __future__ import annotations

import os
from typing import TYPE_CHECKING

from packaging_targets.workspace.folders import package_files

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


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
