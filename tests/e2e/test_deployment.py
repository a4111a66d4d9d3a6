"""`deploy/registry`: what the image installs, the compose file, and the proxy's configuration; no engine is needed."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from deployment import FOLDER, VARIABLE, compose, example
from packaging.requirements import Requirement
from registry_process import ROOT

from packaging_targets.adapters.testing import Workspace
from packaging_targets.services.aam.hosting.starting.configuring import configuration

RENDERED = ("ops/packaging/services/registry.Dockerfile", "ops/packaging/services/registry.Dockerfile.dockerignore")
_SECRET = re.compile(r"PASSWORD|SECRET|TOKEN")


def test_the_image_installs_one_version_of_each_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {
        one.name: one for one in map(Requirement, (*project["dependencies"], *extras["agents"], *extras["registry"]))
    }
    lines = [line for line in (FOLDER / "requirements.txt").read_text("utf-8").splitlines() if line[0] != "#"]
    pinned = {one.name: one for one in map(Requirement, lines)}
    assert sorted(pinned) == sorted(wanted)
    for name, one in pinned.items():
        (pin,) = one.specifier
        assert (pin.operator, one.extras) == ("==", wanted[name].extras), name
        assert pin.version in wanted[name].specifier, name


def test_what_is_committed_is_what_the_rules_render(tmp_path: Path) -> None:
    """Where this fails, `packaging build` and a commit of ops/packaging mend it."""
    ws = Workspace(tmp_path / "repo")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("packaging_targets", "deploy", "ops/packaging/templates"):
        shutil.copytree(ROOT / name, ws.path(name), ignore=ignored)
    targets = (ROOT / "TARGETS.toml").read_text("utf-8")
    ws.path("TARGETS.toml").write_text(f"[workspace]\n{targets[targets.index('[[service]]') :]}")
    run = ws.build("//:registry")
    assert run.exit_code == 0, run.output
    for path in RENDERED:
        assert ws.read(path) == (ROOT / path).read_text("utf-8"), f"{path} is not what `packaging build` makes now"


def test_every_service_has_an_image_and_few_rights() -> None:
    services = compose()["services"]
    for name, service in services.items():
        assert re.fullmatch(r"[a-z0-9./-]+:[\w.-]+", service["image"]), name
    built = services["registry"]["build"]
    dockerfile = FOLDER / built["context"] / built["dockerfile"]
    assert dockerfile.resolve() == ROOT / RENDERED[0]
    for name in ("registry", "first-token"):
        service = services[name]
        assert service["image"] == services["registry"]["image"]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert services["registry"]["deploy"]["replicas"] == 2
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert compose()["networks"]["back"]["internal"]
    assert [name for name, service in services.items() if "front" in service["networks"]] == ["proxy", "registry"]


def test_no_secret_stands_in_the_files_and_every_variable_in_the_example() -> None:
    text = (FOLDER / "compose.yaml").read_text("utf-8")
    assert {match[1] for match in VARIABLE.finditer(text)} == set(example())
    for name, value in example().items():
        assert value == ""
        if _SECRET.search(name):
            assert all(match[2] == ":?" for match in VARIABLE.finditer(text) if match[1] == name), name
    for service, fields in compose()["services"].items():
        for name, value in fields.get("environment", {}).items():
            if _SECRET.search(name):
                assert VARIABLE.fullmatch(value), f"{service}: {name}"
    assert ".env" in (ROOT / ".gitignore").read_text("utf-8").split()


def test_the_server_knows_what_the_compose_file_configures() -> None:
    values = {"REGISTRY_HOST": "packages.example.org", "REGISTRY_PRIVATE": "@acme/*,internal-*"}
    environment = compose(values)["services"]["registry"]["environment"]
    found = configuration(environment)
    assert found.settings.url == "https://packages.example.org"
    assert found.settings.private == ("@acme/*", "internal-*")
    given = {name.removeprefix("AAM_REGISTRY_").lower() for name in environment if name.startswith("AAM_REGISTRY_")}
    known = {
        field.name for part in (found.settings, found.places, found.listening) for field in dataclasses.fields(part)
    }
    assert given - known == set()


def filled(folder: Path) -> Path:
    path = folder / "env"
    path.write_text("".join(f"{name}=x{number}\n" for number, name in enumerate(example())))
    return path


@pytest.mark.service
def test_compose_reads_the_file(tmp_path: Path) -> None:
    program = shutil.which("podman-compose")
    if program is None:
        pytest.skip("podman-compose is not installed")
    command = [program, "--env-file", str(filled(tmp_path)), "-f", str(FOLDER / "compose.yaml"), "config"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "${" not in done.stdout
    read = yaml.safe_load(done.stdout)["services"]
    assert read["registry"]["environment"]["AAM_REGISTRY_URL"] == "https://x0"
    without = subprocess.run(command[:1] + command[3:], capture_output=True, text=True, check=False)
    assert without.returncode != 0
    assert "REGISTRY_HOST" in without.stderr


@pytest.mark.service
def test_the_proxy_reads_its_configuration() -> None:
    program = shutil.which("caddy")
    if program is None:
        pytest.skip("caddy is not installed")
    command = [program, "validate", "--adapter", "caddyfile", "--config", str(FOLDER / "Caddyfile")]
    environment = {**os.environ, "REGISTRY_HOST": "packages.example.org"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
