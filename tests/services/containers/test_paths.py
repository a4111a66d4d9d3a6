"""Whatever somebody writes as an id or a path: nothing leads out of the repository."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.errors import BuildError, RequestError
from packaging_targets.formats.container.ids import nearest_container_id
from packaging_targets.services.containers.places import dockerfile_of, workspace_path
from packaging_targets.store.change import Change

texts = st.one_of(st.text(max_size=200), st.text(st.sampled_from("aB./_- \0\n~\ud800"), max_size=12))


@given(texts)
def test_the_nearest_id_is_one_and_names_a_file_of_its_folder(text: str) -> None:
    near = nearest_container_id(text)
    assert nearest_container_id(near) == near
    assert re.fullmatch(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?", near)
    assert os.path.dirname(os.path.normpath(dockerfile_of("job", near))) == "ops/packaging/jobs"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("root")
    (folder / "a").mkdir()
    (folder / "B").symlink_to("/")
    return folder


@given(text=texts)
def test_a_path_stays_below_the_root(root: Path, text: str) -> None:
    found = workspace_path(str(root), text)
    if found is not None:
        real = os.path.realpath(root / found)
        assert real == str(root) or real.startswith(f"{root}/")
        assert workspace_path(str(root), found) == found


@pytest.mark.parametrize("text", ["..", "a/../..", "/etc", "//x", "B", "B/etc", "a\0", "\ud800"])
def test_paths_that_lead_out(root: Path, text: str) -> None:
    assert workspace_path(str(root), text) is None


@pytest.mark.parametrize(("text", "path"), [("", "."), ("./a/", "a"), ("a/../a", "a"), ("new/x", "new/x")])
def test_paths_inside(root: Path, text: str, path: str) -> None:
    assert workspace_path(str(root), text) == path


def test_a_change_is_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("as it was")
    (tmp_path / "kept").chmod(0o600)
    (tmp_path / "file").touch()
    change = Change(str(tmp_path)).folder("new/folder").write("kept", b"2").write("gone", None).write("file/x", b"3")
    with pytest.raises(BuildError, match="cannot be written"):
        change.apply()
    assert sorted(os.listdir(tmp_path)) == ["file", "kept"]
    assert (tmp_path / "kept").read_text() == "as it was"
    change = Change(str(tmp_path)).folder("new/folder").write("kept", b"2").write("file", None)
    change.apply(besides=["made"])
    (tmp_path / "made").touch()
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["kept", "made", "new"]
    change.undo()
    assert sorted(os.listdir(tmp_path)) == ["file", "kept"]
    assert (tmp_path / "kept").read_text() == "as it was"


def test_a_change_follows_no_link_out_of_the_root(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(RequestError, match="`link` leads out of the repository"):
        Change(str(tmp_path / "root")).write("link", b"1").apply()
    assert not (tmp_path / "outside").exists()
