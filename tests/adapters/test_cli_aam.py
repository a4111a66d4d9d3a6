"""What all verbs of `aam` share: help, JSON for what went wrong, short names, completion."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from packaging_targets.adapters.cli.aam.program import make_parser


def aam(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "packaging_targets.adapters.cli.aam.main", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_a_wrong_command_line_is_told_as_json_where_that_is_asked_for(tmp_path: Path) -> None:
    told = aam("install", "--json", "--frozn", cwd=tmp_path)
    assert told.returncode == 2
    assert told.stderr == ""
    problem = {"what": "unrecognized arguments: --frozn", "where": "", "fix": "aam --help"}
    assert json.loads(told.stdout) == {"ok": False, "problems": [problem]}
    plain = aam("install", "--frozn", cwd=tmp_path)
    assert plain.returncode == 2
    assert plain.stdout == ""
    assert "unrecognized arguments: --frozn" in plain.stderr


def test_a_failure_is_told_as_json_where_that_is_asked_for(tmp_path: Path) -> None:
    told = aam("registry", "ls", "--json", "./nowhere", cwd=tmp_path)
    assert told.returncode == 1
    assert told.stderr == ""
    (problem,) = json.loads(told.stdout)["problems"]
    assert problem["what"] == "there is no such folder"


@pytest.mark.parametrize(("short", "verb"), [("i", "install"), ("rm", "uninstall"), ("ls", "list"), ("view", "info")])
def test_what_npms_users_type_is_understood(short: str, verb: str) -> None:
    words = ["x"] if verb in {"uninstall", "info"} else []
    parser = make_parser()
    assert parser.parse_args([short, *words]).act is parser.parse_args([verb, *words]).act


def test_every_verb_has_json() -> None:
    """All but those that print a script, and the words that have verbs behind them."""
    waiting = [("aam", make_parser())]
    seen = 0
    while waiting:
        name, parser = waiting.pop()
        inner = [one.choices for one in parser._actions if one.choices and one.dest == "==SUPPRESS=="]
        waiting += [(f"{name} {word}", verb) for word, verb in (dict(inner[0]) if inner else {}).items()]
        seen += not inner
        assert inner or "--json" in parser.format_help(), name
    assert seen > 40


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_is_a_script_that_knows_verbs_and_flags(tmp_path: Path, shell: str) -> None:
    script = aam("completion", shell, cwd=tmp_path).stdout
    assert "dist-tag" in script
    assert "--frozen" in script
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(script, "utf-8")
    assert subprocess.run([shell, "-n", tmp_path / "script"], check=False).returncode == 0


def test_bash_completes_a_verb(tmp_path: Path) -> None:
    (tmp_path / "script").write_text(aam("completion", "bash", cwd=tmp_path).stdout, "utf-8")
    ask = 'source ./script; COMP_WORDS=(aam registry re); COMP_CWORD=2; _shtab_aam; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["reindex"], done.stderr
