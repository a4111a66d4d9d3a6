"""`aam registry token`: create, ls and revoke."""

from __future__ import annotations

import re
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.desk.operating import (
    add_grant,
    add_operator,
    allowed,
    granted,
    grants_told,
    moment,
    opened,
    whole,
)
from packaging_targets.adapters.output import table, tell, tells
from packaging_targets.errors import RequestError

if TYPE_CHECKING:
    from packaging_targets.registry.aam.desk.tokens import Token

_LIFETIME = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def add_tokens(verbs: Any) -> None:
    """Add the verbs behind `token`."""
    making = add_operator(verbs, "create", "make a token, and print it this once", _create_token)
    making.add_argument("--person", required=True, help="who acts with it: people are told apart by this")
    making.add_argument("--label", default="", help="what it is for")
    making.add_argument("--expires", default="", metavar="TIME", help="90d, 12h, 30m, or never; default: 90d")
    add_grant(making)
    listing = add_operator(verbs, "ls", "list tokens, without their secrets", _list_tokens)
    listing.add_argument("--person", default="", help="those of one person")
    revoking = add_operator(verbs, "revoke", "let a token hold no longer", _revoke_token, "NUMBER")
    revoking.description = "Let a token hold no longer, and end the sessions that it has opened."


def _create_token(options: Namespace) -> int:
    with opened(options, make=True) as (desk, operator):
        from packaging_targets.registry.aam.desk.tokens import Order
        from packaging_targets.services.aam.hosting.people.tokens import make_token

        lifetime = _seconds(options.expires, desk.settings.token_lifetime)
        expires_at = None if lifetime is None else desk.clock() + lifetime
        issued = make_token(desk, operator, Order(options.person, options.label, (granted(options),), expires_at))
    if options.format != "json" and tells(options, "info"):
        until = moment(expires_at) or "it is revoked"
        sys.stderr.write(f"token {issued.token.number} of {options.person}, until {until}; it is shown this once\n")
    return tell(options, {"ok": True, "token": issued.secret, **_token_value(issued.token)}, [issued.secret])


def _list_tokens(options: Namespace) -> int:
    with opened(options) as (desk, operator):
        from packaging_targets.services.aam.hosting.people.tokens import tokens

        found = [
            one for one in whole(lambda after: tokens(desk, operator, after)) if options.person in {"", one.person}
        ]
        at = desk.clock()
    rows = [
        (
            one.number,
            one.person,
            allowed(one.grants),
            moment(one.expires_at) or "-",
            one.fault(at) or "holds",
            one.label,
        )
        for one in found
    ]
    lines = table([("NUMBER", "PERSON", "ALLOWS", "UNTIL", "STATE", "LABEL"), *rows]) if rows else ["no tokens"]
    return tell(options, {"ok": True, "tokens": [_token_value(one) for one in found]}, lines)


def _revoke_token(options: Namespace) -> int:
    with opened(options) as (desk, operator):
        from packaging_targets.services.aam.hosting.people.tokens import revoke_token

        found = revoke_token(desk, operator, options.about)
    return tell(options, {"ok": True, **_token_value(found)}, [f"token {found.number} of {found.person} is revoked"])


def _seconds(text: str, usual: int) -> int | None:
    """Return how long a token holds, in seconds, or None for ever."""
    if text in {"", "never"}:
        return None if text else usual
    match = _LIFETIME.fullmatch(text)
    if match is None:
        raise RequestError.one(f"`{text[:40]}` is no time", "", "write it as 90d, 12h, 30m, or never")
    return int(match[1]) * _SECONDS[match[2]]


def _token_value(token: Token) -> dict[str, Any]:
    return {
        "id": token.number,
        "person": token.person,
        "label": token.label,
        "grants": grants_told(token.grants),
        "created_at": moment(token.created_at),
        "expires_at": moment(token.expires_at),
        "revoked_at": moment(token.revoked_at),
    }
