"""Holdings in a database and an object store: for any number of replicas that keep nothing themselves.

An archive is durable under its digest before anybody hears of it. Then one transaction takes the package's row for
itself, looks what is known, and writes what is known then: of two who publish the same version, one finds it there.
An archive whose transaction failed stays under its digest, where nobody is told of it, and the next try finds it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import BinaryIO

from sqlalchemy import Connection, Engine, insert, select, update

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.documents import transitions
from packaging_targets.formats.aam.documents.meta import metadata_bytes, parse_metadata
from packaging_targets.formats.aam.integrity import parse_integrity
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.formats.aam.signature import SignedArchive, check_signature
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.altering import Alterable, Transition
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.lines import (
    Line,
    claim_line,
    line_of,
    lines_by_name,
    lock_line,
    write_lines,
)
from packaging_targets.registry.aam.database.tables import documents, signatures
from packaging_targets.registry.aam.database.transactions import faults_told, transact
from packaging_targets.registry.aam.measuring import Measured, measured, named
from packaging_targets.registry.aam.protocol import Published, Summary
from packaging_targets.registry.aam.refusing import refusals_of
from packaging_targets.registry.aam.served.holdings import Document, Page, Query
from packaging_targets.registry.aam.served.listing import Listing
from packaging_targets.registry.aam.served.objects import turns
from packaging_targets.registry.aam.served.objects.aside import Aside, SetsAside, spooled
from packaging_targets.registry.aam.served.objects.protocol import ArchiveObjects
from packaging_targets.registry.aam.served.objects.sweeping import ARCHIVES, Swept, sweep_archives, sweep_aside

Rewriting = Callable[[PackageMetadata | None], PackageMetadata]
_BATCH = 1000
"""Lines of the list that are read at once."""


class StoredRegistry(SetsAside, Alterable):
    """The registry in the database of `engine`, which was migrated, with its archives in `objects`.

    `clock` gives the seconds since 1970 of events, `url` is the address that people know the registry by.
    """

    document_is_quick = False

    def __init__(self, engine: Engine, objects: ArchiveObjects, clock: Callable[[], int], url: str) -> None:
        self._engine = engine
        self._objects = objects
        self._clock = clock
        self._url = url
        self._listing = Listing(engine)
        self._aside = Aside(objects)

    @property
    def url(self) -> str:
        """The registry's address."""
        return self._url

    # Reading ----------------------------------------------------------------------------------------------------------

    def summaries(self) -> Iterator[Summary]:
        """Yield every package that is not hidden, by name."""
        return (line.summary for line in self._lines(hidden=False))

    def names(self) -> Iterator[PackageName]:
        """Yield the name of every package, also where all of its versions are yanked."""
        return (line.summary.name for line in self._lines(hidden=True))

    def search(self, text: str, limit: int) -> Sequence[Summary]:
        """Return the packages whose name or description has all words of `text`, the best first."""
        return list(self.page(Query(text, "relevance", limit=limit)).entries)

    def page(self, query: Query) -> Page:
        """Return a part of the list; see the Protocol."""
        return self._listing.page(query)

    def document(self, name: PackageName) -> Document | None:
        """Return a package's meta.json, or None where there is none of that name."""
        wanted = select(documents.c.document, documents.c.digest).where(documents.c.name == str(name))
        with faults_told(), reading(self._engine) as connection:
            row = connection.execute(wanted).first()
        return None if row is None else Document(bytes(row[0]), row[1])

    def metadata(self, name: PackageName) -> PackageMetadata | None:
        """Return what is known of a package, or None where there is none of that name."""
        document = self.document(name)
        return None if document is None else parse_metadata(document.data, str(name))

    def open(self, name: PackageName, release: Release) -> AbstractContextManager[BinaryIO]:
        """Open the archive of a release."""
        return spooled(self.pieces(name, release, 0, release.size))

    def path(self, name: PackageName, release: Release) -> str | None:  # noqa: ARG002  # as the Protocol has it
        """Return None: archives come from elsewhere."""
        return None

    def pieces(self, name: PackageName, release: Release, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes of an archive from `start` to before `end`, in pieces."""
        with refusals_of(f"{name}@{release.version}"):
            yield from self._objects.pieces(_place(parse_integrity(release.integrity)), start, end)

    def signature(self, name: PackageName, release: Release) -> bytes | None:
        """Return the Sigstore bundle that a release was published with, or None."""
        columns = signatures.c
        of_it = columns.name == str(name), columns.version == str(release.version)
        with faults_told(), reading(self._engine) as connection:
            found = connection.execute(select(columns.bundle).where(*of_it)).scalar()
        return None if found is None else bytes(found)

    def persist(self) -> None:
        """Do nothing: what was published is in a database that has it on its disk."""

    def kept_up(self) -> AbstractContextManager[None]:
        """Do nothing in the background: lists are changed with what they list."""
        return nullcontext()

    def demand(self) -> None:
        """Raise RegistryError where the database or the object store cannot serve now."""
        with faults_told(), reading(self._engine) as connection:
            connection.execute(select(1))
        self._objects.demand()

    # Changing ---------------------------------------------------------------------------------------------------------

    def publish(self, archive: BinaryIO, tag: str = "", signature: bytes = b"") -> Published:
        """Publish an archive; see the Protocol. It is kept before the database hears of it."""
        if tag:
            transitions.check_tag(tag)
        return self.publish_measured(archive, measured(archive, named(archive)), tag, signature)

    def publish_measured(self, archive: BinaryIO, found: Measured, tag: str = "", signature: bytes = b"") -> Published:
        """Publish an archive that was checked; see the Protocol."""
        archive.seek(0)
        manifest, digest, size = found
        name, release = manifest.name, transitions.release_of(manifest, digest, size, self._clock())
        publication = transitions.Publication(release, tag, transitions.declared_tags(manifest))
        with self._changing():
            if signature:
                check_signature(signature, SignedArchive(name, str(release.version), digest))
            known = self.metadata(name) or transitions.nothing_of(name)
            transitions.with_release(known, publication)  # whoever comes too late is told before anything is sent
            self.keep(archive, digest, size)
        warnings: list[Problem] = []

        def change(before: PackageMetadata | None) -> PackageMetadata:
            after, warnings[:] = transitions.with_release(before or transitions.nothing_of(name), publication)
            return after

        after = self.alter(name, change, {str(release.version): signature} if signature else {})
        return Published.among(after, release, tuple(warnings))

    def keep(self, archive: BinaryIO, digest: Digest, size: int) -> None:
        """Put an archive where it belongs, unless it lies there already; it is not taken away from here on."""
        transact(self._engine, lambda connection: turns.come(connection, digest.hex, self._clock()))
        if self._objects.size(_place(digest)) != size:
            self._objects.put(_place(digest), archive, digest, size)

    def alter(self, name: PackageName, change: Rewriting, bundles: Mapping[str, bytes]) -> PackageMetadata:
        """Write what `change` makes of what is known of a package, with bundles of new versions; return it.

        The archives of new versions are kept by now. Nobody else changes the package meanwhile; it may be called twice.
        """

        def write(connection: Connection) -> PackageMetadata:
            number = claim_line(connection, name)
            before = _known(connection, name)
            after = change(before)
            for version in after.releases.keys() - (before.releases.keys() if before else ()):
                turns.name(connection, parse_integrity(after.releases[version].integrity).hex, self._clock())
                if version in bundles:
                    row = {"name": str(name), "version": version, "bundle": bundles[version]}
                    connection.execute(insert(signatures).values(row))
            _write(connection, number, after)
            return after

        with self._changing():
            return transact(self._engine, write)

    def sweep(self, waiting: Callable[[Sequence[str]], Collection[str]]) -> Swept:
        """Take away archives that nobody names any more, or ever did; see the Protocol."""
        done = Swept()
        with refusals_of(self.url):
            sweep_aside(self._objects, self._clock(), waiting, done)
            sweep_archives(self._engine, self._objects, self._clock, done)
        return done

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with refusals_of(self.url):
            yield
        self._listing.changed()

    def _change(self, name: PackageName, transition: Transition) -> None:
        def write(connection: Connection) -> None:
            number = lock_line(connection, name)
            before = None if number is None else _known(connection, name)
            if number is None or before is None:
                raise RefusalError.of("PACKAGE_NOT_FOUND", f"there is no package {name} in the registry")
            after = transition(before, self._clock())
            if after is not before:
                _write(connection, number, after)

        with self._changing():
            transact(self._engine, write)

    def _lines(self, *, hidden: bool) -> Iterator[Line]:
        after = ""
        while True:
            with faults_told(), reading(self._engine) as connection:
                lines = lines_by_name(connection, after, _BATCH, hidden=hidden)
            yield from lines
            if len(lines) < _BATCH:
                return
            after = str(lines[-1].summary.name)


def _place(digest: Digest) -> str:
    return f"{ARCHIVES}{digest.hex}"


def _known(connection: Connection, name: PackageName) -> PackageMetadata | None:
    found = connection.execute(select(documents.c.document).where(documents.c.name == str(name))).scalar()
    return None if found is None else parse_metadata(bytes(found), str(name))


def _write(connection: Connection, number: int, metadata: PackageMetadata) -> None:
    """Write what is known of a package, whose line this transaction has."""
    data = metadata_bytes(metadata)
    row = {"document": data, "digest": hashlib.sha256(data).hexdigest()}
    name = str(metadata.name)
    if not connection.execute(update(documents).where(documents.c.name == name).values(row)).rowcount:
        connection.execute(insert(documents).values(name=name, **row))
    write_lines(connection, changed={number: line_of(metadata)})
