"""`examples/own-rules`: rules that newcomers wrote, their tests, and every command that the README tells to type."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from consoles import copied, typed

from packaging_targets.adapters.testing import Workspace

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "own-rules"
RULES = sorted(path.parent.name for path in EXAMPLE.glob("rules/*/rule.py"))


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return copied(EXAMPLE, tmp_path / "repo")


def test_there_are_three() -> None:
    assert RULES == ["helm_chart", "python_wheel", "release_bundle"]


@pytest.mark.parametrize("rule", RULES)
def test_the_tests_beside_a_rule_pass(rule: str, ws: Workspace) -> None:
    run = ws.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"rules/{rule}"])
    assert (run.exit_code, " passed" in run.output) == (0, True), run.output


def test_every_command_of_the_readme_runs(ws: Workspace) -> None:
    for line, printed in typed(ws.read("README.md")):
        run = ws.run(["sh", "-c", line])
        assert run.exit_code == 0, f"{line}\n{run.output}"
        if printed:
            assert run.output == printed, line


def test_the_wheel_and_the_bundle_hold(ws: Workspace, tmp_path: Path) -> None:
    assert ws.build().exit_code == 0
    wheel = ws.path("dist/libs/scores/scores-1.4.0-py3-none-any.whl")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target", str(tmp_path / "site")]
    subprocess.run([*pip, str(wheel)], check=True)
    said = subprocess.run(
        [tmp_path / "site" / "bin" / "scores", "3", "4"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        check=True,
    )
    assert said.stdout == b"7\n"
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "-xzf", ws.path("dist/release/scores-1.4.0.tar.gz"), "-C", unpacked], check=True)
    sums = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=unpacked, capture_output=True, text=True, check=True)
    assert sums.stdout == "artifacts/scores-0.3.0.tgz: OK\nartifacts/scores-1.4.0-py3-none-any.whl: OK\n"


def test_both_builds_give_the_same_bytes(ws: Workspace) -> None:
    run = ws.packaging("reproduce")
    assert run.exit_code == 0, run.output
