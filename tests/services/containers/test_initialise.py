"""`init`, `list` and `status`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from containers import INDEX, ctl, empty, files, old

WRITTEN = """\
wrote TARGETS.toml
wrote docs/packaging/registry.json
wrote dodo.py
wrote ops/packaging/AGENTS.md
wrote ops/packaging/apps/.gitkeep
wrote ops/packaging/handbook/README.md
wrote ops/packaging/jobs/.gitkeep
wrote ops/packaging/scripts/README.md
wrote ops/packaging/scripts/docker-build.mjs
wrote ops/packaging/services/.gitkeep
wrote ops/packaging/templates/Dockerfile.go
wrote ops/packaging/templates/Dockerfile.node
wrote ops/packaging/templates/Dockerfile.python
"""


def test_init_writes_what_is_missing_and_then_leaves_it(tmp_path: Path) -> None:
    ws = empty(tmp_path / "repo")
    assert ctl(ws, "init", "--dry-run").output == WRITTEN.replace("wrote", "would write")
    assert files(ws) == {}
    run = ctl(ws, "init")
    assert (run.exit_code, run.output) == (0, WRITTEN)
    before = files(ws)
    again = ctl(ws, "init")
    assert (again.exit_code, again.output) == (0, WRITTEN.replace("wrote", "left "))
    assert files(ws) == before
    built = ws.build()
    assert built.exit_code == 0, built.output
    assert files(ws) == before


def test_init_changes_nothing_that_people_have(tmp_path: Path) -> None:
    ws = empty(tmp_path / "repo")
    own: dict[str, str | bytes] = {"TARGETS.toml": "# mine\n", "dodo.py": "", INDEX: '{"targets": []}'}
    ws.write(own)
    run = ctl(ws, "init")
    assert run.exit_code == 0
    assert run.output.endswith(
        "TARGETS.toml has no [workspace] table: write one, and below it [[packaging_registry]]\n"
    )
    assert {name: files(ws)[name].decode() for name in own} == own


def test_init_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    ws = empty(tmp_path / "repo")
    ws.write({"ops/packaging/templates": "a file where a folder should be"})
    run = ctl(ws, "init")
    assert run.exit_code == 1
    assert "error: `ops/packaging/templates" in run.output
    assert list(files(ws)) == ["ops/packaging/templates"]


def test_init_refuses_a_folder_inside_a_workspace_and_what_is_none(tmp_path: Path) -> None:
    ws = empty(tmp_path / "repo")
    ctl(ws, "init")
    ws.path("apps").mkdir()
    run = ctl(ws, "init", "--repo-root", "apps")
    assert (run.exit_code, run.output) == (
        2,
        f"error: `apps` lies in the workspace `{ws.root}`\n"
        "  at --repo-root\n  fix: name the workspace, or leave it out\n",
    )
    assert ctl(ws, "init", "--repo-root", "nowhere").output.startswith("error: `nowhere` is no folder\n")


def test_a_repository_that_has_only_an_index(tmp_path: Path) -> None:
    api = {"id": "api", "type": "service", "module": "apps/api", "port": 8080, "owner": {"team": "a"}}
    ws = old(tmp_path / "repo", api, {"name": "cron", "type": "job"}, updatedAt="2025")
    assert ctl(ws, "list").output == "Packaging Targets (2):\n  [service] api -> apps/api\n  [job] cron -> -\n"
    listed = json.loads(ctl(ws, "list", "--format=json").output)
    assert listed["targets"][0] == {
        **api,
        "dockerfile": "ops/packaging/services/api.Dockerfile",
        "context": ".",
        "image": "api",
    }
    assert ctl(ws, "status").output == (
        f"root: {ws.root}\ninitialized: no: ctl-packaging init\nworkspace: no\ntargets: 2 (1 job, 1 service)\n"
        "only in the index: 2: ctl-packaging adopt writes their target files\n"
    )
    assert json.loads(ctl(ws, "status", "--format", "json").output)["indexOnly"] == 2


def test_declared_containers_and_those_of_the_index_are_listed_together(tmp_path: Path) -> None:
    ws = old(tmp_path / "repo", {"id": "old", "type": "job"}, {"id": "api", "declaredBy": "//gone:api", "type": "app"})
    ctl(ws, "init")
    ws.write({"svc/TARGETS.toml": '[[service]]\nname = "new"\n', "svc/main.py": ""})
    assert ctl(ws, "list").output == "Packaging Targets (2):\n  [service] new -> svc\n  [job] old -> -\n"


@pytest.mark.parametrize("verb", ["list", "status"])
def test_an_index_that_cannot_be_read_is_told(tmp_path: Path, verb: str) -> None:
    ws = old(tmp_path / "repo")
    ws.write({INDEX: "{"})
    run = ctl(ws, verb)
    assert run.exit_code == 1
    assert run.output.startswith("error: the index is no JSON: ")
    assert ws.read(INDEX) == "{"


@pytest.mark.parametrize("words", [["--format", "yaml"], ["extra"], ["--unknown"], ["--repo-root"]])
def test_what_a_verb_does_not_know_is_refused(tmp_path: Path, words: list[str]) -> None:
    assert ctl(empty(tmp_path / "repo"), "list", *words).exit_code == 2
