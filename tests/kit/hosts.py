<<<<<<< HEAD
"""A server's parts without a server: a registry in a folder, a database in SQLite, and people who come to its desk."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from agents import packed

from packaging_targets.registry.aam.database.engine import open_database
from packaging_targets.registry.aam.database.migrating import migrate
from packaging_targets.registry.aam.desk.access import Action, Grant, Identity
from packaging_targets.registry.aam.desk.oidc.providers import Providers
from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.protocol import Published
from packaging_targets.registry.aam.served.served_folder import ServedFolder
from packaging_targets.services.aam.hosting import auditing
from packaging_targets.services.aam.hosting.host import Host, HostSettings
from packaging_targets.services.aam.hosting.publishing import publish

START = 1_771_768_800  # 2026-02-22T14:00:00Z


class Hands:
    """A clock that stands still until somebody turns its hands."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


def somebody(name: str, *actions: Action, on: tuple[str, ...] = ("*",)) -> Identity:
    """Who has actions on the packages that fit some patterns."""
    return Identity(name, (Grant(actions, on),)) if actions else Identity(name)


ROOT = somebody("root", "admin")


@contextmanager
def hosted(path: Path, hands: Hands, providers: Providers | None = None, **settings: Any) -> Iterator[Host]:
    """An empty registry in a folder with its desk; `settings` are members of HostSettings."""
    registry = FolderRegistry(str(path / "registry"), hands)
    initialise(registry)
    (path / "server").mkdir(mode=0o700)
    file = path / "server" / "registry.sqlite3"
    with sqlite3.connect(file) as copy:
        copy.executescript(_tables())
    copy.close()
    engine = open_database(f"sqlite:///{file}")
    try:
        yield Host(
            holdings=ServedFolder(registry, engine),
            database=engine,
            settings=HostSettings(**settings),
            clock=hands,
            providers=providers or Providers(),
        )
    finally:
        engine.dispose()


def offer(host: Host, who: Identity, name: str, version: str = "1.0.0", tag: str = "", **given: Any) -> Published:
    """Publish a package that is made for it, as somebody."""
    return publish(host, who, io.BytesIO(packed(name, version, **given)), tag)


def told(host: Host) -> list[tuple[str, str, str]]:
    """The log from its first entry: who did what, to which package."""
    found = auditing.entries(host, ROOT).entries
    return [(one.event.actor, one.event.action, one.event.package) for one in reversed(found)]


@cache
def _tables() -> str:
    """What makes all tables in an empty database."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{folder}/registry.sqlite3")
        migrate(engine)
        engine.dispose()
        with sqlite3.connect(f"{folder}/registry.sqlite3") as made:
            script = "\n".join(made.iterdump())
        made.close()
    return script
=======
"""Hosts of registries for tests: a folder with SQLite beside it, and tokens of people who may do this and that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging_targets.registry.aam.database.engine import open_database
from packaging_targets.registry.aam.database.tables import metadata
from packaging_targets.registry.aam.desk.access import Action, Grant, Identity
from packaging_targets.registry.aam.desk.tokens import Order
from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.served.served_folder import ServedFolder
from packaging_targets.services.aam.hosting.host import Host, HostSettings
from packaging_targets.services.aam.hosting.people.tokens import make_token

OPERATOR = Identity("operator", (Grant(("admin",)),))


@cache
def empty_database() -> bytes:
    """The file of a database with all tables."""
    with TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{folder}/registry.sqlite3")
        metadata.create_all(engine)
        engine.dispose()
        return Path(folder, "registry.sqlite3").read_bytes()


@dataclass
class Hosted:
    """A host, the folder of its registry, and tokens for it."""

    host: Host
    folder: FolderRegistry

    def token(self, person: str = "ann", *actions: Action, patterns: tuple[str, ...] = ("*",)) -> str:
        """Make a token; without actions, it may read and publish and yank."""
        grant = Grant(actions or ("read", "publish", "yank"), patterns)
        return make_token(self.host, OPERATOR, Order(person, "for tests", (grant,), None)).secret

    def bearer(self, *given: Any, **named: Any) -> dict[str, str]:
        """The header of a token, which is made."""
        return {"Authorization": f"Bearer {self.token(*given, **named)}"}


def _now() -> int:
    return int(time.time())


@contextmanager
def hosted(path: Path, clock: Callable[[], int] = _now, **settings: Any) -> Iterator[Hosted]:
    """An empty registry in a folder of `path`, and a host of it."""
    folder = FolderRegistry(str(path / "registry"), clock)
    initialise(folder)
    data = path / "server"
    data.mkdir(mode=0o700)
    (data / "registry.sqlite3").write_bytes(empty_database())
    engine = open_database(f"sqlite:///{data}/registry.sqlite3")
    holdings = ServedFolder(folder, engine)
    host = Host(database=engine, settings=HostSettings(**settings), clock=clock, holdings=holdings)
    try:
        yield Hosted(host, folder)
    finally:
        engine.dispose()
>>>>>>> main
