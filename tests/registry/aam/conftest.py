"""Registries of every kind, for the contract: another kind is one more entry of `KINDS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from agent_server import AgentServer
from serving import Server
from sqlalchemy import Engine

from packaging_targets.adapters.http.application import make_app
from packaging_targets.registry.aam.database.engine import open_database
from packaging_targets.registry.aam.database.migrating import migrate
from packaging_targets.registry.aam.desk.access import Grant, Identity
from packaging_targets.registry.aam.desk.tokens import Order
from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.http.credentials import Credentials
from packaging_targets.registry.aam.http.registry import HttpRegistry
from packaging_targets.registry.aam.protocol import Registry
from packaging_targets.registry.aam.served.holdings import Holdings
from packaging_targets.registry.aam.served.objects.folder import FolderObjects
from packaging_targets.registry.aam.served.served_folder import ServedFolder
from packaging_targets.registry.aam.served.stored import StoredRegistry
from packaging_targets.services.aam.hosting.host import Host, HostSettings
from packaging_targets.services.aam.hosting.people.tokens import make_token

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


@contextmanager
def in_a_folder(path: Path, clock: Clock) -> Iterator[Registry]:
    yield folder_registry(path, clock)


@contextmanager
def on_a_fake(path: Path, clock: Clock) -> Iterator[Registry]:
    with AgentServer(folder_registry(path, clock)) as server:
        registry = HttpRegistry(server.url)
        yield registry
        registry.close()


@contextmanager
def on_a_server(holdings: Holdings, engine: Engine, clock: Clock) -> Iterator[Registry]:
    """The client of a server over holdings, in which somebody may do what the contract does."""
    settings = HostSettings(url="http://registry.test", write_rate=0)
    host = Host(database=engine, settings=settings, clock=clock, holdings=holdings)
    grant = Grant(("read", "publish", "yank"))
    token = make_token(host, Identity("operator", (Grant(("admin",)),)), Order("ann", "", (grant,), None)).secret
    with Server(make_app(host)) as server:
        registry = HttpRegistry(server.url, lambda: Credentials("token", token))
        yield registry
        registry.close()


@contextmanager
def http_on_a_folder(path: Path, clock: Clock) -> Iterator[Registry]:
    with (
        database_in(path) as engine,
        on_a_server(ServedFolder(folder_registry(path, clock), engine), engine, clock) as registry,
    ):
        yield registry


@contextmanager
def http_on_objects(path: Path, clock: Clock) -> Iterator[Registry]:
    with database_in(path) as engine:
        holdings = StoredRegistry(engine, FolderObjects(str(path / "objects")), clock, "http://registry.test")
        with on_a_server(holdings, engine, clock) as registry:
            yield registry


@contextmanager
def served_folder(path: Path, clock: Clock) -> Iterator[Registry]:
    with database_in(path) as engine:
        yield ServedFolder(folder_registry(path, clock), engine)


@contextmanager
def stored(path: Path, clock: Clock) -> Iterator[Registry]:
    with database_in(path) as engine:
        objects = FolderObjects(str(path / "objects"))
        yield StoredRegistry(engine, objects, clock, "https://registry.test/aam")


KINDS: dict[str, Callable[[Path, Clock], AbstractContextManager[Registry]]] = {
    "fake server": on_a_fake,
    "folder": in_a_folder,
    "http": http_on_a_folder,
    "http_stored": http_on_objects,
    "served_folder": served_folder,
    "stored": stored,
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
