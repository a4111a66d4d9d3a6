"""The convention's own command lines, with `ctl-packaging` in place of its script; and how the program is called."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest
from containers import ctl, empty, files, with_engines

from packaging_targets.adapters.cli.containers import program
from packaging_targets.adapters.testing import Workspace

SERVICES = """\
ctl-packaging init
ctl-packaging add-service --id api --module apps/backend
ctl-packaging add-job --id cron-task --module jobs/cron
ctl-packaging list
ctl-packaging build --target api --tag v1.0.0
ctl-packaging build-all --tag v1.0.0
ctl-packaging verify
ctl-packaging verify
ctl-packaging list
"""
MODULES = """\
ctl-pack init
ctl-pack verify
ctl-pack add-service --id billing.api --module modules/billing.api --repo-root .
ctl-pack list --repo-root .
ctl-pack verify
"""


def run(ws: Workspace, lines: str, *, again: bool) -> str:
    told = ""
    for line in lines.splitlines():
        words = shlex.split(line)[1:]
        done = ctl(ws, *words)
        assert done.exit_code == (2 if again and words[0].startswith("add-") else 0), (line, done.output)
        told += done.output
    return told


@pytest.mark.parametrize(
    ("lines", "listed"),
    [
        (SERVICES, "Packaging Targets (2):\n  [service] api -> apps/backend\n  [job] cron-task -> jobs/cron\n"),
        (MODULES, "Packaging Targets (1):\n  [service] billing.api -> modules/billing.api\n"),
    ],
)
def test_the_documented_lines_in_an_empty_repository_and_again(tmp_path: Path, lines: str, listed: str) -> None:
    ws = with_engines(empty(tmp_path / "repo"), "docker")
    assert listed in run(ws, lines, again=False)
    before = files(ws)
    told = run(ws, lines, again=True)
    assert listed in told
    assert "exists" not in told
    assert "built " not in told
    assert files(ws) == before


def test_rolling_back_is_deleting_what_init_names(tmp_path: Path) -> None:
    ws = empty(tmp_path / "repo")
    wrote = [line.split()[1] for line in ctl(ws, "init").output.splitlines()]
    assert sorted(files(ws)) == sorted(wrote)


def test_both_names_are_entry_points_of_one_program() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["scripts"]["ctl-pack"] == project["scripts"]["ctl-packaging"] == f"{program.__name__}:main"


@pytest.mark.parametrize("name", ["ctl-pack", "ctl-packaging"])
def test_the_program_tells_its_verbs(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [f"/usr/bin/{name}", "--help"])
    with pytest.raises(SystemExit) as stop:
        program.main()
    told = capsys.readouterr().out
    assert stop.value.code == 0
    assert told.startswith(f"usage: {name} ")
    for verb in ("init", "verify", "list", "status", "adopt", "remove", "add-service", "add-job", "add-app", "build"):
        assert re.search(rf"(?m)^    {verb}(?: |$)", told), verb


def test_packaging_has_the_same_verbs(tmp_path: Path) -> None:
    ws = empty(tmp_path / "repo")
    assert ws.packaging("init").exit_code == 0
    assert ws.packaging("add-app", "--id", "web", "--module", "apps/web").exit_code == 0
    assert ws.packaging("verify").output == "ok: 1 target\n"
    assert ws.packaging("list", cwd="apps/web").output == "Packaging Targets (1):\n  [app] web -> apps/web\n"
    refused = ws.packaging("--json", "list")
    assert (refused.exit_code, "`--json` is refused" in refused.output) == (2, True)
    assert ws.packaging("remove", "--id", "web").exit_code == 0
