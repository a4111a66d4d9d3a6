"""`doit image`, which is `ctl-packaging build` and `build-all` with doit's face."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from containers import calls, ctl, empty, old, with_engines

from packaging_targets.adapters.doit.commands import Image
from packaging_targets.adapters.testing import Workspace
from packaging_targets.services.containers.initialise import initialise

# As the entry point does, also where an installed distribution is older than this checkout.
PLUGIN = '[tool.doit.plugins.command]\nimage = "packaging_targets.adapters.doit.commands:Image"\n'
API = "docker build -f ops/packaging/services/api.Dockerfile -t api:"


@pytest.fixture
def repo(tmp_path: Path) -> Workspace:
    ws = empty(tmp_path / "repo")
    initialise(str(ws.root))
    ws.write({"pyproject.toml": PLUGIN, "api/main.py": "", "api/TARGETS.toml": '[[service]]\nname = "api"\n'})
    ws.write({"cron/main.py": "", "cron/TARGETS.toml": '[[job]]\nname = "cron"\n'})
    return with_engines(ws, "docker")


def test_it_is_an_entry_point() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["doit.COMMAND"]["image"] == f"{Image.__module__}:Image"


def test_all_images_or_those_of_ids_and_labels(repo: Workspace) -> None:
    run = repo.doit("image", "--tag", "v1")
    assert run.exit_code == 0, run.output
    assert run.output.endswith("2 built\n")
    assert calls(repo)[0] == f"{API}v1 --build-arg VERSION=v1 ."
    assert ctl(repo, "build-all", "--tag", "v1").output.endswith("2 unchanged\n"), "one log, one answer"
    assert repo.doit("image", "//api:api", "--force", "--tag", "v1", "cron").output.endswith("2 built\n")
    assert repo.doit("image", "//cron/...", "--tag=v1").output.splitlines()[-1].startswith("unchanged cron:v1 ")


def test_a_dry_run_and_json(repo: Workspace) -> None:
    assert repo.doit("image", "--dry-run", "api").output == f"{API}latest .\n"
    told = repo.doit("image", "api", "--dry-run", "--format", "json", "--builder", "podman")
    assert json.loads(told.output)["commands"][0][:2] == ["podman", "build"]
    assert calls(repo, "") == []


def test_a_build_of_targets_starts_none_of_images(repo: Workspace) -> None:
    for words in (("build",), ("run", "build"), ("build://api:api",)):
        assert repo.doit(*words).exit_code == 0
    assert repo.path("ops/packaging/services/api.Dockerfile").exists()
    assert calls(repo, "") == []


def test_it_ends_as_the_other_faces_do(repo: Workspace) -> None:
    wrong = repo.doit("image", "apo")
    assert (wrong.exit_code, wrong.output) == (2, "error: there is no container `apo`\n  fix: did you mean `api`?\n")
    assert "'rkt' but available choices are" in repo.doit("image", "api", "--builder", "rkt").output
    repo.environment["BROKEN"] = "api"
    failed = repo.doit("image")
    assert failed.exit_code == 1
    assert failed.output.endswith("1 built, 1 failed: api\n")


def test_a_repository_that_has_only_an_index(tmp_path: Path) -> None:
    ws = with_engines(old(tmp_path / "repo", {"id": "api", "type": "service"}), "docker")
    ws.write({"pyproject.toml": PLUGIN, "ops/packaging/services/api.Dockerfile": "FROM x:1\n"})
    assert ws.doit("image").output.endswith("1 built\n")
    assert calls(ws) == [f"{API}latest ."]
