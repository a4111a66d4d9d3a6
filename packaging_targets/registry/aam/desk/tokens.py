"""Tokens of this registry: `aam_`, 32 random bytes, and a checksum, by which scanners tell a token from other texts.

    aam_ RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR CCCCCC
         43 digits of base 62                        CRC-32 of all before, 6 digits of base 62

Whoever has a token is whom it names. Kept is its SHA-256 alone, and it is found by that: how long this takes says
nothing of how much of a guess is right.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
import zlib
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select, true, update

from packaging_targets.registry.aam.database import tables
from packaging_targets.registry.aam.desk.access import Grant, Identity, governs, grants_of, grants_text
from packaging_targets.registry.aam.desk.listing import Part, Span, is_number, new_number, part_of

_PREFIX = "aam_"
_SECRET, _CHECK = 43, 6
_MOST_KINDS = 200
_LENGTH = len(_PREFIX) + _SECRET + _CHECK
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret; times are seconds since 1970, and None for never."""

    number: str
    person: str
    label: str
    grants: tuple[Grant, ...]
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None

    @property
    def identity(self) -> Identity:
        """Who comes with it, and what they may do."""
        return Identity(self.person, self.grants, self.number, self.expires_at)

    def fault(self, at: int) -> str:
        """Return why the token does not hold at a time, as the end of "the token …"; empty where it does."""
        if self.revoked_at is not None:
            return "was revoked"
        return "has expired" if self.expires_at is not None and self.expires_at <= at else ""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token that was just made, with its secret, which nobody can be told again."""

    secret: str = field(repr=False)
    token: Token


@dataclass(frozen=True, slots=True)
class Order:
    """What token is wanted: whose, and what it allows until when (seconds since 1970, or None for ever)."""

    person: str
    label: str
    grants: tuple[Grant, ...]
    expires_at: int | None


def is_well_formed(text: str) -> bool:
    """Tell whether a text can be a token at all: most that are none are refused without asking the database."""
    whole = len(text) == _LENGTH and text.startswith(_PREFIX) and text.isascii()
    return whole and hmac.compare_digest(_checksum(text[:-_CHECK]), text[-_CHECK:])


def issue(connection: Connection, order: Order, at: int) -> IssuedToken:
    """Make a token; the caller has looked into whether they may have it."""
    body = _PREFIX + _digits(int.from_bytes(secrets.token_bytes(32)), _SECRET)
    secret = body + _checksum(body)
    token = Token(new_number(at), order.person, order.label, order.grants, at, order.expires_at)
    values = {
        "number": token.number,
        "hash": _hash(secret),
        "person": token.person,
        "label": token.label,
        "grants": grants_text(token.grants),
        "created_at": at,
        "expires_at": token.expires_at,
    }
    connection.execute(insert(tables.tokens).values(values))
    return IssuedToken(secret, token)


def find(connection: Connection, secret: str) -> Token | None:
    """Return the token that a secret is, whether it holds or not, or None."""
    hashed = _hash(secret)
    row = connection.execute(select(tables.tokens).where(tables.tokens.c.hash == hashed)).one_or_none()
    return _token(row) if row is not None and hmac.compare_digest(row.hash, hashed) else None


def numbered(connection: Connection, number: str) -> Token | None:
    """Return the token of a number, or None."""
    if not is_number(number):
        return None
    row = connection.execute(select(tables.tokens).where(tables.tokens.c.number == number)).one_or_none()
    return None if row is None else _token(row)


def listed(connection: Connection, who: Identity, span: Span) -> Part[Token]:
    """Return a part of the tokens that somebody governs (`access.governs`), the newest first.

    Of who has tokens of more than _MOST_KINDS different grants, those of some kinds are left out.
    """
    return part_of(connection, tables.tokens, _governed(connection, who), span, _token)


def revoke(connection: Connection, number: str, at: int) -> bool:
    """Let a token hold no longer; tell whether it held until now."""
    column = tables.tokens.c
    done = connection.execute(
        update(tables.tokens).where(column.number == number, column.revoked_at.is_(None)).values(revoked_at=at)
    )
    return done.rowcount == 1


def revoke_all_of(connection: Connection, person: str, at: int) -> int:
    """Let no token of somebody hold any longer; return how many did until now."""
    column = tables.tokens.c
    theirs = and_(column.person == person, column.revoked_at.is_(None))
    return connection.execute(update(tables.tokens).where(theirs).values(revoked_at=at)).rowcount


def exchanged_first(connection: Connection, signed: bytes, expires_at: int, at: int) -> bool:
    """Note that an identity token was exchanged; tell whether it is the first time. `signed` is all but its signature.

    The note is kept until the identity token has expired. Who comes second at the same moment waits for the first.
    """
    from sqlalchemy.exc import IntegrityError

    connection.execute(delete(tables.exchanged).where(tables.exchanged.c.expires_at < at))
    try:
        with connection.begin_nested():
            note = {"hash": hashlib.sha256(signed).hexdigest(), "expires_at": expires_at}
            connection.execute(insert(tables.exchanged).values(note))
    except IntegrityError:
        return False
    return True


def _governed(connection: Connection, who: Identity) -> ColumnElement[bool]:
    column = tables.tokens.c
    if who.may("admin"):
        return true()
    if not who.token:
        return column.person == who.person
    kinds = select(column.grants).where(column.person == who.person).distinct().limit(_MOST_KINDS)
    texts = [one for one in connection.execute(kinds).scalars() if governs(who, who.person, grants_of(one), "")]
    return and_(column.person == who.person, or_(column.number == who.token, column.grants.in_(texts)))


def _token(row: Row[Any]) -> Token:
    grants = grants_of(row.grants)
    return Token(row.number, row.person, row.label, grants, row.created_at, row.expires_at, row.revoked_at)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(text: str) -> str:
    return _digits(zlib.crc32(text.encode()), _CHECK)


def _digits(number: int, length: int) -> str:
    found = ""
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        found = _DIGITS[digit] + found
    return found
