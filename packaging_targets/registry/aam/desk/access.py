"""Who somebody is, and what they may do: pure values.

An action is allowed on a package by a grant that names the action, or `admin`, and a pattern that the name fits.
`publish` covers tags and deprecations, `yank` hides and shows versions, `admin` approves, and sees tokens and the log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from packaging_targets.formats.aam.names import MAX_NAME, name_faults
from packaging_targets.registry.aam.served.holdings import Visibility, matches

Action = Literal["read", "publish", "yank", "admin"]
ACTIONS: tuple[Action, ...] = ("read", "publish", "yank", "admin")
EVERYTHING = ("*",)
_PATTERN = re.compile(r"(@[a-z0-9_*-]+/)?[a-z0-9*-]+|@[a-z0-9_*-]*\*")


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions that are allowed on the packages whose names fit one of the patterns."""

    actions: tuple[Action, ...]
    patterns: tuple[str, ...] = EVERYTHING

    def allows(self, action: Action, name: str) -> bool:
        """Tell whether this allows an action on a package; an empty name stands for the whole registry."""
        if not _gives(self, action):
            return False
        return "*" in self.patterns if not name else matches(name, self.patterns)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: `person` tells people apart (`ann`, or `https://issuer|subject`), and is empty for who said nothing.

    `token` is the number of the token that they came with, or empty. `expires_at` is in seconds since 1970.
    """

    person: str = ""
    grants: tuple[Grant, ...] = ()
    token: str = ""
    expires_at: int | None = None

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody said who they are."""
        return not self.person

    def may(self, action: Action, name: str = "") -> bool:
        """Tell whether an action is allowed on a package, or on the whole registry where the name is empty."""
        return any(grant.allows(action, name) for grant in self.grants)

    def sees(self, private: tuple[str, ...]) -> Visibility:
        """Return which packages they may see, where those that fit `private` are not for everybody."""
        return Visibility(private, tuple(sorted({pattern for grant in self.grants for pattern in grant.patterns})))


ANONYMOUS = Identity()
# Who has the database before them. No account is called so.
OPERATOR = Identity("(operator)", (Grant(("admin",)),))


def pattern_fault(pattern: str) -> str:
    """Return what keeps a text from being a pattern, as the end of "the pattern `…`"; empty where nothing does."""
    if len(pattern) > MAX_NAME:
        return f"has {len(pattern):,} characters, and {MAX_NAME} is the most"
    if "*" not in pattern:
        return next(name_faults(pattern), "")
    if _PATTERN.fullmatch(pattern):
        return ""
    return "is not the name of a package in which `*` stands for any characters, as in `@acme/*`"


def not_covered(who: Identity, grant: Grant) -> list[str]:
    """Return what of a grant somebody may not give, as `publish:@acme/*`: each action on each pattern has to be theirs.

    A pattern lies within another that fits it as it is written, since then `*` of the one is within a `*` of the other.
    """
    return [
        f"{action}:{pattern}"
        for action in grant.actions
        for pattern in grant.patterns
        if not any(_gives(own, action) and matches(pattern, own.patterns) for own in who.grants)
    ]


def governs(who: Identity, person: str, grants: Iterable[Grant], number: str) -> bool:
    """Tell whether somebody may see and revoke a token: whose, what it allows, and its number.

    With a token, that is this one itself, and what this one could have made: whoever finds a token that may do little
    ends nothing that may do more. A name and a password govern all tokens of their person, `admin` on `*` all.
    """
    if who.may("admin"):
        return True
    if who.is_anonymous or person != who.person:
        return False
    return who.token in {"", number} or not any(not_covered(who, grant) for grant in grants)


def grants_value(grants: Iterable[Grant]) -> list[dict[str, list[str]]]:
    """Return grants as a JSON value, as tables, the log and answers have them."""
    return [{"actions": list(one.actions), "patterns": list(one.patterns)} for one in grants]


def grants_text(grants: Iterable[Grant]) -> str:
    """Return grants as a table has them."""
    return json.dumps(grants_value(grants), separators=(",", ":"))


def grants_of(text: str) -> tuple[Grant, ...]:
    """Return the grants that a table has."""
    return tuple(Grant(tuple(one["actions"]), tuple(one["patterns"])) for one in json.loads(text))


def _gives(grant: Grant, action: Action) -> bool:
    return action in grant.actions or "admin" in grant.actions
