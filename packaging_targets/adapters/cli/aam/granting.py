"""What verbs about tokens share, those of operators on the server and those of people: what is allowed, until when."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from packaging_targets.adapters.output import table, tell, tells
from packaging_targets.errors import RequestError, plain

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Sequence

    from packaging_targets.errors import Problem

_LIFETIME = re.compile(r"([1-9][0-9]{0,6})([smhd])")
# The options, each with the field of a request over HTTP that asks for the same.
_WISHES = {"$.actions": "--actions", "$.patterns": "--pattern"}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class ShownGrant(Protocol):
    """Actions that are allowed on packages, by patterns of their names."""

    @property
    def actions(self) -> Sequence[str]:
        """Such as `publish`."""
        ...

    @property
    def patterns(self) -> Sequence[str]:
        """Such as `@acme/*`."""
        ...


class ShownToken(Protocol):
    """A token without its secret; times are seconds since 1970."""

    @property
    def number(self) -> str:
        """What it is called."""
        ...

    @property
    def person(self) -> str:
        """Who acts with it."""
        ...

    @property
    def label(self) -> str:
        """What it is for."""
        ...

    @property
    def grants(self) -> Sequence[ShownGrant]:
        """What it allows."""
        ...

    @property
    def created_at(self) -> int:
        """When it was made."""
        ...

    @property
    def expires_at(self) -> int | None:
        """Until when it holds, None for ever."""
        ...

    @property
    def revoked_at(self) -> int | None:
        """Since when it holds no longer, None for not yet."""
        ...


def add_grant(parser: ArgumentParser) -> None:
    """Add what is to be allowed to a verb."""
    parser.add_argument("--actions", required=True, help="read, publish, yank or admin; several with commas")
    parser.add_argument(
        "--pattern", action="append", default=[], help="packages, such as @acme/*; may be repeated; default: all"
    )


def actions_of(options: Namespace) -> tuple[str, ...]:
    """Return the actions that are to be allowed; whether there are such, services tell."""
    return tuple(filter(None, options.actions.replace(" ", ",").split(",")))


def at_options(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems with what is to be allowed, at the options that say it."""
    return [replace(one, field=_WISHES.get(one.field, one.field)) for one in problems]


def lifetime_of(text: str, more: str = "") -> int:
    """Return seconds as people write them, as in `90d`; `more` is what else they may write."""
    match = _LIFETIME.fullmatch(text)
    if match is None:
        raise RequestError.one(f"`{text[:40]}` is no time", "", f"write it as 90d, 12h, 30m{more}")
    return int(match[1]) * _SECONDS[match[2]]


def moment(seconds: int | None) -> str | None:
    """Return a time as text, or None for none."""
    from packaging_targets.formats.aam.times import time_text

    return None if seconds is None else time_text(seconds)


def grants_told(grants: Sequence[ShownGrant]) -> Any:
    """Return grants as JSON."""
    return [{"actions": list(one.actions), "patterns": list(one.patterns)} for one in grants]


def allowed(grants: Sequence[ShownGrant]) -> str:
    """Return grants for people."""
    return "; ".join(f"{', '.join(one.actions)} on {', '.join(one.patterns)}" for one in grants)


def tell_secret(options: Namespace, secret: str, token: ShownToken) -> int:
    """Print the secret of a token that was made, alone on standard output, so that it can be piped."""
    if options.format != "json" and tells(options, "info"):
        until = moment(token.expires_at) or "it is revoked"
        told = plain(f"token {token.number} of {token.person}, until {until}; it is shown this once")
        sys.stderr.write(f"{told}\n")
    return tell(options, {"ok": True, "token": secret, **token_value(token)}, [secret])


def token_lines(tokens: Sequence[ShownToken], at: float) -> list[str]:
    """Return tokens for people, as they are at a time."""
    rows = [
        (one.number, one.person, allowed(one.grants), moment(one.expires_at) or "-", _state(one, at), one.label)
        for one in tokens
    ]
    return table([("NUMBER", "PERSON", "ALLOWS", "UNTIL", "STATE", "LABEL"), *rows]) if rows else ["no tokens"]


def token_value(token: ShownToken) -> dict[str, Any]:
    """Return a token as JSON, without its secret."""
    return {
        "id": token.number,
        "person": token.person,
        "label": token.label,
        "grants": grants_told(token.grants),
        "created_at": moment(token.created_at),
        "expires_at": moment(token.expires_at),
        "revoked_at": moment(token.revoked_at),
    }


def _state(token: ShownToken, at: float) -> str:
    if token.revoked_at is not None:
        return "was revoked"
    return "has expired" if token.expires_at is not None and token.expires_at <= at else "holds"
