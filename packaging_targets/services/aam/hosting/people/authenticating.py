"""From what somebody sends to who they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from sqlalchemy import Connection

from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.transactions import transact
from packaging_targets.registry.aam.desk import accounts, audit, publishers
from packaging_targets.registry.aam.desk import tokens as table
from packaging_targets.registry.aam.desk.access import Identity
from packaging_targets.registry.aam.desk.audit import Event
from packaging_targets.registry.aam.desk.oidc.verifying import LEEWAY, Presented, presented, verified
from packaging_targets.registry.aam.desk.publishers import Publisher
from packaging_targets.registry.aam.desk.tokens import IssuedToken, Order, is_well_formed
from packaging_targets.services.aam.hosting.host import Desk
from packaging_targets.services.aam.hosting.recording import log
from packaging_targets.services.aam.hosting.refusing import verb

_LOG_IN = "get a new one: aam login"


@verb
def identity_of_token(desk: Desk, token: str) -> Identity:
    """Return who comes with a token of this registry; raises RefusalError (UNAUTHORIZED)."""
    if not is_well_formed(token):
        raise RefusalError.of("UNAUTHORIZED", "this is no token of a registry: it is mistyped, or cut off", "", _LOG_IN)
    with reading(desk.database) as connection:
        found = table.find(connection, token)
    if found is None:
        raise RefusalError.of("UNAUTHORIZED", "the token is not known here", "", _LOG_IN)
    if fault := found.fault(desk.clock()):
        raise RefusalError.of("UNAUTHORIZED", f"the token {fault}", "", _LOG_IN)
    return found.identity


@verb
def identity_of_basic(desk: Desk, name: str, password: str) -> Identity:
    """Return whose name and password these are; raises RefusalError (UNAUTHORIZED)."""
    found = None
    if not accounts.name_fault(name):
        with reading(desk.database) as connection:
            found = accounts.named(connection, name)
    account, kept = found or (None, "")
    short = password if len(password) <= accounts.MAX_PASSWORD else ""
    fits = desk.passwords.or_found(kept, short, desk.clock(), lambda: accounts.fits(short, kept))
    if account is None or not fits:
        sign_in_failed(desk, account.name if account is not None else "", "password")
        raise RefusalError.of("UNAUTHORIZED", "there is no account of this name with this password")
    return account.identity


@verb
def exchange(desk: Desk, identity_token: str) -> IssuedToken:
    """Return a token, which holds for a short while, for an identity token of a trusted publisher.

    Raises RefusalError: UNAUTHORIZED, and REGISTRY_UNAVAILABLE where the issuer cannot be asked for its keys.
    """
    try:
        return _exchanged(desk, presented(identity_token))
    except RefusalError as error:
        if error.code == "UNAUTHORIZED":
            sign_in_failed(desk, "", "identity token", error.problems[0].what)
        raise


def _exchanged(desk: Desk, token: Presented) -> IssuedToken:
    if not desk.settings.audience:
        _refuse("this registry takes no identity tokens: it has no audience")
    with reading(desk.database) as connection:
        trusted = publishers.of_issuer(connection, token.issuer)
    if not trusted:
        _refuse("no trusted publisher has the issuer of the identity token")
    at = desk.clock()
    claims = verified(token, desk.providers.key(token.issuer, token.kid), desk.settings.audience, at)
    found = [one for one in trusted if one.names(claims)]
    if not found:
        _refuse(f"no trusted publisher is `{claims['sub']}`, with the claims that the identity token has")
    until = int(claims["exp"]) + LEEWAY
    order = Order(
        f"{token.issuer}|{claims['sub']}",
        ", ".join(one.label for one in found)[:200],
        tuple(grant for one in found for grant in one.grants),
        min(at + desk.settings.exchanged_lifetime, until),
    )
    issued = transact(desk.database, lambda connection: _issued(connection, token, order, (until, at), found))
    if issued is None:
        _refuse("the identity token has been exchanged already")
    return issued


def _issued(
    connection: Connection, token: Presented, order: Order, times: tuple[int, int], found: Sequence[Publisher]
) -> IssuedToken | None:
    """Make a token for an identity token, or None where that has been exchanged; `times` are its end, and now."""
    until, at = times
    if not table.exchanged_first(connection, token.signed, until, at):
        return None
    issued = table.issue(connection, order, at)
    details = {
        "token": issued.token.number,
        "publishers": [one.number for one in found],
        "expires_at": order.expires_at,
    }
    audit.append(connection, Event(order.person, "token.exchanged", details=details), at)
    return issued


def sign_in_failed(desk: Desk, actor: str, way: str, reason: str = "") -> None:
    """Tell of somebody who could not sign in: never of what they sent, and not more often than a log can bear."""
    at = desk.clock()
    held = desk.failures.let(at)
    if held is None:
        return
    details = {"way": way, **({"reason": reason} if reason else {}), **({"held_back": held} if held else {})}
    log(desk, Event(actor, "sign-in.failed", details=details))


def _refuse(what: str) -> NoReturn:
    raise RefusalError.of("UNAUTHORIZED", what, "", "ask who administers the registry for a trusted publisher")
