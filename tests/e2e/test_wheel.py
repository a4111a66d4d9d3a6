"""The wheel as a stranger uses it: beside django-rules, with rules and doit tasks of their own.

`PACKAGING_WHEEL` names a wheel to test; without it, one is built.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[2]
RULES = sorted(path.parent.name for path in (CHECKOUT / "rules").glob("*/rule.py"))

REPOSITORY = {
    "TARGETS.toml": """
        [workspace]
        """,
    "greet/TARGETS.toml": """
        [[hello]]
        name = "world"

        [[archive]]
        name = "all"
        deps = [":world"]
        srcs = ["*.txt"]
        """,
    "greet/note.txt": "a note\n",
    "rules/hello/rule.py": """
        from packaging_targets import Action


        def analyse(context):
            text = f"hello {context.target.label.name}\\n"
            return [Action("write/1", {"text": text}, (), (context.output("hello.txt"),))]
        """,
    "rules/hello/schema.json": """
        {"title": "hello", "description": "Greets.", "type": "object", "properties": {}}
        """,
    "dodo.py": """
        import pathlib

        import rules  # django-rules: neither ours nor the folder beside this file

        from packaging_targets.adapters.doit import *

        assert rules.add_rule


        def task_shout():
            def shout():
                text = pathlib.Path("dist/greet/hello.txt").read_text()
                pathlib.Path("shout.txt").write_text(text.upper())

            return {"actions": [shout], "file_dep": ["dist/greet/hello.txt"], "targets": ["shout.txt"]}


        def task_size():
            def size():
                pathlib.Path("size.txt").write_text(str(pathlib.Path("dist/greet/all.tar.gz").stat().st_size))

            return {"actions": [size], "task_dep": ["build://greet:all"]}
        """,
}


@dataclass(frozen=True, slots=True)
class Stranger:
    """A repository, and an environment with the wheel and django-rules in it."""

    repository: Path
    programs: Path
    wheel: Path

    def run(self, *command: str) -> str:
        """Run a program of the environment in the repository; return what it printed."""
        cache = str(self.repository.parent / "cache")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
        done = subprocess.run(
            [str(self.programs / command[0]), *command[1:]],
            cwd=self.repository,
            env={**kept, "XDG_CACHE_HOME": cache},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The programs of a new environment, and the wheel that is installed in it."""
    room = tmp_path_factory.mktemp("wheel")
    venv.create(room / "venv", with_pip=True)
    programs = room / "venv" / "bin"
    pip = [str(programs / "python"), "-m", "pip", "-q", "--disable-pip-version-check"]
    wheel = os.environ.get("PACKAGING_WHEEL")
    if not wheel:
        subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(room), str(CHECKOUT)], check=True)
        (built,) = room.glob("*.whl")
        wheel = str(built)
    subprocess.run([*pip, "install", wheel, "rules"], check=True)
    return programs, Path(wheel)


@pytest.fixture
def stranger(environment: tuple[Path, Path], tmp_path: Path) -> Stranger:
    """A fresh repository."""
    for name, text in REPOSITORY.items():
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip())
    return Stranger(tmp_path / "repository", *environment)


def test_the_wheel_holds_one_import_name_and_every_file_of_every_rule(stranger: Stranger) -> None:
    with zipfile.ZipFile(stranger.wheel) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in names} == {"packaging_targets"}
    files = subprocess.run(["git", "ls-files", "rules"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert {f"packaging_targets/{name}" for name in files.stdout.split()} <= names


def test_the_wheel_brings_the_program_for_containers_and_all_that_its_init_copies(stranger: Stranger) -> None:
    skeleton = CHECKOUT / "packaging_targets" / "services" / "containers" / "skeleton"
    stranger.run("ctl-pack", "init")
    for path in skeleton.rglob("*"):
        assert path.is_dir() or (stranger.repository / path.relative_to(skeleton)).read_bytes() == path.read_bytes()
    assert (stranger.repository / "ops/packaging/templates/Dockerfile.go").exists()
    assert stranger.run("ctl-packaging", "list") == "Packaging Targets (0):\n"


def test_the_wheel_brings_the_program_for_agent_packages_and_its_schemas(stranger: Stranger) -> None:
    """Registries need no extra; what reads front matter says which one it needs."""
    with zipfile.ZipFile(stranger.wheel) as wheel:
        schemas = {Path(name).name for name in wheel.namelist() if "formats/aam/schemas/" in name}
    assert schemas == {
        path.name for path in (CHECKOUT / "packaging_targets" / "formats" / "aam" / "schemas").glob("*.json")
    }
    stranger.run("aam", "registry", "init", "./registry")
    assert stranger.run("aam", "registry", "ls", "./registry") == "no packages\n"
    stranger.run("aam", "pkg", "init", "review")
    pack = [str(stranger.programs / "aam"), "pkg", "pack", "review"]
    told = subprocess.run(pack, cwd=stranger.repository, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "pip install 'packaging-targets[agents]'" in told.stderr


def test_the_wheel_finds_every_rule_and_the_users_own(stranger: Stranger) -> None:
    code = "from packaging_targets.workspace.rules.rulebook import Rulebook; print(*Rulebook('.').names)"
    assert stranger.run("python", "-c", code).split() == sorted([*RULES, "hello"])


@pytest.mark.parametrize("jobs", [(), ("-n", "2"), ("-n", "2", "-P", "thread")])
def test_doit_builds_ours_and_theirs(stranger: Stranger, jobs: tuple[str, ...]) -> None:
    stranger.run("doit", *jobs)
    root = stranger.repository
    assert (root / "dist/greet/hello.txt").read_text() == "hello world\n"
    assert (root / "shout.txt").read_text() == "HELLO WORLD\n"
    assert int((root / "size.txt").read_text()) == (root / "dist/greet/all.tar.gz").stat().st_size
    (root / "greet/note.txt").write_text("another note\n")
    again = stranger.run("doit", *jobs)
    assert "//greet:all" in again
    assert "//greet:world" not in again
    assert "-- shout" in again


def test_doit_builds_ours_alone(stranger: Stranger) -> None:
    assert "2 built" in stranger.run("doit", "build")
    assert " built" not in stranger.run("doit", "build")
    assert not (stranger.repository / "shout.txt").exists()


def test_their_task_alone_brings_what_it_needs_of_ours(stranger: Stranger) -> None:
    stranger.run("doit", "shout")
    assert (stranger.repository / "shout.txt").read_text() == "HELLO WORLD\n"


def test_doit_lists_ours_beside_theirs(stranger: Stranger) -> None:
    names = [line.split()[0] for line in stranger.run("doit", "list", "--all").splitlines()]
    assert {"build", "build://greet:all", "build://greet:world", "shout", "size"} == set(names)


def test_the_packaging_command_builds_the_same(stranger: Stranger) -> None:
    stranger.run("doit", "build")
    assert stranger.run("packaging", "build") == "up to date: 2 targets\n"


def test_it_is_the_wheel_that_runs(stranger: Stranger) -> None:
    where = stranger.run("python", "-c", "import packaging_targets; print(packaging_targets.__file__)")
    assert where.startswith(str(stranger.programs.parent))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"python{version}/site-packages" in where
