"""The registries among the vectors: all that is said of them is so, and they are what their script makes."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from make_registries import FOLDER, Tree, rows, vectors

from packaging_targets.registry.aam.folder.reindexing import reindex
from packaging_targets.registry.aam.folder.verifying import verify
from packaging_targets.registry.aam.opening import open_folder

ROWS = json.loads((FOLDER / "registries.json").read_text("utf-8"))


def those(member: str) -> list[Any]:
    """The vectors that have a member, each marked with what it shows."""
    return [
        pytest.param(row, marks=pytest.mark.uaaps(*row["ids"]), id=row["registry"]) for row in ROWS if member in row
    ]


def tree_of(folder: Path) -> Tree:
    found: Tree = {}
    for path in folder.rglob("*"):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = os.readlink(path)
        elif path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def test_the_files_are_what_the_script_makes() -> None:
    assert rows() == ROWS
    made = {one.name: one.tree for one in vectors()}
    assert {path.name: tree_of(path) for path in (FOLDER / "registries").iterdir()} == made


@pytest.mark.parametrize("row", those("packages"))
def test_good_registries_are_read_and_need_no_repair(row: dict[str, Any], tmp_path: Path) -> None:
    registry = open_folder(str(FOLDER / row["registry"]))
    assert verify(registry).problems == []
    found = {}
    for one in registry.summaries():
        known = registry.metadata(one.name)
        assert known is not None
        hidden = [version for version, release in known.releases.items() if release.yanked is not None]
        found[str(one.name)] = {
            "latest": one.latest,
            "versions": list(one.versions),
            "tags": known.tags,
            "yanked": hidden,
        }
    assert found == row["packages"]
    shutil.copytree(registry.tree.root, tmp_path / "copy", symlinks=True)
    (tmp_path / "copy" / "packages").mkdir(exist_ok=True)
    done = reindex(open_folder(str(tmp_path / "copy")))
    assert (done.changed, done.problems, done.mended) == (False, [], [])


@pytest.mark.parametrize("row", those("damaged"))
def test_damaged_registries_are_told_file_by_file(row: dict[str, Any]) -> None:
    registry = open_folder(str(FOLDER / row["registry"]))
    places = set()
    for problem in verify(registry).problems:
        text = str(problem).replace(f"{registry.tree.root}/", "").replace(registry.tree.root, "")
        places |= {place for place in row["damaged"] if f"at {place}\n" in f"{text}\n" or f"at {place}:" in text or f"at {place} " in text or f"`{place}`" in text}  # fmt: skip
        assert any(place in text for place in row["damaged"]), text
    assert sorted(places) == row["damaged"]


@pytest.mark.parametrize("row", those("reindexed"))
def test_archives_that_were_placed_become_a_registry(
    row: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(row["time"]))
    shutil.copytree(FOLDER / row["registry"], tmp_path / "copy")
    assert reindex(open_folder(str(tmp_path / "copy"))).problems == []
    assert tree_of(tmp_path / "copy") == tree_of(FOLDER / "registries" / row["reindexed"])
