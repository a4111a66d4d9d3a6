"""What a resolution is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.metadata import Release
from packaging_targets.formats.aam.times import time_text
from packaging_targets.model.versions.semver import SemanticVersion

Ranges = Mapping[str, str]
"""Ranges of versions by the name of a package."""


@dataclass(frozen=True, slots=True)
class Locked:
    """What a lock says of a package: its version, the URL of its registry (none for a file), its integrity."""

    version: str
    registry: str
    integrity: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version of a package that can be had: from a registry, which has the release, or from a file.

    `registry` is a URL, and empty where the package comes from the file or folder `path`.
    """

    name: str
    version: SemanticVersion
    integrity: str
    registry: str = ""
    path: str = ""
    dependencies: Ranges = field(default_factory=dict)
    optional: Ranges = field(default_factory=dict)
    peers: Ranges = field(default_factory=dict)
    release: Release | None = None

    def __str__(self) -> str:
        return f"`{self.name}` {self.version}"


def told_yank(release: Release) -> str:
    """Return that a release is yanked, since when and why, as the end of a sentence."""
    if release.yanked is None:
        return ""
    why = " ".join(release.yanked.reason.split())
    return f"is yanked since {time_text(release.yanked.at)}{f': {why}' if why else ''}"


def discouraged(name: str, registry: str, release: Release) -> Iterator[Problem]:
    """Yield that a release is yanked, and that it is deprecated: what those who have it should hear."""
    if release.yanked is not None:
        what = f"`{name}` {release.version} {told_yank(release)}"
        yield Problem(registry, what, f"take another version: aam update {name}")
    if release.deprecated:
        told = " ".join(release.deprecated.split())  # it is a stranger's, and stays on its line
        yield Problem(registry, f"`{name}` {release.version} is deprecated: {told}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a project wants.

    `ranges` are those of the project, which is called `where`. `locked` is preferred, `overrides` are exact versions
    that go before whatever anybody wants, `files` are packages that do not come from registries. `homes` are URLs of
    registries that packages came from so far, also of those of which newer versions are taken.
    """

    ranges: Ranges
    where: str = "package.agent.json"
    optional: Ranges = field(default_factory=dict)
    peers: Ranges = field(default_factory=dict)
    locked: Mapping[str, Locked] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Candidate] = field(default_factory=dict)
    homes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolution:
    """One version of each package, by name; `left_out` and `peers` tell of what is missing."""

    packages: Mapping[str, Candidate]
    left_out: tuple[Problem, ...] = ()
    peers: tuple[Problem, ...] = ()

    def dependencies_of(self, candidate: Candidate) -> Ranges:
        """Return what a package needs here: its dependencies, and the optional ones that could be had."""
        optional = {name: text for name, text in candidate.optional.items() if name in self.packages}
        return {**optional, **candidate.dependencies}
