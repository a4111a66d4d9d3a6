"""Holdings that are a folder registry, whose readers and writers by `file://` go on beside the server.

meta.json is the truth. A database beside it has the list of packages, for pages and searches, and can be lost: it
follows the folder's index.json. What waits for approval lies beside the database, where no reader of the folder looks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import Engine

from packaging_targets.errors import Problem, RegistryError, legible
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.database.engine import reading, sqlite_journal
from packaging_targets.registry.aam.database.transactions import faults_told
from packaging_targets.registry.aam.folder.changing import Addition
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.protocol import Summary
from packaging_targets.registry.aam.served.caching import Documents, KnowingTree
from packaging_targets.registry.aam.served.holdings import Document, Page, Query
from packaging_targets.registry.aam.served.in_step.following import Following
from packaging_targets.registry.aam.served.listing import Listing
from packaging_targets.registry.aam.served.objects.aside import Aside, SetsAside
from packaging_targets.registry.aam.served.objects.folder import FolderObjects
from packaging_targets.registry.aam.served.objects.protocol import PIECE
from packaging_targets.registry.aam.served.objects.sweeping import Swept, sweep_aside
from packaging_targets.registry.aam.served.whole_list import whole_page


class ServedFolder(SetsAside, FolderRegistry):
    """The registry in the folder of `registry`, with its list in the SQLite database of `engine`, which was migrated.

    `data` is the folder for what waits for approval; without it, the one that the database is in.
    """

    document_is_quick = True

    def __init__(self, registry: FolderRegistry, engine: Engine, data: str = "") -> None:
        super().__init__(registry.tree.root, registry.clock, registry.waiting)
        self.tree = KnowingTree(registry.tree.root)
        self._engine = engine
        self._documents = Documents(self.tree)
        self._listing = Listing(engine)
        self._following = Following(self.tree, engine, self._listing.changed)
        self._objects = FolderObjects(data or os.path.dirname(os.path.abspath(engine.url.database or "")))
        self._aside = Aside(self._objects)

    def document(self, name: PackageName) -> Document | None:
        """Return a package's meta.json; see the Protocol."""
        return self._documents.of(name)

    def page(self, query: Query) -> Page:
        """Return a part of the list; see the Protocol."""
        self._following.follow()
        if query.yanked and not query.words:
            return whole_page(self.tree, self._engine, query)
        return self._listing.page(query)

    def search(self, text: str, limit: int) -> Sequence[Summary]:
        """Return the packages whose name or description has all words of `text`, the best first."""
        return list(self.page(Query(text, "relevance", limit=limit)).entries)

    def path(self, name: PackageName, release: Release) -> str | None:
        """Return the path of an archive."""
        return self.tree.inside(os.path.join(self.tree.folder(name.folder), release.tarball))

    def pieces(self, name: PackageName, release: Release, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes of an archive from `start` to before `end`, in pieces."""
        with self.open(name, release) as file:
            file.seek(start)
            while start < end and (piece := file.read(min(PIECE, end - start))):
                start += len(piece)
                yield piece
        if start < end:
            what = f"the archive of {name}@{release.version} is shorter than meta.json says"
            raise RegistryError.one(what, legible(self.tree.root), f"aam registry verify {self.url}")

    def kept_up(self) -> AbstractContextManager[None]:
        """Bring the list up to date in the background while in the block; see the Protocol."""
        return self._following.in_background()

    def sweep(self, waiting: Callable[[Sequence[str]], Collection[str]]) -> Swept:
        """Take away archives of requests that do not wait any longer; see the Protocol."""
        done = Swept()
        sweep_aside(self._objects, self.clock(), waiting, done)
        return done

    def demand(self) -> None:
        """Raise RegistryError where there is no registry, or no list yet, or its database cannot be read."""
        self.tree.demand()
        self._following.demand()
        with faults_told(), reading(self._engine):
            pass

    def _apply(
        self, metadata: PackageMetadata, addition: Addition | None = None, *, ends: bool = True
    ) -> tuple[Problem, ...]:
        with self._following.changing(metadata.name):
            return super()._apply(metadata, addition, ends=ends)

    def _besides(self) -> Sequence[str]:
        journal = sqlite_journal(self._engine)
        return [journal] if os.path.exists(journal) else []  # what says that something is about to be done, and was
