"""Signing in to the pages, and out."""

from __future__ import annotations

from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.transactions import transact
from packaging_targets.registry.aam.desk import sessions as table
from packaging_targets.registry.aam.desk.access import Identity
from packaging_targets.registry.aam.desk.sessions import Session
from packaging_targets.services.aam.hosting.host import Desk
from packaging_targets.services.aam.hosting.people.authenticating import (
    identity_of_basic,
    identity_of_token,
    sign_in_failed,
)
from packaging_targets.services.aam.hosting.refusing import verb

_MAX_SECRET = 100


@verb
def sign_in(desk: Desk, token: str = "", name: str = "", password: str = "") -> tuple[str, Session]:
    """Open a session for a token, or for a name and a password; return the secret for a cookie, and the session.

    Raises RefusalError (UNAUTHORIZED).
    """
    identity = _with_token(desk, token) if token else identity_of_basic(desk, name, password)
    return transact(desk.database, lambda connection: table.open_session(connection, identity, desk.clock()))


@verb
def session_of(desk: Desk, secret: str) -> Session | None:
    """Return the session that a cookie leads to, or None: it has ended, or what it was opened with holds no longer."""
    if not secret or len(secret) > _MAX_SECRET:
        return None
    with reading(desk.database) as connection:
        return table.find_session(connection, secret, desk.clock())


@verb
def sign_out(desk: Desk, secret: str) -> None:
    """End a session; nothing happens where there is none."""
    transact(desk.database, lambda connection: table.close_session(connection, secret[:_MAX_SECRET]))


def _with_token(desk: Desk, token: str) -> Identity:
    try:
        return identity_of_token(desk, token.strip())
    except RefusalError as error:
        sign_in_failed(desk, "", "token", error.problems[0].what)
        raise
