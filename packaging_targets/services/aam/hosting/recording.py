"""Acts and their entries in the log: noted before, told after, and looked into where a server was killed between.

    note ──▶ act ──▶ entry, and the note is gone, in one transaction

Whoever takes the note away tells of the act, so it is told once. A note whose act did not happen is kept for as long
as somebody may still be at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from packaging_targets.errors import PackagingError
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.transactions import transact
from packaging_targets.registry.aam.desk import audit
from packaging_targets.registry.aam.desk.audit import Event, Intent
from packaging_targets.services.aam.hosting.host import Desk, Host

BUSY = 900  # seconds that nothing takes which a server does
RECOVERED = {"recovered": True}


@contextmanager
def recorded(host: Host, event: Event) -> Iterator[None]:
    """Tell of what is done in the block, once it is done; nothing is told where that raises PackagingError.

    The note is on the disk before the act: a folder's holdings have the disk take it with the files that they write,
    and in a database that has the act as well, the note stands before it. What the act came to and its entry are
    waited for at the end, together.
    """
    number = transact(host.database, lambda connection: audit.begin(connection, event, host.clock()), later=True)
    try:
        yield
    except PackagingError:
        transact(host.database, lambda connection: audit.forget(connection, number), later=True)
        raise
    transact(host.database, lambda connection: _told(connection, number, event, host.clock()), later=True)
    host.holdings.persist()


def log(desk: Desk, event: Event) -> None:
    """Tell of what changes nothing but what it says."""
    transact(desk.database, lambda connection: audit.append(connection, event, desk.clock()))


def settle_acts(host: Host) -> int:
    """Look into notes that were left; return of how many acts was told."""
    with reading(host.database) as connection:
        left = [one for one in audit.intents(connection) if one.event.action in _HAPPENED]
    return sum(_settled(host, intent) for intent in left)


def _settled(host: Host, intent: Intent) -> bool:
    metadata = host.holdings.metadata(PackageName.parse(intent.event.package))
    if metadata is not None and _HAPPENED[intent.event.action](metadata, intent.event):
        return transact(host.database, lambda connection: _recovered(connection, intent, host.clock()))
    if intent.at + BUSY < host.clock():
        transact(host.database, lambda connection: audit.forget(connection, intent.number))
    return False


def _told(connection: Connection, number: str, event: Event, at: int) -> None:
    """Take a note away and tell of its act, unless somebody has."""
    if audit.forget(connection, number):
        audit.append(connection, event, at)


def _recovered(connection: Connection, intent: Intent, at: int) -> bool:
    """Take a note away and tell of its act, unless somebody has, or it was somebody else who did the same since."""
    since = 0 if intent.event.action == "publish" else intent.at
    if not audit.forget(connection, intent.number) or audit.is_told(connection, intent.event, since):
        return False
    audit.append(connection, replace(intent.event, details={**intent.event.details, **RECOVERED}), at)
    return True


def _release(metadata: PackageMetadata, event: Event) -> Release | None:
    return metadata.releases.get(event.version)


def _published(metadata: PackageMetadata, event: Event) -> bool:
    release = _release(metadata, event)
    return release is not None and release.integrity == event.details.get("integrity")


def _yanked(metadata: PackageMetadata, event: Event) -> bool:
    release = _release(metadata, event)
    return release is not None and release.yanked is not None


def _deprecated(metadata: PackageMetadata, event: Event) -> bool:
    chosen = [_release(metadata, event)] if event.version else list(metadata.releases.values())
    return all(one is not None and one.deprecated == event.details.get("message") for one in chosen)


_HAPPENED: Mapping[str, Callable[[PackageMetadata, Event], Any]] = {
    "publish": _published,
    "tag.set": lambda metadata, event: metadata.tags.get(str(event.details.get("tag"))) == event.version,
    "tag.removed": lambda metadata, event: event.details.get("tag") not in metadata.tags,
    "yank": _yanked,
    "unyank": lambda metadata, event: not _yanked(metadata, event),
    "deprecate": _deprecated,
}
