"""docs/registry.md: every command of its desk is typed, before a real server; its settings are those that there are."""

from __future__ import annotations

import re
import shlex
import urllib.request
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from consoles import typed
from registry_process import aam_in, served

from packaging_targets.adapters.cli.aam.program import make_parser
from packaging_targets.adapters.testing import Workspace
from packaging_targets.services.aam.hosting.host import HostSettings
from packaging_targets.services.aam.hosting.starting.configuring import Listening, Places, variable

GUIDE = (Path(__file__).parents[2] / "docs" / "registry.md").read_text("utf-8")
ADDRESS = "http://127.0.0.1:8650"
_ROW = re.compile(r"^\| `(AAM_REGISTRY_\w+)` \| (?:`([^`]*)`)? ?\| ([^|]*?) ?\| [^|]+ \|$", re.MULTILINE)


@pytest.fixture
def desk(tmp_path: Path) -> Workspace:
    """An empty folder, a home of its own, and `aam` as it is in this checkout."""
    ws = Workspace(tmp_path / "desk")
    programs = aam_in(tmp_path / "bin").parent
    path = f"{programs}:{ws.whole_environment()['PATH']}"
    ws.environment |= {"PATH": path, "HOME": str(tmp_path), "AAM_HOME": str(tmp_path / "home")}
    return ws


def typed_in(ws: Workspace, line: str) -> str:
    done = ws.run(["sh", "-c", line])
    assert done.exit_code == 0, f"{line}\n{done.output}"
    return done.output


@pytest.mark.slow
def test_every_command_at_the_desk_runs(desk: Workspace) -> None:
    section = GUIDE[GUIDE.index("## In a minute") : GUIDE.index("## The pages")]
    lines = [line for line, _ in typed(section)]
    serve = next(number for number, line in enumerate(lines) if " serve " in line)
    for line in lines[:serve]:
        typed_in(desk, line)
    with served(shlex.split(lines[serve]), desk.root, desk.whole_environment()) as server:
        said = {line: typed_in(desk, line.replace(ADDRESS, server.url)) for line in lines[serve + 1 :]}
        page = urllib.request.Request(f"{server.url}/browse", headers={"Accept": "text/html"})
        with urllib.request.urlopen(page, timeout=10) as answer:
            assert b"hello" in answer.read()
        assert server.stop() in {0, -15}
        assert "aam_" not in server.said()
    assert "published hello@" in said[f"aam pkg publish hello --registry {ADDRESS}"]
    assert len(said) > 7
    assert desk.path("project/.agent-packages/hello/package.agent.json").exists()


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_every_setting_is_in_the_table_with_its_default() -> None:
    rows = {name: default.strip("`") for name, _, default in _ROW.findall(GUIDE)}
    kinds = (HostSettings, Places, Listening)
    assert set(rows) == {variable(field.name) for kind in kinds for field in fields(kind)}
    for kind in kinds:
        for field in fields(kind):
            if value := shown(field.default):
                assert rows[variable(field.name)] == value, field.name


def test_every_option_of_serve_is_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    told = {option for _, option, _ in _ROW.findall(GUIDE) if option.startswith("--")}
    assert told == options_of("serve", capsys) - options_of("ls", capsys)


def options_of(verb: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    with pytest.raises(SystemExit):
        make_parser().parse_args(["registry", verb, "--help"])
    return set(re.findall(r"(?m)^  (?:-\w, )?(--[a-z-]+)", capsys.readouterr().out))
