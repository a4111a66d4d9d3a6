"""What went wrong, as data; adapters turn it into text.

    PackagingError               one or more problems; exit code 1
    ├── BuildError               an action failed
    ├── IntegrityError           stored or foreign bytes are not what they claim to be
    ├── RegistryError            a registry cannot be reached, or refuses
    └── RequestError             the request or a declaration is wrong; exit code 2

Every problem has three parts: what is wrong, where, and the fix. All problems of a run are raised together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self


# Controls, what turns the direction of writing, and bytes of names that are not UTF-8.
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

# What stands before the host of an address, as in `https://token@host` and `ana:secret@host`. A port is none of it, nor
# are the `x:1.2` of an image's `x:1.2@sha256:…` and the `npm:` of `npm:@acme/x@1`.
_IN_URL = r"""(?<=:/)/?[^\s/"'`]+@"""
_IN_HOST = r"""[^\s/:@"'`]+:(?![0-9]+/|[@/])[^\s"'`]+@(?!sha[0-9]+:)"""
_SECRET = re.compile(f"{_IN_URL}|{_IN_HOST}")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong.

    `where` is `file:line`, a path or a label; `fix` is an edit or a command. `label` is the target that it is about,
    where there is one, and `field` the path of the field to blame, as in `$.tags[0]`.
    """

    where: str
    what: str
    fix: str = ""
    label: str = ""
    field: str = ""

    def __str__(self) -> str:
        return self.told("error")

    @property
    def place(self) -> str:
        """Where it is, for people: `where`, and in brackets the target and the field."""
        about = ", ".join(part for part in (self.label, self.field) if part)
        return f"{self.where}  ({about})" if self.where and about else self.where or about

    def told(self, severity: str) -> str:
        """Return the problem as text; `severity` is `error`, `warning` or another word for how bad it is."""
        lines = [f"{severity}: {_plain_lines(self.what)}"]
        if self.place:
            lines.append(f"  at {_plain_lines(self.place)}")  # a query has its caret on a line of its own
        if self.fix:
            lines.append(f"  fix: {_plain_lines(self.fix)}")
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
    def one(cls, what: str, where: str = "", fix: str = "", *, field: str = "") -> Self:
        """Return an error of this class with a single problem."""
        return cls(Problem(where, what, fix, field=field))


class BuildError(PackagingError):
    """An action failed."""


class IntegrityError(PackagingError):
    """Stored or foreign bytes are not what they claim to be."""


class RegistryError(PackagingError):
    """A registry cannot be reached, or refuses what it was asked."""


class RequestError(PackagingError):
    """The request, a target file or a rule is wrong."""

    exit_code = 2


def raise_all(
    problems: Iterable[Problem], error: type[PackagingError] = RequestError, warnings: Iterable[Problem] = ()
) -> None:
    """Raise `error` with every problem, and with warnings besides, or do nothing where there is no problem."""
    found = tuple(problems)
    if found:
        failure = error(*found)
        failure.warnings = tuple(warnings)
        raise failure


def legible(name: str) -> str:
    """Return the name of a file for people: bytes of it that are not UTF-8 are told as numbers."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def without_secret(text: str) -> str:
    """Return a text without the passwords and tokens that stand before the hosts of addresses."""
    return _SECRET.sub(lambda found: f"{'/' if found[0][0] == '/' else ''}***@", text)


def plain(text: str) -> str:
    """Return a line of text without what moves a terminal's cursor or sets its colours: names come from anywhere."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


def _plain_lines(text: str) -> str:
    return "\n".join(map(plain, text.split("\n")))


def reason(error: OSError) -> str:
    """Return why the system refused, in lower case, as the end of a sentence."""
    return (error.strerror or str(error)).lower()


def near_miss(word: str, choices: Iterable[str]) -> str:
    """Return `did you mean …?` for the closest of `choices`, or an empty string."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else ""


def _place(problem: Problem) -> tuple[list[str | int], str]:
    """Sort by place, numbers as numbers, then by text."""
    parts = re.split(r"(\d+)", problem.place)
    return [int(part) if part.isdigit() else part for part in parts], problem.what
