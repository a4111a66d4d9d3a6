"""Trusted publishers: whose identity tokens are taken for a token of this registry, and what that allows.

The issuer has to be the same text. In the subject `*` stands for any characters, colons and slashes too. Each of the
claims has to be there with the same value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, true

from packaging_targets.registry.aam.database import tables
from packaging_targets.registry.aam.desk.access import Grant, grants_of, grants_text
from packaging_targets.registry.aam.desk.listing import Part, Span, is_number, part_of


@dataclass(frozen=True, slots=True)
class Publisher:
    """Somebody who comes with an identity token; `claims` are values that it has to have besides."""

    number: str
    label: str
    issuer: str
    subject: str
    claims: Mapping[str, str | int | bool]
    grants: tuple[Grant, ...]
    created_at: int
    created_by: str

    def names(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether this is who the claims of an identity token, which has been verified, are about."""
        return (
            claims.get("iss") == self.issuer
            and _fits(str(claims.get("sub", "")), self.subject)
            and all(
                type(claims.get(name)) is type(value) and claims[name] == value for name, value in self.claims.items()
            )
        )


def add(connection: Connection, publisher: Publisher) -> None:
    """Add a publisher."""
    values = {
        "number": publisher.number,
        "label": publisher.label,
        "issuer": publisher.issuer,
        "subject": publisher.subject,
        "claims": json.dumps(dict(publisher.claims), sort_keys=True),
        "grants": grants_text(publisher.grants),
        "created_at": publisher.created_at,
        "created_by": publisher.created_by,
    }
    connection.execute(insert(tables.publishers).values(values))


def of_issuer(connection: Connection, issuer: str) -> Sequence[Publisher]:
    """Return those whose identity tokens an issuer gives, the oldest first."""
    column = tables.publishers.c
    rows = connection.execute(select(tables.publishers).where(column.issuer == issuer).order_by(column.number))
    return [_publisher(row) for row in rows]


def listed(connection: Connection, span: Span) -> Part[Publisher]:
    """Return a part of all publishers, the newest first."""
    return part_of(connection, tables.publishers, true(), span, _publisher)


def numbered(connection: Connection, number: str) -> Publisher | None:
    """Return the publisher of a number, or None."""
    if not is_number(number):
        return None
    row = connection.execute(select(tables.publishers).where(tables.publishers.c.number == number)).one_or_none()
    return None if row is None else _publisher(row)


def remove(connection: Connection, number: str) -> bool:
    """Remove a publisher; tell whether there was one."""
    return connection.execute(delete(tables.publishers).where(tables.publishers.c.number == number)).rowcount == 1


def _fits(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]").replace("?", "[?]"))


def _publisher(row: Row[Any]) -> Publisher:
    claims = json.loads(row.claims)
    grants = grants_of(row.grants)
    return Publisher(row.number, row.label, row.issuer, row.subject, claims, grants, row.created_at, row.created_by)
