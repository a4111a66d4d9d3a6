from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from packaging_targets.adapters.testing import Workspace

if TYPE_CHECKING:
    from pathlib import Path

INDEX = "docs/packaging/registry.json"
API = {
    "id": "api",
    "type": "service",
    "module": "services/api",
    "dockerfile": "ops/packaging/services/api.Dockerfile",
    "context": ".",
    "image": "api",
    "declaredBy": "//services/api:api",
}


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = Workspace(tmp_path / "repo")
    ws.write(
        {
            "TARGETS.toml": '[workspace]\n[[packaging_registry]]\nname = "registry"\n',
            "services/api/TARGETS.toml": '[[service]]\nname = "api"\n',
            "services/api/main.py": "",
        }
    )
    return ws


def targets(ws: Workspace) -> list[dict[str, Any]]:
    run = ws.build()
    assert run.exit_code == 0, run.output
    found: list[dict[str, Any]] = json.loads(ws.read(INDEX))["targets"]
    return found


def test_the_index_follows_the_target_files(ws: Workspace) -> None:
    assert targets(ws) == [API]
    ws.write(
        {
            "jobs/sync/TARGETS.toml": """
                [[job]]
                name = "sync"
                id = "billing.sync"
                image = "ghcr.io/acme/sync"
                dockerfile = "Dockerfile"
                context = "."
                port = 80
                health_path = "/up"
                platforms = ["linux/amd64", "linux/arm64"]
                """,
            "jobs/sync/Dockerfile": "FROM x:1\n",
        }
    )
    assert targets(ws) == [
        API,
        {
            "id": "billing.sync",
            "type": "job",
            "module": "jobs/sync",
            "dockerfile": "jobs/sync/Dockerfile",
            "context": "jobs/sync",
            "image": "ghcr.io/acme/sync",
            "port": 80,
            "healthPath": "/up",
            "platforms": ["linux/amd64", "linux/arm64"],
            "declaredBy": "//jobs/sync:sync",
        },
    ]
    ws.path("services/api/TARGETS.toml").unlink()
    assert [entry["id"] for entry in targets(ws)] == ["billing.sync"]


def test_what_people_write_into_the_index_stays(ws: Workspace) -> None:
    hand = {"id": "legacy", "type": "app", "tier": 1}
    ws.write({INDEX: json.dumps({"owner": "core", "targets": [hand, {"id": "api", "note": "x"}]})})
    assert targets(ws) == [hand, API | {"note": "x"}]
    text = ws.read(INDEX)
    ws.write({INDEX: text.replace('"core"', '"platform"').replace('"tier": 1', '"tier": 2')})
    assert targets(ws) == [hand | {"tier": 2}, API | {"note": "x"}]
    assert json.loads(ws.read(INDEX))["owner"] == "platform"
    ws.write({INDEX: ws.read(INDEX).replace('"image": "api"', '"image": "other"')})
    assert targets(ws)[1] == API | {"note": "x"}


def test_an_index_that_is_up_to_date_is_not_written(ws: Workspace) -> None:
    targets(ws)
    before = ws.path(INDEX).stat()
    ws.write({"services/api/main.py": "print(1)\n"})
    assert ws.build().built == []
    assert ws.path(INDEX).stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("fresh", [True, False])
def test_a_corrupt_index_is_an_error_and_stays(ws: Workspace, *, fresh: bool) -> None:
    if not fresh:
        targets(ws)
    ws.write({INDEX: '{"targets": [\n<<<<<<< HEAD\n'})
    run = ws.build()
    assert run.exit_code == 1
    assert run.failed == ["//:registry"]
    assert (
        "error: the index is no JSON: Expecting value (column 1)\n"
        f"  at {INDEX}:2\n"
        "  fix: correct the file, or delete it and build again: the declared targets come back\n"
    ) in run.output
    assert ws.read(INDEX) == '{"targets": [\n<<<<<<< HEAD\n'
    ws.path(INDEX).unlink()
    assert targets(ws) == [API]


def test_two_targets_of_one_id_are_both_named(ws: Workspace) -> None:
    ws.write({"jobs/api/TARGETS.toml": '[[job]]\nname = "api"\n', "jobs/api/main.py": ""})
    run = ws.build()
    assert run.exit_code == 3
    assert (
        "error: `//jobs/api:api` and `//services/api:api` both have the id `api`\n"
        "  at TARGETS.toml:2  (//:registry)\n"
        '  fix: give one of them an id of its own: id = "api-service"\n'
    ) in run.output
