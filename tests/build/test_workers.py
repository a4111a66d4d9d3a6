"""Actions that run beside each other: right results, one build's end, and nobody left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from packaging_targets.adapters.testing import PACKAGING, Workspace

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked for in /proc")

SLOW = """
[[command]]
name = "{name}"
outs = ["{name}.txt"]
argv = ["sh", "-c", "echo {name} > {{out}}; sleep {seconds}"]
"""


def declare(ws: Workspace, *seconds: float) -> None:
    entries = (SLOW.format(name=f"c{place:02}", seconds=time) for place, time in enumerate(seconds))
    ws.write({"TARGETS.toml": "[workspace]\n" + "".join(entries)})


def processes() -> dict[int, tuple[int, str]]:
    """Return the parent and the command line of every process."""
    found = {}
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit():
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                found[int(folder.name)] = (parent, (folder / "cmdline").read_text().replace("\0", " "))
    return found


def runs(command: str) -> bool:
    """Tell whether a declared command runs now, by its last words."""
    return any(line.rstrip().endswith(command) for _, line in processes().values())


def wait_for(command: str) -> None:
    """Wait until a declared command runs."""
    deadline = time.monotonic() + 20
    while not runs(command):
        assert time.monotonic() < deadline, f"{command} never ran"
        time.sleep(0.02)


def test_actions_run_beside_each_other(ws: Workspace) -> None:
    declare(ws, 3.51, 3.52)
    with ws.start(*PACKAGING, "build", "-n", "2") as build:
        wait_for("sleep 3.51")
        wait_for("sleep 3.52")
        assert runs("sleep 3.51")
        build.communicate()
    assert ws.contents() == {"dist/c00.txt": b"c00\n", "dist/c01.txt": b"c01\n"}


@pytest.mark.parametrize("jobs", ["1", "2", "7"])
def test_an_action_waits_for_what_it_uses(ws: Workspace, jobs: str) -> None:
    chain = "".join(
        f'[[command]]\nname = "n{place}"\nouts = ["n{place}.txt"]\n'
        f"deps = [{', '.join(f'{chr(34)}:n{before}{chr(34)}' for before in range(max(0, place - 2), place))}]\n"
        f'argv = ["sh", "-c", "cat $(find . -name \'n*.txt\') /dev/null > x; echo {place} >> x; mv x {{out}}"]\n'
        for place in range(8)
    )
    ws.write({"TARGETS.toml": f"[workspace]\n{chain}"})
    run = ws.packaging("build", "-n", jobs)
    assert (run.exit_code, len(run.built)) == (0, 8), run.output
    assert ws.read("dist/n7.txt").splitlines()[-1] == "7"
    assert len(ws.read("dist/n7.txt").splitlines()) == 54  # each holds all that it could see
    assert ws.packaging("build").built == []


@pytest.mark.parametrize(
    "words",
    [[*PACKAGING, "build", "-n", "2"], [sys.executable, "-m", "doit", "-n", "2", "build"]],
    ids=["our workers", "workers of doit"],
)
def test_a_build_whose_head_is_killed_keeps_nobody_waiting(ws: Workspace, words: list[str]) -> None:
    declare(ws, 0, 1.51, 1.51, 0)
    with ws.start(*words) as build:
        wait_for("sleep 1.51")
        os.kill(build.pid, signal.SIGKILL)  # only the process that was started: its workers live on
        build.wait()
        started = time.monotonic()
        run = ws.packaging("build")
        assert (run.exit_code, run.failed) == (0, []), run.output
        assert time.monotonic() - started < 15
        assert sorted(ws.contents()) == [f"dist/c{place:02}.txt" for place in range(4)]


def test_a_worker_that_is_killed_fails_its_action_alone(ws: Workspace) -> None:
    declare(ws, 0, 1.52, 0)
    with ws.start(*PACKAGING, "build", "-n", "2", "--continue") as build:
        wait_for("sleep 1.52")
        for worker, (parent, _) in processes().items():
            if parent == build.pid:
                os.kill(worker, signal.SIGKILL)
        told, _ = build.communicate()
    assert build.returncode == 1
    assert (
        "error: the process that ran this action was killed\n"
        "  at //:c01\n"
        "  fix: build again; with -n 1 it takes less memory\n"
    ) in told
    run = ws.packaging("build")
    assert run.exit_code == 0, run.output


def test_ctrl_c_ends_a_build_and_begins_nothing_more(ws: Workspace) -> None:
    declare(ws, 0, 1.53, 1.53, *[0.2] * 20)
    with ws.start(*PACKAGING, "build", "-n", "2") as build:
        wait_for("sleep 1.53")
        os.killpg(build.pid, signal.SIGINT)
        build.communicate(timeout=10)
    assert build.returncode != 0
    assert len(ws.paths("dist")) < 6
    run = ws.packaging("build")
    assert run.exit_code == 0, run.output
    assert len(ws.paths("dist")) == 23
