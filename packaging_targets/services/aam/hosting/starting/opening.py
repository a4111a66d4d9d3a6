"""Opening what a server serves: a folder with SQLite beside it, or PostgreSQL with an object store."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, select

from packaging_targets.errors import RequestError, legible
from packaging_targets.registry.aam.database import tables
from packaging_targets.registry.aam.database.engine import open_database, reading
from packaging_targets.registry.aam.database.migrating import migrate
from packaging_targets.registry.aam.folder.changing import recover
from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.folder.staging import writing
from packaging_targets.registry.aam.folder.tree import SERVER
from packaging_targets.registry.aam.opening import folder_of
from packaging_targets.registry.aam.served.holdings import Holdings
from packaging_targets.registry.aam.served.served_folder import ServedFolder
from packaging_targets.services.aam.hosting.host import Desk, Host, HostSettings
from packaging_targets.services.aam.hosting.starting.configuring import Places
from packaging_targets.store.aam.places import home

_DATABASE = "registry.sqlite3"
_UPLOADS = "uploads"
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a preparation found: whether it made the registry, and whether anybody was ever given a right there."""

    made: bool
    has_people: bool


def _now() -> int:
    """Return the time of the clock: tokens end by it, so that SOURCE_DATE_EPOCH does not count on a server."""
    return int(time.time())


def root_of(places: Places) -> str:
    """Return the path of the registry's folder: by default `registry` in the user's own folder of `aam`."""
    return folder_of(places.root) if places.root else os.path.join(home(), "registry")


def data_of(places: Places) -> str:
    """Return the path of the folder that is the server's own."""
    return os.path.abspath(places.data) if places.data else os.path.join(root_of(places), SERVER)


def is_distributed(places: Places) -> bool:
    """Tell whether it is PostgreSQL and an object store, and no folder of this machine."""
    return bool(places.bucket)


def prepare(places: Places) -> Prepared:
    """Make what is not there yet, settle what a killed process left, and bring the database to this version.

    Raises RegistryError where the folder has other things in it, or cannot be made.
    """
    made = False
    if not is_distributed(places):
        registry = FolderRegistry(root_of(places), _now)
        made = initialise(registry)
        with writing(registry.tree, registry.waiting):
            recover(registry.tree)
        os.makedirs(os.path.join(data_of(places), _UPLOADS), mode=0o700, exist_ok=True)
        os.chmod(data_of(places), 0o700)
    engine = _engine(places)
    try:
        migrate(engine)
        has_people = _has_people(engine)
    finally:
        engine.dispose()
    return Prepared(made, has_people)


def _has_people(engine: Engine) -> bool:
    with reading(engine) as connection:
        kinds = (tables.tokens, tables.accounts, tables.publishers)
        return any(connection.execute(select(kind).limit(1)).first() is not None for kind in kinds)


def uploads_of(places: Places) -> str | None:
    """Return the folder in which archives lie while they come in, or None for the system's."""
    return None if is_distributed(places) else os.path.join(data_of(places), _UPLOADS)


@contextmanager
def open_host(places: Places, settings: HostSettings, clock: Callable[[], int] = _now) -> Iterator[Host]:
    """Open what a server serves, which was prepared."""
    engine = _engine(places)
    try:
        yield Host(database=engine, settings=settings, clock=clock, holdings=_holdings(places, settings, engine, clock))
    finally:
        engine.dispose()


@contextmanager
def open_desk(
    places: Places, settings: HostSettings, clock: Callable[[], int] = _now, *, database: str = "", make: bool
) -> Iterator[Desk]:
    """Open what operators change directly: people, tokens and the log, in the database at a URL, or that of places.

    Without `make` it has to be there: raises RequestError where nobody has served the folder.
    """
    if not (database or places.database or make or has_desk(places)):
        what = "there is no database of a server here: nobody has served this registry"
        raise RequestError.one(what, legible(data_of(places)), f"aam registry serve {legible(root_of(places))}")
    if make and not database:
        prepare(places)
    engine = open_database(database) if database else _engine(places)
    try:
        migrate(engine)
        yield Desk(database=engine, settings=settings, clock=clock)
    finally:
        engine.dispose()


def has_desk(places: Places) -> bool:
    """Tell whether a server has been at a folder: its database is there."""
    return os.path.isfile(os.path.join(data_of(places), _DATABASE))


def _engine(places: Places) -> Engine:
    return open_database(places.database or f"sqlite:///{os.path.join(data_of(places), _DATABASE)}")


def _holdings(places: Places, settings: HostSettings, engine: Engine, clock: Callable[[], int]) -> Holdings:
    if not is_distributed(places):
        return ServedFolder(FolderRegistry(root_of(places), clock), engine, data_of(places))
    from packaging_targets.registry.aam.served.objects.s3 import S3Objects
    from packaging_targets.registry.aam.served.stored import StoredRegistry

    bucket, prefix = _bucket_of(places.bucket)
    objects = S3Objects(bucket, prefix, places.s3_endpoint or None)
    return StoredRegistry(engine, objects, clock, settings.url)


def _bucket_of(text: str) -> tuple[str, str]:
    """Return a bucket's name, and what its keys start with; raises RequestError."""
    name, _, prefix = text.removeprefix("s3://").partition("/")
    if not _BUCKET.fullmatch(name) or any(sign in prefix for sign in "?#\\"):
        raise RequestError.one(f"`{text[:200]}` is no bucket", "", "write it as s3://packages, or s3://packages/prefix")
    return name, prefix.strip("/")
