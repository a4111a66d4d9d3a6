"""Outputs that nobody makes any longer: what a build made goes, what a person wrote or took over stays."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from packaging_targets.adapters.testing import Workspace

if TYPE_CHECKING:
    from pathlib import Path

DOCKERFILE = "ops/packaging/services/api.Dockerfile"
IGNORE = f"{DOCKERFILE}.dockerignore"
INDEX = "docs/packaging/registry.json"
SERVICE = '[[service]]\nname = "api"\n'
REGISTRY = '[[packaging_registry]]\nname = "registry"\n'
PERSON = {"id": "legacy", "type": "app"}


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """A built workspace with a service and the index."""
    ws = Workspace(tmp_path / "repo")
    ws.write({"TARGETS.toml": f"[workspace]\n{REGISTRY}", "api/TARGETS.toml": SERVICE, "api/main.py": ""})
    assert ws.build().exit_code == 0
    return ws


def kept(path: str) -> str:
    return f"kept      {path}  (no target makes it any longer, but somebody wrote in it)\n"


def test_what_is_as_it_was_made_goes(ws: Workspace) -> None:
    ws.write({"TARGETS.toml": "[workspace]\n"})
    assert ws.build().removed == [INDEX]
    ws.path("api/TARGETS.toml").unlink()
    assert ws.build().removed == [DOCKERFILE, IGNORE]
    assert ws.paths("ops") == ws.paths("docs") == []


def test_a_dockerfile_that_a_person_changed_stays(ws: Workspace) -> None:
    ws.write({DOCKERFILE: "FROM mine\n"})
    ws.path("api/TARGETS.toml").unlink()
    run = ws.build()
    assert (run.removed, kept(DOCKERFILE) in run.output) == ([IGNORE], True)
    assert ws.read(DOCKERFILE) == "FROM mine\n"


@pytest.mark.parametrize("changed", [True, False])
def test_a_dockerfile_that_is_named_as_hand_written_stays(ws: Workspace, *, changed: bool) -> None:
    if changed:
        ws.write({DOCKERFILE: "FROM mine\n"})
    before = ws.contents("ops")
    ws.write({"api/TARGETS.toml": f'{SERVICE}dockerfile = "//{DOCKERFILE}"\n'})
    for _ in range(2):
        run = ws.build()
        assert (run.exit_code, run.removed) == (0, [])
        assert "kept" not in run.output
        assert ws.contents("ops") == before
    assert json.loads(ws.read(INDEX))["targets"][0]["dockerfile"] == DOCKERFILE
    # It is the person's from now on, whatever becomes of the target.
    ws.path("api/TARGETS.toml").unlink()
    assert ws.build().removed == []
    assert ws.contents("ops") == before


def test_a_dockerfile_that_another_target_names_stays(ws: Workspace) -> None:
    ws.write({"b/TARGETS.toml": f'[[job]]\nname = "b"\ndockerfile = "//{DOCKERFILE}"\n', "b/main.py": ""})
    assert ws.build().exit_code == 0
    ws.path("api/TARGETS.toml").unlink()
    run = ws.build()
    assert run.removed == []
    assert ws.paths("ops") == [DOCKERFILE, IGNORE]


def test_a_dockerfile_in_the_place_of_another_does_not_save_that(ws: Workspace) -> None:
    ws.write({"api/TARGETS.toml": f'{SERVICE}dockerfile = "Dockerfile"\n', "api/Dockerfile": "FROM x\n"})
    assert ws.build().removed == [DOCKERFILE, IGNORE]


def test_an_index_with_entries_of_people_stays(ws: Workspace) -> None:
    index = json.loads(ws.read(INDEX))
    for edit in (
        {"targets": [*index["targets"], PERSON]},
        {"owner": "core"},
        {"targets": [index["targets"][0] | {"x": 1}]},
    ):
        ws.write({INDEX: json.dumps(index | edit), "TARGETS.toml": f"[workspace]\n{REGISTRY}"})
        assert ws.build().exit_code == 0
        before = ws.read(INDEX)
        ws.write({"TARGETS.toml": "[workspace]\n"})
        run = ws.build()
        assert (run.removed, kept(INDEX) in run.output) == ([], True)
        assert ws.read(INDEX) == before


def test_an_index_that_moves_leaves_what_people_wrote(ws: Workspace) -> None:
    ws.write({INDEX: json.dumps({"targets": [PERSON]})})
    assert ws.build().exit_code == 0
    before = ws.read(INDEX)
    ws.write({"TARGETS.toml": f'[workspace]\n{REGISTRY}out = "index.json"\n'})
    run = ws.build()
    assert (run.removed, kept(INDEX) in run.output) == ([], True)
    assert ws.read(INDEX) == before
    assert "legacy" not in ws.read("index.json")


def test_clean_keeps_what_people_wrote(ws: Workspace) -> None:
    ws.write({INDEX: json.dumps({"targets": [PERSON]}), DOCKERFILE: "FROM mine\n"})
    ws.build()
    before = ws.contents("")
    for options in (["--dry-run"], []):
        run = ws.doit("clean", *options, "build")
        assert run.exit_code == 0
        assert sorted(line for line in run.output.splitlines() if " file " in line) == [
            f"build://:registry - keeping what somebody wrote in file '{INDEX}'",
            f"build://api:api - keeping what somebody wrote in file '{DOCKERFILE}'",
            f"build://api:api - removing file '{IGNORE}'",
        ]
        assert set(before) - set(ws.contents("")) == ({IGNORE} if not options else set())
    assert (ws.read(INDEX), ws.read(DOCKERFILE)) == (before[INDEX].decode(), "FROM mine\n")


# What a build that was killed leaves: outputs are in their places, and nobody has written that down.


def kill(ws: Workspace) -> None:
    with sqlite3.connect(ws.path(".packaging/records.sqlite")) as records:
        records.execute("update output set state = ''")
        records.execute("update action set result = null, stale = 1")
    records.close()


def test_unrecorded_outputs_outside_of_dist_go_if_their_kind_knows_its_own(ws: Workspace) -> None:
    kill(ws)
    ws.write({"TARGETS.toml": "[workspace]\n"})
    ws.path("api/TARGETS.toml").unlink()
    run = ws.build()
    assert run.removed == [INDEX, DOCKERFILE, IGNORE]


def test_unrecorded_outputs_of_people_stay(ws: Workspace) -> None:
    ws.write({INDEX: json.dumps({"targets": [PERSON]}), DOCKERFILE: "FROM mine\n"})
    kill(ws)
    ws.write({"TARGETS.toml": "[workspace]\n"})
    ws.path("api/TARGETS.toml").unlink()
    run = ws.build()
    assert run.removed == [IGNORE]
    assert kept(INDEX) in run.output
    assert kept(DOCKERFILE) in run.output
    assert (json.loads(ws.read(INDEX))["targets"], ws.read(DOCKERFILE)) == ([PERSON], "FROM mine\n")


def test_other_unrecorded_outputs_outside_of_dist_stay(ws: Workspace) -> None:
    ws.write(
        {
            "rules/note/rule.py": """\
                from packaging_targets import Action

                def analyse(context):
                    return [Action("write/1", {"text": "hello"}, (), (context.workspace_output("docs/note.txt"),))]
            """,
            "rules/note/schema.json": '{"title": "note", "description": "d", "properties": {}}',
            "n/TARGETS.toml": '[[note]]\nname = "n"\n',
        }
    )
    assert ws.build().built == ["//n:n"]
    kill(ws)
    ws.path("n/TARGETS.toml").unlink()
    run = ws.build()
    assert (run.removed, kept("docs/note.txt") in run.output) == ([], True)
