"""Lists that come in parts, the newest first: numbers of ours say when something was made, and sort by that."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Integer, Row, Table, func, select

from packaging_targets.formats.aam.refusals import RefusalError

MOST = 200
_COUNT = re.compile(r"[0-9]{1,15}")
_NUMBER = re.compile(r"[0-9a-f]{1,32}")
_Entry = TypeVar("_Entry")


@dataclass(frozen=True, slots=True)
class Part(Generic[_Entry]):
    """A part of a list; `next` is empty on the last one, and `total` counts the entries of all parts."""

    entries: tuple[_Entry, ...]
    next: str
    total: int


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a list is wanted: what comes after a cursor, which is the `next` of the part before."""

    after: str = ""
    limit: int = 50


def new_number(at: int) -> str:
    """Return a number for what is made at a time, which nobody can guess; later ones sort behind it."""
    return f"{at:010x}{secrets.token_hex(8)}"


def is_number(text: str) -> bool:
    """Tell whether a text can be a number of ours; no database is asked for others, such as what it could not read."""
    return _NUMBER.fullmatch(text) is not None


def part_of(
    connection: Connection,
    table: Table,
    chosen: ColumnElement[bool],
    span: Span,
    entry_of: Callable[[Row[Any]], _Entry],
) -> Part[_Entry]:
    """Return a part of the rows of a table that are `chosen`, from the highest `number` down.

    Raises RefusalError for a cursor that is none.
    """
    number = table.c.number
    limit = max(1, min(span.limit, MOST))
    wanted = select(table).where(chosen).order_by(number.desc()).limit(limit + 1)
    if span.after:
        wanted = wanted.where(number < _cursor(number, span.after))
    rows = connection.execute(wanted).all()
    total = connection.execute(select(func.count()).select_from(table).where(chosen)).scalar_one()
    following = str(rows[limit - 1].number) if len(rows) > limit else ""
    return Part(tuple(map(entry_of, rows[:limit])), following, total)


def _cursor(number: Column[Any], text: str) -> int | str:
    is_count = isinstance(number.type, Integer)
    if (_COUNT if is_count else _NUMBER).fullmatch(text) is None:
        raise RefusalError.of(
            "BAD_REQUEST", f"`{text[:80]}` is no cursor", "", "take it from `next` of the part before"
        )
    return int(text) if is_count else text
