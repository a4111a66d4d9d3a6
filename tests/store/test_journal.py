"""Changes that happen whole: whatever stands in their way, and wherever they are cut off."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rights import WITHOUT_RIGHTS, needs_rights_dropped

import packaging_targets
from packaging_targets.errors import BuildError, IntegrityError
from packaging_targets.store.journal import Journal

FOLDER = ".state/journal"
PACKAGE = str(Path(packaging_targets.__file__).parents[1])
CHANGING = ("chmod", "fsync", "mkdir", "open", "remove", "rename", "rmdir", "unlink")
"""The calls of `os` between which a process may be killed."""


class Killed(BaseException):
    """What a kill looks like from within: nothing catches it, and nothing is done after it."""


def tree(root: Path) -> dict[str, bytes | None]:
    """Return all that there is: the bytes of files, None for folders."""
    found: dict[str, bytes | None] = {}
    for path in sorted(root.rglob("*")):
        found[str(path.relative_to(root))] = path.read_bytes() if path.is_file() else None
    return found


def world(root: Path) -> Path:
    """Make a folder in which something of each kind can change."""
    for name, text in {
        "index": "1",
        "hero/a.png": "art",
        "hero/deep/b.png": "more",
        "old/x": "x",
        "old/y/z": "z",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def journal(root: Path) -> Journal:
    return Journal(str(root / FOLDER), str(root))


def change(root: Path) -> Journal:
    """Return a change of every kind at once."""
    return (
        journal(root)
        .write("index", b"2")
        .write("new/folder/asset.json", b"{}")
        .write("new/other", b"o")
        .move("hero", ".state/kept/7")
        .remove("old")
    )


AFTER = {
    ".state": None,
    ".state/kept": None,
    ".state/kept/7": None,
    ".state/kept/7/a.png": b"art",
    ".state/kept/7/deep": None,
    ".state/kept/7/deep/b.png": b"more",
    "index": b"2",
    "new": None,
    "new/folder": None,
    "new/folder/asset.json": b"{}",
    "new/other": b"o",
}


def recover(root: Path) -> bool:
    return Journal.recover(str(root / FOLDER), str(root))


def test_everything_happens_and_nothing_is_left_behind(tmp_path: Path) -> None:
    change(world(tmp_path)).commit()
    assert tree(tmp_path) == AFTER
    assert not recover(tmp_path)


def test_a_file_that_is_written_keeps_its_mode(tmp_path: Path) -> None:
    (world(tmp_path) / "index").chmod(0o640)
    journal(tmp_path).write("index", b"2").commit()
    assert (tmp_path / "index").stat().st_mode & 0o777 == 0o640


def test_a_file_may_be_replaced_by_one_that_moves(tmp_path: Path) -> None:
    (world(tmp_path) / "made").write_bytes(b"a large one")
    journal(tmp_path).move("made", "index", replacing=True).commit()
    assert (tmp_path / "index").read_bytes() == b"a large one"
    assert not (tmp_path / "made").exists()


def interrupted(monkeypatch: pytest.MonkeyPatch, at: int, act: Callable[[], object], error: BaseException) -> bool:
    """Call `act`, whose call number `at` of those that change something raises; tell whether there was one."""
    count = 0

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            nonlocal count
            count += 1
            # Nothing happens after a kill; a disk that is full stays so.
            if count == at or (count > at and isinstance(error, Killed)):
                raise error
            return real(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        for name in CHANGING:
            patch.setattr(os, name, counted(getattr(os, name)))
        try:
            act()
        except (Killed, BuildError):
            return True
    return False


def test_a_kill_at_any_moment_leaves_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = []
    for at in range(1, 1000):
        root = world(tmp_path / str(at))
        before = tree(root)
        if not interrupted(monkeypatch, at, lambda root=root: change(root).commit(), Killed()):  # type: ignore[misc]
            break
        decided = (root / FOLDER / "journal.json").exists()
        finished = recover(root)
        now = tree(root)
        now.setdefault(".state", None)
        assert finished == decided
        assert now in ({**before, ".state": None}, AFTER), at
        outcomes.append(now == AFTER)
    assert outcomes == sorted(outcomes), "once decided, always done"
    assert 10 < outcomes.count(True) < len(outcomes) - 10


def test_a_recovery_may_be_killed_at_any_moment_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(1, 1000):
        root = world(tmp_path / str(at))
        assert interrupted(monkeypatch, 20, lambda root=root: change(root).commit(), Killed())  # type: ignore[misc]
        assert Journal.is_open(str(root / FOLDER))
        if not interrupted(monkeypatch, at, lambda root=root: recover(root), Killed()):  # type: ignore[misc]
            break
        recover(root)
        assert tree(root) == AFTER, at


def test_a_disk_that_fails_once_is_told_and_what_was_decided_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undone = finished = 0
    for at in range(1, 70):
        root = world(tmp_path / str(at))
        before = {**tree(root), ".state": None}
        failure = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(root / "index"))
        told = interrupted(monkeypatch, at, lambda root=root: change(root).commit(), failure)  # type: ignore[misc]
        decided = Journal.is_open(str(root / FOLDER))
        assert told or not decided
        assert recover(root) == decided
        now = {".state": None, **tree(root)}
        # What is told is undone or waits to be finished; that only rubbish could not be deleted is not told.
        assert now == (before if told and not decided else AFTER), at
        undone += told and not decided
        finished += decided
    assert undone > 10
    assert finished > 10


def refusal(journal: Journal) -> str:
    with pytest.raises(BuildError) as caught:
        journal.commit()
    return str(caught.value)


def test_what_is_in_the_way_is_all_told_at_once_and_nothing_changes(tmp_path: Path) -> None:
    root = world(tmp_path / "root")
    (tmp_path / "elsewhere").mkdir()
    (root / "link").symlink_to(tmp_path / "elsewhere")
    before = tree(root)
    asked = (
        journal(root)
        .write("old", b"")
        .write("link/x", b"")
        .write("index/x", b"")
        .move("nothing", "somewhere")
        .move("hero", "new")
        .move("hero2", "old/x")
        .remove("gone")
    )
    fix = "\n  fix: nothing was changed"
    assert refusal(asked) == "\n\n".join(
        f"error: {line}{fix}"
        for line in (
            "`gone` cannot be moved: it is not there",
            "`hero2` cannot be moved: it is not there",
            "`index/x` cannot be written: `index` is no folder",
            "`link/x` cannot be written: a link on the way leads elsewhere",
            "`nothing` cannot be moved: it is not there",
            "`old/x` cannot be written: something stands there",
            "`old` cannot be written: what stands there is no regular file",
        )
    )
    assert tree(root) == before


_AS_NOBODY_MORE = """
import sys
from packaging_targets.errors import BuildError
from packaging_targets.store.journal import Journal
try:
    Journal(".state", ".").write("locked/x", b"").move("locked/y", "y").remove("old").move("fixed", "moved").commit()
except BuildError as error:
    print(error)
"""


@needs_rights_dropped
def test_folders_that_may_not_be_written_are_found_out_beforehand(tmp_path: Path) -> None:
    root = world(tmp_path)
    for folder in ("locked", "old/y", "fixed"):
        (root / folder).mkdir(exist_ok=True)
    (root / "locked" / "y").write_text("y")
    for folder in ("locked", "old/y", "fixed"):
        (root / folder).chmod(0o555)
    before = tree(root)
    done = subprocess.run(
        [*WITHOUT_RIGHTS, sys.executable, "-c", _AS_NOBODY_MORE],
        cwd=root,
        env={**os.environ, "PYTHONPATH": PACKAGE},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line for line in done.stdout.splitlines() if line.startswith("error")] == [
        "error: `fixed` cannot be moved: it may not be written",
        "error: `locked/x` cannot be written: the folder `locked` may not be written",
        "error: `locked/y` cannot be moved: the folder `locked` may not be written",
        "error: `old/y` cannot be deleted: it may not be read or written",
    ]
    assert tree(root) == before


def test_another_device_is_found_out_beforehand(tmp_path: Path) -> None:
    if not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second device")
    asked = Journal("/dev/shm/packaging-journal-of-a-test", str(world(tmp_path))).write("index", b"")
    assert "is on another device than" in refusal(asked)


def test_links_go_as_links_and_what_they_name_stays(tmp_path: Path) -> None:
    root = world(tmp_path / "root")
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("kept")
    (root / "old" / "link").symlink_to(tmp_path / "precious")
    (root / "old" / "broken").symlink_to("nowhere")
    os.mkfifo(root / "old" / "pipe")
    journal(root).remove("old").commit()
    assert not (root / "old").exists()
    assert (tmp_path / "precious" / "file").read_text() == "kept"


def test_however_deep_folders_nest_they_can_be_deleted(tmp_path: Path) -> None:
    deep = world(tmp_path) / "old"
    while len(str(deep)) < 4_000:  # in the trash its path is too long for the system
        deep = deep / "deep"
    deep.mkdir(parents=True)
    journal(tmp_path).remove("old").commit()
    assert not (tmp_path / "old").exists()
    assert not (tmp_path / FOLDER).exists()


def test_a_file_that_somebody_wrote_meanwhile_is_not_moved_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the kill a person makes a new folder where the moved one was: it is theirs."""
    root = world(tmp_path)
    asked = journal(root).move("hero", "kept").write("index", b"2")
    real = os.rename

    def second_fails(source: str, target: str) -> None:
        if source.endswith("file-1"):
            raise Killed
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", second_fails)
        with pytest.raises(Killed):
            asked.commit()
    (root / "hero").mkdir()
    (root / "hero" / "new").write_text("mine")
    assert recover(root)
    assert (root / "hero" / "new").read_text() == "mine"
    assert (root / "kept" / "a.png").read_text() == "art"
    assert (root / "index").read_text() == "2"


def test_what_cannot_be_finished_stays_until_the_cause_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = world(tmp_path)
    real = os.rename

    def broken(source: str, target: str) -> None:
        if source.endswith("file-1"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), source, None, target)
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", broken)
        told = (
            "error: `index` cannot be written: input/output error\n"
            "  fix: when the cause is gone, the next command finishes what was begun"
        )
        assert refusal(journal(root).move("hero", "kept").write("index", b"2")) == told
        with pytest.raises(BuildError) as caught:
            recover(root)
        assert str(caught.value) == told
    assert recover(root)
    assert (root / "index").read_text() == "2"


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    root = world(tmp_path)
    (root / FOLDER).mkdir(parents=True)
    (root / FOLDER / "receipt").write_text("of a build")
    (root / FOLDER / "staged").mkdir()
    (root / FOLDER / "staged" / "half").write_text("of a file")
    assert not recover(root)
    change(root).commit()
    assert [path.name for path in (root / FOLDER).iterdir()] == ["receipt"]


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b'{"renames": [1]}', b'{"renames": [["a", "b", "c"]]}', b"\xff", b"[" * 99_999]
)
def test_a_damaged_journal_is_told(tmp_path: Path, raw: bytes) -> None:
    (world(tmp_path) / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "journal.json").write_bytes(raw)
    with pytest.raises(IntegrityError, match=r"`.state/journal/journal.json` is damaged"):
        recover(tmp_path)


@pytest.mark.parametrize("path", ["../outside/x", "/etc/x", "hero/..", "a\0b", "link/x", ""])
def test_a_journal_of_somebody_else_reaches_nothing_outside(tmp_path: Path, path: str) -> None:
    root = world(tmp_path / "root")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x").write_text("x")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / FOLDER).mkdir(parents=True)
    before = tree(tmp_path)
    for source, target in ((path, "taken"), ("index", path)):
        inode = os.lstat(root / "index").st_ino
        (root / FOLDER / "journal.json").write_text(json.dumps({"renames": [[source, target, inode]]}))
        with pytest.raises(IntegrityError, match="which is not for it to change"):
            recover(root)
    (root / FOLDER / "journal.json").unlink()
    assert tree(tmp_path) == before


def test_a_path_in_two_changes_is_a_mistake_of_the_program(tmp_path: Path) -> None:
    for wrong in (
        journal(world(tmp_path)).move("hero", "kept").remove("hero"),
        journal(tmp_path).move("hero", "kept").write("hero/a.png", b""),
        journal(tmp_path).move("hero", "kept").move("old", "kept/old"),
        journal(tmp_path).remove("old").remove("old"),
    ):
        with pytest.raises(ValueError, match="journal"):
            wrong.commit()
