"""When a workspace cannot be planned: all that is wrong with it, each problem at its line.

Nothing here runs while all is well: lines of fields are looked for once there is a problem to place.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging_targets.model.label import Label
from packaging_targets.store.layout import TARGET_FILE
from packaging_targets.workspace.target_file import TargetFile, field_where, parse_target_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging_targets.errors import Problem
    from packaging_targets.model.target import Target
    from packaging_targets.workspace.rules.rulebook import Rulebook


class Places:
    """Finds the lines of fields, in target files that are read once each."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._files: dict[str, TargetFile] = {}

    def placed(self, problem: Problem) -> Problem:
        """Return a problem of a target's field with the field's line in place of its entry's."""
        file, _, line = problem.where.rpartition(":")
        at_entry = problem.label and posixpath.basename(file) == TARGET_FILE and line.isdecimal()
        if not (at_entry and problem.field):
            return problem
        return replace(problem, where=field_where(self._file(file), int(line), problem.field))

    def of_label(self, target: Target, dep: Label) -> tuple[str, str]:
        """Return where a target names what it depends on: a line, and the path of a field.

        Where no field of its file does, that is the target's line, and no field.
        """
        named = (path for path, text in self._labels(target) if _means(text, target.label, dep))
        field = next(named, "")
        return field_where(self._file(target.where.file), target.where.line, field), field

    def _labels(self, target: Target) -> Iterator[tuple[str, str]]:
        file = self._file(target.where.file)
        for entry in file.entries:
            if (entry.line, entry.rule) == (target.where.line, target.rule):
                yield from self._rulebook.checker(entry.rule).labels(entry.fields)

    def _file(self, path: str) -> TargetFile:
        if path not in self._files:
            with open(path, "rb") as file:
                self._files[path] = parse_target_file(path, file.read())
        return self._files[path]


def _means(text: str, label: Label, dep: Label) -> bool:
    try:
        return Label.parse(text, label.package) == dep
    except ValueError:
        return False


def merged(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems, each fault that several targets met at one place once: with the first, and how many more."""
    alike: dict[Problem, set[str]] = {}
    for problem in problems:
        alike.setdefault(replace(problem, label=""), set()).add(problem.label)
    return [replace(problem, label=_first_of(sorted(labels))) for problem, labels in alike.items()]


def _first_of(labels: list[str]) -> str:
    more = len(labels) - 1
    return f"{labels[0]} and {more} more target{'s' if more > 1 else ''}" if more else labels[0]
