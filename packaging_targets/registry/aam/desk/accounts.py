"""Names and passwords. A password is kept as scrypt makes it, with what it takes to do that again:

    scrypt$16384$8$1$SALT$KEY    (cost, block size, parallelism; salt and key in base64)

A name that is not known takes as long as a wrong password. What was right lately is known again for a minute, as long
as the account stays as it is: a client that sends its password with each request would else wait for each.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from packaging_targets.registry.aam.database import tables
from packaging_targets.registry.aam.desk.access import Grant, Identity, grants_of, grants_text

MAX_PASSWORD = 1024  # characters
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_COST, _BLOCK, _PARALLEL = 1 << 14, 8, 1
_KEY = 32
_MOST_MEMORY = 64 << 20
_REMEMBERED = 256
_SECONDS = 60
# Each takes 16 MB and a core for a while: whoever sends wrong passwords by the hundred waits, and nobody else.
_turns = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who signs in with a password, and what they may do."""

    name: str
    grants: tuple[Grant, ...]

    @property
    def identity(self) -> Identity:
        """Who comes with it."""
        return Identity(self.name, self.grants)


@dataclass(slots=True)
class Remembered:
    """Passwords that were right lately, by what the table has of them, as what only this process can compare."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _known: OrderedDict[str, tuple[bytes, int]] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def or_found(self, kept: str, password: str, at: int, find: Callable[[], bool]) -> bool:
        """Tell whether a password is the one that the table has as `kept`; `find` tells it slowly."""
        seen = hmac.digest(self.key, password.encode("utf-8", "surrogatepass"), "sha256")
        with self._lock:
            known, until = self._known.get(kept, (b"", 0))
        if until > at and hmac.compare_digest(known, seen):
            return True
        if not find():
            return False
        with self._lock:
            self._known[kept] = (seen, at + _SECONDS)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return True


def name_fault(name: str) -> str:
    """Return what keeps a text from being the name of an account, as the end of "the name `…`"; empty for nothing."""
    return "" if _NAME.fullmatch(name) else "is not of up to 63 lower-case letters, digits, `.`, `_` and `-`"


def add(connection: Connection, account: Account, kept: str) -> None:
    """Add an account, or give the one of that name another password and other rights; `kept` is what `hashed` made."""
    remove(connection, account.name)
    values = {"name": account.name, "password": kept, "grants": grants_text(account.grants)}
    connection.execute(insert(tables.accounts).values(values))


def remove(connection: Connection, name: str) -> bool:
    """Remove an account; tell whether there was one."""
    if name_fault(name):
        return False
    return connection.execute(delete(tables.accounts).where(tables.accounts.c.name == name)).rowcount == 1


def listed(connection: Connection) -> list[Account]:
    """Return all accounts, by name."""
    return [_account(row) for row in connection.execute(select(tables.accounts).order_by(tables.accounts.c.name))]


def named(connection: Connection, name: str) -> tuple[Account, str] | None:
    """Return an account, and what is kept of its password, or None."""
    row = connection.execute(select(tables.accounts).where(tables.accounts.c.name == name)).one_or_none()
    return None if row is None else (_account(row), row.password)


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    salt = secrets.token_bytes(16)
    key = _scrypt(password, salt, _COST, _BLOCK, _PARALLEL)
    return f"scrypt${_COST}${_BLOCK}${_PARALLEL}${_text(salt)}${_text(key)}"


def fits(password: str, kept: str) -> bool:
    """Tell whether a password is the one that was kept; without one, it takes the same time to tell that it is not."""
    _, cost, block, parallel, salt, key = (kept or _NOBODY).split("$")
    found = _scrypt(password, base64.b64decode(salt), int(cost), int(block), int(parallel))
    return hmac.compare_digest(found, base64.b64decode(key)) and bool(kept)


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    with _turns:
        return hashlib.scrypt(
            password.encode("utf-8", "surrogatepass"),
            salt=salt,
            n=cost,
            r=block,
            p=parallel,
            maxmem=_MOST_MEMORY,
            dklen=_KEY,
        )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _account(row: Row[Any]) -> Account:
    return Account(row.name, grants_of(row.grants))


_NOBODY = f"scrypt${_COST}${_BLOCK}${_PARALLEL}${_text(bytes(16))}${_text(bytes(_KEY))}"
