"""What a package would change, as the page of a request for approval shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging_targets.adapters.http.pages.showing.words import counted_text, size_text
from packaging_targets.services.aam.browsing.differences import Difference, lines_of_difference

MAX_FILES = 200
_KINDS = {"+": "added", "-": "removed", "@": "place"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text: what happens to it, the sign that says so, and what it says."""

    kind: str
    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A file that differs; `anchor` leads to its lines, and is empty where none are shown."""

    path: str
    state: str
    executable: bool
    sizes: str
    anchor: str
    lines: tuple[Line, ...]


def change_rows(
    found: Sequence[Difference], before: Mapping[str, str], after: Mapping[str, str]
) -> tuple[ChangeRow, ...]:
    """Return the rows of files that differ; `before` and `after` are the texts of some of them."""
    return tuple(_row(at, one, before, after) for at, one in enumerate(found[:MAX_FILES]))


def summary_of(found: Iterable[Difference]) -> str:
    """Return how many files are added, changed and removed, as the end of a sentence."""
    counts = Counter(one.state for one in found)
    told = [
        f"{counted_text(counts[state], 'file')} {state}" for state in ("added", "changed", "removed") if counts[state]
    ]
    return ", ".join(told) or "no file differs"


def _row(at: int, one: Difference, before: Mapping[str, str], after: Mapping[str, str]) -> ChangeRow:
    known = (one.before is None or one.path in before) and (one.after is None or one.path in after)
    lines: tuple[Line, ...] = ()
    if known and (one.path in before or one.path in after):
        texts = before.get(one.path, ""), after.get(one.path, "")
        lines = tuple(map(_line, lines_of_difference(*texts)))
    return ChangeRow(one.path, one.state, one.becomes_executable, _sizes(one), f"file-{at}" if lines else "", lines)


def _line(text: str) -> Line:
    sign = text[:1]
    return Line(_KINDS.get(sign, "same"), sign.replace("@", "").strip(), text if sign == "@" else text[1:])


def _sizes(one: Difference) -> str:
    sizes = [size_text(side.size) for side in (one.before, one.after) if side]
    return " → ".join(dict.fromkeys(sizes))
