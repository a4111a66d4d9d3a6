"""Tokens: made within what their maker may do themselves, listed, and revoked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.transactions import transact
from packaging_targets.registry.aam.desk import audit
from packaging_targets.registry.aam.desk import tokens as table
from packaging_targets.registry.aam.desk.access import Grant, Identity, governs, grants_value, not_covered
from packaging_targets.registry.aam.desk.audit import Event
from packaging_targets.registry.aam.desk.listing import MOST, Part, Span
from packaging_targets.registry.aam.desk.tokens import IssuedToken, Order, Token
from packaging_targets.services.aam.hosting.host import Desk
from packaging_targets.services.aam.hosting.people.wishes import demand_sound, grant_of, label_faults, person_faults
from packaging_targets.services.aam.hosting.refusing import forbidden, verb

_STRONGER = (
    "sign in with a token that allows as much, or with a name and a password, or ask who administers the registry"
)
MAX_LIFETIME = 10 * 366 * 86400  # seconds


@verb
def create_token(
    desk: Desk,
    who: Identity,
    label: str,
    actions: Sequence[str],
    patterns: Sequence[str],
    expires_in: int | None = None,
) -> IssuedToken:
    """Make a token for whoever asks, which allows the actions on the patterns, for `expires_in` seconds from now.

    It ends no later than what they come with. Raises RefusalError: BAD_REQUEST with all that is wrong; FORBIDDEN
    where they may not do that themselves.
    """
    if who.is_anonymous:
        raise forbidden(who, "may not make tokens")
    grant, faults = grant_of(actions, patterns)
    demand_sound([*faults, *label_faults(label), *_lifetime_faults(expires_in)])
    _demand_covered(who, grant)
    expires_at = _end(desk, who, expires_in)
    order = Order(who.person, label, (grant,), expires_at)
    return transact(desk.database, lambda connection: _made(connection, who, order, desk.clock()))


@verb
def make_token(desk: Desk, who: Identity, order: Order) -> IssuedToken:
    """Make a token for whomever and whatever is ordered, as operators may; raises RefusalError (BAD_REQUEST)."""
    faults = [fault for grant in order.grants for fault in grant_of(grant.actions, grant.patterns)[1]]
    demand_sound([*faults, *label_faults(order.label), *person_faults(order.person)])
    return transact(desk.database, lambda connection: _made(connection, who, order, desk.clock()))


@verb
def tokens(desk: Desk, who: Identity, after: str = "", limit: int = MOST) -> Part[Token]:
    """Return a part of the tokens that they may revoke, which `access.governs` tells."""
    if who.is_anonymous:
        raise forbidden(who, "may not see tokens")
    with reading(desk.database) as connection:
        return table.listed(connection, who, Span(after, limit))


@verb
def revoke_token(desk: Desk, who: Identity, number: str) -> Token:
    """Let a token hold no longer; twice is once.

    Raises RefusalError: TOKEN_NOT_FOUND where it is not theirs, FORBIDDEN where it allows more than their own.
    """
    if who.is_anonymous:
        raise forbidden(who, "may not revoke tokens")
    with reading(desk.database) as connection:
        found = table.numbered(connection, number)
    if found is None or not (found.person == who.person or who.may("admin")):
        raise RefusalError.of("TOKEN_NOT_FOUND", f"there is no token `{number[:80]}`")
    if not governs(who, found.person, found.grants, found.number):
        what = f"token `{found.number}` allows more than the one that {who.person} came with, which cannot revoke it"
        raise RefusalError.of("FORBIDDEN", what, "", _STRONGER)
    return transact(desk.database, lambda connection: _revoked(connection, who, found, desk.clock()))


def _made(connection: Connection, who: Identity, order: Order, at: int) -> IssuedToken:
    issued = table.issue(connection, order, at)
    details: dict[str, Any] = {"token": issued.token.number, "person": order.person, "label": order.label}
    details |= {"grants": grants_value(order.grants), "expires_at": order.expires_at}
    audit.append(connection, Event(who.person, "token.created", details=details), at)
    return issued


def _revoked(connection: Connection, who: Identity, found: Token, at: int) -> Token:
    if table.revoke(connection, found.number, at):
        details = {"token": found.number, "person": found.person, "label": found.label}
        audit.append(connection, Event(who.person, "token.revoked", details=details), at)
    return table.numbered(connection, found.number) or found


def _demand_covered(who: Identity, grant: Grant) -> None:
    missing = not_covered(who, grant)
    if missing:
        problems = [Problem("", f"{who.person} may not give `{one}`, which is not theirs") for one in missing]
        raise RefusalError(*problems, code="FORBIDDEN")


def _lifetime_faults(expires_in: int | None) -> list[Problem]:
    if expires_in is None or 0 < expires_in <= MAX_LIFETIME:
        return []
    what = f"a token holds for 1 to {MAX_LIFETIME:,} seconds, not for {expires_in:,}"
    return [Problem("", what, field="$.expires_in")]


def _end(desk: Desk, who: Identity, expires_in: int | None) -> int:
    """Return until when a token holds; who comes with what ends soon cannot make what ends later."""
    end = desk.clock() + (expires_in or desk.settings.token_lifetime)
    if who.expires_at is None or end <= who.expires_at:
        return end
    if expires_in is None:
        return who.expires_at
    left = max(0, who.expires_at - desk.clock())
    what = f"the token would hold longer than what {who.person} came with, which ends in {left:,} seconds"
    raise RefusalError.of("FORBIDDEN", what, "", "ask for less, or sign in anew")
