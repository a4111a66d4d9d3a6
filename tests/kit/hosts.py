"""Hosts of registries for tests: a folder with SQLite beside it, and tokens of people who may do this and that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from served_registries import database_in

from packaging_targets.registry.aam.desk.access import Action, Grant, Identity
from packaging_targets.registry.aam.desk.tokens import Order
from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.served.served_folder import ServedFolder
from packaging_targets.services.aam.hosting.host import Host, HostSettings
from packaging_targets.services.aam.hosting.people.tokens import make_token

OPERATOR = Identity("operator", (Grant(("admin",)),))


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
    with database_in(path) as engine:
        holdings = ServedFolder(folder, engine)
        host = Host(database=engine, settings=HostSettings(**settings), clock=clock, holdings=holdings)
        yield Hosted(host, folder)
