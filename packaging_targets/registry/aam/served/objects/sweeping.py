"""Takes away objects that nobody names: archives of publications that failed, and of requests that are decided.

Only what is older than a day is looked at, a page of the store at a time. Any number of servers may do it at once.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import postgresql, sqlite

from packaging_targets.errors import RegistryError
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.lines import mark
from packaging_targets.registry.aam.database.tables import marks
from packaging_targets.registry.aam.database.transactions import faults_told, transact
from packaging_targets.registry.aam.served.objects import turns
from packaging_targets.registry.aam.served.objects.aside import ASIDE, KEY
from packaging_targets.registry.aam.served.objects.protocol import ArchiveObjects, Listed

ARCHIVES = "archives/sha256/"
AGE = 86400
"""Seconds: no publishing takes as long."""
_HEX = re.compile(r"[0-9a-f]{64}")
_OWNER = "registry"
_MOST = 1000  # bytes of what says whose a store is


@dataclass(slots=True)
class Swept:
    """How many objects were taken away, and their bytes."""

    objects: int = 0
    size: int = 0

    def add(self, one: Listed) -> None:
        """Count an object."""
        self.objects += 1
        self.size += one.size


def sweep_aside(
    objects: ArchiveObjects, at: int, waiting: Callable[[Sequence[str]], Collection[str]], to: Swept
) -> None:
    """Take away what was set aside for requests that are not among those that `waiting` returns of some numbers."""
    for page in _old(objects, ASIDE, at, KEY):
        kept = waiting([one.key.removeprefix(ASIDE) for one in page])
        for one in page:
            if one.key.removeprefix(ASIDE) not in kept:  # no number is ever used again
                objects.delete(one.key)
                to.add(one)


def sweep_archives(engine: Engine, objects: ArchiveObjects, clock: Callable[[], int], to: Swept) -> None:
    """Take away archives that no release names; raises RegistryError where the store is another registry's.

    `clock` gives the seconds since 1970: of a long sweep, others take late words for lost that bear the time it began.
    """
    _demand_own(engine, objects)
    for page in _old(objects, ARCHIVES, clock(), _HEX):
        found = {one.key.removeprefix(ARCHIVES): one for one in page}
        with faults_told(), reading(engine) as connection:
            unnamed = sorted(found.keys() - turns.named(connection, found))
        if unnamed:
            _take_away(engine, objects, clock(), {one: found[one] for one in unnamed}, to)


def _take_away(engine: Engine, objects: ArchiveObjects, at: int, found: dict[str, Listed], to: Swept) -> None:
    end = time.monotonic() + turns.LONGEST
    going = transact(engine, lambda connection: turns.let_go(connection, list(found), at, at - AGE))
    try:
        for digest in going:
            if time.monotonic() > end:  # others take our word for lost after a while
                break
            if objects.size(found[digest].key) is not None:  # nobody has taken it since it was listed
                objects.delete(found[digest].key)
                to.add(found[digest])
    finally:
        transact(engine, lambda connection: turns.are_gone(connection, going))


def _old(objects: ArchiveObjects, start: str, at: int, form: re.Pattern[str]) -> Iterator[list[Listed]]:
    """Yield the pages of what is old enough and has a name of ours."""
    for page in objects.pages(start):
        old = [one for one in page if one.modified_at < at - AGE and form.fullmatch(one.key.removeprefix(start))]
        if old:
            yield old


def _demand_own(engine: Engine, objects: ArchiveObjects) -> None:
    """Refuse to sweep the store of another registry, such as the one that this database was tried with first."""
    own = transact(engine, _own_name).encode()
    size = objects.size(_OWNER)
    if size is None:
        objects.put(_OWNER, BytesIO(own), Digest.of(own), len(own))
    elif b"".join(objects.pieces(_OWNER, 0, min(size, _MOST))) != own:
        what = "the object store belongs to another registry: nothing in it is taken away"
        fix = f"give each registry a bucket or a prefix of its own; if this one is, delete the object `{_OWNER}` in it"
        raise RegistryError.one(what, "", fix)


def _own_name(connection: Connection) -> str:
    if known := mark(connection, _OWNER):
        return known
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    made = dialect.insert(marks).values(key=_OWNER, value=secrets.token_hex(16))
    connection.execute(made.on_conflict_do_nothing())
    return mark(connection, _OWNER)
