"""Options that stand behind our tasks: `doit build -n 2`, through the loader and in a `dodo.py`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from doit.exceptions import InvalidDodoFile

from packaging_targets.adapters.doit.command_line import take, take_from
from packaging_targets.adapters.testing import Run, Workspace

if TYPE_CHECKING:
    from pathlib import Path

BOTH = ["//a:a", "//b:b"]
FAILS = '[[command]]\nname = "no"\nouts = ["no"]\nargv = ["false"]\n'
FIX = "  fix: here stand -n N, -P process or thread, --continue and --log-json FILE; others stand before the tasks\n"
DODO = """\
from packaging_targets.adapters.doit import *

def task_own():
    return {"actions": ["echo own %(n)s"], "params": [{"name": "n", "short": "n", "default": ""}], "verbosity": 2}

"""

# doit, which says how it runs.
_DOIT = """
import sys
from doit import cmd_run
from doit.doit_cmd import DoitMain

def told(name):
    runner = getattr(cmd_run, name)
    class Told(runner):
        def __init__(self, *args, **more):
            super().__init__(*args, **more)
            print(name, getattr(self, "num_process", 0), self.continue_)
    return Told

for name in ("Runner", "MRunner", "MThreadRunner"):
    setattr(cmd_run, name, told(name))
sys.exit(DoitMain().run(sys.argv[1:]))
"""


@pytest.fixture(params=["loader", "dodo"])
def ws(request: pytest.FixtureRequest, tmp_path: Path) -> Workspace:
    """A workspace with two targets that do not depend on each other, once with our loader, once with a dodo.py."""
    ws = Workspace(tmp_path / "repo")
    for name in "ab":
        ws.write({f"{name}/TARGETS.toml": f'[[archive]]\nname = "{name}"\nsrcs = ["*.txt"]\n', f"{name}/x.txt": name})
    if request.param == "dodo":
        ws.path("pyproject.toml").unlink()
        ws.write({"dodo.py": DODO})
    return ws


def doit(ws: Workspace, *arguments: str) -> tuple[Run, str]:
    """Run doit; return the run, and how it ran."""
    run = ws.run([sys.executable, "-c", _DOIT, *arguments])
    return run, run.output.split("\n", 1)[0]


@pytest.mark.parametrize(
    ("words", "how"),
    [
        ("build", "Runner 0 False"),
        ("build -n 2", "MRunner 2 False"),
        ("build -n2 -c", "MRunner 2 True"),
        ("build --process=3 --parallel-type thread", "MThreadRunner 3 False"),
        ("run build --continue", "Runner 0 True"),
        ("-n 2 build --continue", "MRunner 2 True"),
        ("run -n 2 build -n 4", "MRunner 2 False"),
        ("build://a:a -n 2 build://b:b --continue", "MRunner 2 True"),
    ],
)
def test_options_may_stand_behind_tasks(ws: Workspace, words: str, how: str) -> None:
    run, ran = doit(ws, *words.split())
    assert (run.exit_code, ran, run.built) == (0, how, BOTH), run.output


def test_with_nothing_to_do_they_change_nothing(ws: Workspace) -> None:
    ws.doit("build")
    run = ws.doit("build", "-n", "2", "--continue")
    # Beside tasks of their own, all targets are looked at, and counted.
    told = "2 up to date  (" if ws.path("dodo.py").exists() else "up to date: 2 targets\n"
    assert (run.exit_code, run.built, run.output[: len(told)]) == (0, [], told)


def test_continue_behind_a_task_builds_the_rest(ws: Workspace) -> None:
    many = "".join(f'[[archive]]\nname = "n{number:03}"\nsrcs = ["TARGETS.toml"]\n' for number in range(200))
    fails = FAILS.replace("no", "a", 1)  # it comes first
    ws.write({"TARGETS.toml": f"[workspace]\n{fails}{many}"})
    stopped = ws.doit("build")
    assert (stopped.exit_code, stopped.failed) == (1, ["//:a"])
    assert len(stopped.built) < 150  # what was begun beside it is ended
    run = ws.doit("build", "--continue")
    assert (len(stopped.built + run.built), run.failed) == (202, ["//:a"])


def test_events_go_to_a_file_whatever_else_stands_there(ws: Workspace) -> None:
    run = ws.doit("build://a:a", "--log-json", "events.jsonl", "-n", "2")
    assert run.exit_code == 0
    assert '"event": "built", "task": "build://a:a"' in ws.read("events.jsonl")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("build --bogus", f"behind `build`: option --bogus not recognized\n{FIX}"),
        ("build -v 2", f"behind `build`: option -v not recognized\n{FIX}"),
        ("build://a:a -n", f"behind `build://a:a`: option -n requires argument\n{FIX}"),
        ("build -n many", "behind `build`: `-n` takes a number, but is `many`\n  fix: write -n 4\n"),
        ("build -n -2", "behind `build`: `-n` takes a number, but is `-2`\n  fix: write -n 4\n"),
    ],
)
def test_what_cannot_stand_there_is_told(ws: Workspace, words: str, told: str) -> None:
    run = ws.doit(*words.split())
    assert (run.exit_code, run.output) == (3, f"ERROR: {told}")
    assert ws.paths("dist") == []


def test_help_lists_them(ws: Workspace) -> None:
    told = ws.doit("help", "build").output
    assert "-n ARG, --process=ARG     run this many actions at once" in told
    assert "-c, --continue            go on after a failure" in told


def test_patterns_take_them_through_the_loader(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write({"a/TARGETS.toml": '[[archive]]\nname = "a"\nsrcs = ["*.txt"]\n', "a/x.txt": "1"})
    run, how = doit(ws, "build://a*", "-n", "2")
    assert (run.exit_code, how, run.built) == (0, "MRunner 2 False", ["//a:a"])


class TestDodo:
    """Where a `dodo.py` brings the tasks."""

    @pytest.fixture
    def ws(self, tmp_path: Path) -> Workspace:
        ws = Workspace(tmp_path / "repo")
        ws.path("pyproject.toml").unlink()
        ws.write({"a/TARGETS.toml": '[[archive]]\nname = "a"\nsrcs = ["*.txt"]\n', "a/x.txt": "1", "dodo.py": DODO})
        return ws

    def test_people_s_tasks_keep_their_own(self, ws: Workspace) -> None:
        run, how = doit(ws, "build", "-n", "2", "own", "-n", "5")
        assert (run.exit_code, how, run.built) == (0, "MRunner 2 False", ["//a:a"])
        assert "own 5\n" in run.output
        assert doit(ws, "own", "-n", "5")[1] == "Runner 0 False"

    def test_the_command_line_stands_above_the_file(self, ws: Workspace) -> None:
        ws.write({"dodo.py": f'{DODO}DOIT_CONFIG["num_process"] = 3\nDOIT_CONFIG["continue"] = True\n'})
        assert doit(ws, "build")[1] == "MRunner 3 True"
        assert doit(ws, "build", "-n", "2", "--no-continue")[1] == "MRunner 2 False"

    def test_settings_of_their_own_cannot_hear_of_them(self, ws: Workspace) -> None:
        ws.write({"dodo.py": f'{DODO}DOIT_CONFIG = {{**DOIT_CONFIG, "verbosity": 2}}\n'})
        assert ws.doit("build", "-n", "2").output == (
            "ERROR: no options can stand behind `build`: the dodo.py has another DOIT_CONFIG than the imported one\n"
            '  fix: change that one, as in DOIT_CONFIG["verbosity"] = 2, or write the options before the tasks\n'
        )
        assert doit(ws, "-n", "2", "build", "--log-json", "events.jsonl")[1] == "MRunner 2 False"
        assert '"event": "end"' in ws.read("events.jsonl")

    def test_a_pattern_takes_none(self, ws: Workspace) -> None:
        run = ws.doit("build://a*", "-n", "2")
        assert (run.exit_code, run.output) == (
            3,
            "ERROR: no options can stand behind the pattern `build://a*`, where tasks come from a dodo.py\n"
            "  fix: write them before it, as in doit -n 4 'build://a*'\n",
        )


def test_words_are_told_apart() -> None:
    assert take([]) == ({}, [])
    assert take(["build", "dist/x", "-n", "2", "build:*"]) == ({"num_process": 2}, ["build", "dist/x", "build:*"])
    assert take(["build", "-n", "1", "x", "-n", "2", "--no-continue"]) == (
        {"num_process": 2, "continue": False},
        ["build", "x"],
    )
    with pytest.raises(InvalidDodoFile, match="behind `build`: option -x not recognized"):
        take(["build", "-x"])


def test_a_command_line_is_read_as_doit_reads_it() -> None:
    assert take_from(["doit", "-f", "x.py", "-d", "build", "run", "a=1", "build", "-c"]) == (
        {"continue": True},
        ["build"],
    )
    assert take_from(["doit", "own", "-n", "2", "build", "-c"]) == ({}, [])
    assert take_from(["doit", "list", "build", "-c"]) == ({}, [])
    assert take_from(["doit", "list", "--all", "build", "-c"]) == ({}, [])
