"""What a package would change, file by file: what a person looks at before they approve it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice
from typing import Literal

from packaging_targets.services.aam.browsing.contents import Contents, Member

MAX_TEXT = 64 << 10
"""The most bytes of a file of which lines are compared."""
MAX_LINES = 400
"""The most lines that are shown of a file."""
_MAX_COMPARED = 2_000

State = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that differs: what it is on either side, None where it is not there."""

    before: Member | None
    after: Member | None

    @property
    def path(self) -> str:
        """The file's path."""
        return (self.after or self.before or _NOTHING).path

    @property
    def state(self) -> State:
        """What happens to it."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    @property
    def becomes_executable(self) -> bool:
        """Whether it can be run afterwards, and could not before."""
        return bool(self.after and self.after.executable and not (self.before and self.before.executable))


_NOTHING = Member("", 0, "")


def differences(before: Contents | None, after: Contents) -> tuple[Difference, ...]:
    """Return the files that differ between two archives, by path; all are added where there is none before."""
    old = {one.path: one for one in before.files} if before else {}
    new = {one.path: one for one in after.files}
    found = (Difference(old.get(path), new.get(path)) for path in sorted(old.keys() | new.keys()))
    return tuple(one for one in found if one.before != one.after)


def lines_of_difference(before: str, after: str) -> Sequence[str]:
    """Return what differs between two texts as lines that start with `+`, `-`, a blank, or `@@`.

    There are MAX_LINES at most; the last one says so where there would be more. Of long texts that differ, all lines
    are taken out and put in again: to compare them takes too long.
    """
    old, new = before.splitlines(), after.splitlines()
    if len(old) + len(new) > _MAX_COMPARED:
        found: Iterator[str] = (f"{sign}{line}" for sign, lines in (("-", old), ("+", new)) for line in lines)
    else:
        found = islice(unified_diff(old, new, lineterm="", n=3), 2, None)  # the names of the files stand first
    shown: list[str] = []
    for line in found:
        if len(shown) == MAX_LINES:
            shown.append(f"@@ more than {MAX_LINES} lines: the archive has the rest @@")
            break
        shown.append(line)
    return shown
