"""Whether packages are signed by those whom the configuration names, before anything of them is unpacked.

A signature is about an archive's digest, which the lock has, so nothing has to be fetched but the signature. It is kept
beside the archive in the cache, and verified every time, whoever put it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from packaging_targets.errors import IntegrityError, PackagingError, Problem, raise_all
from packaging_targets.formats.aam.integrity import parse_integrity
from packaging_targets.formats.aam.lock import LockedPackage
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.signature import MAX_SIGNATURE, SignedArchive
from packaging_targets.services.aam.config import Config
from packaging_targets.services.aam.installing.local import archive_of
from packaging_targets.services.aam.signing.policies import Demand, demands_on
from packaging_targets.services.aam.signing.trust import Trust, read_trust
from packaging_targets.services.aam.signing.verifying import verify
from packaging_targets.store.aam.cache import PackageCache

Bundles = Callable[[str, LockedPackage], bytes | None]
_AT_ONCE = 4
_FIX = "ask whoever publishes it to sign it: aam pkg publish --sign"


@dataclass(slots=True)
class Signatures:
    """What it needs: what is demanded, the cache, and what gets the bundle of a package from where that comes from."""

    config: Config
    cache: PackageCache
    bundles: Bundles
    verified: int = 0
    _trusted: dict[str, Trust] = field(default_factory=dict)

    def check(self, wanted: Mapping[str, LockedPackage]) -> tuple[Problem, ...]:
        """Return what should be signed and is not; raises IntegrityError with all that has to be and is not.

        Raises RequestError where a trust root cannot be read.
        """
        asked = {name: found for name in sorted(wanted) if (found := demands_on(name, self.config))}
        for path in dict.fromkeys(one.trust_root for demands in asked.values() for one in demands):
            self._trusted[path] = read_trust(path)
        problems: list[Problem] = []
        warnings: list[Problem] = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for failed in pool.map(lambda name: self._failed(name, wanted[name], asked[name]), asked):
                self.verified += not failed
                for demand, told in failed:
                    (problems if demand.required else warnings).extend(told)
        raise_all(problems, IntegrityError, warnings)
        return tuple(warnings)

    def _failed(
        self, name: str, locked: LockedPackage, demands: Sequence[Demand]
    ) -> list[tuple[Demand, Sequence[Problem]]]:
        """Return the demands that are not met by the bundle in the cache, nor by the one where the package is from."""
        archive = archive_of(name, locked)
        cached = self.cache.beside(archive, MAX_SIGNATURE)
        if cached is not None and not list(self._against(cached, name, locked, demands)):
            return []
        try:
            data = self.bundles(name, locked)
        except PackagingError as error:
            return [(demand, error.problems) for demand in demands]
        if data is None:
            return [(demand, [_unsigned(archive.title, archive.where, demand)]) for demand in demands]
        failed = list(self._against(data, name, locked, demands))
        if not failed:
            self.cache.put_beside(archive, data)
        return failed

    def _against(
        self, data: bytes, name: str, locked: LockedPackage, demands: Sequence[Demand]
    ) -> Iterator[tuple[Demand, Sequence[Problem]]]:
        about = SignedArchive(PackageName.parse(name), locked.version, parse_integrity(locked.integrity))
        for demand in demands:
            try:
                trust = self._trusted[demand.trust_root]
                verify(data, about, demand.expected, trust, locked.registry or locked.path)
            except PackagingError as error:
                yield demand, error.problems


def _unsigned(title: str, where: str, demand: Demand) -> Problem:
    return Problem(where, f"{title} is not signed, and {demand.where} wants {demand.told}", _FIX)
