"""Reads every byte of a registry, and tells all that is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

from packaging_targets.errors import PackagingError, Problem, RegistryError, legible
from packaging_targets.formats.aam.documents import transitions
from packaging_targets.formats.aam.documents.index import (
    MAX_INDEX,
    changed_parts,
    index_bytes,
    parse_index,
)
from packaging_targets.formats.aam.documents.tags import MAX_TAGS, parse_tags, tags_bytes, tags_of
from packaging_targets.formats.aam.integrity import parse_integrity, sha256sum_line
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.package.reader import PackageReader
from packaging_targets.formats.aam.signature import MAX_SIGNATURE, SignedArchive, signature_problems
from packaging_targets.registry.aam.folder.changing import holds
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.folder.tree import ARCHIVE, CHECKSUM, MAX_LINE, OURS, SIGNATURE, Tree
from packaging_targets.store.lock import folder_lock

_OF_MANIFEST = ("description", "author", "dependencies", "optional", "peers")


@dataclass(slots=True)
class Verified:
    """What a verification read: packages, versions and bytes of archives; `problems` are sorted by place."""

    packages: int = 0
    versions: int = 0
    size: int = 0
    problems: list[Problem] = field(default_factory=list)


def verify(registry: FolderRegistry, tell: Callable[[str], None] = lambda _: None) -> Verified:
    """Read all of a registry. Raises RegistryError where there is none; `tell` gets what is read."""
    tree = registry.tree
    tree.demand()
    verification = _Verification(tree, tell)
    with _nobody_writing(registry):
        known = list(verification.packages())
        verification.tell(partial(_index_problems, tree, known, verification.doubtful))
        verification.tell(partial(_tags_problems, tree, known, verification.doubtful))
    done = verification.done
    done.packages, done.versions = len(known), sum(len(one.releases) for one in known)
    done.problems.sort()
    return done


def _nobody_writing(registry: FolderRegistry) -> AbstractContextManager[None]:
    """Keep those out who write; where that is impossible, nobody does."""
    root = registry.tree.root
    return folder_lock(root, registry.waiting, shared=True) if os.access(root, os.W_OK) else nullcontext()


class _Verification:
    """Goes through the folders, and gathers in `done` what is wrong."""

    def __init__(self, tree: Tree, progress: Callable[[str], None]) -> None:
        self._tree = tree
        self._progress = progress
        self.done = Verified()
        self.doubtful: set[str] = set()
        """Folders of packages of which nothing can be known."""

    def tell(self, look: Callable[[], Iterable[Problem]]) -> None:
        """Gather the problems that `look` returns or raises."""
        try:
            self.done.problems += look()
        except PackagingError as error:
            self.done.problems += error.problems

    def packages(self) -> Iterator[PackageMetadata]:
        """Yield what is known of each package whose meta.json is in order, after its folder was looked at."""
        tree = self._tree
        self._others(tree.root, {tree.index, tree.tags, tree.packages, tree.server})
        for entry in self._reachable(tree.packages):
            if not entry.is_dir():
                self.done.problems.append(self._unknown(entry))
                continue
            self._progress(f"reading {legible(entry.name)}")
            self._others(entry.path, {tree.meta(entry.name), tree.versions(entry.name)})
            try:
                metadata = tree.metadata(entry.name)
            except RegistryError as error:
                self.done.problems += error.problems
                self.doubtful.add(entry.name)
                continue
            self._archives(entry.name, metadata)
            if metadata is not None:
                yield metadata

    def _archives(self, folder: str, metadata: PackageMetadata | None) -> None:
        known: set[str] = set()
        if metadata is not None:
            self.tell(partial(self._metadata, folder, metadata))
            for release in metadata.releases.values():
                path = os.path.join(self._tree.folder(folder), release.tarball)
                known |= {path, f"{path}{CHECKSUM}", f"{path}{SIGNATURE}"}
                self.tell(partial(self._release, path, metadata, release))
        self._others(self._tree.versions(folder), known)

    def _metadata(self, folder: str, metadata: PackageMetadata) -> Iterator[Problem]:
        where = legible(self._tree.meta(folder))
        if metadata.name.folder != folder:
            what = f"the folder `{legible(folder)}` holds {metadata.name}, whose folder is `{metadata.name.folder}`"
            yield Problem(where, what, "rename the folder, and reindex the registry", field="$.name")
        for tag, version in transitions.dangling(metadata).items():
            why = "is yanked" if version in metadata.releases else "is not there"
            what = f"the tag `{tag}` leads to {version}, which {why}"
            yield Problem(where, what, self._reindex, field=f"$.dist-tags.{tag}")

    def _release(self, path: str, metadata: PackageMetadata, release: Release) -> Iterator[Problem]:
        where = legible(path)
        file = self._tree.open(path)
        if file is None:
            fix = f"bring it back, and run: {self._reindex}"
            yield Problem(where, f"the archive of {metadata.name}@{release.version} is missing", fix)
            return
        if release.missing:
            yield Problem(where, f"meta.json says that {metadata.name}@{release.version} is missing", self._reindex)
        with file:
            size = os.fstat(file.fileno()).st_size
            self.done.size += size
            if not holds(self._tree, path, release):
                what = f"the bytes of {metadata.name}@{release.version} are not those that meta.json names"
                yield Problem(where, what, "bring back the archive that was published, or yank the version")
                yield from self._checksum(path, release)
                return
            reader = PackageReader(file, where).finished()
        if release.size not in {0, size}:
            yield Problem(where, f"the archive has {size:,} bytes, and meta.json says {release.size:,}", self._reindex)
        yield from self._checksum(path, release)
        yield from signature_faults(self._tree, metadata.name, release)
        manifest = transitions.release_of(reader.manifest, reader.digest, size, 0)
        if (reader.manifest.name, manifest.version) != (metadata.name, release.version):
            what = f"the archive is {reader.manifest.name}@{manifest.version}"
            yield Problem(where, f"{what}, and meta.json says {metadata.name}@{release.version}")
        elif differing := [one for one in _OF_MANIFEST if getattr(manifest, one) != getattr(release, one)]:
            what = f"meta.json says other things than the manifest in the archive: {', '.join(differing)}"
            yield Problem(where, what)

    def _checksum(self, path: str, release: Release) -> Iterator[Problem]:
        line = self._tree.read(f"{path}{CHECKSUM}", MAX_LINE)
        if line != sha256sum_line(parse_integrity(release.integrity), os.path.basename(path)):
            what = "the checksum is missing" if line is None else "the checksum is not that of the published archive"
            yield Problem(legible(f"{path}{CHECKSUM}"), what, self._reindex)

    def _others(self, folder: str, known: set[str]) -> None:
        found = (entry for entry in self._reachable(folder) if entry.path not in known)
        self.done.problems += map(self._unknown, found)

    def _reachable(self, folder: str) -> Iterator[os.DirEntry[str]]:
        """Yield what is in a folder; a link that leaves the root is told instead."""
        try:
            entries = self._tree.entries(folder)
        except RegistryError as error:
            self.done.problems += error.problems
            return
        for entry in entries:
            try:
                if entry.is_symlink():
                    self._tree.inside(entry.path)
            except RegistryError as error:
                self.done.problems += error.problems
            else:
                yield entry

    def _unknown(self, entry: os.DirEntry[str]) -> Problem:
        if entry.name.startswith(OURS):
            return Problem(legible(entry.path), "this was left by a process that was killed", self._reindex)
        if entry.name.endswith(ARCHIVE):
            return Problem(legible(entry.path), "meta.json does not know this archive", self._reindex)
        return Problem(legible(entry.path), "this is no part of a registry", "remove it")

    @property
    def _reindex(self) -> str:
        return f"aam registry reindex {self._tree.url}"


def signature_faults(tree: Tree, name: PackageName, release: Release) -> Iterator[Problem]:
    """Yield what is wrong with the bundle beside the archive of a release, if there is one, whoever is believed."""
    path = f"{tree.archive(name.folder, release.version)}{SIGNATURE}"
    data = tree.read(path, MAX_SIGNATURE)
    if data is not None:
        about = SignedArchive(name, str(release.version), parse_integrity(release.integrity))
        for one in signature_problems(data, about, legible(path)):
            yield replace(one, fix="bring back the signature that was published, or remove the file")


def _index_problems(tree: Tree, known: list[PackageMetadata], doubtful: Collection[str]) -> Iterator[Problem]:
    where, fix = legible(tree.index), f"aam registry reindex {tree.url}"
    data = tree.read(tree.index, MAX_INDEX) or b""
    index = parse_index(data, where)
    expected = changed_parts(index, known, doubtful)
    listed, wanted = ({one.name: one for one in some.entries} for some in (index, expected))
    for name in sorted(listed.keys() | wanted.keys()):
        if listed.get(name) != wanted.get(name):
            yield Problem(where, _difference(name, name in listed, name in wanted), fix)
    if index.updated_at != expected.updated_at:
        yield Problem(where, "`updatedAt` is not the time of the newest event", fix, field="$.updatedAt")
    elif index.entries == expected.entries and data != index_bytes(index):
        yield Problem(where, "the index is not written as we write it", fix)


def _tags_problems(tree: Tree, known: list[PackageMetadata], doubtful: Collection[str]) -> Iterator[Problem]:
    where, fix = legible(tree.tags), f"aam registry reindex {tree.url}"
    data = tree.read(tree.tags, MAX_TAGS)
    if data is None:
        yield Problem(where, "the file is missing", fix)
        return
    listed = parse_tags(data, where)
    wanted = {name: tags for name, tags in tags_of(listed, known, doubtful).items() if tags}
    for name in sorted(listed.keys() | wanted.keys()):
        if listed.get(name) != wanted.get(name):
            yield Problem(where, _difference(name, name in listed, name in wanted), fix)
    if listed == wanted and data != tags_bytes(wanted):
        yield Problem(where, "the tags are not written as we write them", fix)


def _difference(name: str, listed: bool, wanted: bool) -> str:  # noqa: FBT001  # they are told apart by their names
    if listed and wanted:
        return f"what it says of {name} is not what its meta.json says"
    return f"it lists {name}, which is not there or hidden" if listed else f"it lacks {name}"
