"""Brings a registry in order: what was killed half way, what was placed or removed by hand, what is derived.

meta.json stays the truth, and forgets no version: those whose archive is missing are marked and told, and hidden
until the same bytes are back. Archives that it does not know enter it if they are packages of this folder, tags that
lead nowhere go. What cannot be repaired is told and left alone. Archives that have
the size and the time of their release are believed to be it: reading every byte is what `verify` is for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass, field, replace
from typing import Any

from packaging_targets.errors import PackagingError, Problem, RegistryError, legible
from packaging_targets.formats.aam.documents import transitions
from packaging_targets.formats.aam.documents.meta import MAX_META, in_order, metadata_bytes, parse_metadata
from packaging_targets.formats.aam.integrity import parse_integrity, sha256sum_line
from packaging_targets.formats.aam.manifest import AgentManifest
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.package.reader import PackageReader
from packaging_targets.registry.aam.clock import told_time
from packaging_targets.registry.aam.folder.changing import discard_unfinished, holds, recover, stage_all, stage_checksum
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.folder.staging import Staging, writing
from packaging_targets.registry.aam.folder.tree import ARCHIVE, CHECKSUM, MAX_LINE, Tree
from packaging_targets.registry.aam.folder.verifying import signature_faults
from packaging_targets.store.sweep import spread

_CHUNK = 2_000
_PARALLEL = 64
"""Fewer packages than these are not worth another process."""
_JOBS = 8
_DOUBTFUL = "?"
"""What stands for the text of a meta.json where nothing can be known of a package."""


@dataclass(slots=True)
class Reindexed:
    """What a reindexing found: how many packages and versions there are now, and whether anything was written.

    `adopted` are versions that were placed by hand, `mended` tells what was repaired, `problems` what could not be.
    """

    packages: int = 0
    versions: int = 0
    changed: bool = False
    adopted: list[str] = field(default_factory=list)
    mended: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def reindex(registry: FolderRegistry, tell: Callable[[str], None] = lambda _: None) -> Reindexed:
    """Bring a registry in order. Raises RegistryError where it cannot be written, or is none.

    `tell` gets what is looked at.
    """
    tree, done = registry.tree, Reindexed()
    if not os.path.isdir(tree.packages):
        tree.demand()
    with writing(tree, registry.waiting):
        recover(tree)
        _discard(tree, [tree.root, tree.packages], done)
        found: list[PackageMetadata] = []
        doubtful: set[str] = set()
        folders = list(_folders(tree, done))
        for start in range(0, len(folders), _CHUNK):
            chunk = folders[start : start + _CHUNK]
            for folder, metadata in zip(chunk, _settled(tree, chunk, done, tell), strict=True):
                if metadata == _DOUBTFUL:
                    doubtful.add(folder)
                elif metadata:
                    found.append(parse_metadata(metadata.encode(), legible(tree.meta(folder))))
        with Staging(tree) as staging:
            stage_all(tree, staging, found, doubtful)
            done.changed = staging.commit() or done.changed
    done.packages = len(found)
    done.versions = sum(len(one.releases) for one in found)
    return done


def _folders(tree: Tree, done: Reindexed) -> Iterator[str]:
    for entry in tree.entries(tree.packages):
        try:
            tree.inside(entry.path)
        except RegistryError as error:
            done.problems += error.problems
            continue
        if entry.is_dir():
            yield entry.name


def _settled(tree: Tree, folders: list[str], done: Reindexed, tell: Callable[[str], None]) -> list[str]:
    """Bring the folders of some packages in order; return what their meta.json say then, in several processes."""

    def settle(folder: str) -> Any:
        tell(f"reindexing {folder}")
        return _outcome(tree, folder)

    jobs = min(os.cpu_count() or 1, _JOBS) if len(folders) >= _PARALLEL else 1
    try:
        outcomes = spread(settle, folders, jobs)
    except BaseException:
        discard_unfinished(tree, (path for one in folders for path in (tree.folder(one), tree.versions(one))))
        raise
    with Staging(tree) as staging:
        for one in outcomes:
            staging.take_over(one["files"])
            done.adopted += one["adopted"]
            done.mended += (Problem(*parts) for parts in one["mended"])
            done.problems += (Problem(*parts) for parts in one["problems"])
            done.changed = one["changed"] or done.changed
        done.changed = staging.commit() or done.changed
    return [one["metadata"] for one in outcomes]


def _outcome(tree: Tree, folder: str) -> dict[str, Any]:
    """Bring the folder of a package in order; return what that came to as a JSON value."""
    done, metadata = Reindexed(), _DOUBTFUL
    with Staging(tree) as staging:
        try:
            metadata = _Package(tree, folder, staging, done).settled().decode()
        except PackagingError as error:
            done.problems += error.problems
        return {
            "metadata": metadata,
            "files": staging.hand_over(),
            "adopted": done.adopted,
            "mended": [astuple(one) for one in done.mended],
            "problems": [astuple(one) for one in done.problems],
            "changed": done.changed,
        }


def _discard(tree: Tree, folders: list[str], done: Reindexed) -> None:
    for path in discard_unfinished(tree, folders):
        done.changed = True
        done.mended.append(Problem(legible(path), "an unfinished file of a killed process was removed"))


class _Package:
    """One folder of a package, while it is brought in order."""

    def __init__(self, tree: Tree, folder: str, staging: Staging, done: Reindexed) -> None:
        self._tree = tree
        self._folder = folder
        self._staging = staging
        self._done = done

    def settled(self) -> bytes:
        """Stage what has to be written; return what meta.json says of the package then, or nothing where there is none.

        Raises PackagingError where that is in doubt.
        """
        _discard(self._tree, [self._tree.folder(self._folder), self._tree.versions(self._folder)], self._done)
        data = self._tree.read(self._tree.meta(self._folder), MAX_META)
        before = None if data is None else parse_metadata(data, legible(self._tree.meta(self._folder)))
        if before is not None and before.name.folder != self._folder:
            what = f"the folder holds {before.name}, whose folder is `{before.name.folder}`"
            raise RegistryError.one(what, legible(self._tree.folder(self._folder)), "rename the folder")
        after = self._with_archives(before)
        new = b"" if after is None else metadata_bytes(after)
        if new not in {data, b""}:
            self._staging.write(self._tree.meta(self._folder), new)
        return new

    def _with_archives(self, before: PackageMetadata | None) -> PackageMetadata | None:
        """Return what is known of the package by what lies in its folder."""
        entries = {entry.name: entry for entry in self._tree.entries(self._tree.versions(self._folder))}
        archives = {name: entry for name, entry in entries.items() if name.endswith(ARCHIVE)}
        after = before
        if before is not None:
            kept = [self._kept(one, archives) for one in in_order(before.releases.values())]
            after = self._without_dangling(replace(before, releases={str(one.version): one for one in kept}))
            known = {one.tarball.removeprefix("versions/") for one in kept}
            archives = {name: entry for name, entry in archives.items() if name not in known}
            entries = {name: entry for name, entry in entries.items() if name.removesuffix(CHECKSUM) not in known}
        self._remove_checksums(entries)
        for manifest, release in self._adoptable(archives):
            try:
                after = self._adopted(after, manifest, release)
            except RegistryError as error:
                path = legible(self._tree.archive(self._folder, release.version))
                self._done.problems += (replace(one, where=path) for one in error.problems)
        return after

    def _remove_checksums(self, entries: dict[str, os.DirEntry[str]]) -> None:
        """Remove the checksums of archives that nobody knows and that are not there."""
        for name, entry in entries.items():
            if name.endswith(f"{ARCHIVE}{CHECKSUM}") and name.removesuffix(CHECKSUM) not in entries:
                os.unlink(entry.path)
                self._done.changed = True
                self._done.mended.append(Problem(legible(entry.path), "a checksum without an archive was removed"))

    def _kept(self, release: Release, archives: dict[str, os.DirEntry[str]]) -> Release:
        """Return a release as it is now."""
        path = os.path.join(self._tree.folder(self._folder), release.tarball)
        entry = archives.get(release.tarball.removeprefix("versions/"))
        plain = entry is not None and not entry.is_symlink()
        try:
            stat = entry.stat() if entry is not None and plain else os.stat(self._tree.inside(path))
        except (FileNotFoundError, NotADirectoryError):
            what = f"the archive of version {release.version} is missing, and the version is hidden until it is back"
            fix = "bring back the archive that was published, and reindex the registry again"
            self._done.problems.append(Problem(legible(path), what, fix))
            return replace(release, missing=True)
        if release.missing or (stat.st_size, stat.st_mtime) != (release.size, release.published_at):
            if not holds(self._tree, path, release):
                what = f"the bytes of version {release.version} are not those that were published"
                self._done.problems.append(Problem(legible(path), what, "bring back the archive, or yank the version"))
                return release
            self._set_time(path, release.published_at)
            release = replace(release, size=stat.st_size, missing=False)
        self._check_line(release, path)
        return release

    def _check_line(self, release: Release, path: str) -> None:
        line = sha256sum_line(parse_integrity(release.integrity), os.path.basename(path))
        found = self._tree.read(f"{path}{CHECKSUM}", MAX_LINE)
        if found != line:
            what = "the checksum was missing" if found is None else "the checksum was another one"
            self._done.mended.append(Problem(legible(f"{path}{CHECKSUM}"), f"{what}, and was written anew"))
            self._staging.write(f"{path}{CHECKSUM}", line)

    def _without_dangling(self, metadata: PackageMetadata) -> PackageMetadata:
        where = legible(self._tree.meta(self._folder))
        for tag, version in transitions.dangling(metadata).items():
            what = f"the tag `{tag}` led to {version}, which is not there or yanked"
            self._done.mended.append(Problem(where, what, field=f"$.dist-tags.{tag}"))
        return transitions.settled(metadata)

    def _adoptable(self, archives: dict[str, os.DirEntry[str]]) -> list[tuple[AgentManifest, Release]]:
        """Return the releases that unknown archives make, from the lowest; tell of those that make none."""
        found = []
        for name in archives:
            path = os.path.join(self._tree.versions(self._folder), name)
            try:
                found.append(self._release(path, name))
            except PackagingError as error:
                fix = "remove it, or place what the folder and the file are named after"
                self._done.problems += (replace(one, fix=one.fix or fix) for one in error.problems)
        return sorted(found, key=lambda one: one[1].version)

    def _release(self, path: str, name: str) -> tuple[AgentManifest, Release]:
        file = self._tree.open(path)
        if file is None:
            raise RegistryError.one("the archive is gone", legible(path))
        with file:
            reader = PackageReader(file, legible(path)).finished()
            stat = os.fstat(file.fileno())
        manifest = reader.manifest
        if manifest.name.folder != self._folder or name != f"{manifest.version}{ARCHIVE}":
            what = f"the archive is {manifest.name}@{manifest.version}, and lies where another belongs"
            raise RegistryError.one(what, legible(path))
        line = self._tree.read(f"{path}{CHECKSUM}", MAX_LINE)
        if line is not None and line[:64] != reader.digest.hex.encode():
            raise RegistryError.one("the archive has other bytes than its checksum says", legible(path))
        told = told_time()
        at = int(stat.st_mtime) if told is None else told
        return manifest, transitions.release_of(manifest, reader.digest, stat.st_size, max(at, 0))

    def _adopted(self, before: PackageMetadata | None, manifest: AgentManifest, release: Release) -> PackageMetadata:
        known = before or transitions.nothing_of(manifest.name)
        if known.name != manifest.name:
            raise RegistryError.one(f"the archive is of {manifest.name}, and the folder belongs to {known.name}")
        publication = transitions.Publication(release, declared=transitions.declared_tags(manifest))
        after, warnings = transitions.with_release(known, publication)
        self._done.problems += signature_faults(self._tree, manifest.name, release)
        self._done.adopted.append(f"{manifest.name}@{release.version}")
        self._done.mended += warnings
        stage_checksum(self._tree, self._staging, self._folder, release)
        self._set_time(self._tree.archive(self._folder, release.version), release.published_at)
        return after

    def _set_time(self, path: str, at: int) -> None:
        with suppress(OSError):  # its owner's alone: it is hashed again next time
            os.utime(self._tree.inside(path), (at, at))
