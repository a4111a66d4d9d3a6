"""People who are signed in to the pages: a secret in a cookie leads to the token or the account that they came with.

What they may do is looked up each time: a token that is revoked, or an account that is removed, ends its sessions.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select

from packaging_targets.registry.aam.database import tables
from packaging_targets.registry.aam.desk import accounts, tokens
from packaging_targets.registry.aam.desk.access import Identity

LIFETIME = 12 * 3600  # seconds
_TOKEN, _ACCOUNT = "token:", "account:"  # no secrets, but what a way in starts with


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in. Forms carry `csrf`, which nobody knows who has not the cookie. Ends at `expires_at`."""

    identity: Identity
    csrf: str = field(repr=False)
    expires_at: int = 0


def open_session(connection: Connection, identity: Identity, at: int) -> tuple[str, Session]:
    """Sign somebody in; return the secret for their cookie, and the session. Sessions that have ended are forgotten."""
    connection.execute(delete(tables.sessions).where(tables.sessions.c.expires_at <= at))
    secret = secrets.token_urlsafe(32)
    expires_at = min(at + LIFETIME, identity.expires_at or at + LIFETIME)
    way = f"{_TOKEN}{identity.token}" if identity.token else f"{_ACCOUNT}{identity.person}"
    values = {"hash": _hash(secret), "way": way, "expires_at": expires_at}
    connection.execute(insert(tables.sessions).values(values))
    return secret, Session(identity, _csrf(secret), expires_at)


def find_session(connection: Connection, secret: str, at: int) -> Session | None:
    """Return the session of a cookie's secret, or None where it has ended, or never was."""
    column = tables.sessions.c
    row = connection.execute(select(tables.sessions).where(column.hash == _hash(secret))).one_or_none()
    if row is None or row.expires_at <= at:
        return None
    identity = _identity(connection, row.way, at)
    return None if identity is None else Session(identity, _csrf(secret), row.expires_at)


def close_session(connection: Connection, secret: str) -> None:
    """Sign somebody out."""
    connection.execute(delete(tables.sessions).where(tables.sessions.c.hash == _hash(secret)))


def close_all_of(connection: Connection, name: str) -> None:
    """Sign an account out everywhere: who knew its old password may be signed in with that."""
    connection.execute(delete(tables.sessions).where(tables.sessions.c.way == f"{_ACCOUNT}{name}"))


def _identity(connection: Connection, way: str, at: int) -> Identity | None:
    if way.startswith(_TOKEN):
        token = tokens.numbered(connection, way.removeprefix(_TOKEN))
        return token.identity if token is not None and not token.fault(at) else None
    found = accounts.named(connection, way.removeprefix(_ACCOUNT))
    return None if found is None else found[0].identity


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _csrf(secret: str) -> str:
    return hmac.digest(secret.encode("utf-8", "replace"), b"csrf", "sha256").hex()
