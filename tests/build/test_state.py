"""Torn, corrupt and unwritable state: it is rebuilt, said once, and nothing that was made is lost."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from rights import WITHOUT_RIGHTS, needs_rights_dropped

from packaging_targets.adapters.testing import PACKAGING, Run, Workspace
from packaging_targets.build.running.execution import run_job
from packaging_targets.build.running.job import Job
from packaging_targets.errors import BuildError
from packaging_targets.model.action import Action
from packaging_targets.store.states import examine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

A = '[[archive]]\nname = "a"\nsrcs = ["*.txt"]\n'
UP_TO_DATE = "up to date: 1 target\n"
INDEX_NOTE = "note: the stat index could not be read: every file is examined again\n"
RECORDS_NOTE = "note: the build records could not be read: everything is checked again\n"


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = Workspace(tmp_path / "repo")
    ws.write({"a/TARGETS.toml": A, "a/x.txt": "1"})
    assert ws.build().built == ["//a:a"]
    return ws


def plainly(ws: Workspace) -> Run:
    """Build as a user who may not do everything."""
    return ws.run([*WITHOUT_RIGHTS, *PACKAGING, "build"])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


HURTS: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "foreign": lambda path: path.write_bytes(b"what is this?" * 500),
}


@pytest.mark.parametrize("hurt", HURTS)
def test_a_stat_index_that_cannot_be_read(hurt: str, ws: Workspace) -> None:
    good = ws.contents()
    HURTS[hurt](ws.path(".packaging/index"))
    run = ws.packaging("build")
    assert (run.exit_code, run.built, run.restored) == (0, [], [])
    assert run.output.startswith(INDEX_NOTE)
    assert ws.packaging("build").output == UP_TO_DATE
    assert ws.contents() == good


@pytest.mark.parametrize("hurt", ["truncated", "foreign"])
def test_records_that_cannot_be_read(hurt: str, ws: Workspace) -> None:
    good = ws.contents()
    for name in ("records.sqlite-wal", "records.sqlite-shm"):
        ws.path(f".packaging/{name}").unlink(missing_ok=True)
    HURTS[hurt](ws.path(".packaging/records.sqlite"))
    ws.write({"a/y.txt": "2"})  # else nobody looks at the records
    run = ws.packaging("build")
    assert (run.exit_code, run.built) == (0, ["//a:a"])
    assert run.output.startswith(RECORDS_NOTE)
    ws.path("a/y.txt").unlink()
    assert ws.packaging("build").restored == ["//a:a"]
    assert ws.packaging("build").output == UP_TO_DATE
    assert ws.contents() == good


def test_state_that_is_gone_is_made_again(ws: Workspace) -> None:
    good = ws.contents()
    shutil.rmtree(ws.path(".packaging"))
    run = ws.packaging("build")
    assert (run.exit_code, run.built) == (0, [])
    assert ws.packaging("build").output == UP_TO_DATE
    ws.path(".packaging/records.sqlite").unlink()
    ws.write({"a/x.txt": "2"})
    assert ws.packaging("build").built == ["//a:a"]
    ws.write({"a/x.txt": "1"})
    assert ws.packaging("build").restored == ["//a:a"]
    assert ws.contents() == good
    assert ws.read(".packaging/.gitignore") == "*\n"


def test_a_lock_with_anything_in_it(ws: Workspace) -> None:
    ws.path(".packaging/lock").write_bytes(b"\xff\0 not a number")
    ws.write({"a/x.txt": "2"})
    assert ws.packaging("build").built == ["//a:a"]
    ws.path(".packaging/lock").write_text("1")  # a process that lives, and has not got it
    ws.write({"a/x.txt": "3"})
    run = ws.packaging("build")
    assert run.built == ["//a:a"]
    assert "waiting" not in run.output


@pytest.mark.parametrize("hurt", [*HURTS, "flipped"])
def test_a_cache_entry_that_does_not_hold_is_dropped_and_made_again(hurt: str, ws: Workspace) -> None:
    good = ws.contents()
    (entry,) = (path for path in (ws.cache / "packaging-targets" / "actions").rglob("*") if path.is_file())
    {**HURTS, "flipped": _flip}[hurt](entry)
    shutil.rmtree(ws.path("dist"))
    run = ws.packaging("build")
    assert (run.exit_code, run.built, run.restored) == (0, ["//a:a"], [])
    assert ws.contents() == good
    shutil.rmtree(ws.path("dist"))
    assert ws.packaging("build").restored == ["//a:a"]
    assert ws.contents() == good


def test_the_cache_is_looked_after(ws: Workspace) -> None:
    (entry,) = (path for path in (ws.cache / "packaging-targets" / "actions").rglob("*") if path.is_file())
    assert ws.packaging("cache", "verify").exit_code == 0
    _flip(entry)
    assert ws.packaging("cache", "verify").exit_code == 1
    assert not entry.exists()
    assert ws.packaging("cache", "verify").exit_code == 0


@needs_rights_dropped
def test_a_cache_that_cannot_be_used_is_no_error(ws: Workspace) -> None:
    ws.cache.chmod(0)
    ws.write({"a/x.txt": "2"})
    assert plainly(ws).built == ["//a:a"]
    ws.cache.chmod(0o755)


@needs_rights_dropped
def test_an_output_folder_that_cannot_be_written(ws: Workspace) -> None:
    good = ws.contents()
    ws.write({"a/x.txt": "2"})
    ws.path("dist/a").chmod(0o555)
    run = plainly(ws)
    assert run.exit_code == 1
    assert (
        """\
failed    //a:a
error: `dist/a/a.tar.gz` cannot be read or written: permission denied
  at //a:a
  fix: make the folder writable for you
  to run it alone: packaging build '//a:a'
"""
        in run.output
    )
    assert ws.contents() == good
    ws.path("dist/a").chmod(0o755)
    run = plainly(ws)
    assert run.built + run.restored == ["//a:a"]
    assert ws.contents() != good


@needs_rights_dropped
def test_a_workspace_that_cannot_be_written(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.root.chmod(0o555)
    run = plainly(ws)
    ws.root.chmod(0o755)
    assert (run.exit_code, run.output) == (
        1,
        f"""\
error: `{ws.root}/.packaging` cannot be written: permission denied
  at {ws.root}
  fix: make the workspace writable for you
""",
    )


@pytest.mark.service
def test_a_disk_without_room_for_the_state(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(root)]
    if not shutil.which("mount") or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        ws = Workspace(root)
        with contextlib.suppress(OSError), open(root / "full", "wb", buffering=0) as file:
            while file.write(bytes(1024)):
                pass
        run = ws.packaging("build")
    finally:
        subprocess.run(["umount", str(root)], check=True)
    assert run.exit_code == 1
    assert run.output.startswith(f"error: `{root}/.packaging` cannot be written: ")
    assert run.output.endswith("  fix: free some disk space\n")


def _small_files_only() -> None:
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


def test_an_output_that_cannot_be_written_whole_leaves_the_old_one(ws: Workspace) -> None:
    """A limit on the size of files stands in for a full disk: a write ends with an error half-way."""
    good = ws.contents()
    ws.write({"a/big.txt": os.urandom(2 << 20)})
    done = subprocess.run(
        [*PACKAGING, "build"],
        cwd=ws.root,
        env=ws.whole_environment(),
        preexec_fn=_small_files_only,  # the child alone is limited
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert (
        "`dist/a/a.tar.gz` cannot be read or written: file too large\n" in done.stdout
        or "file too large" in done.stdout
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert ws.contents() == good
    assert ws.paths(".packaging/staging") == []
    assert ws.packaging("build").built == ["//a:a"]


@pytest.mark.service
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_a_full_disk_leaves_the_old_output(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(small)], check=False)
    if mounted.returncode:
        pytest.skip("no file systems may be mounted here")
    try:
        ws = Workspace(small / "repo", cache=tmp_path / "cache")
        ws.write({"a/TARGETS.toml": A, "a/x.txt": "1"})
        assert ws.build().built == ["//a:a"]
        good = ws.contents()
        ws.write({"a/big.txt": os.urandom(1700 << 10)})
        run = ws.packaging("build")
        assert run.exit_code == 1
        assert "no space left on device" in run.output
        assert "fix: free some disk space; outputs of earlier builds are as they were" in run.output
        assert "Traceback" not in run.output
        assert ws.contents() == good
        ws.write({"a/big.txt": "small again"})
        assert ws.packaging("build").built == ["//a:a"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


def _job(root: Path, path: str) -> Job:
    action = Action("tar/1", {"entries": [["x", path]], "compression": None}, (path,), ("dist/x.tar",))
    state, sig = examine(str(root / path))
    inputs = {path: (str(root / path), state, sig)}
    places = {name: str(root / name) for name in ("staging", "cache", "log")}
    return Job(id="//:x", root=str(root), **places, action=action, shot={"version": 1}, inputs=inputs)


class _Changing:
    """An action kind that changes its input while it reads it, as another process would."""

    cached = True

    def __init__(self, change: Callable[[str], object]) -> None:
        self._change = change

    def check(self, action: object, step: object) -> None:
        pass

    def run(self, action: object, step: object) -> None:
        with step.open("in.txt") as source, step.create("dist/x.tar") as out:  # type: ignore[attr-defined]  # a Step
            out.write(source.read(1))
            self._change("in.txt")
            out.write(source.read())


@pytest.mark.parametrize("how", ["written", "replaced", "removed"])
def test_a_source_that_changes_while_it_is_read(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "in.txt"
    source.write_text("before")
    os.utime(source, ns=(1, 1))
    changes: dict[str, Callable[[str], object]] = {
        "written": lambda _: source.write_text("after!"),
        "replaced": lambda _: ((tmp_path / "new").write_text("before!"), (tmp_path / "new").replace(source)),
        "removed": lambda _: source.unlink(),
    }
    monkeypatch.setattr("packaging_targets.build.running.execution.kind_of", lambda _: _Changing(changes[how]))
    with pytest.raises(BuildError) as caught:
        run_job(_job(tmp_path, "in.txt"))
    assert str(caught.value) == (
        "error: `in.txt` changed while the build was reading it\n  at //:x\n  fix: run the build again"
    )
    assert not (tmp_path / "dist").exists()
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_source_that_is_touched_while_it_is_read_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.txt").write_text("same")
    kind = _Changing(lambda _: os.utime(tmp_path / "in.txt", ns=(5, 5)))
    monkeypatch.setattr("packaging_targets.build.running.execution.kind_of", lambda _: kind)
    assert run_job(_job(tmp_path, "in.txt")).outcome == "built"
    assert (tmp_path / "dist/x.tar").read_text() == "same"


def test_errors_of_the_system_are_told_with_a_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.txt").write_text("same")

    def full(_: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / "staging" / "0"))

    monkeypatch.setattr("packaging_targets.build.running.execution.kind_of", lambda _: _Changing(full))
    with pytest.raises(BuildError) as caught:
        run_job(_job(tmp_path, "in.txt"))
    assert str(caught.value) == (
        "error: `dist/x.tar` cannot be read or written: no space left on device\n"
        "  at //:x\n"
        "  fix: free some disk space; outputs of earlier builds are as they were"
    )


MEDDLING = """\
import dataclasses

from packaging_targets import Action


def analyse(context):
    text = context.read_text("a/VERSION")
    # What somebody else would do at this moment: no rule may, and none is seen to.
    builtins, path = dataclasses.sys.modules["builtins"], dataclasses.sys.modules["os"].path
    if not path.exists("a/met"):
        builtins.open("a/met", "w").close()
        builtins.open("WHERE", "HOW").write("WHAT")
    return [Action("write/1", {"text": text + " ".join(context.sources())}, (), (context.output("told"),))]
"""
EDITS = {
    "a file that was read": ("a/VERSION", "w", "two "),
    "a target file": (
        "a/TARGETS.toml",
        "a",
        "[[command]]\\nname = 'more'\\nouts = ['x']\\nargv = ['touch', '{out}']\\n",
    ),
    "a folder": ("a/new.txt", "w", "new"),
    "a rule": ("rules/meddling/rule.py", "a", "# longer\\n"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_while_a_build_is_planned_is_seen_by_the_next(edit: str, tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    path, how, text = EDITS[edit]
    rule = MEDDLING.replace("WHERE", path).replace("HOW", how).replace("WHAT", text)
    ws.write({"rules/meddling/rule.py": rule, "rules/meddling/schema.json": '{"properties": {}}'})
    ws.write({"a/TARGETS.toml": '[[meddling]]\nname = "a"\nsrcs = ["VERSION", "*.txt"]\n', "a/VERSION": "one "})
    ws.write({"a/kept.txt": ""})
    assert ws.packaging("build").exit_code == 0
    assert ws.packaging("build").exit_code == 0
    same = Workspace(tmp_path / "same")
    shutil.copytree(ws.root, same.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("dist", ".packaging"))
    assert same.packaging("build").exit_code == 0
    assert ws.contents() == same.contents()
    assert ws.packaging("build").output.startswith("up to date: ")


def test_a_file_that_is_asked_for_and_absent_makes_nobody_look_again(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write({"a/TARGETS.toml": '[[service]]\nname = "a"\n', "a/main.py": ""})
    assert ws.packaging("build").exit_code == 0
    assert ws.packaging("build").exit_code == 0
    assert ws.packaging("build").output == UP_TO_DATE
