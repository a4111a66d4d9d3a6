"""What went wrong, as data; adapters turn it into text.

    PackagingError               one or more problems; exit code 1
    ├── BuildError               an action failed
    ├── IntegrityError           stored or foreign bytes are not what they claim to be
    ├── RegistryError            a registry cannot be reached, or refuses
    └── RequestError             the request or a declaration is wrong; exit code 2
        └── FieldError           a rule refuses the value of a field

Every problem has three parts: what is wrong, where, and the fix. All problems of a run are raised together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong.

    `where` is `file:line`, a path or a label, with what narrows it in brackets; `fix` is an edit or a command.
    """

    where: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        return self.told("error")

    def told(self, severity: str) -> str:
        """Return the problem as text; `severity` is `error`, `warning` or another word for how bad it is."""
        lines = [f"{severity}: {self.what}"]
        if self.where:
            lines.append(f"  at {self.where}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


class PackagingError(Exception):
    """One or more problems that stop what was asked for; `warnings` are those found besides, which would not."""

    exit_code = 1
    warnings: tuple[Problem, ...] = ()

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems), key=_place))

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.problems))

    @classmethod
    def one(cls, what: str, where: str = "", fix: str = "") -> Self:
        """Return an error of this class with a single problem."""
        return cls(Problem(where, what, fix))


class BuildError(PackagingError):
    """An action failed."""


class IntegrityError(PackagingError):
    """Stored or foreign bytes are not what they claim to be."""


class RegistryError(PackagingError):
    """A registry cannot be reached, or refuses what it was asked."""


class RequestError(PackagingError):
    """The request, a target file or a rule is wrong."""

    exit_code = 2


class FieldError(RequestError):
    """A rule refuses the value of a field; the analysis adds the target and the line.

    `field` is the field's path, as in `$.tags[0]`, or empty where the target as a whole is meant.
    """

    def __init__(self, what: str, *, field: str = "", fix: str = "", where: str = "") -> None:
        super().__init__(Problem(where, what, fix))
        self.field = field

    def __reduce__(self) -> tuple[Any, ...]:
        problem = self.problems[0]
        return _field_error, (problem.what, self.field, problem.fix, problem.where)


def _field_error(what: str, field: str, fix: str, where: str) -> FieldError:
    return FieldError(what, field=field, fix=fix, where=where)


def raise_all(
    problems: Iterable[Problem], error: type[PackagingError] = RequestError, warnings: Iterable[Problem] = ()
) -> None:
    """Raise `error` with every problem, and with warnings besides, or do nothing where there is no problem."""
    found = tuple(problems)
    if found:
        failure = error(*found)
        failure.warnings = tuple(warnings)
        raise failure


def near_miss(word: str, choices: Iterable[str]) -> str:
    """Return `did you mean …?` for the closest of `choices`, or an empty string."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else ""


def _place(problem: Problem) -> tuple[list[str | int], str]:
    """Sort by place, numbers as numbers, then by text."""
    parts = re.split(r"(\d+)", problem.where)
    return [int(part) if part.isdigit() else part for part in parts], problem.what
