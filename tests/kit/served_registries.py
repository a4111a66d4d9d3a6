"""Registries as tests have them: a clock that stands still, folders, and databases that are migrated once for all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from packaging_targets.registry.aam.database.engine import open_database
from packaging_targets.registry.aam.database.lines import set_mark
from packaging_targets.registry.aam.database.migrating import migrate
from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry

START = 1_771_768_800  # 2026-02-22T14:00:00Z


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


def folder_registry(path: Path, clock: Clock) -> FolderRegistry:
    registry = FolderRegistry(str(path / "registry"), clock)
    initialise(registry)
    return registry


@cache
def empty_database() -> bytes:
    """The file of a database with all tables."""
    with TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{folder}/registry.sqlite3")
        migrate(engine)
        engine.dispose()
        return Path(folder, "registry.sqlite3").read_bytes()


@contextmanager
def database_in(path: Path) -> Iterator[Engine]:
    """A database in a file, closed in the end."""
    (path / "server").mkdir(mode=0o700, exist_ok=True)
    (path / "server" / "registry.sqlite3").write_bytes(empty_database())
    engine = open_database(f"sqlite:///{path}/server/registry.sqlite3")
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def full(engine: Engine) -> Iterator[None]:
    """Let SQLite find no more room for a while."""
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("pragma page_count").scalar_one()

    def limit(connection: Any, _: object) -> None:
        connection.execute(f"pragma max_page_count = {pages}")

    event.listen(engine, "connect", limit)
    engine.dispose()
    with suppress(OperationalError):
        for number in count():
            with engine.begin() as connection:
                set_mark(connection, f"filling {number}", "x" * 500)
    yield
    event.remove(engine, "connect", limit)
    engine.dispose()
