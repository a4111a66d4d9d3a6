"""Registries of every kind, for the contract: another kind is one more entry of `KINDS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from served_registries import Clock, database_in, folder_registry
from services import MissingError, ObjectStore, Postgres, object_store, postgres
from serving import Server
from sqlalchemy import Engine

from packaging_targets.adapters.http.application import make_app
from packaging_targets.registry.aam.database.engine import open_database
from packaging_targets.registry.aam.database.migrating import migrate
from packaging_targets.registry.aam.database.tables import metadata
from packaging_targets.registry.aam.desk.access import Grant, Identity
from packaging_targets.registry.aam.desk.tokens import Order
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.http.credentials import Credentials
from packaging_targets.registry.aam.http.registry import HttpRegistry
from packaging_targets.registry.aam.protocol import Registry
from packaging_targets.registry.aam.served.holdings import Holdings
from packaging_targets.registry.aam.served.objects.folder import FolderObjects
from packaging_targets.registry.aam.served.objects.s3 import S3Objects
from packaging_targets.registry.aam.served.served_folder import ServedFolder
from packaging_targets.registry.aam.served.stored import StoredRegistry
from packaging_targets.services.aam.hosting.host import Host, HostSettings
from packaging_targets.services.aam.hosting.people.tokens import make_token


@contextmanager
def in_a_folder(path: Path, clock: Clock) -> Iterator[Registry]:
    yield folder_registry(path, clock)


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
def served_folder(path: Path, clock: Clock) -> Iterator[Registry]:
    with database_in(path) as engine:
        yield ServedFolder(folder_registry(path, clock), engine)


@contextmanager
def stored(path: Path, clock: Clock) -> Iterator[Registry]:
    with database_in(path) as engine:
        objects = FolderObjects(str(path / "objects"))
        yield StoredRegistry(engine, objects, clock, "https://registry.test/aam")


KINDS: dict[str, Callable[[Path, Clock], AbstractContextManager[Registry]]] = {
    "folder": in_a_folder,
    "http": http_on_a_folder,
    "served_folder": served_folder,
    "stored": stored,
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def a_postgres() -> Iterator[Postgres]:
    try:
        with postgres() as running:
            yield running
    except MissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def an_object_store() -> Iterator[ObjectStore]:
    try:
        with object_store() as running, pytest.MonkeyPatch.context() as patch:
            for key, value in running.environment.items():
                patch.setenv(key, value)
            yield running
    except MissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def a_database(a_postgres: Postgres) -> Iterator[Engine]:
    """A database with all tables, in PostgreSQL: `an_empty_database` empties it."""
    engine = open_database(a_postgres.database())
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def an_empty_database(a_database: Engine) -> Engine:
    """The tables in PostgreSQL, with nothing in them."""
    with a_database.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
    return a_database


@pytest.fixture
def a_sqlite(tmp_path: Path) -> Iterator[Engine]:
    """The tables in SQLite, with nothing in them."""
    with database_in(tmp_path) as engine:
        yield engine


@pytest.fixture
def distributed(an_empty_database: Engine, an_object_store: ObjectStore, clock: Clock) -> StoredRegistry:
    """An empty registry in PostgreSQL and an S3 server."""
    return StoredRegistry(an_empty_database, S3Objects(*an_object_store.place()), clock, "https://registry.test/aam")


@pytest.fixture
def http_distributed(distributed: StoredRegistry, an_empty_database: Engine, clock: Clock) -> Iterator[Registry]:
    """The client of a server over PostgreSQL and an S3 server."""
    with on_a_server(distributed, an_empty_database, clock) as registry:
        yield registry


SERVICES = [pytest.param(kind, marks=pytest.mark.service) for kind in ("distributed", "http_distributed")]


@pytest.fixture(params=[*sorted(KINDS), *SERVICES])
def registry(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Registry]:
    """An empty registry of each kind."""
    if request.param in KINDS:
        with KINDS[request.param](tmp_path, clock) as registry:
            yield registry
    else:
        yield request.getfixturevalue(request.param)


@pytest.fixture
def folder(tmp_path: Path, clock: Clock) -> FolderRegistry:
    """An empty registry in a folder."""
    return folder_registry(tmp_path, clock)
