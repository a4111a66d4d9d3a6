"""`package.agent.json`: what a package says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging_targets.formats.aam.names import PackageName
from packaging_targets.model.versions.ranges import VersionRange
from packaging_targets.model.versions.semver import SemanticVersion

MANIFEST = "package.agent.json"
BUNDLE_JSON = "bundle.json"
"""What stands at the root of a bundle, and never at that of a package."""


@dataclass(frozen=True, slots=True)
class AgentManifest:
    """A manifest that is in order: `value` is all of it, as JSON."""

    name: PackageName
    version: SemanticVersion
    value: Mapping[str, Any]

    @property
    def dependencies(self) -> Mapping[str, VersionRange]:
        """What the package needs: ranges by name."""
        return self._ranges("dependencies")

    @property
    def optional(self) -> Mapping[str, VersionRange]:
        """What the package uses where it can be had."""
        return self._ranges("optionalDependencies")

    @property
    def peers(self) -> Mapping[str, VersionRange]:
        """What whoever installs the package has to bring."""
        return self._ranges("peerDependencies")

    @property
    def archive(self) -> str:
        """What the package's archive is called."""
        return self.name.archive(self.version)

    def _ranges(self, member: str) -> Mapping[str, VersionRange]:
        return {name: VersionRange.parse(text) for name, text in self.value.get(member, {}).items()}
