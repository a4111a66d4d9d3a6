"""Running doit from the `packaging` command: the same tasks, the same runner, our defaults."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from doit.cmd_run import Run
from doit.exceptions import InvalidCommand, InvalidDodoFile, InvalidTask

from packaging_targets.adapters.doit.backend import PackagingBackend
from packaging_targets.adapters.doit.loader import PackagingLoader
from packaging_targets.adapters.doit.reporter import PackagingReporter
from packaging_targets.adapters.doit.tasks import DOIT_CONFIG
from packaging_targets.adapters.doit.turns import GROUP, Build
from packaging_targets.adapters.output import output_as_notes
from packaging_targets.errors import PackagingError, Problem, RequestError, near_miss, raise_all, reason
from packaging_targets.model.label import Label, LabelPattern
from packaging_targets.store.layout import find_root, package_at
from packaging_targets.workspace.settings import open_workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PREFIX = f"{GROUP}:"


def build(labels: Sequence[str], jobs: int | None, *, keep_going: bool = False, log_json: str | None = None) -> int:
    """Build the given labels and patterns, or everything; return the exit code.

    Raises RequestError with every problem of the workspace, or with every label that names no target.
    """
    here = os.path.realpath(os.getcwd())
    root = find_root(here) or open_workspace(here).root  # which raises, and says how to get one
    asked = _Asked(labels, package_at(here, root))
    Build.log_json = _writable(log_json) if log_json else ""
    Build.alone = "packaging build '{}'"
    Build.jobs = jobs or Build.jobs
    options = ["--continue"] if keep_going else []
    try:
        code = _Run(task_loader=asked, config={}).parse_execute([*options, *asked.words])
    except (InvalidCommand, InvalidDodoFile, InvalidTask) as error:
        raise _told(error) from error
    # doit tells a failed task from one that could not be tried; for people both are a build that failed.
    return min(int(code or 0), 1)


def build_beside(root: str, labels: Sequence[str]) -> int:
    """Build targets for something that needs them, and tell of it on standard error; return the exit code."""
    os.chdir(root)
    with output_as_notes():
        return build(labels, None, keep_going=True)


def _writable(path: str) -> str:
    try:
        with open(path, "w", encoding="utf-8"):
            return os.path.abspath(path)
    except OSError as error:
        what = f"`{path}` cannot be written: {reason(error)}"
        raise RequestError.one(what, "--log-json", "name a file in a folder that exists") from error


class _Run(Run):
    """doit's run, with our backend and reporter: to look for those of other distributions takes a while."""

    def get_backends(self) -> dict[str, type]:
        return {DOIT_CONFIG["backend"]: PackagingBackend}

    def get_reporters(self) -> dict[str, type]:
        return {DOIT_CONFIG["reporter"]: PackagingReporter}


def _told(error: Exception) -> PackagingError:
    cause = error.__cause__
    return cause if isinstance(cause, PackagingError) else RequestError.one(str(error))


class _Asked(PackagingLoader):
    """Loads the tasks of the workspace, and finds those that labels and patterns mean."""

    def __init__(self, labels: Sequence[str], package: str) -> None:
        super().__init__()
        self._wanted: dict[str, Callable[[str], bool]] = {}
        problems = []
        for text in labels:
            try:
                self._wanted[text] = _meaning(text.removeprefix(_PREFIX), package)
            except ValueError as error:
                problems.append(Problem("", f"`{text}` is no label: {error}", "write //folder:name"))
        raise_all(problems)
        everything = not labels or not {"...", "//..."}.isdisjoint(labels)
        self.words = [GROUP] if everything else [_PREFIX + label for label in labels]

    def load_tasks(self, cmd: Any, pos_args: list[str]) -> list[Any]:
        """Return the tasks; from now on `pos_args` name those that are asked for."""
        tasks = super().load_tasks(cmd, pos_args)
        if pos_args != [GROUP]:
            names = [task.name.removeprefix(_PREFIX) for task in tasks if task.name != GROUP]
            found = {text: list(filter(means, names)) for text, means in self._wanted.items()}
            raise_all(_unknown(text, names) for text, chosen in found.items() if not chosen)
            pos_args[:] = dict.fromkeys(_PREFIX + name for chosen in found.values() for name in chosen)
        return tasks


def _meaning(text: str, package: str) -> Callable[[str], bool]:
    """Return a predicate of names that a label means, `//pkg:*`, `//pkg:all`, `//pkg/...`, or a text with `*`.

    Raises ValueError for what is no label.
    """
    absolute = f"//{package}{text}" if text in {":*", ":all"} else text
    if "*" in absolute.removesuffix(":*"):
        return lambda name: fnmatchcase(name, absolute)
    label, hash_, action = absolute.partition("#")
    pattern = LabelPattern.parse(label, package)
    if pattern.name is not None:
        return f"//{pattern.package}:{pattern.name}{hash_}{action}".__eq__
    return lambda name: pattern.matches(_label(name))


def _label(name: str) -> Label:
    package, _, rest = name[2:].partition("#")[0].rpartition(":")
    return Label(package, rest)


def _unknown(text: str, names: Sequence[str]) -> Problem:
    is_pattern = "*" in text or text.endswith(("...", ":all"))
    what = f"`{text}` matches no target" if is_pattern else f"there is no target `{text}`"
    return Problem("", what, near_miss(text, names) or "packaging query '//...' lists all targets")
