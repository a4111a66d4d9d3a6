"""Moving a registry to this server: copying packages of another one, as its operator asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from packaging_targets.errors import PackagingError, Problem, RequestError
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.database.transactions import transact
from packaging_targets.registry.aam.desk import audit
from packaging_targets.registry.aam.desk.access import Identity
from packaging_targets.registry.aam.desk.audit import Event
from packaging_targets.registry.aam.protocol import Registry
from packaging_targets.registry.aam.served.importing import Taken, take_over
from packaging_targets.registry.aam.served.stored import StoredRegistry
from packaging_targets.services.aam.hosting.host import Host


@dataclass(slots=True)
class Imported:
    """What an import came to: versions that were copied, how many were there, packages that changed, problems."""

    copied: list[str] = field(default_factory=list)
    present: int = 0
    changed: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def import_packages(
    host: Host, who: Identity, source: Registry, names: Sequence[PackageName], tell: Callable[[str], None]
) -> Imported:
    """Copy packages, or all of them where none is named, into PostgreSQL and the object store; the log tells of each.

    What cannot be copied is a problem, and the rest is. Raises RequestError where the server holds a folder.
    """
    if not isinstance(host.holdings, StoredRegistry):
        what = "this server holds a folder, and only one with PostgreSQL and an object store takes packages over"
        raise RequestError.one(what, "", f"aam registry mirror {source.url} FOLDER")
    done = Imported()
    for one in take_over(source, host.holdings, iter(dict.fromkeys(names)) if names else _every(source, done), tell):
        done.copied += one.copied
        done.present += one.present
        done.problems += one.problems
        if one.changed:
            done.changed.append(str(one.name))
            _log(host, who, source, one)
    return done


def _every(source: Registry, done: Imported) -> Iterator[PackageName]:
    """Yield the names of all packages; those that the source cannot tell are problems."""
    try:
        yield from source.names()
    except PackagingError as error:
        done.problems += error.problems


def _log(host: Host, who: Identity, source: Registry, one: Taken) -> None:
    versions = [text.rpartition("@")[2] for text in one.copied]
    event = Event(who.person, "import", str(one.name), details={"source": source.url, "versions": versions})
    transact(host.database, lambda connection: audit.append(connection, event, host.clock()))
