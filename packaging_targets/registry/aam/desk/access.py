"""Who somebody is, and what they may do: pure values.

An action is allowed on a package by a grant that names the action, or `admin`, and a pattern that the name fits.
`publish` covers tags and deprecations, `yank` hides and shows versions, `admin` approves, and sees tokens and the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from packaging_targets.registry.aam.served.holdings import Visibility, matches

Action = Literal["read", "publish", "yank", "admin"]
ACTIONS: tuple[Action, ...] = ("read", "publish", "yank", "admin")
EVERYTHING = ("*",)


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions that are allowed on the packages whose names fit one of the patterns."""

    actions: tuple[Action, ...]
    patterns: tuple[str, ...] = EVERYTHING

    def allows(self, action: Action, name: str) -> bool:
        """Tell whether this allows an action on a package; an empty name stands for the whole registry."""
        if action not in self.actions and "admin" not in self.actions:
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
