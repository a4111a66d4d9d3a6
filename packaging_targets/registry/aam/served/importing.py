"""Takes over packages of another registry, of any kind: archives, times, tags, yanks, signatures, each byte verified.

What is there already is passed over, so who is stopped goes on when it runs again. A package appears with all of its
versions at once. Where both sides have changed it, the one that did so later says what its tags and yanks are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from packaging_targets.errors import IntegrityError, PackagingError, Problem
from packaging_targets.formats.aam.documents.meta import in_order
from packaging_targets.formats.aam.integrity import parse_integrity
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.signature import SignedArchive, check_signature
from packaging_targets.registry.aam.folder.mirroring import with_own
from packaging_targets.registry.aam.measuring import measured
from packaging_targets.registry.aam.protocol import Registry
from packaging_targets.registry.aam.refusing import known_of
from packaging_targets.registry.aam.served.objects.aside import digest_of, spooled
from packaging_targets.registry.aam.served.objects.protocol import PIECE
from packaging_targets.registry.aam.served.stored import StoredRegistry

_AT_ONCE = 8


@dataclass(slots=True)
class Taken:
    """What became of a package: versions that were copied, how many were there, whether it changed, problems."""

    name: PackageName
    copied: list[str] = field(default_factory=list)
    present: int = 0
    changed: bool = False
    problems: tuple[Problem, ...] = ()


def take_over(
    source: Registry, target: StoredRegistry, names: Iterator[PackageName], tell: Callable[[str], None]
) -> Iterator[Taken]:
    """Copy packages, several at once, and yield what became of each; `tell` gets what is being copied."""

    def one(name: PackageName) -> Taken:
        done = Taken(name)
        try:
            _Taking(source, target, done, tell).run()
        except PackagingError as error:
            done.problems = tuple(replace(problem, where=problem.where or str(name)) for problem in error.problems)
        return done

    with ThreadPoolExecutor(_AT_ONCE, "aam-import") as pool:
        yield from pool.map(one, names)


class _Taking:
    """A package on its way from a registry into a database and an object store."""

    def __init__(self, source: Registry, target: StoredRegistry, done: Taken, tell: Callable[[str], None]) -> None:
        self._source = source
        self._target = target
        self._done = done
        self._tell = tell

    def run(self) -> None:
        """Copy what is not there; raises PackagingError with all that contradicts what is."""
        metadata, before = known_of(self._source, self._done.name), self._target.metadata(self._done.name)
        releases = {
            version: replace(release, tarball=f"versions/{version}.aam", missing=False)
            for version, release in metadata.releases.items()
        }
        copied = replace(metadata, releases=releases)
        missing = [one for one in in_order(releases.values()) if str(one.version) not in _shared(copied, before)]
        self._done.present = len(releases) - len(missing)
        if not missing and before is not None and before.modified_at >= metadata.modified_at:
            return
        bundles: dict[str, bytes] = {}
        for release in missing:
            self._archive(release)
            if bundle := self._source.signature(self._done.name, release):
                about = SignedArchive(self._done.name, str(release.version), parse_integrity(release.integrity))
                check_signature(bundle, about)
                bundles[str(release.version)] = bundle
        self._target.alter(self._done.name, lambda known: _joined(copied, known), bundles)
        self._done.copied = [f"{self._done.name}@{release.version}" for release in missing]
        self._done.changed = True

    def _archive(self, release: Release) -> None:
        told = f"{self._done.name}@{release.version}"
        self._tell(f"copying {told}")
        expected = parse_integrity(release.integrity)
        with self._source.open(self._done.name, release) as source, spooled(_pieces(source, release.size)) as file:
            if digest_of(file)[0] != expected:
                what = f"the archive of {told} is not what its integrity says"
                raise IntegrityError.one(what, self._source.url, "it was damaged, or tampered with: find out which")
            manifest, _, size = measured(file, told)
            if (manifest.name, manifest.version, size) != (self._done.name, release.version, release.size):
                what = f"the archive of {told} is {manifest.name}@{manifest.version} with {size:,} bytes"
                fix = f"its meta.json says {release.size:,} bytes: find out what is right"
                raise IntegrityError.one(what, self._source.url, fix)
            self._target.keep(file, expected, release.size)


def _shared(copied: PackageMetadata, before: PackageMetadata | None) -> set[str]:
    """Return the versions that both sides have; raises IntegrityError with all that are not the same."""
    there: Mapping[str, Release] = {_plain(version): one for version, one in before.releases.items()} if before else {}
    problems, shared = [], set()
    for version, release in copied.releases.items():
        other = there.get(_plain(version))
        if other is None:
            continue
        if parse_integrity(other.integrity) == parse_integrity(release.integrity):
            shared.add(version)
        else:
            what = f"{copied.name}@{version} is there already with other bytes: a version never changes"
            problems.append(Problem(str(copied.name), what, "find out which of the two is the right one"))
    if problems:
        raise IntegrityError(*problems)
    return shared


def _joined(copied: PackageMetadata, before: PackageMetadata | None) -> PackageMetadata:
    """Return what is known of a package with what another registry knows of it; raises as `_shared` does."""
    if before is None:
        return copied
    _shared(copied, before)
    later, other = (copied, before) if copied.modified_at > before.modified_at else (before, copied)
    releases = {**other.releases, **later.releases}
    return with_own(replace(later, releases=releases), other, later.releases.keys())


def _plain(version: str) -> str:
    """Return a version without its build metadata, which makes no other version."""
    return version.partition("+")[0]


def _pieces(source: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the bytes of an archive, and no more than one piece beyond its size."""
    while size >= 0 and (piece := source.read(PIECE)):
        size -= len(piece)
        yield piece
