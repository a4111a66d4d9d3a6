"""`packaging publish` of images that a rule offers, as people run it, against a registry in this process."""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from layouts import AMD64, Layout
from pictures import RULE, add_pictures
from registries.fake import FakeRegistry

from packaging_targets.adapters.doit.commands import Publish
from packaging_targets.adapters.testing import PACKAGING, Workspace

TARGET = (
    '[[picture]]\nname = "image"\nlayout = "layout"\npublish = {{ registry = "{}", repository = "{}", tags = {} }}\n'
)


@pytest.fixture
def home() -> Iterator[FakeRegistry]:
    with FakeRegistry() as registry:
        yield registry


@pytest.fixture
def ws(tmp_path: Path, home: FakeRegistry) -> Workspace:
    """Two images, in a repository each."""
    ws = Workspace(tmp_path / "repo")
    ws.environment["DOCKER_CONFIG"] = str(tmp_path / "no-docker")
    add_pictures(ws)
    for name in ("api", "web"):
        layout = Layout()
        layout.names(layout.image(AMD64, {name: b"1"})).put(ws.path(f"{name}/layout"))
        ws.write({f"{name}/TARGETS.toml": TARGET.format(home.host, f"acme/{name}", '["1.2.3", "latest"]')})
    return ws


def test_publish_builds_and_publishes_images(ws: Workspace, home: FakeRegistry) -> None:
    run = ws.packaging("publish")
    assert run.exit_code == 0, run.output
    assert home.tags("acme/api")[:2] == home.tags("acme/web")[:2] == ["1.2.3", "latest"]
    lines = run.output.splitlines()
    assert lines[-5].startswith(f"published {home.host}/acme/api as latest, 1.2.3  sha256:")
    assert lines[-4].startswith("  attached application/spdx+json  sha256:")
    assert lines[-1] == "published: 2"
    before = len(home.log)
    assert ws.packaging("publish").output.splitlines()[-1] == "already there: 2"
    assert {one.method for one in home.log[before:]} == {"HEAD", "GET"}


def test_what_is_not_asked_for_stays_here_even_if_it_goes_to_the_same_repository(
    ws: Workspace, home: FakeRegistry
) -> None:
    ws.write({"web/TARGETS.toml": TARGET.format(home.host, "acme/api", '["web"]')})
    run = ws.packaging("publish", "//api:image")
    assert run.exit_code == 0, run.output
    assert "published too" not in run.output
    assert "web" not in home.tags("acme/api")
    assert ws.packaging("publish").exit_code == 0
    assert {"1.2.3", "latest", "web"} <= set(home.tags("acme/api"))


def test_a_dry_run_for_programs(ws: Workspace, home: FakeRegistry) -> None:
    command = [*PACKAGING, "publish", "--dry-run", "--format", "json"]
    environment = ws.whole_environment()
    done = subprocess.run(command, cwd=ws.root, env=environment, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert list(told) == [f"{home.host}/acme/{name}:1.2.3" for name in ("api", "web")]
    assert told[f"{home.host}/acme/web:1.2.3"]["outcome"] == "planned"
    assert (home.blobs, home.manifests) == ({}, {})


def test_a_version_that_is_another_image_is_refused_and_the_others_are_published(
    ws: Workspace, home: FakeRegistry
) -> None:
    ws.packaging("publish", "//api:image")
    layout = Layout()
    layout.names(layout.image(AMD64, {"api": b"2"})).put(ws.path("api/layout"))
    run = ws.packaging("publish")
    assert run.exit_code == 1
    assert "error: `1.2.3` is published already, and is another image: sha256:" in run.output
    assert f"\n  at {home.host}/acme/api:1.2.3  (//api:image)\n" in run.output
    assert run.output.splitlines()[-1] == "published: 1, failed: 1"
    assert "1.2.3" in home.tags("acme/web")


def test_what_fails_in_one_place_hides_nothing_of_another(ws: Workspace, home: FakeRegistry) -> None:
    ws.path("web/layout/oci-layout").unlink()
    run = ws.packaging("publish")
    assert run.exit_code == 1
    assert "error: `web/layout` is no OCI image layout: it has no file `oci-layout`\n" in run.output
    assert run.output.splitlines()[-1] == "published: 1, failed: 1"
    assert ws.packaging("publish", "//web:image").exit_code == 2


def test_what_a_rule_offers_is_checked(ws: Workspace, home: FakeRegistry) -> None:
    ws.write({"api/TARGETS.toml": TARGET.format(home.host, "acme/api", "[1]")})
    assert ws.packaging("publish").output == (
        "error: `tags` of what is published must be a list of strings\n  at //api:image\n"
        '  fix: write tags = ["1.2.3", "latest"]\n'
    )
    ws.write({"api/TARGETS.toml": TARGET.format(home.host, "acme/api", "[]").replace(", repository", ", place")})
    assert ws.packaging("publish").output == (
        "error: what is of the kind `image` cannot be published without `repository`\n  at //api:image\n"
        '  fix: let the rule say them in context.provide("publish", …)\n'
    )
    ws.write({"api/TARGETS.toml": TARGET.format(home.host, "acme/api", "[]")})
    ws.write({"rules/picture/rule.py": RULE.replace('[["application/spdx+json", ', '[["spdx", "more", ')})
    assert ws.packaging("publish", "//api:image").output.startswith(
        "error: `attachments` of what is published must be pairs of a media type and a path\n  at //api:image\n"
    )
    assert home.log == []


def test_doit_publish_is_the_same(ws: Workspace, home: FakeRegistry) -> None:
    # As the entry point does, also where an installed distribution is older than this checkout.
    plugin = '[tool.doit.plugins.command]\npublish = "packaging_targets.adapters.doit.commands:Publish"\n'
    ws.write({"pyproject.toml": plugin})
    run = ws.doit("publish", "//api:image", "--dry-run")
    assert run.exit_code == 0, run.output
    assert run.output.splitlines()[-1] == "to be published: 1"
    assert home.manifests == {}
    assert ws.doit("publish", "--format", "json").exit_code == 0
    assert ws.packaging("publish").output.splitlines()[-1] == "already there: 2"
    assert ws.doit("publish", "//nowhere:x").exit_code == 2
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["doit.COMMAND"]["publish"] == f"{Publish.__module__}:Publish"
