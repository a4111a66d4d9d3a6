"""The example's packages on a server: published by doit, and installed by the lock that a folder registry made."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from consoles import copied
from registry_process import AAM, ROOT, Served, served

from packaging_targets.adapters.testing import Workspace

EXAMPLE = ROOT / "examples" / "agents"
PACKAGES = 10


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    made = copied(EXAMPLE, tmp_path / "repo")
    made.environment |= {"AAM_HOME": str(tmp_path / "home"), "SOURCE_DATE_EPOCH": "1767225600", "PYTHONPATH": str(ROOT)}
    return made


def aam(ws: Workspace, *words: str, folder: Path, home: str = "home", secrets: Mapping[str, str] | None = None) -> str:
    environment = {**ws.whole_environment(), "AAM_HOME": str(ws.root.parent / home), **(secrets or {})}
    done = subprocess.run([*AAM, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


def token(ws: Workspace, root: Path, server: Served) -> dict[str, str]:
    """Make a token that may publish the example's packages; return what a CI job would have of it."""
    words = (
        "registry",
        "token",
        "create",
        str(root),
        "--person",
        "ci",
        "--actions",
        "publish",
        "--pattern",
        "@skerry/*",
    )
    made: dict[str, Any] = json.loads(aam(ws, *words, "--json", folder=root))
    return {"AAM_TOKEN": made["token"], "AAM_TOKEN_URL": server.url}


def named(ws: Workspace, registry: str) -> None:
    """Let every target of the example be published to another registry."""
    for path in ws.root.glob("*/TARGETS.toml"):
        path.write_text(path.read_text("utf-8").replace('"./registry"', json.dumps(registry)), "utf-8")


@pytest.mark.slow
def test_what_doit_publishes_is_installed_by_the_lock_of_the_folder(ws: Workspace, tmp_path: Path) -> None:
    folder, one, other, root = ws.path("registry"), tmp_path / "one", tmp_path / "other", tmp_path / "served"
    for place in (one, other, root):
        place.mkdir()
    aam(ws, "registry", "init", f"file://{folder}", folder=ws.root)
    assert ws.run(["packaging", "publish"]).exit_code == 0
    aam(ws, "install", "@skerry/team", "--registry", f"file://{folder}", folder=one)
    lock = (one / "package.agent.lock").read_bytes()
    with served([*AAM, "registry", "serve", str(root / "registry")], root, ws.whole_environment()) as server:
        named(ws, server.url)
        ws.environment |= token(ws, root / "registry", server)
        for verdict in ("published http:", "is there: http:"):
            run = ws.run(["doit", "publish"])
            assert run.exit_code == 0, run.output
            assert run.output.count(verdict) == PACKAGES, run.output
        (other / "package.agent.lock").write_bytes(lock)
        aam(ws, "install", "--frozen", "--registry", server.url, folder=other, home="second")
        assert (other / "package.agent.lock").read_bytes() == lock
        fresh = tmp_path / "fresh"
        fresh.mkdir()
        aam(ws, "install", "@skerry/team", "--registry", server.url, folder=fresh, home="third")
        assert integrities(fresh) == integrities(one)
        assert server.stop() in {0, -15}
        assert ws.environment["AAM_TOKEN"] not in server.said()
    assert installed(other) == installed(one) == installed(fresh)
    assert len(integrities(one)) == PACKAGES


def integrities(project: Path) -> dict[str, str]:
    found: dict[str, Any] = json.loads((project / "package.agent.lock").read_text("utf-8"))["resolved"]
    return {name: one["integrity"] for name, one in found.items()}


def installed(project: Path) -> dict[str, bytes]:
    folder = project / ".agent-packages"
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files if path.name[0] != "."}
