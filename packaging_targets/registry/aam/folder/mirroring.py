"""Copies a registry of any kind into one in a folder: archives, times, tags and yanks, each byte verified.

What is there already is not copied again. Versions that the source does not have stay. Archives come before the
meta.json that names them, and the index at the end, so who is killed goes on when it runs again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from packaging_targets.errors import IntegrityError, PackagingError, Problem, RegistryError, legible
from packaging_targets.formats.aam.documents import transitions
from packaging_targets.formats.aam.documents.meta import in_order, metadata_bytes
from packaging_targets.formats.aam.integrity import parse_integrity
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.signature import SignedArchive, signature_problems
from packaging_targets.model.versions.semver import LATEST
from packaging_targets.registry.aam.folder.changing import (
    all_packages,
    holds,
    make_package,
    recover,
    stage_all,
    stage_checksum,
)
from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.folder.staging import Staging, writing
from packaging_targets.registry.aam.folder.tree import SIGNATURE, Tree
from packaging_targets.registry.aam.protocol import Registry
from packaging_targets.registry.aam.refusing import known_of

_CHUNK = 64


@dataclass(slots=True)
class Mirrored:
    """What a mirroring came to: versions that were copied, how many were there, packages that changed, problems."""

    copied: list[str] = field(default_factory=list)
    present: int = 0
    changed: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def mirror(
    source: Registry,
    target: FolderRegistry,
    names: Sequence[PackageName] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> Mirrored:
    """Copy packages, or all of them where none is named; the target is made where there is something to copy.

    `tell` gets what is being copied. What cannot be copied is a problem, and the rest is. Raises
    RegistryError where source or target cannot be used at all.
    """
    if isinstance(source, FolderRegistry) and source.tree.real == target.tree.real:
        raise RegistryError.one("a registry cannot be a mirror of itself", legible(target.tree.root))
    mirroring = _Mirroring(source, target, tell)
    wanted = mirroring.those(names) if names else mirroring.every()
    if mirroring.done.problems and not wanted:
        return mirroring.done
    initialise(target)
    with writing(target.tree, target.waiting):
        recover(target.tree)
        for start in range(0, len(wanted), _CHUNK):
            mirroring.copy(wanted[start : start + _CHUNK])
        with Staging(target.tree) as staging:
            known, doubtful = all_packages(target.tree)
            told = mirroring.done.problems
            told += (one for one in chain.from_iterable(doubtful.values()) if one not in told)
            stage_all(target.tree, staging, known, doubtful)
            staging.commit()
    return mirroring.done


class _Mirroring:
    """Packages on their way from a registry into a folder."""

    def __init__(self, source: Registry, target: FolderRegistry, tell: Callable[[str], None]) -> None:
        self._source = source
        self._tree = target.tree
        self._tell = tell
        self.done = Mirrored()

    def every(self) -> list[PackageName]:
        """Return the names of all packages of the source; those that it cannot tell are problems."""
        found: list[PackageName] = []
        try:
            found.extend(self._source.names())
        except PackagingError as error:
            self.done.problems += error.problems
        return found

    def those(self, names: Sequence[PackageName]) -> list[PackageName]:
        """Return those of some packages that the source has; the others are problems."""
        found = []
        for name in names:
            try:
                known_of(self._source, name)
            except PackagingError as error:
                self.done.problems += error.problems
            else:
                found.append(name)
        return found

    def copy(self, names: Sequence[PackageName]) -> None:
        """Copy the archives of several packages, and then what is known of these."""
        found: list[PackageMetadata] = []
        with Staging(self._tree) as staging:
            for name in names:
                try:
                    found.append(self._archives(name, staging))
                except PackagingError as error:
                    self.done.problems += (replace(one, where=one.where or str(name)) for one in error.problems)
            staging.commit()
        with Staging(self._tree) as staging:
            for metadata in found:
                path, data = self._tree.meta(metadata.name.folder), metadata_bytes(metadata)
                if self._tree.read(path, len(data)) != data:
                    staging.write(path, data)
                    self.done.changed.append(str(metadata.name))
            staging.commit()

    def _archives(self, name: PackageName, staging: Staging) -> PackageMetadata:
        """Stage the archives of a package that are not there; return what is known of it then."""
        metadata = known_of(self._source, name)
        before = self._tree.metadata(name.folder)
        if before is not None and before.name != name:
            raise RegistryError.one(f"the folder of {name} belongs to {before.name}", legible(self._tree.root))
        releases = dict(before.releases) if before else {}
        make_package(self._tree, name.folder)
        lost = set()
        for release in in_order(metadata.releases.values()):
            local = replace(release, tarball=f"versions/{release.version}.aam", missing=False)
            try:
                self._archive(name, release, local, releases.get(str(release.version)), staging)
            except PackagingError as error:
                self.done.problems += (replace(one, where=one.where or str(name)) for one in error.problems)
                lost.add(str(release.version))
            else:
                releases[str(release.version)] = local
        copied = {tag: version for tag, version in metadata.tags.items() if version in releases and version not in lost}
        return with_own(replace(metadata, releases=releases, tags=copied), before, metadata.releases.keys() - lost)

    def _archive(
        self, name: PackageName, release: Release, local: Release, present: Release | None, staging: Staging
    ) -> None:
        told = f"{name}@{release.version}"
        if present is not None and parse_integrity(present.integrity) != parse_integrity(release.integrity):
            what = f"the bytes of {told} are not those that the mirror has: a version never changes"
            raise IntegrityError.one(what, self._source.url, "find out which of the two was tampered with")
        path = self._tree.archive(name.folder, release.version)
        if (present is not None and _looks_like(self._tree, path, release)) or holds(self._tree, path, release):
            self.done.present += 1
        else:
            self._tell(f"copying {told}")
            with self._source.open(name, release) as file:
                staging.copy(path, file, parse_integrity(release.integrity), release.published_at)
            stage_checksum(self._tree, staging, name.folder, local)
            self.done.copied.append(told)
        if present is None:  # whoever is killed between the archive and what is known of it comes back here
            self._signature(name, release, f"{path}{SIGNATURE}", staging)

    def _signature(self, name: PackageName, release: Release, path: str, staging: Staging) -> None:
        """Stage the signature of a release that has one; what is none of its archive is told, and stays away."""
        data = self._source.signature(name, release)
        if data is None:
            return
        about = SignedArchive(name, str(release.version), parse_integrity(release.integrity))
        problems = list(signature_problems(data, about, self._source.url))
        self.done.problems += problems
        if not problems:
            staging.write(path, data)


def with_own(copied: PackageMetadata, before: PackageMetadata | None, shared: Collection[str]) -> PackageMetadata:
    """Return what was copied with what a mirror that has more versions than are `shared` says of its own.

    Its tags stay that lead to its own versions, as far as the source has no such tags; `latest` never moves back.
    """
    own = {tag: text for tag, text in before.tags.items() if text in copied.releases.keys() - shared} if before else {}
    tags = own | dict(copied.tags)
    if LATEST in own and transitions.highest_of(copied) == own[LATEST]:
        tags[LATEST] = own[LATEST]
    at = before.modified_at if before and before.releases.keys() - shared else 0
    return replace(copied, tags=dict(sorted(tags.items())), modified_at=max(copied.modified_at, at))


def _looks_like(tree: Tree, path: str, release: Release) -> bool:
    """Tell whether a file has the size and the time with which a release is written."""
    try:
        stat = os.stat(tree.inside(path))
    except OSError:
        return False
    return (stat.st_size, stat.st_mtime) == (release.size, release.published_at)
