"""A bundle: what a package and all that it depends on are, in the files of one platform.

    my-package-1.0.0-cursor.bundle.aam
    ├── bundle.json           format, version, package, package_version, target, built_at, checksum, artifacts
    ├── .cursor/…             what is deployed
    └── package.agent.json    the package's own manifest, byte for byte
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.manifest import MANIFEST
from packaging_targets.formats.aam.package.reader import PackageFile

TARGETS = ("claude-code", "codex", "copilot", "cursor")
ALIASES = {"claude": "claude-code"}
BUNDLE_JSON = "bundle.json"
SUFFIX = ".bundle.aam"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle; `files` are all members but bundle.json, `about` is that, `warnings` what the platform cannot have."""

    name: str
    target: str
    files: Mapping[str, PackageFile]
    about: Mapping[str, Any]
    warnings: tuple[Problem, ...] = ()

    @property
    def deployed(self) -> Mapping[str, PackageFile]:
        """The files that go into a project."""
        return {path: file for path, file in self.files.items() if path != MANIFEST}
