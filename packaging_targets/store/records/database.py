"""The SQLite database that the records of a workspace are kept in.

So one changed file costs a few rows whatever the size of the repository, and a kill at any moment leaves the last
transaction whole. Nothing in it is irreplaceable: a database that cannot be read, or is of another version, is made
anew, and everything is examined again.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_VERSION = 4
_AT_ONCE = 500  # values in one statement: SQLite takes 999 in its oldest form
_SCHEMA = """
create table folder(path text primary key, parent text) without rowid;
create index folder_parent on folder(parent);
create table package(path text primary key) without rowid;
create table rule(name text primary key, digest text, files text, over text) without rowid;
create table target(
    label text primary key, package text, rule text, line integer, identity text, fields text, globs text,
    deps text, sources text, reads text, provided text, warnings text
) without rowid;
create index target_package on target(package);
create index target_rule on target(rule);
create index target_warned on target(label) where warnings != '[]';
create table edge(dep text, label text, primary key(dep, label)) without rowid;
create index edge_label on edge(label);
create table foreign_use(path text, label text, primary key(path, label)) without rowid;
create index foreign_use_label on foreign_use(label);
create table action(
    id text primary key, label text, kind text, body text, place integer, stale integer, result text, reasons text
) without rowid;
create index action_label on action(label);
create index action_stale on action(stale, label) where stale = 1;
create table output(path text, id text, state text, primary key(path, id)) without rowid;
create index output_id on output(id);
create index output_folder on output(path) where substr(path, -1) = '/';
create table orphan(path text primary key, state text) without rowid;
create table meta(key text primary key, value text) without rowid;
"""


class Database:
    """The database of one workspace. Rows are tuples; columns are named in the schema above."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.was_corrupt = False
        try:
            self._connection = self._open()
        except sqlite3.OperationalError as error:
            raise PermissionError(errno.EACCES, str(error), path) from error
        except sqlite3.DatabaseError:
            self.was_corrupt = True
            self._remove()
            self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=60, cached_statements=64)
        try:
            # A crash of the machine may lose the last transactions, never the database: losing them costs hashing.
            connection.executescript("pragma journal_mode=wal; pragma synchronous=normal; pragma temp_store=memory;")
            version = connection.execute("pragma user_version").fetchone()[0]
            if version == 0:
                connection.executescript(f"begin; {_SCHEMA} pragma user_version={_VERSION}; commit;")
            elif version != _VERSION:
                raise sqlite3.DatabaseError(f"version {version}")  # noqa: TRY301  # told like any other damage
            connection.execute("select count(*) from meta").fetchone()
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    def _remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(self._path + suffix)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes of a `with` block at once, or none."""
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        """Return the first row of a query, or None."""
        found: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
        return found

    def column(self, query: str, *values: object) -> list[Any]:
        """Return the first column of a query."""
        return [row[0] for row in self._connection.execute(query, values)]

    def among(self, query: str, values: Iterable[object]) -> list[Any]:
        """Return the first column of a query that ends in `in`, for any number of values."""
        rest, found = list(values), []
        while rest:
            some, rest = rest[:_AT_ONCE], rest[_AT_ONCE:]
            found += self.column(f"{query} ({', '.join('?' * len(some))})", *some)
        return found

    def run(self, query: str, *values: object) -> None:
        """Run one statement."""
        self._connection.execute(query, values)

    def run_many(self, query: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each row of values."""
        self._connection.executemany(query, rows)


def dumps(value: object) -> str:
    """Return compact JSON; file names that are not UTF-8 survive as they do in `os.fsdecode`."""
    return json.dumps(value, separators=(",", ":"))


loads = json.loads
