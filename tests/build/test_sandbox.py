"""The `command/1` kind and its sandbox, on real programs; those that need bubblewrap are marked."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.build.kinds import command
from packaging_targets.build.sandbox import process, undeclared, walls
from packaging_targets.build.sandbox.process import Log
from packaging_targets.build.sandbox.undeclared import View
from packaging_targets.build.sandbox.walls import Bubblewrap
from packaging_targets.errors import BuildError, Problem
from packaging_targets.model.action import Action
from packaging_targets.model.manifest import SourceInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from packaging_targets.model.action import Blob

OUT = "dist/pkg/out.txt"
REASON = "bubblewrap is not installed"
DECLARE = "add it to `srcs`; in a rule of your own, to the action's inputs too"


class Written(io.BytesIO):
    """A stream whose content can still be read when it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.content = b""

    def close(self) -> None:
        if not self.closed:
            self.content = self.getvalue()
        super().close()


@dataclass
class DiskStep:
    """A step whose inputs lie in the current folder and whose outputs stay in memory."""

    made: dict[str, tuple[Written, bool]] = field(default_factory=dict)
    said: str = ""

    def info(self, path: str) -> SourceInfo:
        stat = os.lstat(path)
        link = os.readlink(path) if os.path.islink(path) else None
        return SourceInfo(stat.st_size, bool(stat.st_mode & 0o100), link)

    def open(self, path: str) -> BinaryIO:
        return open(path, "rb")

    def create(self, path: str, *, executable: bool = False) -> BinaryIO:
        self.made[path] = (Written(), executable)
        return self.made[path][0]

    def create_blob(self, folder: str) -> Blob:
        raise NotImplementedError(folder)  # a command has names for all that it makes

    def previous(self, path: str) -> bytes | None:
        return None

    def log(self, text: str) -> None:
        self.said += text

    def warn(self, problem: Problem) -> None:
        raise NotImplementedError

    def output(self, path: str = OUT) -> bytes:
        return self.made[path][0].content


@dataclass
class Repo:
    """A workspace, and a way to run a command in its package `pkg`."""

    folder: Path

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for path, content in files.items():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())

    def run(self, *argv: str, inputs: tuple[str, ...] = (), outs: tuple[str, ...] = (OUT,), **params: Any) -> DiskStep:
        tools = [] if argv[0].startswith((".", "/")) else [argv[0]]
        settings = {"argv": list(argv), "cwd": "pkg", "env": {}, "tools": tools, "timeout": 20, **params}
        step = DiskStep()
        command.run(Action("command/1", settings, inputs, outs), step)
        return step

    def shell(self, script: str, **more: Any) -> DiskStep:
        return self.run("sh", "-c", script, **more)

    def refuses(self, script: str, **more: Any) -> str:
        with pytest.raises(BuildError) as caught:
            self.shell(script, **more)
        return str(caught.value)


def problem(what: str, fix: str) -> str:
    return f"error: {what}\n  fix: {fix}"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A workspace where there is no bubblewrap."""
    monkeypatch.setattr(command, "bubblewrap", lambda: Bubblewrap(reason=REASON))
    folder = tmp_path / "repo"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Repo(folder)


@pytest.fixture
def walled(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A workspace where bubblewrap works."""
    found = walls.bubblewrap()
    if found.reason:
        pytest.fail(found.reason)
    monkeypatch.setattr(command, "bubblewrap", lambda: found)
    return repo


def test_outputs_are_taken_with_content_and_executable_bit(repo: Repo) -> None:
    repo.write({"pkg/in.txt": "b\na\n", "pkg/deep/é ü.txt": "c\n"})
    tool = "dist/pkg/bin/tool"
    step = repo.shell(
        f"sort in.txt 'deep/é ü.txt' >../{OUT}; echo x >../{tool}; chmod 755 ../{tool}",
        inputs=("pkg/in.txt", "pkg/deep/é ü.txt"),
        outs=(OUT, tool),
    )
    assert step.output() == b"a\nb\nc\n"
    assert {path: executable for path, (_, executable) in step.made.items()} == {OUT: False, tool: True}
    assert step.said == f"not sandboxed: {REASON}\n"


def test_the_environment_is_clean(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of the one who builds")
    monkeypatch.setenv("PATH", "/nowhere")
    script = f"env | sort | grep -v -e ^PWD= -e ^HOME= -e ^TMPDIR= -e ^_= -e ^OLDPWD= -e ^SHLVL= >../{OUT}"
    lines = repo.shell(script, env={"TOKEN": "a b", "LANG": "C"}).output().decode().splitlines()
    assert lines == [
        "LANG=C",
        "LOGNAME=build",
        "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
        "PYTHONDONTWRITEBYTECODE=1",
        "PYTHONHASHSEED=0",
        "TOKEN=a b",
        "TZ=UTC",
        "USER=build",
    ]


def test_home_and_temporary_folder_are_empty_and_writable(repo: Repo) -> None:
    script = f'ls -A "$HOME" "$TMPDIR" | grep -v : >../{OUT}; touch "$HOME/a" "$TMPDIR/b"'
    assert repo.shell(script).output().strip() == b""


def test_inputs_have_one_time_and_the_umask_is_fixed(repo: Repo) -> None:
    repo.write({"pkg/a": "a", "pkg/b": "b"})
    os.chmod("pkg/b", 0o700)
    before = os.umask(0o077)
    try:
        step = repo.shell(f"stat -c '%n %a %Y' a b >../{OUT}; umask >>../{OUT}", inputs=("pkg/a", "pkg/b"))
    finally:
        os.umask(before)
    assert step.output() == b"a 444 315532800\nb 555 315532800\n0022\n"


def test_symbolic_links_come_as_links(repo: Repo) -> None:
    repo.write({"pkg/real.txt": "real"})
    os.symlink("real.txt", "pkg/link.txt")
    step = repo.shell(f"readlink link.txt >../{OUT}; cat link.txt >>../{OUT}", inputs=("pkg/link.txt", "pkg/real.txt"))
    assert step.output() == b"real.txt\nreal"


def test_a_staged_program_runs(repo: Repo) -> None:
    repo.write({"pkg/gen.sh": f"#!/bin/sh\necho made >../{OUT}\n"})
    os.chmod("pkg/gen.sh", 0o755)
    assert repo.run("./gen.sh", inputs=("pkg/gen.sh",)).output() == b"made\n"


def test_a_staged_program_without_the_executable_bit(repo: Repo) -> None:
    repo.write({"pkg/gen.sh": "#!/bin/sh\n"})
    with pytest.raises(BuildError) as caught:
        repo.run("./gen.sh", inputs=("pkg/gen.sh",))
    assert str(caught.value) == (
        "error: `pkg/gen.sh` is not executable\n  fix: chmod +x pkg/gen.sh, or begin `argv` with its interpreter"
    )


def test_a_staged_program_without_its_interpreter(repo: Repo) -> None:
    repo.write({"pkg/gen": "#!/no/such/interpreter\n"})
    os.chmod("pkg/gen", 0o755)
    with pytest.raises(BuildError) as caught:
        repo.run("./gen", inputs=("pkg/gen",))
    assert str(caught.value) == (
        "error: `./gen` does not start: No such file or directory\n"
        "  fix: look at its first line: the interpreter that it names must be installed"
    )


def test_the_workspace_keeps_its_own_whatever_the_program_does(repo: Repo) -> None:
    repo.write({"pkg/in.txt": "old"})
    message = repo.refuses(f"chmod 644 in.txt; echo new >in.txt; echo >../{OUT}", inputs=("pkg/in.txt",))
    assert (repo.folder / "pkg/in.txt").read_text() == "old"
    assert message == ("error: `sh` changed its input `pkg/in.txt`\n  fix: write to an output instead")


def test_an_input_may_become_the_output(repo: Repo) -> None:
    repo.write({"pkg/in.txt": "same"})
    assert repo.shell(f"mv in.txt ../{OUT}", inputs=("pkg/in.txt",)).output() == b"same"
    assert repo.shell(f"ln in.txt ../{OUT}", inputs=("pkg/in.txt",)).output() == b"same"


def test_every_surprise_is_told_at_once(repo: Repo) -> None:
    outs = ("dist/pkg/fifo", "dist/pkg/folder", "dist/pkg/link", "dist/pkg/missing", OUT)
    script = (
        "cd ../dist/pkg; mkfifo fifo; mkdir folder; touch folder/a; ln -s /etc/passwd link; echo >out.txt; touch a ../b"
    )
    undeclared_output, irregular = "declare it as an output, or write it below $TMPDIR", "write its content there"
    assert repo.refuses(script, outs=outs).split("\n\n") == [
        problem(
            "`sh` did not make the output `dist/pkg/missing`",
            "let it write `../dist/pkg/missing`: it runs in `pkg`",
        ),
        problem("`sh` made `dist/b`, which is not declared", undeclared_output),
        problem("`sh` made `dist/pkg/a`, which is not declared", undeclared_output),
        problem("the output `dist/pkg/fifo` is no regular file", irregular),
        problem(
            "the output `dist/pkg/folder` is a folder",
            "end its name in `outs` with a `/`",
        ),
        problem(
            "the output `dist/pkg/link` is a symbolic link, to `/etc/passwd`",
            "let `sh` put a copy there, as `cp -L` does: outputs are regular files",
        ),
    ]


def test_an_output_behind_a_linked_folder_is_not_taken(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    script = f"rmdir ../dist/pkg; ln -s {tmp_path}/elsewhere ../dist/pkg; echo >../{OUT}"
    message = repo.refuses(script)
    assert "`sh` did not make the output `dist/pkg/out.txt`" in message
    assert "`sh` made `dist/pkg`, which is not declared" in message


def test_a_removed_output_is_missing(repo: Repo) -> None:
    assert "did not make the output" in repo.refuses(f"echo >../{OUT}; rm ../{OUT}")


def test_nothing_is_created_when_the_program_fails(repo: Repo) -> None:
    step = DiskStep()
    params = {
        "argv": ["sh", "-c", f"echo >../{OUT}; exit 3"],
        "cwd": "pkg",
        "env": {},
        "tools": [],
        "timeout": 9,
    }
    with pytest.raises(BuildError):
        command.run(Action("command/1", params, (), (OUT,)), step)
    assert step.made == {}


def test_a_failure_tells_exit_code_and_last_words(repo: Repo) -> None:
    message = repo.refuses("seq 22; exit 7")
    lines = "".join(f"    | {number}\n" for number in range(3, 23))
    assert message == (
        f"error: `sh` ended with exit code 7, saying:\n{lines}  fix: mend the program, or what it is given"
    )


def test_a_killed_program_names_its_signal(repo: Repo) -> None:
    assert repo.refuses("kill -SEGV $$").startswith("error: `sh` was killed by SIGSEGV and said nothing\n")
    # A shell reports a child's signal as its own exit code.
    assert repo.refuses("sh -c 'kill -KILL $$'; exit $?").startswith("error: `sh` was killed by SIGKILL")


def test_the_time_limit_stops_the_whole_group(repo: Repo, tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    started = time.monotonic()
    message = repo.refuses(f"(while :; do touch {beat}; sleep 0.02; done) & echo waiting; sleep 60", timeout=1)
    assert time.monotonic() - started < 5
    assert message == (
        "error: `sh` was stopped after 1 seconds, saying:\n"
        "    | waiting\n"
        "  fix: raise `timeout`, or find out what it waits for"
    )
    beat.unlink()
    time.sleep(0.1)
    assert not beat.exists()


def test_what_runs_on_in_the_background_is_stopped_and_not_waited_for(repo: Repo) -> None:
    started = time.monotonic()
    assert repo.shell(f"echo done >../{OUT}; sleep 60 &").output() == b"done\n"
    assert time.monotonic() - started < 5


def test_a_program_that_closes_its_output_is_waited_for(repo: Repo) -> None:
    assert repo.shell(f"exec >&- 2>&-; sleep 0.2; echo done >../{OUT}").output() == b"done\n"


def test_a_program_has_nothing_to_read(repo: Repo) -> None:
    assert repo.shell(f"cat >../{OUT}").output() == b""


def test_a_folder_that_the_program_locked_is_not_declared(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing is locked to root, who may run the tests.
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("locked"))
    assert "made `pkg/locked`" in repo.refuses(f"echo >../{OUT}; mkdir locked; chmod 0 locked")


def test_a_tool_that_is_not_installed() -> None:
    params = {
        "argv": ["sh"],
        "cwd": "pkg",
        "env": {},
        "tools": ["sh", "no-such-a", "/opt/no/such"],
        "timeout": 9,
    }
    with pytest.raises(BuildError) as caught:
        command.tool_paths(Action("command/1", params, (), (OUT,)))
    assert str(caught.value) == (
        "error: there is no program `/opt/no/such`\n"
        "  fix: install `/opt/no/such`, or call an input: a source, or the output of a dependency\n\n"
        "error: there is no program `no-such-a` on the path "
        "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin\n"
        "  fix: install `no-such-a`, or call an input: a source, or the output of a dependency"
    )


def test_tools_are_files_without_links_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("#!/bin/sh\n")
    (tmp_path / "real").chmod(0o755)
    (tmp_path / "linked").symlink_to("real")
    env = {"PATH": f"{tmp_path}:/usr/bin"}
    params = {"argv": ["linked"], "cwd": "", "env": env, "tools": ["linked", "env"], "timeout": 9}
    real, env_file = os.path.realpath(tmp_path / "real"), os.path.realpath("/usr/bin/env")
    assert command.tool_paths(Action("command/1", params, (), (OUT,))) == {"linked": real, "env": env_file}


@pytest.mark.parametrize(
    ("script", "missed"),
    [
        ("cat secret.txt", "pkg/secret.txt"),
        ("cat ./a/../secret.txt", "pkg/secret.txt"),
        ('cat "$PWD/secret.txt"', "pkg/secret.txt"),
        ("cat 'two words.txt'", "pkg/two words.txt"),
        ("python3 main.py", "pkg/main.py"),
        ("python3 -c 'import helpful'", "pkg/helpful.py"),
        ("python3 -c 'import tree.leaf'", "pkg/tree/__init__.py"),
        ("cat ../other/x.json", "other/x.json"),
    ],
)
def test_a_missed_file_is_named(repo: Repo, script: str, missed: str) -> None:
    repo.write(dict.fromkeys(("pkg/secret.txt", "pkg/two words.txt", "pkg/main.py", "pkg/helpful.py"), ""))
    repo.write(dict.fromkeys(("pkg/tree/__init__.py", "pkg/tree/leaf.py", "other/x.json", "pkg/a/b"), ""))
    elsewhere = f"name the target that makes `{missed}` in `deps`, or move this one to a package above it"
    fix = DECLARE if missed.startswith("pkg/") else elsewhere
    expected = f"error: `sh` looked for `{missed}`, which is not declared\n  fix: {fix}"
    assert expected in repo.refuses(script, inputs=("pkg/a/b",)).split("\n\n")


def view_of(repo: Repo, *declared: str) -> View:
    return View(str(repo.folder), walls.TREE, frozenset(declared), ("pkg", ""))


def test_declared_files_folders_and_repository_files_are_not_missed(repo: Repo) -> None:
    repo.write(dict.fromkeys(("pkg/a.txt", "pkg/build/x.c", ".git/config", "b.txt"), ""))
    log = "a.txt: error 'build' ../.git/config .git/config /build /build/ ../../b.txt see https://b.txt/x"
    assert undeclared.named_in(log, view_of(repo, "pkg/a.txt")) == ()


def test_five_missed_files_are_enough(repo: Repo) -> None:
    repo.write({f"pkg/{number}.txt": "" for number in range(9)})
    log = " ".join(f"{number}.txt" for number in range(9))
    assert undeclared.named_in(log, view_of(repo)) == tuple(f"pkg/{number}.txt" for number in range(5))


@given(st.text(max_size=300))
def test_whatever_a_program_says_can_be_searched(text: str) -> None:
    view = View("/nonexistent", walls.TREE, frozenset(), ("pkg", ""))
    assert undeclared.named_in(text, view) == ()
    assert undeclared.looked_for(text, view) == ()


def test_a_trace_names_files_relative_to_where_each_process_was(repo: Repo) -> None:
    repo.write(dict.fromkeys(("pkg/a.txt", "pkg/sub/b.txt", "c.txt", "pkg/given.txt"), ""))
    trace = (
        '12 openat(AT_FDCWD</build/pkg>, "a.txt", O_RDONLY) = -1 ENOENT (No such file or directory)\n'
        '13 openat(AT_FDCWD</build/pkg/sub>, "b.txt", O_RDONLY) = -1 ENOENT (No such file or directory)\n'
        '13 access("/build/c.txt", R_OK) = -1 ENOENT (No such file or directory)\n'
        '13 openat(AT_FDCWD</tmp>, "c.txt", O_RDONLY) = -1 ENOENT (No such file or directory)\n'
        '14 openat(AT_FDCWD</build/pkg>, "given.txt", O_WRONLY) = -1 EACCES (Permission denied)\n'
    )
    found = undeclared.looked_for(trace, view_of(repo, "pkg/given.txt"))
    assert found == ("pkg/a.txt", "pkg/sub/b.txt", "c.txt")


@given(st.lists(st.binary(max_size=40_000), max_size=8))
def test_a_log_keeps_its_two_ends(parts: list[bytes]) -> None:
    log, whole = Log(), b"".join(parts)
    for part in parts:
        log.add(part)
    kept = 32 * 1024
    assert bytes(log.head) == whole[:kept]
    assert bytes(log.tail) == whole[kept:][-kept:]
    assert len(log.head) + len(log.tail) + log.dropped == len(whole)


def test_a_log_says_what_it_left_out() -> None:
    ended = process.run(
        ["sh", "-c", "echo first; head -c 1000000 /dev/zero | tr '\\0' x; echo; echo last"], "/", {}, 20
    )
    assert ended.log.startswith("first\nxxx")
    assert ended.log.endswith("xxx\nlast\n")
    assert f"\n[{1_000_012 - 65_536} bytes left out]\n" in ended.log


def test_a_log_that_is_not_utf_8(repo: Repo) -> None:
    assert repo.shell(f"printf 'caf\\351\\n'; echo >../{OUT}").said.endswith("caf\ufffd\n")


def test_bubblewrap_that_may_not_work_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name, path: str(fake))
    assert walls.bubblewrap.__wrapped__() == Bubblewrap(
        reason="bubblewrap does not work here: bwrap: No permissions to create new namespace"
    )


# Behind walls

WORKER = """
import sys

from packaging_targets.build.sandbox.room import fresh_room
from packaging_targets.build.sandbox.walls import Walls, bubblewrap

with fresh_room() as room:
    Walls(room, bubblewrap()).run(["sleep", sys.argv[1]], "", {}, 99)
"""
LONG = f"60.{os.getpid()}"  # as long as no other run sleeps


def is_asleep() -> bool:
    return process.run(["pgrep", "-f", f"sleep {LONG}$"], "/", {"PATH": "/usr/bin:/bin"}, 9).code == 0


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.service
def test_behind_walls_outputs_are_the_same(walled: Repo) -> None:
    walled.write({"pkg/in.txt": "b\na\n"})
    step = walled.shell(f"sort in.txt >../{OUT}", inputs=("pkg/in.txt",))
    assert step.output() == b"a\nb\n"
    assert step.said == ""


@pytest.mark.service
def test_behind_walls_every_machine_looks_alike(walled: Repo) -> None:
    script = f'(pwd; hostname; id -un; id -u; echo "$HOME" "$TMPDIR"; ls -A / | tr "\\n" " ") >../{OUT}'
    lines = walled.shell(script).output().decode().splitlines()
    assert lines[:5] == ["/build/pkg", "build", "build", "1000", "/home/build /tmp"]
    assert set(lines[5].split()) <= {
        "bin",
        "build",
        "dev",
        "etc",
        "home",
        "lib",
        "lib32",
        "lib64",
        "libx32",
        "nix",
        "opt",
        "proc",
        "sbin",
        "tmp",
        "usr",
    }


@pytest.mark.service
def test_behind_walls_an_undeclared_file_is_named_even_by_its_absolute_path(walled: Repo) -> None:
    walled.write({"pkg/secret.txt": "secret"})
    message = walled.refuses(f"cat {walled.folder}/pkg/secret.txt >../{OUT}")
    assert "`sh` looked for `pkg/secret.txt`, which is not declared" in message
    assert "No such file or directory" in message


@pytest.mark.service
def test_behind_walls_a_silent_failure_is_traced(walled: Repo) -> None:
    walled.write({"pkg/secret.txt": "secret", "pkg/other.txt": ""})
    assert walled.refuses("cd ..; test -f pkg/secret.txt") == (
        "error: `sh` ended with exit code 1 and said nothing\n"
        "  fix: mend the program, or what it is given\n\n"
        "error: `sh` looked for `pkg/secret.txt`, which is not declared\n"
        "  fix: add it to `srcs`; in a rule of your own, to the action's inputs too"
    )


@pytest.mark.service
def test_behind_walls_there_is_no_network(walled: Repo) -> None:
    script = "python3 -c 'import socket; socket.create_connection((\"192.0.2.1\", 80), 5)'"
    assert (
        "error: `sh` asked for the network, which no action has\n"
        "  fix: keep what it fetches in the workspace, and declare it"
    ) in walled.refuses(script)


@pytest.mark.service
def test_behind_walls_a_missing_file_is_no_network(walled: Repo) -> None:
    assert "network" not in walled.refuses("python3 -c 'open(\"gone\")'")


@pytest.mark.service
def test_behind_walls_the_system_cannot_be_written(walled: Repo, tmp_path: Path) -> None:
    script = f"for f in /usr/x /etc/x {tmp_path}/x; do touch $f 2>/dev/null && echo $f; done; true >../{OUT}"
    walled.shell(script)
    assert not any(os.path.exists(f"{folder}/x") for folder in ("/usr", "/etc", tmp_path))


def test_a_workspace_in_a_system_folder_is_hidden() -> None:
    system = list(walls._system(("/usr/share", "/somewhere")))
    assert system[-2:] == ["--tmpfs", "/usr/share"]


@pytest.mark.service
def test_behind_walls_a_tool_outside_the_system_is_seen(walled: Repo, tmp_path: Path) -> None:
    prefix = tmp_path / "sdk"
    walled.write(
        {
            "../sdk/bin/tool": '#!/bin/sh\ncat "$(dirname "$0")/../share/text"\n',
            "../sdk/share/text": "of the sdk",
        }
    )
    (prefix / "bin/tool").chmod(0o755)
    step = walled.shell(f"{prefix}/bin/tool >../{OUT}", tools=["sh", f"{prefix}/bin/tool"])
    assert step.output() == b"of the sdk"


@pytest.mark.service
def test_behind_walls_the_time_limit_ends_what_fled_its_group(walled: Repo) -> None:
    started = time.monotonic()
    message = walled.refuses(f"setsid sleep {LONG} & sleep {LONG}", timeout=1)
    assert "was stopped after 1 seconds" in message
    assert time.monotonic() - started < 8
    assert eventually(lambda: not is_asleep())


@pytest.mark.service
def test_behind_walls_a_killed_worker_takes_its_program_with_it(walled: Repo) -> None:
    # Its room is left behind: pytest clears it away.
    env = {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(walled.folder)}
    worker = subprocess.Popen([sys.executable, "-c", WORKER, LONG], env=env)
    assert eventually(is_asleep)
    worker.kill()
    worker.wait()
    assert eventually(lambda: not is_asleep())


@pytest.mark.service
def test_behind_walls_a_signal_is_named(walled: Repo) -> None:
    assert walled.refuses("kill -SEGV $$").startswith("error: `sh` was killed by SIGSEGV")
