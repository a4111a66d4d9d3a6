"""The lines of the list of packages, and what is remembered beside them.

All who change a line do it here, so that the index of words is never behind.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from packaging_targets.formats.aam.documents.index import entry_of
from packaging_targets.formats.aam.metadata import PackageMetadata
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.tables import marks, packages
from packaging_targets.registry.aam.database.words import NAMES, WORDS, is_indexed, write_words
from packaging_targets.registry.aam.protocol import Summary

COLUMNS = (
    packages.c.name,
    packages.c.latest,
    packages.c.versions,
    packages.c.description,
    packages.c.modified_at,
    packages.c.shown,
)
"""What `line_in` makes a line of."""
_ROWS = select(*COLUMNS, packages.c.number)
Row = tuple[str, str, str, str, int, bool]
"""A line as the database has it: one value for each of `COLUMNS`."""
Numbered = tuple[int, Row]
# What every publishing asks: making a statement takes longer than SQLite does to answer it.
_NUMBER = select(packages.c.number).where(packages.c.name == bindparam("sought"))
_MARK = select(marks.c.value).where(marks.c.key == bindparam("sought"))
_SET_MARK = update(marks).where(marks.c.key == bindparam("sought")).values(value=bindparam("value"))
_CHANGE = update(packages).where(packages.c.number == bindparam("at"))
_LOOKED_INTO = select(packages.c.number, packages.c.name, packages.c.sought)
_CHANGE_WORDS = update(WORDS).where(WORDS.c.rowid == bindparam("at"))


@dataclass(frozen=True, slots=True)
class Line:
    """A package in the list: the time is that of its newest event, and what is not `shown` is in no page."""

    summary: Summary
    modified_at: int
    shown: bool = True


def line_of(metadata: PackageMetadata) -> Line:
    """Return the line of a package."""
    entry = entry_of(metadata)
    if entry is None:
        return Line(Summary(metadata.name, "", ()), metadata.modified_at, shown=False)
    summary = Summary(metadata.name, entry.latest, entry.versions, entry.description)
    return Line(summary, metadata.modified_at)


def line_in(row: Sequence[Any]) -> Line:
    """Return the line that a row says, which starts with `COLUMNS`."""
    name, latest, versions, description, modified_at, shown = row[: len(COLUMNS)]
    return Line(Summary(PackageName.parse(name), latest, tuple(json.loads(versions)), description), modified_at, shown)


def row_of(line: Line) -> Row:
    """Return what a line is as a row, to compare it with one that is there."""
    values = _values(line)
    return tuple(values[column.name] for column in COLUMNS)


def every_row(connection: Connection) -> dict[str, Numbered]:
    """Return the number and the row of every package, by name."""
    return {row[0]: (row[-1], row[:-1]) for row in map(tuple, connection.execute(_ROWS))}


def rows_among(connection: Connection, names: Collection[str]) -> dict[str, Numbered]:
    """Return the number and the row of some packages, by name."""
    rows = connection.execute(_ROWS.where(packages.c.name.in_(list(names))))
    return {row[0]: (row[-1], row[:-1]) for row in map(tuple, rows)}


def number_of(connection: Connection, name: PackageName) -> int | None:
    """Return the number of a package's line, or None where it has none."""
    return connection.execute(_NUMBER, {"sought": str(name)}).scalar()


def lines_by_name(connection: Connection, after: str, limit: int, *, hidden: bool) -> list[Line]:
    """Return some lines by name, from behind a name on; those that are not shown only where `hidden` are wanted."""
    wanted = select(*COLUMNS).where(packages.c.name > after).order_by(packages.c.name).limit(limit)
    rows = connection.execute(wanted if hidden else wanted.where(packages.c.shown))
    return [line_in(row) for row in rows]


def lock_line(connection: Connection, name: PackageName) -> int | None:
    """Take a package's line for this transaction, and return its number, or None where it has none."""
    wanted = select(packages.c.number).where(packages.c.name == str(name))
    return connection.execute(wanted.with_for_update()).scalar()


def claim_line(connection: Connection, name: PackageName) -> int:
    """Take a package's line for this transaction, after making one that is not shown where there was none.

    Raises RefusalError where another package has the folder that the name leads to.
    """
    number = lock_line(connection, name)
    if number is None:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        line = Line(Summary(name, "", ()), 0, shown=False)
        done = connection.execute(dialect.insert(packages).values(_values(line)).on_conflict_do_nothing())
        number = lock_line(connection, name)
        if number is None:
            what = f"the folder of {name} belongs to another package"
            raise RefusalError.of("CONFLICT", what, "", "publish it under another name")
        if done.rowcount and is_indexed(connection):
            write_words(connection, _LOOKED_INTO.where(packages.c.number == number))
    return number


def write_lines(
    connection: Connection,
    added: Collection[Line] = (),
    changed: Mapping[int, Line] | None = None,
    removed: Collection[int] = (),
) -> None:
    """Add lines, change those of some numbers, and remove others."""
    words = is_indexed(connection)
    if removed:
        gone = [{"gone": number} for number in removed]
        connection.execute(delete(packages).where(packages.c.number == bindparam("gone")), gone)
        if words:
            for table in (WORDS, NAMES):
                connection.execute(delete(table).where(table.c.rowid == bindparam("gone")), gone)
    if changed:
        rows = [{"at": number, **_values(line)} for number, line in changed.items()]
        connection.execute(_CHANGE, rows)
        if words:
            known = [{"at": row["at"], "sought": row["sought"]} for row in rows]
            connection.execute(_CHANGE_WORDS, known)
    if added:
        highest = connection.execute(select(func.max(packages.c.number))).scalar() or 0
        connection.execute(insert(packages), [_values(line) for line in added])
        if words:
            write_words(connection, _LOOKED_INTO.where(packages.c.number > highest))


def mark(connection: Connection, key: str) -> str:
    """Return what is remembered under a key; empty for nothing."""
    return connection.execute(_MARK, {"sought": key}).scalar() or ""


def set_mark(connection: Connection, key: str, value: str) -> None:
    """Remember a text under a key."""
    if not connection.execute(_SET_MARK, {"sought": key, "value": value}).rowcount:
        connection.execute(insert(marks).values(key=key, value=value))


def _values(line: Line) -> dict[str, Any]:
    one = line.summary
    description = one.description.replace("\0", "")  # which no text of PostgreSQL can hold
    return {
        "name": str(one.name),
        "folder": one.name.folder,
        "short": one.name.name,
        "latest": one.latest,
        "versions": json.dumps(one.versions),
        "description": description,
        "sought": f"{one.name} {description}".casefold(),
        "modified_at": line.modified_at,
        "shown": line.shown,
    }
