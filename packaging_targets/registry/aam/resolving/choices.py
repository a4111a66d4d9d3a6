"""Which versions of a package there are to choose from, best first, and which of them a range allows.

Sets of versions are numbers with a bit for each, the best lowest: what several ranges allow together is an `&`. One bit
more, the highest, stands for leaving the package out, which only those who want it as optional allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packaging_targets.formats.aam.metadata import Release
from packaging_targets.model.versions.ranges import VersionRange
from packaging_targets.model.versions.semver import SemanticVersion
from packaging_targets.registry.aam.resolving.routes import Offer, Routes
from packaging_targets.registry.aam.resolving.values import Candidate, Locked, Wanted

_ABSENT = SemanticVersion(0, 0, 0)
_NOWHERE = "-"


class Choices:
    """The versions of one package; `candidates` are the best first, `yanked` those that nobody chooses any more."""

    def __init__(self, name: str, candidates: Sequence[Candidate], override: str = "") -> None:
        self.name = name
        self.yanked: Sequence[Release] = ()
        self.candidates = (*candidates, Candidate(name, _ABSENT, "", _NOWHERE))
        self.absent = 1 << len(candidates)
        self._override = override
        self._masks: dict[str, int] = {}

    def allowed(self, text: str) -> int:
        """Return the set of versions that a range allows; an override allows its own, whatever the range."""
        if (known := self._masks.get(text)) is None:
            one = VersionRange.parse(self._override or text)
            fits = (1 << at for at, candidate in enumerate(self.candidates[:-1]) if one.allows(candidate.version))
            known = self._masks[text] = sum(fits)
        return known

    def of(self, mask: int) -> Sequence[tuple[int, Candidate]]:
        """Return the candidates of a set, the best first, each with its bit."""
        found = []
        while mask:
            bit = mask & -mask
            found.append((bit, self.candidates[bit.bit_length() - 1]))
            mask ^= bit
        return found


class Catalogue:
    """The choices of every package that is asked for, looked up when they are."""

    def __init__(self, routes: Routes, wanted: Wanted) -> None:
        self._routes = routes
        self._wanted = wanted
        self._known: dict[str, Choices] = {}
        self._yanked: dict[str, Sequence[Release]] = {}

    def __getitem__(self, name: str) -> Choices:
        if (known := self._known.get(name)) is None:
            known = self._known[name] = Choices(name, self._candidates(name), self._wanted.overrides.get(name, ""))
            known.yanked = self._yanked.get(name, ())
        return known

    def _candidates(self, name: str) -> Sequence[Candidate]:
        if name in self._wanted.files:
            return (self._wanted.files[name],)
        locked = self._wanted.locked.get(name)
        offer = self._routes.offer(name, self._wanted.homes.get(name) or (locked.registry if locked else ""))
        if offer is None:
            return ()
        releases = [one for one in offer.metadata.releases.values() if _is_offered(one, locked)]
        self._yanked[name] = [one for one in offer.metadata.releases.values() if one.yanked]
        releases.sort(key=lambda one: (not one.version.prerelease, one.version), reverse=True)
        if locked:
            releases.sort(key=lambda one: str(one.version) != locked.version)
        return [_candidate(name, offer, one) for one in releases]


def _is_offered(release: Release, locked: Locked | None) -> bool:
    return release.is_shown or (locked is not None and str(release.version) == locked.version)


def _candidate(name: str, offer: Offer, release: Release) -> Candidate:
    return Candidate(
        name,
        release.version,
        release.integrity,
        offer.registry.url,
        dependencies=release.dependencies,
        optional=release.optional,
        peers=release.peers,
        release=release,
    )


def is_absent(candidate: Candidate) -> bool:
    """Tell whether a candidate stands for leaving a package out."""
    return candidate.registry == _NOWHERE


Pins = Mapping[str, Candidate]
"""The candidate that was chosen for each name."""
