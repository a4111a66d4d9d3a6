"""`meta.json`: what a registry knows of one package. It is the truth; `index.json` and `dist-tags.json` follow from it.

    {"name": "@acme/review", "versions": {"2.0.0": {…}}, "dist-tags": {"latest": "2.0.0"}, "modifiedAt": "2026-…Z"}

Members that we do not know are kept as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging_targets.formats.aam.names import PackageName
from packaging_targets.model.versions.semver import LATEST, SemanticVersion


@dataclass(frozen=True, slots=True)
class Yank:
    """That a version is hidden from new resolutions, since when (seconds since 1970), and why.

    `tags` are those that led to it then, which it gets back where it is shown again.
    """

    at: int
    reason: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """A version that was published.

    `integrity` is the archive's as `formats/aam/integrity.py` writes it, `tarball` its path from the folder of
    meta.json, `size` its bytes. Times are seconds since 1970. `dependencies`, `optional` and `peers` are ranges by
    name.
    `deprecated` is a message for those who install it, or empty. The archive of a version that is `missing` is not
    where it was, which says nothing of the version: it comes back with its bytes.
    """

    version: SemanticVersion
    integrity: str
    tarball: str
    published_at: int = 0
    size: int = 0
    description: str = ""
    author: str = ""
    dependencies: Mapping[str, str] = field(default_factory=dict)
    optional: Mapping[str, str] = field(default_factory=dict)
    peers: Mapping[str, str] = field(default_factory=dict)
    yanked: Yank | None = None
    deprecated: str = ""
    missing: bool = False
    other: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_shown(self) -> bool:
        """Whether the version is in listings and can be chosen."""
        return self.yanked is None and not self.missing


@dataclass(frozen=True, slots=True)
class PackageMetadata:
    """All that a registry knows of a package: `releases` by the text of their version, and versions by tag."""

    name: PackageName
    releases: Mapping[str, Release]
    tags: Mapping[str, str]
    modified_at: int = 0
    other: Mapping[str, Any] = field(default_factory=dict)

    def newest_first(self, *, yanked: bool = False) -> Iterable[Release]:
        """Return the releases by precedence, highest first, without those that are not shown unless asked for."""
        found = [one for one in self.releases.values() if yanked or one.is_shown]
        return sorted(found, key=lambda one: one.version.precedence(), reverse=True)

    @property
    def leading(self) -> Mapping[str, str]:
        """What tags lead to for now: nothing where an archive is missing, and `latest` to the highest that is there."""
        missing = {text for text, one in self.releases.items() if one.missing}
        found = {tag: version for tag, version in self.tags.items() if version not in missing}
        if (LATEST in self.tags) > (LATEST in found) and (instead := highest(self.newest_first())):
            found[LATEST] = instead
        return found


def highest(releases: Iterable[Release]) -> str:
    """Return the highest stable version of some, or the highest where none is stable; empty for none."""
    versions = [one.version for one in releases]
    stable = [one for one in versions if not one.prerelease]
    return str(max(stable or versions, key=SemanticVersion.precedence)) if versions else ""
