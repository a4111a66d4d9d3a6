r"""A workspace for tests: write files, build, look at what happened. For our tests, and for those of rules of yours.

    def test_packs_the_sources(tmp_path):
        ws = Workspace(tmp_path / "repo")
        ws.write({"api/TARGETS.toml": '[[archive]]\nname = "api"', "api/main.py": "print(1)"})
        run = ws.build()
        assert run.built == ["//api:api"]

Builds run in processes of their own, through doit, as users run them; each workspace has an action cache of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PYPROJECT = '[tool.doit]\nloader = "packaging"\n'
_GROUP = "build:"
_NOT_INHERITED = {"PACKAGING_LOG_JSON", "SOURCE_DATE_EPOCH"}

# As the installed commands do, `-P` keeps folders of the workspace from being taken for Python packages that we import.
_MODULE = (sys.executable, "-P", "-m")

PACKAGING = (*_MODULE, "packaging_targets.adapters.cli.main")
"""The `packaging` command, with the interpreter that runs the tests."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a command came to. The lists hold action ids such as `//api:api` or `//f:all#go`, sorted.

    Where a command ended with an error before its first action, they raise AssertionError, with its output.
    """

    exit_code: int
    output: str
    events: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    def _named(self, kind: str) -> list[str]:
        if self.exit_code and not self.events:
            raise AssertionError(f"nothing was built, for this reason:\n{self.output}")
        return sorted(event["task"].removeprefix(_GROUP) for event in self.events if event["event"] == kind)

    @property
    def built(self) -> list[str]:
        """Actions that ran."""
        return self._named("built")

    @property
    def restored(self) -> list[str]:
        """Actions whose outputs came from the cache."""
        return self._named("restored")

    @property
    def failed(self) -> list[str]:
        """Actions that failed."""
        return self._named("failed")

    @property
    def removed(self) -> list[str]:
        """Outputs that were removed because no target makes them any longer."""
        return self._named("removed")


def run_process(command: Sequence[str], cwd: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a command in a folder; return its exit code, and what it wrote to standard output and error."""
    done = subprocess.run(  # noqa: PLW1510  # the exit code is what tests look at
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        errors="surrogateescape",
    )
    return done.returncode, done.stdout


class Workspace:
    """A folder with a root target file, built with the interpreter that runs the tests.

    `runner` is what runs commands; it may be replaced by something that does the same.
    """

    runner: ClassVar[staticmethod[[Sequence[str], str, Mapping[str, str]], tuple[int, str]]] = staticmethod(run_process)

    def __init__(self, root: Path | str, *, cache: Path | str | None = None, settings: str = "") -> None:
        self.root = Path(root)
        self.cache = Path(cache) if cache else self.root.parent / f"{self.root.name}-cache"
        self.environment: dict[str, str] = {}
        self.root.mkdir(parents=True, exist_ok=True)
        if not (self.root / "TARGETS.toml").exists():
            self.write({"TARGETS.toml": f"[workspace]\n{settings}", "pyproject.toml": _PYPROJECT})

    def write(self, files: Mapping[str, str | bytes], *, executable: bool = False) -> None:
        """Write files by relative path; text is dedented, folders are made."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).encode())
            if executable:
                path.chmod(0o755)

    def add_rule(self, folder: Path | str) -> None:
        """Copy a rule's folder into `rules/`, so that targets of this workspace can name it."""
        source = Path(folder)
        unwanted = shutil.ignore_patterns("__pycache__", "test_*.py", ".*")
        shutil.copytree(source, self.root / "rules" / source.name, ignore=unwanted)

    def path(self, name: str) -> Path:
        """Return the path of a file of the workspace."""
        return self.root / name

    def read(self, name: str) -> str:
        """Return the text of a file."""
        return self.path(name).read_text("utf-8")

    def paths(self, folder: str) -> list[str]:
        """Return the files below a folder, as paths relative to the workspace, sorted."""
        found = (path for path in self.path(folder).rglob("*") if not path.is_dir())
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def contents(self, folder: str = "dist") -> dict[str, bytes]:
        """Return the bytes of all files below a folder, by path."""
        return {name: self.path(name).read_bytes() for name in self.paths(folder)}

    def build(self, *labels: str, jobs: int = 0, keep_going: bool = False) -> Run:
        """Run `doit build`, or `doit build:LABEL …`, with `-n jobs`, and `--continue` where `keep_going` is set."""
        options = [*(["-n", str(jobs)] if jobs else []), *(["--continue"] if keep_going else [])]
        return self.doit("run", *options, *([f"{_GROUP}{label}" for label in labels] or ["build"]))

    def doit(self, *arguments: str) -> Run:
        """Run doit with these arguments in the workspace."""
        return self.run([*_MODULE, "doit", *arguments])

    def packaging(self, *arguments: str, cwd: str = "") -> Run:
        """Run the `packaging` command with these arguments in the workspace, or in its folder `cwd`."""
        return self.run([*PACKAGING, *arguments], cwd=cwd)

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start any command in the workspace, in a session of its own, and go on; its output is there to be read."""
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=self.whole_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="surrogateescape",
            start_new_session=True,
        )

    def run(self, command: Sequence[str], *, cwd: str = "") -> Run:
        """Run any command in the workspace, or in its folder `cwd`."""
        events = self.root.parent / f"{self.root.name}-events.jsonl"
        events.unlink(missing_ok=True)
        environment = {**self.whole_environment(), "PACKAGING_LOG_JSON": str(events), **self.environment}
        exit_code, output = self.runner(command, str(self.root / cwd), environment)
        lines = events.read_text("utf-8").splitlines() if events.exists() else []
        return Run(exit_code, output, tuple(map(json.loads, lines)))

    def whole_environment(self) -> dict[str, str]:
        """Return the environment in which commands run, for what a test starts itself; `environment` adds to it."""
        checkout = str(Path(__file__).parents[2])
        paths = [checkout, os.environ.get("PYTHONPATH", "")]
        own = {
            "XDG_CACHE_HOME": str(self.cache),
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        }
        kept = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
        return {**kept, **own, **self.environment}
