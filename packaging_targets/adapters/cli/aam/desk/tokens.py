"""`aam registry token`: create, ls and revoke."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from packaging_targets.adapters.cli.aam.desk.operating import add_operator, granted, opened, whole
from packaging_targets.adapters.cli.aam.granting import add_grant, lifetime_of, tell_secret, token_lines, token_value
from packaging_targets.adapters.output import tell


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

        expires_at = _end(options.expires, desk.clock(), desk.settings.token_lifetime)
        issued = make_token(desk, operator, Order(options.person, options.label, (granted(options),), expires_at))
    return tell_secret(options, issued.secret, issued.token)


def _list_tokens(options: Namespace) -> int:
    with opened(options) as (desk, operator):
        from packaging_targets.services.aam.hosting.people.tokens import tokens

        every = whole(lambda after: tokens(desk, operator, after))
        found = [one for one in every if options.person in {"", one.person}]
        lines = token_lines(found, desk.clock())
    return tell(options, {"ok": True, "tokens": [token_value(one) for one in found]}, lines)


def _revoke_token(options: Namespace) -> int:
    with opened(options) as (desk, operator):
        from packaging_targets.services.aam.hosting.people.tokens import revoke_token

        found = revoke_token(desk, operator, options.about)
    return tell(options, {"ok": True, **token_value(found)}, [f"token {found.number} of {found.person} is revoked"])


def _end(text: str, at: int, usual: int) -> int | None:
    """Return until when a token holds that is made at a time, or None for ever."""
    if text == "never":
        return None
    return at + (lifetime_of(text, ", or never") if text else usual)
