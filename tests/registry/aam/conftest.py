"""Registries of every kind, for the contract: another kind is one more entry of `KINDS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from agent_server import AgentServer
from sqlalchemy import Engine

from packaging_targets.registry.aam.database.engine import open_database
from packaging_targets.registry.aam.database.migrating import migrate
from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.http.registry import HttpRegistry
from packaging_targets.registry.aam.protocol import Registry
from packaging_targets.registry.aam.served.served_folder import ServedFolder

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


@contextmanager
def in_a_folder(path: Path, clock: Clock) -> Iterator[Registry]:
    yield folder_registry(path, clock)


@contextmanager
def on_a_fake(path: Path, clock: Clock) -> Iterator[Registry]:
    with AgentServer(folder_registry(path, clock)) as server:
        registry = HttpRegistry(server.url)
        yield registry
        registry.close()


def served_folder(path: Path, clock: Clock) -> ServedFolder:
    return ServedFolder(folder_registry(path, clock), database_in(path))


_opened: list[Engine] = []


@cache
def empty_database() -> bytes:
    """The file of a database with all tables."""
    with TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{folder}/registry.sqlite3")
        migrate(engine)
        engine.dispose()
        return Path(folder, "registry.sqlite3").read_bytes()


def database_in(path: Path) -> Engine:
    (path / "server").mkdir(mode=0o700, exist_ok=True)
    (path / "server" / "registry.sqlite3").write_bytes(empty_database())
    engine = open_database(f"sqlite:///{path}/server/registry.sqlite3")
    _opened.append(engine)
    return engine


@pytest.fixture(autouse=True)
def _databases_are_closed() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().dispose()


@contextmanager
def in_a_served_folder(path: Path, clock: Clock) -> Iterator[Registry]:
    yield served_folder(path, clock)


KINDS: dict[str, Callable[[Path, Clock], AbstractContextManager[Registry]]] = {
    "folder": in_a_folder,
    "served_folder": in_a_served_folder,
    "fake server": on_a_fake,
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=sorted(KINDS))
def registry(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Registry]:
    """An empty registry of each kind."""
    with KINDS[request.param](tmp_path, clock) as registry:
        yield registry


@pytest.fixture
def folder(tmp_path: Path, clock: Clock) -> FolderRegistry:
    """An empty registry in a folder."""
    return folder_registry(tmp_path, clock)
