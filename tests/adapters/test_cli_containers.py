"""The convention's own command lines, with `ctl-packaging` in place of its script; and how the program is called."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from datetime import UTC, datetime
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


def stamps(ws: Workspace) -> dict[str, tuple[int, int]]:
    """Return mode and time of every file and folder, but for the state of builds."""
    return {
        path.relative_to(ws.root).as_posix(): (path.stat().st_mode, path.stat().st_mtime_ns)
        for path in (ws.root, *ws.root.rglob("*"))
        if ".packaging" not in path.parts
    }


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
    before = (files(ws), stamps(ws))
    told = run(ws, lines, again=True)
    assert listed in told
    assert "exists" not in told
    assert "built " not in told
    assert (files(ws), stamps(ws)) == before


def test_no_file_tells_when_it_was_written(tmp_path: Path) -> None:
    """The reference tool writes times into its index and into Dockerfiles, so that no two runs agree."""
    ws = with_engines(empty(tmp_path / "repo"), "docker")
    run(ws, SERVICES, again=False)
    now = datetime.now(UTC)
    for name, data in files(ws).items():
        assert now.strftime("%Y-%m") not in data.decode(), name
        assert not re.search(rb"\b1[789]\d{8}(\d{3})?\b", data), name


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
