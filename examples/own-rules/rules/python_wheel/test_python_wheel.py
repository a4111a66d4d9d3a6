"""What a person sees of `python_wheel`: a wheel that installs, and errors at the line to mend."""

import base64
import csv
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from packaging_targets.adapters.testing import Workspace

PYPROJECT = """\
[project]
name = "Team.Scores"
version = "1.4.0"
requires-python = ">=3.11"
dependencies = ["rich >=13", "tomli; python_version < '3.11'"]

[project.scripts]
scores = "team_scores:main"
"""
FILES = {
    "scores/TARGETS.toml": '[[python_wheel]]\nname = "scores"\n',
    "scores/pyproject.toml": PYPROJECT,
    "scores/src/team_scores/__init__.py": "def main():\n    print('3:1')\n",
    "scores/tests/test_scores.py": "",
}
WHEEL = "dist/scores/team_scores-1.4.0-py3-none-any.whl"
INFO = "team_scores-1.4.0.dist-info"


def workspace(folder):
    ws = Workspace(folder)
    ws.add_rule(Path(__file__).parent)
    ws.write(FILES)
    return ws


@pytest.fixture
def ws(tmp_path):
    return workspace(tmp_path / "repo")


def test_the_wheel_installs_and_its_script_runs(ws, tmp_path):
    assert ws.build().exit_code == 0
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--target", target, ws.path(WHEEL)]
    subprocess.run(pip, check=True)
    run = subprocess.run([target / "bin/scores"], env={"PYTHONPATH": str(target)}, capture_output=True, check=True)
    assert run.stdout == b"3:1\n"


def test_the_metadata_has_what_the_project_says(ws):
    ws.build()
    with zipfile.ZipFile(ws.path(WHEEL)) as wheel:
        assert wheel.read(f"{INFO}/METADATA").decode().splitlines() == [
            "Metadata-Version: 2.1",
            "Name: Team.Scores",
            "Version: 1.4.0",
            "Requires-Python: >=3.11",
            "Requires-Dist: rich >=13",
            "Requires-Dist: tomli; python_version < '3.11'",
        ]


def test_the_record_lists_each_file_with_its_digest_and_size(ws):
    ws.build()
    with zipfile.ZipFile(ws.path(WHEEL)) as wheel:
        rows = csv.reader(wheel.read(f"{INFO}/RECORD").decode().splitlines())
        expected = {f"{INFO}/RECORD": ["", ""]}
        for path in set(wheel.namelist()) - set(expected):
            data = wheel.read(path)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            expected[path] = [f"sha256={digest}", str(len(data))]
    assert {path: rest for path, *rest in rows} == expected


def test_a_source_rebuilds_and_a_test_beside_src_does_not(ws):
    ws.build()
    ws.write({"scores/tests/test_scores.py": "assert True\n"})
    assert ws.build().built == []
    ws.write({"scores/src/team_scores/__init__.py": "def main(): ...\n"})
    assert ws.build().built


def test_two_folders_make_the_same_bytes(tmp_path):
    one, two = workspace(tmp_path / "one"), workspace(tmp_path / "elsewhere/two")
    one.build(), two.build()
    assert one.path(WHEEL).read_bytes() == two.path(WHEEL).read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('"1.4.0"', '"1.4.0', 3, "this is no TOML"),
        ('name = "Team.Scores"\n', "", 1, "[project] has no `name`"),
        ('version = "1.4.0"\n', "", 1, "[project] has no `version`"),
        ('version = "1.4.0"', 'dynamic = ["version"]', 3, "python_wheel does not support `dynamic`"),
        ('"1.4.0"', '"1.4-beta"', 3, "`1.4-beta` is no version as wheels have it"),
        ('dependencies = ["rich', 'dependencies = "rich"  # ["', 5, "`dependencies` has to be a list"),
    ],
)
def test_a_mistake_is_told_at_its_line(ws, old, new, line, message):
    ws.write({"scores/pyproject.toml": PYPROJECT.replace(old, new)})
    run = ws.build()
    assert run.exit_code != 0
    assert f"error: {message}" in run.output
    assert f"at scores/pyproject.toml:{line}" in run.output


def test_the_package_folder_is_named_like_the_project(ws):
    ws.write({"scores/pyproject.toml": PYPROJECT.replace("Team.Scores", "goals")})
    run = ws.build()
    assert run.exit_code != 0
    assert "error: there is no file in `src/goals/`" in run.output
