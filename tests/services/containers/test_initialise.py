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
    own: dict[str, str | bytes] = {"dodo.py": "", INDEX: '{"targets": []}', "ops/packaging/AGENTS.md": "mine"}
    ws.write(own)
    assert ctl(ws, "init").exit_code == 0
    assert {name: files(ws)[name].decode() for name in own} == own


WORKSPACE = "# The root of the workspace. Targets stand in a TARGETS.toml beside their module.\n[workspace]\n"
REGISTRY = f'# The index of all containers: {INDEX}\n[[packaging_registry]]\nname = "registry"\n'
BOTH = ["[workspace]", "[[packaging_registry]]"]


@pytest.mark.parametrize(
    ("text", "more", "added"),
    [
        ("", f"{WORKSPACE}\n{REGISTRY}", BOTH),
        ("# mine", f"\n\n{WORKSPACE}\n{REGISTRY}", BOTH),
        ('# mine\r\n[[archive]]\r\nname = "a"\r\n', f"\n{WORKSPACE}\n{REGISTRY}".replace("\n", "\r\n"), BOTH),
        ('[[archive]]\nname = "registry"\n', f"\n{WORKSPACE}\n{REGISTRY}".replace('y"', 'y-packaging"'), BOTH),
        ('[[packaging_registry]]\nname = "index"\n', f"\n{WORKSPACE}", BOTH[:1]),
        ('[workspace]\nout = "x"\n', f"\n{REGISTRY}", BOTH[1:]),
    ],
)
def test_a_root_target_file_gets_the_tables_that_it_lacks(
    tmp_path: Path, text: str, more: str, added: list[str]
) -> None:
    ws = empty(tmp_path / "repo")
    ws.write({"TARGETS.toml": text.encode(), "a.txt": ""})
    dry = ctl(ws, "init", "--dry-run")
    assert [line for line in dry.output.splitlines() if "add" in line] == [
        f"would add {header} to TARGETS.toml" for header in added
    ]
    assert ws.read("TARGETS.toml").encode() == text.replace("\r\n", "\n").encode()
    run = ctl(ws, "init")
    assert run.exit_code == 0, run.output
    assert [line for line in run.output.splitlines() if "added" in line] == [
        f"added {header} to TARGETS.toml" for header in added
    ]
    assert ws.path("TARGETS.toml").read_bytes() == (text + more).encode()
    before = files(ws)
    assert "left  TARGETS.toml\n" in ctl(ws, "init").output
    assert files(ws) == before
    assert ctl(ws, "add-app", "--id", "web", "--module", "web").exit_code == 0


def test_an_index_that_is_kept_elsewhere_in_the_workspace_is_enough(tmp_path: Path) -> None:
    ws = empty(tmp_path / "repo")
    ws.write({"TARGETS.toml": "[workspace]\n", "x/TARGETS.toml": '[[packaging_registry]]\nname = "index"\n'})
    assert "left  TARGETS.toml\n" in ctl(ws, "init").output
    assert ws.read("TARGETS.toml") == "[workspace]\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[ workspace ]\n", "`TARGETS.toml` takes no further [workspace]: write it there:\n"),
        ("nonsense", "`TARGETS.toml` takes no further [workspace]: write it there:\n"),
        (
            "[workspace]\n[[service]]\n",
            "TARGETS.toml may lack [[packaging_registry]], which nobody can tell while targets are wrong: "
            "correct them, and run ctl-packaging init again\n",
        ),
    ],
)
def test_a_root_target_file_that_takes_no_table_is_left_and_told(tmp_path: Path, text: str, told: str) -> None:
    ws = empty(tmp_path / "repo")
    ws.write({"TARGETS.toml": text})
    run = ctl(ws, "init")
    assert run.exit_code == 0
    assert told in run.output
    assert ws.read("TARGETS.toml") == text


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


def test_a_listing_as_json_has_all_that_the_index_says_in_its_order(tmp_path: Path) -> None:
    api = {"zeta": "grün", "image": "x", "id": "api", "type": "service", "n": [1.5, None], "alpha": {"b": 1, "a": 2}}
    ws = old(tmp_path / "repo", api, updatedAt="2025", version=3, Owner={"z": 1, "a": 2})
    listed = json.loads(ctl(ws, "list", "--format", "json").output)
    assert list(listed) == ["version", "updatedAt", "Owner", "targets"]
    assert (listed["version"], list(listed["Owner"])) == (3, ["z", "a"])
    (entry,) = listed["targets"]
    assert list(entry) == ["id", "zeta", "image", "type", "n", "alpha", "dockerfile", "context"]
    assert api.items() <= entry.items()


@pytest.mark.parametrize("verb", [("packaging", "build"), ("packaging", "why", "//:x"), ("doit", "build")])
def test_what_needs_targets_says_what_to_run_where_there_is_only_an_index(
    tmp_path: Path, verb: tuple[str, ...]
) -> None:
    ws = old(tmp_path / "repo", {"id": "api", "type": "service"})
    ws.write({"pyproject.toml": '[tool.doit]\nloader = "packaging"\n'})
    run = ws.packaging(*verb[1:]) if verb[0] == "packaging" else ws.doit(*verb[1:])
    assert run.output.partition(": ")[2] == (
        "there are no targets here, only containers in docs/packaging/registry.json\n"
        f"  at {ws.root}\n"
        "  fix: ctl-packaging build-all builds their images;"
        " ctl-packaging init, and then adopt, makes targets of them\n"
    )


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
