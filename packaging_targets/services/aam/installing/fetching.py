"""Brings the archives of locked packages here, and unpacks them beside where they will stand."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from packaging_targets.errors import IntegrityError, PackagingError, Problem, RegistryError, raise_all
from packaging_targets.formats.aam.integrity import integrity_of, parse_integrity
from packaging_targets.formats.aam.lock import LockedPackage
from packaging_targets.formats.aam.manifest import AgentManifest
from packaging_targets.formats.aam.metadata import Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.package.reader import PackageReader
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.protocol import Registry
from packaging_targets.registry.aam.resolving.routes import Routes
from packaging_targets.registry.aam.resolving.values import discouraged
from packaging_targets.services.aam.config import read_config
from packaging_targets.services.aam.installing.local import archive_of, packed
from packaging_targets.services.aam.installing.project import Installed
from packaging_targets.services.aam.installing.signed import Signatures
from packaging_targets.services.aam.signing.bundles import bundle_beside
from packaging_targets.store.aam.cache import Archive, PackageCache
from packaging_targets.store.aam.unpacked_tree import unpack

Tell = Callable[[str], None]
_AT_ONCE = 8  # a registry may be far away


@dataclass(frozen=True, slots=True)
class Fetching:
    """What it needs: the cache, the registries (known when something is not in the cache), the project's folder.

    `releases` are those that registries were asked for, with the URL of each, by the name of the package.
    """

    cache: PackageCache
    routes: Callable[[], Routes]
    root: str
    releases: dict[str, tuple[str, Release]] = field(default_factory=dict)

    def discouraged(self) -> tuple[Problem, ...]:
        """Return what should be heard of the releases that registries were asked for: who is offline asks nobody."""
        return tuple(one for name in sorted(self.releases) for one in discouraged(name, *self.releases[name]))

    def checked(self, wanted: Mapping[str, LockedPackage]) -> tuple[Problem, ...]:
        """Refuse what comes from elsewhere than its scope belongs to, or is not signed by those who have to.

        Returns what should be signed, and is not. Raises PackagingError with all problems.
        """
        self._check_homes(wanted)
        return self.signatures().check(wanted)

    def signatures(self) -> Signatures:
        """Return what tells whether packages are signed as the configuration demands it."""
        return Signatures(read_config(self.root), self.cache, self._bundle)

    def _bundle(self, name: str, locked: LockedPackage) -> bytes | None:
        """Return the bundle of a package from where the lock says that it comes from, or None where it has none."""
        if locked.path:
            return bundle_beside(os.path.join(self.root, locked.path))
        registry, release = self._release(name, locked)
        return registry.signature(PackageName.parse(name), release)

    def unpacked(self, wanted: Mapping[str, LockedPackage], folder: str, tell: Tell) -> Mapping[str, Installed]:
        """Unpack packages into folders below `folder`, called as packages are; raises PackagingError with all problems.

        Nothing of them is kept where one cannot be had. They were checked before.
        """
        found: dict[str, Installed] = {}
        problems: list[Problem] = []
        kinds: set[type[PackagingError]] = set()
        names = sorted(wanted)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            waiting = [pool.submit(self._unpacked, name, wanted[name], folder) for name in names]
            for number, (name, one) in enumerate(zip(names, waiting, strict=True), 1):
                if one.cancelled():
                    continue
                try:
                    found[name] = one.result()
                    tell(f"unpacked {number:,} of {len(names):,} packages: {name}")
                except PackagingError as error:
                    problems += error.problems
                    kinds.add(type(error))
                    for other in waiting:
                        other.cancel()
        if problems:
            raise (kinds.pop() if len(kinds) == 1 else PackagingError)(*problems)
        return found

    def _check_homes(self, wanted: Mapping[str, LockedPackage]) -> None:
        """Refuse what a lock has from elsewhere than its scope belongs to, though the bytes may be here already."""
        homes = {PackageName.parse(name): one.registry for name, one in wanted.items() if one.registry}
        strays = (self.routes().stray(name, url) for name, url in homes.items() if name.scope)
        raise_all([one for one in strays if one], RegistryError)

    def archive(self, name: str, locked: LockedPackage) -> bytes:
        """Return the bytes of a package's archive, from the cache or from where the lock says it comes from."""
        archive = archive_of(name, locked)
        data = self.cache.get(archive)
        return self._fetched(name, locked, archive) if data is None else data

    def _unpacked(self, name: str, locked: LockedPackage, folder: str) -> Installed:
        archive = archive_of(name, locked)
        reader = PackageReader(io.BytesIO(self.archive(name, locked)), archive.where)
        files = unpack(reader, os.path.join(folder, archive.folder))
        faults = [Problem(archive.where, what) for what in _faults(archive, locked, reader.manifest)]
        if faults:
            raise IntegrityError(*faults)
        return Installed(locked.version, locked.integrity, files)

    def _fetched(self, name: str, locked: LockedPackage, archive: Archive) -> bytes:
        """Return the bytes of an archive that is not in the cache, from where the lock says it comes from."""
        if locked.path:
            return self._again(locked, archive)
        registry, release = self._release(name, locked)
        with registry.open(PackageName.parse(name), release) as file:
            sized = replace(archive, where=registry.url, size=release.size)
            return self.cache.put(sized, file)

    def _release(self, name: str, locked: LockedPackage) -> tuple[Registry, Release]:
        """Return the registry that has a locked package, and the release there; raises PackagingError for another."""
        archive = archive_of(name, locked)
        routes = self.routes()
        registry = routes.registry(routes.everything or locked.registry)
        metadata = registry.metadata(PackageName.parse(name))
        release = metadata.releases.get(locked.version) if metadata else None
        if release is None:
            what = f"{archive.title} is not in the registry any more"
            raise RegistryError.one(what, registry.url, f"aam update {name}, or name a registry that has it")
        if parse_integrity(release.integrity) != archive.digest:
            what = f"{archive.title} has other bytes in the registry than the lock says"
            both = f"{release.integrity} there, {locked.integrity} in the lock"
            raise IntegrityError.one(what, registry.url, f"a version never changes: ask whoever publishes it  ({both})")
        self.releases[name] = registry.url, release
        return registry, release

    def _again(self, locked: LockedPackage, archive: Archive) -> bytes:
        data = packed(locked.path, self.root)
        if Digest.of(data) != archive.digest:
            what = f"{archive.title} has changed since it was locked: it is {integrity_of(Digest.of(data))} now"
            raise IntegrityError.one(what, locked.path, f"aam update {archive.name}")
        return self.cache.put(archive, io.BytesIO(data))


def _faults(archive: Archive, locked: LockedPackage, manifest: AgentManifest) -> Iterator[str]:
    """Yield what the archive says of itself that is not what was resolved."""
    if (str(manifest.name), str(manifest.version)) != (archive.name, archive.version):
        yield f"{archive.title} says of itself that it is `{manifest.name}` {manifest.version}"
    needs: Mapping[str, str] = manifest.value.get("dependencies", {})
    for name, text in locked.dependencies.items():
        if text not in (needs.get(name), manifest.value.get("optionalDependencies", {}).get(name)):
            yield f"{archive.title} does not need `{name}` {text}, which its registry or the lock says"
    for name, text in needs.items():
        if locked.dependencies.get(name) != text:
            yield f"{archive.title} needs `{name}` {text}, of which its registry or the lock says nothing"
