"""Databases of servers: SQLite in a file, for a server that stands alone, or PostgreSQL, for any number of replicas.

`engine.begin()` is for those who write: SQLite takes its one lock at once then, as whoever asks for it later is
refused. Those who only read use `reading(engine)`, and wait for nobody.
"""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from packaging_targets.errors import RequestError, legible

_WRITE = "write sqlite:////srv/aam/registry.sqlite3, or postgresql://USER:PASSWORD@HOST/DATABASE"
_WAIT = 30
"""For so many seconds another's lock is waited for."""
_READS = "aam_reads"
_LATER = "aam_later"
_WAITS = "aam_waits"
# Names and what is sought are in lower case anyway: telling cases apart is faster.
_SQLITE = ("journal_mode = wal", "synchronous = full", "foreign_keys = on", "case_sensitive_like = on")
# What waits for ever without being told so: a network that swallows, a lock that nobody gives back.
_POSTGRESQL = {
    "connect_timeout": 5,
    "tcp_user_timeout": 15_000,
    "keepalives_idle": 15,
    "application_name": "aam-registry",
    "options": "-c statement_timeout=60s -c lock_timeout=30s -c idle_in_transaction_session_timeout=60s"
    # How common a word is decides how to look for it; and whoever looks has no time to wait for a compiler or workers.
    " -c plan_cache_mode=force_custom_plan -c jit=off -c max_parallel_workers_per_gather=0",
}
_CONNECTIONS = 10
_MORE = 20


def open_database(url: str) -> Engine:
    """Return the database at a URL; SQLite's file is made, for its owner alone, and PostgreSQL is not asked yet.

    Raises RequestError for what is no URL of either, without telling it: it may hold a password.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise RequestError.one("the database's address is no URL", "", _WRITE) from None
    kind = parsed.drivername.partition("+")[0]
    if kind == "sqlite" and parsed.database and parsed.database != ":memory:":
        return _sqlite(parsed, parsed.database)
    if kind in {"postgres", "postgresql"}:
        return _postgresql(parsed)
    raise RequestError.one(f"databases of the kind `{parsed.drivername[:40]}` are not known here", "", _WRITE)


def reading(engine: Engine) -> Connection:
    """Return a connection, to use in a `with`, of somebody who only reads."""
    if engine.dialect.name == "postgresql":
        return engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    return engine.connect().execution_options(**{_READS: True})


def writing(engine: Engine, *, later: bool = False) -> Connection:
    """Return a connection, to use in a `with`, of somebody who writes.

    Where it is for `later`, a commit in SQLite does not wait for the disk: a power cut may take it, with all that was
    committed after it, and nothing that was before. The next that waits has the disk take both; PostgreSQL always does.
    """
    return engine.connect().execution_options(**{_LATER: later})


def sqlite_journal(engine: Engine) -> str:
    """Return the path of the file that the disk has to take for what was committed for later; empty for PostgreSQL."""
    return f"{engine.url.database}-wal" if engine.dialect.name == "sqlite" and engine.url.database else ""


def _sqlite(url: URL, path: str) -> Engine:
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o700, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        what = f"the database cannot be opened: {(error.strerror or str(error)).lower()}"
        raise RequestError.one(what, legible(path)) from error
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        connect_args={"timeout": _WAIT},
        pool_size=_CONNECTIONS,
        max_overflow=_MORE,
        pool_timeout=_WAIT,
        pool_use_lifo=True,  # who was last has most of the pages
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={key: value for key, value in _POSTGRESQL.items() if key not in url.query},
        pool_size=_CONNECTIONS,
        max_overflow=_MORE,
        pool_timeout=_WAIT,
        pool_pre_ping=True,
        hide_parameters=True,
    )


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin as `_begin` says, and not when the driver thinks so
    for setting in _SQLITE:
        connection.execute(f"pragma {setting}").close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(_READS, False):
        connection.exec_driver_sql("begin")
        return
    waits = not options.get(_LATER, False)
    if connection.info.get(_WAITS, True) is not waits:
        connection.exec_driver_sql(f"pragma synchronous = {'full' if waits else 'normal'}")
        connection.info[_WAITS] = waits
    connection.exec_driver_sql("begin immediate")
