"""Templates of the repository's own, found by their names in `ops/packaging/templates/`."""

from __future__ import annotations

import json

import pytest
from repository import commit, git

from packaging_targets.adapters.testing import Run, Workspace

API = "ops/packaging/services/api.Dockerfile"
OWN = "ops/packaging/templates/Dockerfile.python"
FILES = {
    "services/api/TARGETS.toml": '[[service]]\nname = "api"\nversion = "3.12"\n',
    "services/api/main.py": "",
    "services/web/TARGETS.toml": '[[service]]\nname = "web"\n',
    "services/web/package.json": "{}",
    "services/web/server.js": "",
}


def built(ws: Workspace) -> Run:
    run = ws.build()
    assert run.exit_code == 0, run.output
    return run


@pytest.mark.parametrize("path", [OWN, f"{OWN}.j2"])
def test_adding_editing_and_removing_it_is_noticed(ws: Workspace, path: str) -> None:
    """Only the targets of that template are rendered again, each time; the built-in text comes back."""
    ws.write(FILES)
    built(ws)
    before = ws.read(API)
    assert built(ws).built == []
    ws.write({path: "FROM {{ base }}\n# mine\n"})
    assert built(ws).built == ["//services/api:api"]
    assert ws.read(API).endswith("\nFROM python:3.12-slim\n# mine\n")
    assert built(ws).built == []
    ws.write({path: "FROM {{ base }}\n# mine again\n"})
    assert built(ws).built == ["//services/api:api"]
    assert ws.read(API).endswith("\n# mine again\n")
    ws.path(path).unlink()
    run = built(ws)
    assert run.built + run.restored == ["//services/api:api"]
    assert ws.read(API) == before
    assert built(ws).built == []
    ws.write({path: "FROM {{ base }}\n# once more\n"})
    assert built(ws).built == ["//services/api:api"]


def test_it_is_there_before_the_first_build_and_gone_with_its_folder(ws: Workspace) -> None:
    ws.write(FILES | {OWN: "FROM x:1\n"})
    built(ws)
    assert ws.read(API).endswith("\nFROM x:1\n")
    ws.path(OWN).rename(ws.path("kept"))
    ws.path(OWN).parent.rmdir()
    built(ws)
    assert "FROM python:3.12-slim\n" in ws.read(API)


def test_where_the_state_of_builds_is_lost_it_is_found_again(ws: Workspace) -> None:
    ws.write(FILES)
    built(ws)
    ws.path(".packaging/index").unlink()
    ws.write({OWN: "FROM x:1\n"})
    built(ws)
    assert ws.read(API).endswith("\nFROM x:1\n")


def test_a_template_beside_a_package_of_ops(ws: Workspace) -> None:
    """The package that the template lies in is another one than the target's."""
    target = '[[archive]]\nname = "ops"\nsrcs = ["*"]\n'
    ws.write(FILES | {"ops/packaging/TARGETS.toml": target, "ops/packaging/x": ""})
    built(ws)
    ws.write({OWN: "FROM x:1\n"})
    assert built(ws).built == ["//services/api:api"]
    assert ws.read(API).endswith("\nFROM x:1\n")


def test_a_link_is_followed(ws: Workspace) -> None:
    ws.write(FILES | {"shared/python.j2": "FROM x:1\n"})
    built(ws)
    ws.path(OWN).parent.mkdir(parents=True)
    ws.path(OWN).symlink_to("../../../shared/python.j2")
    built(ws)
    assert ws.read(API).endswith("\nFROM x:1\n")


def test_it_may_build_upon_the_built_in_one(ws: Workspace) -> None:
    ws.write(FILES)
    built(ws)
    lines = [line for line in ws.read(API).splitlines() if "packaging-targets" not in line]
    ws.write({OWN: '{% include "python.Dockerfile.j2" %}\nLABEL mine="yes"\n'})
    built(ws)
    assert [line for line in ws.read(API).splitlines() if "packaging-targets" not in line] == [
        *lines,
        'LABEL mine="yes"',
    ]


def test_a_name_of_its_own(ws: Workspace) -> None:
    rust = '[[service]]\nname = "api"\ntemplate = "rust"\n'
    ws.write({"services/api/TARGETS.toml": rust, "services/api/main.rs": ""})
    run = ws.build()
    assert run.exit_code == 3
    assert (
        "error: there is no template `rust`\n"
        "  at services/api/TARGETS.toml:3  (//services/api:api, $.template)\n"
        "  fix: write one of `go`, `node`, `python`, or a path such as `./api.Dockerfile.j2`, "
        "or the file `ops/packaging/templates/Dockerfile.rust`\n"
    ) in run.output
    ws.write({"ops/packaging/templates/Dockerfile.rust": "FROM rust:1 AS build\n# {{ id }}\n"})
    built(ws)
    assert ws.read(API).endswith("FROM rust:1 AS build\n# api\n")


def test_two_of_one_name_are_refused(ws: Workspace) -> None:
    ws.write(FILES | {OWN: "FROM x:1\n", f"{OWN}.j2": "FROM x:2\n"})
    run = ws.build()
    assert run.exit_code == 3
    assert (
        f"error: there are two templates `python`: `{OWN}` and `{OWN}.j2`\n"
        "  at services/api/TARGETS.toml:1  (//services/api:api, $.template)\n"
        "  fix: keep one of them\n"
    ) in run.output
    ws.path(OWN).unlink()
    built(ws)
    assert ws.read(API).endswith("\nFROM x:2\n")


def test_what_a_target_makes_is_no_template(ws: Workspace) -> None:
    """An answer that hung on the order of builds would be another one in a fresh clone."""
    rule = """
        from packaging_targets import Action, Entry, Manifest


        def analyse(context):
            entries = [Entry("x", text="FROM made:1\\n")]
            out = context.workspace_output("ops/packaging/templates/Dockerfile.python")
            return [Action.pack("tar/1", Manifest.of(entries), out)]
        """
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": {}}
    ws.write(FILES | {"rules/maker/rule.py": rule, "rules/maker/schema.json": json.dumps(schema)})
    ws.write({"a/TARGETS.toml": '[[maker]]\nname = "m"\n'})
    built(ws)
    assert ws.path(OWN).is_file()
    ws.write({"services/api/TARGETS.toml": FILES["services/api/TARGETS.toml"] + "port = 80\n"})
    built(ws)
    assert "FROM python:3.12-slim\n" in ws.read(API)
    ws.path("a/TARGETS.toml").unlink()
    assert built(ws).removed == [OWN]


def test_affected_knows_of_it(ws: Workspace) -> None:
    ws.write(FILES)
    built(ws)
    git(ws, "init", "-q")
    commit(ws)
    ws.write({OWN: "FROM x:1\n"})
    commit(ws)
    assert ws.packaging("affected", "--since", "HEAD~1").output.split() == ["//services/api:api"]
    ws.path(OWN).unlink()
    assert ws.packaging("affected", "--since", "HEAD").output.split() == ["//services/api:api"]


def test_a_folder_of_that_name_is_no_template(ws: Workspace) -> None:
    ws.write(FILES | {f"{OWN}/x": ""})
    built(ws)
    assert "FROM python:3.12-slim\n" in ws.read(API)
    ws.path(f"{OWN}/x").unlink()
    ws.path(OWN).rmdir()
    ws.write({OWN: "FROM x:1\n"})
    built(ws)
    assert ws.read(API).endswith("\nFROM x:1\n")
