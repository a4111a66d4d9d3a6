"""Registries as tests have them: a clock that stands still, folders, and databases that are migrated once for all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from packaging_targets.registry.aam.database.engine import open_database
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
    yield engine
    engine.dispose()
