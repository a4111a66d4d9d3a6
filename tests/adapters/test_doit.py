"""Our tasks among doit's own commands, in a `dodo.py`, and in its worker processes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from packaging_targets.adapters.testing import Workspace

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "a/TARGETS.toml": '[[archive]]\nname = "a"\nsrcs = ["*.txt"]\n\n[[archive]]\nname = "b"\nsrcs = []\ndeps = [":a"]\n',
    "a/x.txt": "1\n",
}
BOTH = ["//a:a", "//a:b"]


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = Workspace(tmp_path / "repo")
    ws.write(FILES)
    return ws


def test_list_info_clean_forget_and_ignore(ws: Workspace) -> None:
    assert ws.build().built == BOTH
    listed = ws.doit("list", "--all", "--status").output.splitlines()
    assert [line.split()[:2] for line in listed][1:] == [["U", "build://a:a"], ["U", "build://a:b"]]
    ws.write({"a/x.txt": "2\n"})
    listed = ws.doit("list", "--all", "--status").output.splitlines()
    assert ["R", "build://a:a"] in [line.split()[:2] for line in listed]
    info = ws.doit("info", "build://a:a")
    assert info.exit_code == 1  # doit's way of saying that the task would run
    assert "dist/a/a.tar.gz" in info.output
    assert ws.build().built == BOTH

    assert ws.doit("clean", "build://a:b").exit_code == 0
    assert ws.paths("dist") == ["dist/a/a.tar.gz"]
    assert ws.build().restored == ["//a:b"]
    assert ws.doit("forget", "build://a:a").exit_code == 0
    run = ws.build()
    assert (run.exit_code, run.failed) == (0, [])

    assert ws.doit("ignore", "build://a:a").exit_code == 0
    ws.write({"a/x.txt": "3\n"})
    run = ws.build("//a:a")
    assert "ignored   //a:a\n" in run.output
    assert run.built == []


@pytest.mark.parametrize("jobs", [0, 2])
def test_always_execute_does_not_overrule_content(ws: Workspace, jobs: int) -> None:
    options = ["-a", "-n", str(jobs)]
    assert ws.doit(*options, "build://a:b").built == BOTH
    run = ws.doit(*options, "build://a:a", "build://a:b")
    assert (run.exit_code, run.output[:13]) == (0, "2 up to date ")
    ws.write({"a/x.txt": "2\n"})
    assert ws.doit(*options, "build://a:b").built == BOTH
    assert ws.build().output == "up to date: 2 targets\n"


def test_everything_is_cleaned_with_its_folders_left_to_their_owner(ws: Workspace) -> None:
    assert ws.build().built == BOTH
    ws.write({"dist/a/mine.txt": "mine"})
    assert ws.doit("clean", "--clean-all").exit_code == 0
    assert ws.paths("dist") == ["dist/a/mine.txt"]
    assert ws.build().restored == BOTH


def test_own_tasks_stand_beside_ours_and_depend_on_them(ws: Workspace) -> None:
    ws.path("pyproject.toml").unlink()
    ws.write(
        {
            "dodo.py": """\
                from packaging_targets.adapters.doit import *

                def task_after():
                    return {"actions": ["wc -c < dist/a/a.tar.gz > size"], "file_dep": ["dist/a/a.tar.gz"], "targets": ["size"]}

                def task_release():
                    return {"actions": ["cat size"], "task_dep": ["build", "after"], "verbosity": 2}
            """
        }
    )
    run = ws.doit("release")
    assert (run.exit_code, run.built) == (0, BOTH), run.output
    assert ws.read("size").strip() == str(ws.path("dist/a/a.tar.gz").stat().st_size)
    size = ws.path("size").stat().st_mtime_ns
    again = ws.doit("release")
    assert (again.exit_code, again.built) == (0, [])
    assert ws.path("size").stat().st_mtime_ns == size
    ws.write({"a/more.txt": "a longer text than it was before\n"})
    assert ws.doit("after").built == ["//a:a"]
    assert ws.read("size").strip() == str(ws.path("dist/a/a.tar.gz").stat().st_size)
    assert ws.doit("build").built == ["//a:b"]
    names = [line.split()[0] for line in ws.doit("list").output.splitlines()]
    assert sorted(names) == ["after", "build", "release"]


def test_a_subfolder_is_in_the_workspace_too(ws: Workspace) -> None:
    run = ws.packaging("build", cwd="a")
    assert (run.exit_code, run.built) == (0, BOTH)


def test_many_targets_in_one_list(ws: Workspace) -> None:
    entries = "".join(f'[[archive]]\nname = "t{number:03}"\nsrcs = ["x"]\n' for number in range(300))
    ws.write({"many/TARGETS.toml": entries, "many/x": "1"})
    run = ws.build("//many:t007", "//many:t299")
    assert run.built == ["//many:t007", "//many:t299"]
    listed = ws.doit("list", "--all", "--quiet").output.split()
    assert len([name for name in listed if name.startswith("build://many:")]) == 300
    assert ws.build(jobs=2).exit_code == 0
    assert ws.build().output == "up to date: 302 targets\n"


# What a spawned worker gets is what pickle carries; rules are loaded by path, and no worker could import them.
_DUMP = """
import pickle, sys
from packaging_targets.adapters.doit.loader import PackagingLoader
from packaging_targets.adapters.doit.turns import Build
from packaging_targets.adapters.doit.tasks import tasks_for
from doit.cmd_run import Run
import os
tasks = tasks_for(os.getcwd(), ["build"], running=True)
for task in tasks:
    for check in task.uptodate:
        if isinstance(check, tuple):
            check[0](task, {}, *check[1])
sys.stdout.buffer.write(pickle.dumps([[(action.py_callable, action.args, action.kwargs) for action in task.actions]
    + [task.meta] for task in tasks]))
"""
_LOAD = """
import pickle, sys
loaded = pickle.load(sys.stdin.buffer)
rules = [name for name in sys.modules if name.startswith("_packaging_rules_")]
jobs = [entry[-1]["job"] for entry in loaded if entry[-1] and entry[-1].get("job")]
print(len(loaded), len(jobs), rules)
"""


def test_what_crosses_to_workers_is_data_alone(ws: Workspace) -> None:
    environment = ws.whole_environment()
    dumped = subprocess.run(
        [sys.executable, "-c", _DUMP], cwd=ws.root, env=environment, capture_output=True, check=True
    )
    loaded = subprocess.run(
        [sys.executable, "-c", _LOAD],
        cwd=ws.root.parent,
        env=environment,
        input=dumped.stdout,
        capture_output=True,
        check=True,
    )
    # The group, and two actions; the second cannot be decided on while the first has not run.
    assert loaded.stdout == b"3 1 []\n"


def test_spawned_workers_build_the_same(ws: Workspace, tmp_path: Path) -> None:
    ws.write(
        {
            "rules/word/rule.py": """\
                from packaging_targets import Action

                def analyse(context):
                    return [Action("write/1", {"text": "hello"}, (), (context.output("word.txt"),))]
            """,
            "rules/word/schema.json": '{"title": "word", "description": "d", "properties": {}}',
            "w/TARGETS.toml": '[[word]]\nname = "w"\n',
            "spawn.py": """\
                import multiprocessing, sys
                from doit.doit_cmd import DoitMain
                from packaging_targets.adapters.doit.loader import PackagingLoader

                if __name__ == "__main__":
                    multiprocessing.set_start_method("spawn")
                    sys.exit(DoitMain(PackagingLoader(), config_filenames=()).run(["run", "-n", "2", "build"]))
            """,
        }
    )
    run = ws.run([sys.executable, "spawn.py"])
    assert (run.exit_code, run.built) == (0, [*BOTH, "//w:w"]), run.output
    plain = Workspace(tmp_path / "plain")
    plain.write(FILES)
    plain.build()
    assert {name: data for name, data in ws.contents().items() if "/w/" not in name} == plain.contents()


def test_events_are_one_object_a_line(ws: Workspace) -> None:
    log = ws.root.parent / "log.jsonl"
    run = ws.packaging("build", "-n", "1", "--log-json", str(log))
    assert run.exit_code == 0
    events = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [event["event"] for event in events] == ["start", "running", "built", "running", "built", "end"]
    assert events[-1]["built"] == 2
    assert [event["task"] for event in events[1:-1:2]] == ["build://a:a", "build://a:b"]


def test_a_folder_of_the_workspace_is_not_taken_for_a_package_that_we_import(ws: Workspace) -> None:
    ws.write({"packaging_targets/__init__.py": "raise RuntimeError", "json/__init__.py": "raise RuntimeError"})
    assert (ws.build().exit_code, ws.packaging("list").exit_code) == (0, 0)
