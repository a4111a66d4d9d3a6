"""The kind of registry that is a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from packaging_targets.errors import Problem, RegistryError, legible, raise_all
from packaging_targets.formats.aam.documents import transitions
from packaging_targets.formats.aam.documents.index import MAX_INDEX, parse_index
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.formats.aam.signature import MAX_SIGNATURE, SignedArchive, check_signature
from packaging_targets.registry.aam.altering import Alterable, Transition
from packaging_targets.registry.aam.folder.changing import Addition, apply_change, recover
from packaging_targets.registry.aam.folder.staging import sync_together, writing
from packaging_targets.registry.aam.folder.tree import SIGNATURE, Tree
from packaging_targets.registry.aam.measuring import Measured, measured, named
from packaging_targets.registry.aam.protocol import Published, Summary
from packaging_targets.registry.aam.refusing import refusals_of
from packaging_targets.registry.aam.searching import best_first


def _silently() -> None:
    """Say nothing while another process has the lock."""


class FolderRegistry(Alterable):
    """A registry in the folder `root`.

    `clock` gives the seconds since 1970 of events; `waiting` is called where another process has the lock.
    """

    def __init__(self, root: str, clock: Callable[[], int], waiting: Callable[[], None] = _silently) -> None:
        self.tree = Tree(root)
        self.clock = clock
        self.waiting = waiting

    @property
    def url(self) -> str:
        """The registry's address: `file:///opt/registry`."""
        return self.tree.url

    def summaries(self) -> Iterator[Summary]:
        """Yield every package that is not hidden, by name."""
        data = self.tree.read(self.tree.index, MAX_INDEX)
        if data is None:
            self.tree.demand()
            return
        for entry in parse_index(data, legible(self.tree.index)).entries:
            yield Summary(PackageName.parse(entry.name), entry.latest, entry.versions, entry.description)

    def names(self) -> Iterator[PackageName]:
        """Yield the name of every package, also where all of its versions are yanked; raises at the end."""
        self.tree.demand()
        problems: list[Problem] = []
        for folder in self.tree.folders():
            try:
                metadata = self.tree.metadata(folder)
            except RegistryError as error:
                problems += error.problems
            else:
                if metadata is not None and metadata.name.folder == folder:
                    yield metadata.name
        raise_all(problems, RegistryError)

    def search(self, text: str, limit: int) -> Sequence[Summary]:
        """Return the packages whose name or description has all words of `text`, the best first."""
        return best_first(self.summaries(), text)[:limit]

    def metadata(self, name: PackageName) -> PackageMetadata | None:
        """Return what is known of a package, or None where there is none of that name."""
        metadata = self.tree.metadata(name.folder)
        if metadata is None:
            self.tree.demand()
            return None
        return metadata if metadata.name == name else None

    @contextmanager
    def open(self, name: PackageName, release: Release) -> Iterator[BinaryIO]:
        """Open the archive of a release."""
        path = os.path.join(self.tree.folder(name.folder), release.tarball)
        file = self.tree.open(path)
        if file is None:
            what = f"the archive of {name}@{release.version} is missing: `{self.tree.told(path)}`"
            raise RegistryError.one(what, legible(self.tree.root), f"aam registry verify {self.url}")
        with file:
            yield file

    def signature(self, name: PackageName, release: Release) -> bytes | None:
        """Return the Sigstore bundle that lies beside the archive of a release, or None."""
        return self.tree.read(f"{self.tree.archive(name.folder, release.version)}{SIGNATURE}", MAX_SIGNATURE)

    def publish(self, archive: BinaryIO, tag: str = "", signature: bytes = b"") -> Published:
        """Publish an archive; see the Protocol. The bytes are checked before anything is written."""
        if tag:
            transitions.check_tag(tag)
        published = self.publish_measured(archive, measured(archive, named(archive)), tag, signature)
        self.persist()
        return published

    def publish_measured(self, archive: BinaryIO, found: Measured, tag: str = "", signature: bytes = b"") -> Published:
        """Publish an archive that was checked, which lasts once `persist` has returned.

        Raises IntegrityError where it is another one now.
        """
        archive.seek(0)
        manifest, digest, size = found
        if signature:
            with refusals_of(self.url):
                check_signature(signature, SignedArchive(manifest.name, str(manifest.version), digest))
        with self._changing():
            before = self._owned(manifest.name) or transitions.nothing_of(manifest.name)
            release = transitions.release_of(manifest, digest, size, self.clock())
            publication = transitions.Publication(release, tag, transitions.declared_tags(manifest))
            after, warnings = transitions.with_release(before, publication)
            warnings += self._apply(after, Addition(release, archive, signature), ends=False)
        return Published.among(after, release, warnings)

    def persist(self) -> None:
        """Wait until the disk has all that was done; the registry's lock is not needed for that."""
        with refusals_of(self.url):
            try:
                sync_together(self.tree.root, self._besides())
            except OSError as error:
                raise self.tree.refused(self.tree.root, error, "written") from error

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self.tree.demand()
        with refusals_of(self.url), writing(self.tree, self.waiting):
            recover(self.tree)
            yield

    def _change(self, name: PackageName, transition: Transition) -> None:
        with self._changing():
            before = self._owned(name)
            if before is None:
                raise RefusalError.of("PACKAGE_NOT_FOUND", f"there is no package {name} in the registry")
            after = transition(before, self.clock())
            if after is not before:
                self._apply(after)

    def _apply(
        self, metadata: PackageMetadata, addition: Addition | None = None, *, ends: bool = True
    ) -> tuple[Problem, ...]:
        """Write what is known of a package now, as `apply_change` says; kinds that keep more write that here too."""
        return apply_change(self.tree, metadata, addition, self._besides(), ends=ends)

    def _besides(self) -> Sequence[str]:
        """Return the paths of files besides the registry's own that have to be on the disk where these are."""
        return ()

    def _owned(self, name: PackageName) -> PackageMetadata | None:
        """Return what is known of a package; raises RegistryError where its folder belongs to another."""
        metadata = self.tree.metadata(name.folder)
        if metadata is not None and metadata.name != name:
            path = self.tree.told(self.tree.meta(name.folder))
            what = f"the folder of {name} belongs to {metadata.name}, as `{path}` says"
            raise RefusalError.of("CONFLICT", what, "", f"aam registry verify {self.url}")
        return metadata
