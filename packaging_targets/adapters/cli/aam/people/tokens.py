"""`aam token`: ls, create and revoke."""

from __future__ import annotations

import time
from argparse import Namespace
from typing import Any

from packaging_targets.adapters.cli.aam.granting import (
    actions_of,
    add_grant,
    at_options,
    lifetime_of,
    tell_secret,
    token_lines,
    token_value,
)
from packaging_targets.adapters.cli.aam.login import add_server
from packaging_targets.adapters.cli.aam.telling import add_group, add_verb
from packaging_targets.adapters.output import tell
from packaging_targets.errors import RequestError


def add_parsers(verbs: Any) -> None:
    """Add the verbs of this module to subparsers."""
    own = add_group(verbs, "token", "list, make and revoke your tokens for a registry")
    listing = add_verb(own, "ls", "list your tokens, without their secrets", _list)
    making = add_verb(own, "create", "make a token that allows no more than yours, and print it this once", _create)
    making.add_argument("--label", default="", help="what it is for")
    making.add_argument("--expires", default="", metavar="TIME", help="such as 90d, 12h or 30m")
    add_grant(making)
    revoking = add_verb(own, "revoke", "let a token hold no longer", _revoke)
    revoking.add_argument("number", metavar="NUMBER", help="which one, as `ls` shows it")
    for parser in (listing, making, revoking):
        add_server(parser)


def _list(options: Namespace) -> int:
    from packaging_targets.services.aam.people.tokens import tokens

    held = tokens(options.registry)
    value = [{**token_value(one), "own": one.number == held.own} for one in held.tokens]
    lines = token_lines(held.tokens, time.time())
    return tell(options, {"ok": True, "registry": held.url, "tokens": value}, lines)


def _create(options: Namespace) -> int:
    from packaging_targets.services.aam.people.tokens import create_token

    seconds = lifetime_of(options.expires) if options.expires else None
    patterns = tuple(options.pattern) or ("*",)
    try:
        made = create_token(options.registry, options.label, actions_of(options), patterns, seconds)
    except RequestError as error:
        raise RequestError(*at_options(error.problems)) from None
    return tell_secret(options, made.secret, made.token)


def _revoke(options: Namespace) -> int:
    from packaging_targets.services.aam.people.tokens import revoke_token

    found = revoke_token(options.registry, options.number)
    return tell(options, {"ok": True, **token_value(found)}, [f"token {found.number} of {found.person} is revoked"])
