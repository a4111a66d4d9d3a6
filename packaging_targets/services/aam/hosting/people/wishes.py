"""What somebody wants to be allowed, or to allow, as it came in: looked into, all of it, and made a grant."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from packaging_targets.errors import Problem, near_miss, plain, raise_all
from packaging_targets.registry.aam.desk.access import ACTIONS, Grant, pattern_fault

MAX_PATTERNS = 50
MAX_LABEL = 200
MAX_PERSON = 512
_ACTIONS = f"write one of {', '.join(ACTIONS)}"


def grant_of(actions: Sequence[str], patterns: Sequence[str]) -> tuple[Grant, list[Problem]]:
    """Return the grant of some actions on some patterns, and what is wrong with them."""
    known = tuple(one for one in ACTIONS if one in actions)
    return Grant(known, tuple(dict.fromkeys(patterns))), [*_action_faults(actions), *_pattern_faults(patterns)]


def label_faults(label: str) -> Iterator[Problem]:
    """Yield what is wrong with a label, which is one line for people, or nothing."""
    if plain(label) != label or len(label) > MAX_LABEL:
        yield Problem("", f"the label must be one line of up to {MAX_LABEL} characters", "write it in one line")


def person_faults(person: str) -> Iterator[Problem]:
    """Yield what keeps a text from telling people apart."""
    same = unicodedata.normalize("NFKC", person).strip()
    if not person or not person.isprintable() or same != person or len(person) > MAX_PERSON:
        what = f"a person is named by one line of up to {MAX_PERSON} characters, without spaces around it"
        yield Problem("", what, "write it as ann, or ann@example.org")


def demand_sound(problems: Iterable[Problem]) -> None:
    """Raise RequestError with all problems, if there are some."""
    raise_all(problems)


def _action_faults(actions: Sequence[str]) -> Iterator[Problem]:
    if not actions:
        yield Problem("", "no action is named", _ACTIONS, field="$.actions")
    for action in actions:
        if action not in ACTIONS:
            yield Problem(
                "", f"there is no action `{action[:40]}`", near_miss(action, ACTIONS) or _ACTIONS, field="$.actions"
            )


def _pattern_faults(patterns: Sequence[str]) -> Iterator[Problem]:
    if not patterns:
        yield Problem(
            "", "no pattern is named", "write `*` for all packages, or one such as `@acme/*`", field="$.patterns"
        )
    if len(patterns) > MAX_PATTERNS:
        what = f"there are {len(patterns):,} patterns, and {MAX_PATTERNS} is the most"
        yield Problem("", what, field="$.patterns")
        return
    for pattern in patterns:
        if fault := pattern_fault(pattern):
            yield Problem("", f"the pattern `{pattern[:80]}` {fault}", "write it as @acme/*", field="$.patterns")
