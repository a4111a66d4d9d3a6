"""Looking for words as parts of texts: an index of all runs of three letters, where the database has such.

SQLite gets a table of its own for that, which `lines.py` keeps in step. PostgreSQL keeps its own indexes.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, column, insert, select, table, text
from sqlalchemy.exc import DBAPIError

from packaging_targets.registry.aam.database.tables import packages

SHORTEST = 3
"""Words of fewer letters are in no index."""
_TABLE = "sought_words"
WORDS = table(_TABLE, column("rowid"), column("name"), column("sought"))
_MADE = f"create virtual table {_TABLE} using fts5(name, sought, tokenize = 'trigram case_sensitive 1')"
_MASTER = table("sqlite_master", column("type"), column("name"))
_HAS_WORDS = select(_MASTER.c.name).where(_MASTER.c.type == "table", _MASTER.c.name == _TABLE)
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
    if not has_words(connection) and _try(connection, _MADE):
        every = select(packages.c.number, packages.c.name, packages.c.sought)
        connection.execute(insert(WORDS).from_select(["rowid", "name", "sought"], every))


def has_words(connection: Connection) -> bool:
    """Tell whether there is a table of words."""
    return connection.dialect.name == "sqlite" and connection.execute(_HAS_WORDS).first() is not None


def matching_words(text: str, words: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a text of the table, `name` or `sought`, has all of some words."""
    quoted = " ".join('"{}"'.format(word.replace('"', '""')) for word in words)
    return column(_TABLE).op("match", is_comparison=True)(f"{text} : ({quoted})")


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
