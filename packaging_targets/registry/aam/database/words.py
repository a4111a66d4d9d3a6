"""Looking for words as parts of texts: an index of all runs of three letters, where the database has such.

SQLite gets tables of its own for that, of names and of all that is looked into, which `lines.py` keeps in step.
PostgreSQL keeps its own indexes.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Select, TableClause, column, insert, select, table, text
from sqlalchemy.exc import DBAPIError

from packaging_targets.registry.aam.database.tables import packages

SHORTEST = 3
"""Words of fewer letters are in no index."""
WORDS = table("sought_words", column("rowid"), column("sought"))
NAMES = table("sought_names", column("rowid"), column("name"))
_MADE = "create virtual table {} using fts5({}, tokenize = 'trigram case_sensitive 1')"
_MASTER = table("sqlite_master", column("type"), column("name"))
_HAS_WORDS = select(_MASTER.c.name).where(_MASTER.c.type == "table", _MASTER.c.name == NAMES.name)
# All that a search looks at, in the order of names: SQLite goes through it without going to the lines themselves.
# PostgreSQL could not have it, as what an entry may hold there is less than a description.
_LINES = "create index if not exists ix_words_lines on packages (shown, name, short, sought, modified_at)"
# A publishing changes few lines: each search would go through what is put off otherwise, and somebody has to do it.
_INDEXES = (
    "create extension if not exists pg_trgm",
    "create index if not exists ix_words_name on packages using gin (name gin_trgm_ops) with (fastupdate = off)",
    "create index if not exists ix_words_sought on packages using gin (sought gin_trgm_ops) with (fastupdate = off)",
)


def quicken(connection: Connection) -> None:
    """Make the index of words where there is none; a database that cannot have it looks through all texts."""
    if connection.dialect.name == "postgresql":
        _try(connection, *_INDEXES)
        return
    connection.execute(text(_LINES))
    made = (_MADE.format("sought_words", "sought"), _MADE.format("sought_names", "name"))
    if not is_indexed(connection) and _try(connection, *made):
        write_words(connection, select(packages.c.number, packages.c.name, packages.c.sought))


def write_words(connection: Connection, lines: Select[int, str, str]) -> None:
    """Take up the number, the name and what is looked into of new lines."""
    number, name, sought = lines.subquery().c
    connection.execute(insert(WORDS).from_select(["rowid", "sought"], select(number, sought)))
    connection.execute(insert(NAMES).from_select(["rowid", "name"], select(number, name)))


def is_indexed(connection: Connection) -> bool:
    """Tell whether there are tables of words."""
    return connection.dialect.name == "sqlite" and connection.execute(_HAS_WORDS).first() is not None


def numbers_with(table: TableClause, words: Iterable[str], limit: int) -> Select[int]:
    """Return the query for the numbers of some lines that have all words, in `WORDS` or `NAMES`."""
    quoted = " ".join('"{}"'.format(word.replace('"', '""')) for word in words)
    return select(table.c.rowid).where(column(table.name).op("match", is_comparison=True)(quoted)).limit(limit)


def _try(connection: Connection, *statements: str) -> bool:
    try:
        with connection.begin_nested():
            for statement in statements:
                connection.execute(text(statement))
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return False
    return True
