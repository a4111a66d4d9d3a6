"""Changes that happen whole: whatever stands in their way, and wherever they are cut off."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from rights import WITHOUT_RIGHTS, needs_rights_dropped

import packaging_targets
from packaging_targets.errors import BuildError, IntegrityError
from packaging_targets.store.journal import Journal, Recovery

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


def recover(root: Path) -> Recovery:
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
        assert finished == ("finished" if decided else "")
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


def test_a_disk_that_fails_once_is_told_and_nothing_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undone = 0
    for at in range(1, 70):
        root = world(tmp_path / str(at))
        before = {**tree(root), ".state": None}
        failure = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(root / "index"))
        told = interrupted(monkeypatch, at, lambda root=root: change(root).commit(), failure)  # type: ignore[misc]
        recovered = recover(root)
        now = {".state": None, **tree(root)}
        # That only rubbish could not be deleted, or synced, is not told.
        assert (now, recovered) == (before if told else AFTER, ""), at
        undone += told
    assert undone > 20


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


def renaming(monkeypatch: pytest.MonkeyPatch, fails: Callable[[str, str], BaseException | None]) -> list[str]:
    """Let renames fail where `fails` says so; return the targets of all, as they come."""
    real = os.rename
    targets: list[str] = []

    def rename(source: str, target: str) -> None:
        targets.append(target)
        if (error := fails(source, target)) is not None:
            raise error
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    return targets


def broken(source: str, target: str) -> OSError:
    return OSError(errno.EIO, os.strerror(errno.EIO), source, None, target)


def killed_before(root: Path, monkeypatch: pytest.MonkeyPatch, asked: Journal, target: str) -> None:
    """Commit, and be killed before something is renamed to `target`."""
    place = str(root / target)
    with monkeypatch.context() as patch:
        renaming(patch, lambda _, to: Killed() if to == place else None)
        with pytest.raises(Killed):
            asked.commit()


def test_renames_happen_in_the_order_of_the_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = world(tmp_path)
    targets = renaming(monkeypatch, lambda *_: None)
    journal(root).write("index", b"2").remove("old").write("new", b"").move("hero", "kept").commit()
    done = [os.path.relpath(target, root) for target in targets if "journal.json" not in target]
    assert done[:4] == ["index", f"{FOLDER}/trash-1/2", "new", "kept"]


def test_a_rename_that_fails_takes_back_those_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = world(tmp_path)
    before = tree(root)
    (inode, last) = (root / "index").stat().st_ino, str(root / "moved")
    asked = journal(root).write("index", b"2").write("made/x", b"x").remove("old").move("hero", "moved")
    with monkeypatch.context() as patch:
        renaming(patch, lambda source, to: broken(source, to) if to == last else None)
        assert refusal(asked) == "error: `moved` cannot be written: input/output error\n  fix: nothing was changed"
    assert {".state": None, **tree(root)} == {".state": None, **before}
    assert (root / "index").stat().st_ino == inode, "it is the very file"
    assert not recover(root)


def test_where_no_rename_works_nothing_was_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = world(tmp_path)
    before = {".state": None, **tree(root)}
    with monkeypatch.context() as patch:
        renaming(patch, lambda source, to: None if to.endswith("/journal.json") else broken(source, to))
        assert "nothing was changed" in refusal(journal(root).write("new/index", b"2").remove("old"))
    assert {".state": None, **tree(root)} == before


def test_who_gets_in_between_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person saves a file after the change was decided, and before its turn has come."""
    root = world(tmp_path)

    def save(_: str, target: str) -> None:
        if target == str(root / "kept"):
            (root / "index").write_text("theirs")

    asked = journal(root).move("hero", "kept").write("index", b"2")
    with monkeypatch.context() as patch:
        renaming(patch, save)
        told = "error: `index` cannot be written: somebody has just changed it\n  fix: nothing was changed"
        assert refusal(asked) == told
    assert (root / "index").read_text() == "theirs"
    assert (root / "hero/a.png").read_text() == "art"


def test_a_change_that_can_not_be_taken_back_either_is_told_and_finished_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = world(tmp_path)
    fails = {str(root / "index"), str(root / "hero")}
    with monkeypatch.context() as patch:
        renaming(patch, lambda source, to: broken(source, to) if to in fails else None)
        later = "when the cause is gone, the next command that changes something settles it"
        assert refusal(journal(root).move("hero", "kept").write("index", b"2")) == (
            f"error: `index` cannot be written: input/output error\n  fix: {later}\n\n"
            "error: what was done could not be taken back: `hero` cannot be written: input/output error\n"
            f"  fix: what was `hero` is `kept` now; {later}"
        )
        with pytest.raises(BuildError, match="`hero` cannot be written: input/output error"):
            recover(root)
    assert Journal.is_open(str(root / FOLDER))
    assert recover(root) == "took back", "it was told as one that failed"
    assert ((root / "index").read_text(), (root / "hero/a.png").read_text()) == ("1", "art")
    assert not (root / "kept").exists()


def test_without_hard_links_there_are_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = world(tmp_path)
    before = tree(root)

    def link(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    last = str(root / "kept")
    asked = journal(root).write("index", b"2").move("old/x", "hero/a.png", replacing=True).move("old/y", "kept")
    with monkeypatch.context() as patch:
        renaming(patch, lambda source, to: broken(source, to) if to == last else None)
        assert "nothing was changed" in refusal(asked)
    assert {".state": None, **tree(root)} == {".state": None, **before}


def test_taking_back_may_be_killed_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(1, 1000):
        root = world(tmp_path / str(at))
        (root / "made").write_text("large")
        before = {**tree(root), "elsewhere": b"theirs", ".state": None}
        asked = journal(root).write("index", b"2").move("made", "hero/a.png", replacing=True).write("new/x", b"")
        killed_before(root, monkeypatch, asked.remove("old").write("elsewhere", b""), "elsewhere")
        (root / "elsewhere").write_text("theirs")
        finished = not interrupted(monkeypatch, at, lambda root=root: recover(root), Killed())  # type: ignore[misc]
        assert recover(root) in {"", "took back"}
        assert {".state": None, **tree(root)} == before, at
        if finished:
            break
    assert at > 10


def test_a_change_is_finished_where_people_wrote_only_what_it_is_done_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the kill a person makes new folders where the moved and the deleted one were: they are theirs."""
    root = world(tmp_path)
    killed_before(root, monkeypatch, journal(root).move("hero", "kept").remove("old").write("index", b"2"), "index")
    for name in ("hero", "old"):
        (root / name).mkdir()
        (root / name / "new").write_text("mine")
    assert recover(root) == "finished"
    assert tree(root) == {
        "hero": None,
        "hero/new": b"mine",
        "index": b"2",
        "kept": None,
        "kept/a.png": b"art",
        "kept/deep": None,
        "kept/deep/b.png": b"more",
        "old": None,
        "old/new": b"mine",
    } | {".state": None}


MEANWHILE: dict[str, Callable[[Path], object]] = {
    "edited": lambda root: (root / "index").write_text("theirs"),
    "deleted": lambda root: (root / "index").unlink(),
    "put into the folder": lambda root: (root / "old/deep.txt").write_text("theirs"),
    "made where something new was to be": lambda root: (root / "new").write_text("theirs"),
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_a_change_is_taken_back_where_what_is_left_to_do_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    root = world(tmp_path)
    killed_before(
        root, monkeypatch, journal(root).move("hero", "kept").remove("old").write("new", b"").write("index", b"2"),
        f"{FOLDER}/trash-1/2",
    )  # fmt: skip
    assert not (root / "hero").exists()
    MEANWHILE[what](root)
    expected = {".state": None, **tree(root)}
    assert recover(root) == "took back"
    now = {".state": None, **tree(root)}
    assert now == {name.replace("kept", "hero"): data for name, data in expected.items() if not name.startswith(FOLDER)}


def test_where_nobody_knows_what_is_to_stay_nothing_changes_and_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = world(tmp_path)
    asked = journal(root).move("hero", "kept").write("new/x", b"ours").write("index", b"2")
    killed_before(root, monkeypatch, asked, "index")
    for name in ("hero", "new/x", "index"):
        (root / name).write_text("theirs")
    before = tree(root)
    with pytest.raises(BuildError) as caught:
        recover(root)
    now = "what was `hero` is `kept` now"
    assert str(caught.value) == "\n\n".join(
        f"error: `{path}` was changed after a change of it was interrupted, and nobody but you knows which one is to"
        f" stay: {now}\n  at {root}\n  fix: move `{path}` away, then let the change be taken back: run the command again"
        for path in ("hero", "new/x")
    )
    assert tree(root) == before
    for name in ("hero", "new/x"):
        (root / name).rename(root / f"my-{name.replace('/', '-')}")
    assert recover(root) == "took back"
    assert (root / "hero/a.png").read_text() == "art"
    assert [(root / name).read_text() for name in ("my-hero", "my-new-x", "index")] == ["theirs"] * 3
    assert not (root / "new").exists()


def test_a_journal_that_came_with_a_copy_is_told_and_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever offers a project to be cloned could have anything moved otherwise."""
    for target in ("new/folder/asset.json", ".state/kept/7", f"{FOLDER}/trash-1/5"):
        root = world(tmp_path / target.replace("/", "-"))
        killed_before(root, monkeypatch, change(root), target)
        copy = tmp_path / f"{root.name}-copy"
        subprocess.run(["cp", "-a", str(root), str(copy)], check=True)
        before = tree(copy)
        with pytest.raises(IntegrityError) as caught:
            recover(copy)
        assert str(caught.value) == (
            "error: `.state/journal/journal.json` was not written here, but came with a copy or a clone,"
            " and is not followed\n"
            "  at .state/journal/journal.json\n"
            "  fix: see what is in its folder, then remove that"
        )
        assert tree(copy) == before
        shutil.rmtree(copy / FOLDER)
        assert recover(copy) == ""
        assert recover(root) == "finished"
        assert tree(root) == AFTER


def test_a_journal_touches_only_what_it_is_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = world(tmp_path)
    killed_before(root, monkeypatch, change(root), "new/other")
    before = tree(root)
    with pytest.raises(IntegrityError, match=r"names `.*/hero`, which is not for it to change"):
        Journal.recover(str(root / FOLDER), str(root), lambda path: path != "hero")
    assert tree(root) == before
    with pytest.raises(IntegrityError, match=r"names `.*/new/other`, which is not for it to change"):
        Journal.recover(str(root / FOLDER), str(root), lambda path: path != "new/other")
    assert recover(root) == "finished"


@pytest.mark.parametrize("link", [FOLDER, ".state"])
def test_a_folder_behind_a_link_is_not_followed(tmp_path: Path, link: str) -> None:
    root, outside = world(tmp_path / "root"), world(tmp_path / "outside")
    for name in ("staged", "journal/staged"):
        (outside / name).mkdir(parents=True)
        (outside / name / "mine").write_text("mine")
    (root / link).parent.mkdir(exist_ok=True)
    (root / link).symlink_to(outside)
    before = tree(outside)
    for act in (lambda: recover(root), change(root).commit):
        with pytest.raises(IntegrityError) as caught:
            act()
        assert str(caught.value) == (
            "error: `.state/journal` is a link, or lies behind one, and is not followed\n"
            "  at .state/journal\n"
            "  fix: remove it"
        )
    assert tree(outside) == before


MEDDLED = ["index", "new/folder/asset.json", "new/other", "hero", "hero/a.png", "hero/own", ".state/kept/7/own"]
MEDDLED += ["old", "old/own", "old/y/z", "new", ".state/kept/7/a.png"]


def meddle(root: Path, path: str) -> bool:
    """Write a file as a person would, with the folder that it is in, if nothing is in the way."""
    place = root / path
    if place.is_dir() or any(above.is_file() for above in place.parents):
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)  # what is kept of it is the same file
    place.write_text("theirs")
    return True


def test_nothing_that_people_wrote_meanwhile_is_ever_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: Counter[str] = Counter()
    for at, target in enumerate(("index", "new/other", ".state/kept/7", f"{FOLDER}/trash-1/5", f"{FOLDER}/done.json")):
        for number, path in enumerate(MEDDLED):
            root = world(tmp_path / f"{at}-{number}")
            killed_before(root, monkeypatch, change(root), target)
            if not (meddle(root, path) and meddle(root, "new/other")):
                continue
            before = tree(root)
            outcome: str = "refused"
            try:
                outcome = recover(root)
            except BuildError:
                assert tree(root) == before
            after = tree(root)
            theirs = [list(one.values()).count(b"theirs") for one in (before, after)]
            assert theirs[0] == theirs[1], (target, path, outcome)
            assert outcome
            if outcome != "finished":  # all that was there is there, but for what a person has replaced
                replaced = {b"art"} if path.endswith("a.png") else {b"z"} if path.endswith("z") else set()
                assert {b"art", b"more", b"x", b"z"} - replaced <= {*after.values()}, (target, path, outcome)
            outcomes[outcome] += 1
    assert min(outcomes["finished"], outcomes["took back"], outcomes["refused"]) > 0, outcomes


def test_a_trash_without_its_journal_is_nobodys_to_delete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = world(tmp_path)
    killed_before(root, monkeypatch, journal(root).remove("old").write("index", b"2"), "index")
    (root / FOLDER / "journal.json").unlink()
    assert recover(root) == ""
    journal(root).remove("hero").commit()
    assert (root / FOLDER / "trash-1/1/x").read_text() == "x"
    assert not (root / FOLDER / "trash-2").exists()


def test_changed_time_and_size_tell_large_files_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = world(tmp_path)
    (root / "large").write_bytes(bytes(2_000_000))
    killed_before(root, monkeypatch, journal(root).write("new", b"").move("large", "index", replacing=True), "index")
    os.utime(root / "large", (1, 1))
    assert recover(root) == "took back"
    assert (root / "large").stat().st_size == 2_000_000
    assert not (root / "new").exists()


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
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b'{"trash": "trash-1", "folders": [], "steps": [1]}',
        b'{"trash": "trash-1", "folders": [], "steps": [["write", "a", "b", "", "-"]]}',
        b'{"trash": "trash-1", "folders": [], "steps": [["steal", "a", "b", "", "-", "-"]]}',
        b'{"trash": "trash-1", "folders": [7], "steps": []}',
        b'{"trash": "../hero", "folders": [], "steps": []}',
        b"\xff",
        b"[" * 99_999,
    ],
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
    for source, target, folders in ((path, "taken", []), ("index", path, []), ("index", "taken", [path])):
        steps = [["move", source, target, "", "file 1", "-"]]
        value = {"trash": "trash-1", "folders": folders, "steps": steps}
        (root / FOLDER / "journal.json").write_text(json.dumps(value))
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


def replacement(root: Path) -> Journal:
    """Return a change in which a folder goes, and another one comes to where it stood."""
    return journal(root).remove("old").move("hero", "old").write("index", b"2")


REPLACED = {"index": b"2", "old": None, "old/a.png": b"art", "old/deep": None, "old/deep/b.png": b"more"}


def test_a_folder_may_go_where_one_was_removed(tmp_path: Path) -> None:
    replacement(world(tmp_path)).commit()
    assert {path: data for path, data in tree(tmp_path).items() if path != ".state"} == REPLACED
    with pytest.raises(ValueError, match="have a path in common"):
        journal(tmp_path).remove("index").write("index", b"").commit()


def test_a_replaced_folder_is_the_old_or_the_new_one_whenever_it_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = []
    for at in range(1, 1000):
        root = world(tmp_path / str(at))
        before = tree(root)
        if not interrupted(monkeypatch, at, lambda root=root: replacement(root).commit(), Killed()):  # type: ignore[misc]
            break
        decided = (root / FOLDER / "journal.json").exists()
        assert recover(root) == ("finished" if decided else "")
        now = {path: data for path, data in tree(root).items() if path != ".state"}
        assert now in (before, REPLACED), at
        outcomes.append(now == REPLACED)
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {True, False}


def test_a_replaced_folder_comes_back_where_the_disk_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    undone = 0
    for at in range(1, 50):
        root = world(tmp_path / str(at))
        before = tree(root)
        failure = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(root / "index"))
        told = interrupted(monkeypatch, at, lambda root=root: replacement(root).commit(), failure)  # type: ignore[misc]
        assert not recover(root)
        now = {path: data for path, data in tree(root).items() if path != ".state"}
        assert now == (before if told else REPLACED), at
        undone += told
    assert undone > 10


def test_what_changed_in_a_folder_that_was_to_be_replaced_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = world(tmp_path)
    before = tree(root)
    decided = next(
        at
        for at in range(1, 100)
        if interrupted(monkeypatch, at, lambda: replacement(root).commit(), Killed())
        and Journal.is_open(str(root / FOLDER))
    )
    assert decided
    (root / "old/mine").write_text("mine")
    assert recover(root) == "took back"
    assert {path: data for path, data in tree(root).items() if path != ".state"} == {**before, "old/mine": b"mine"}
