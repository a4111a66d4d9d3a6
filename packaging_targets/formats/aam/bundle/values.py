"""A bundle: what a package and all that it depends on are, in the files of one platform.

my-package-1.0.0-cursor.bundle.aam
├── bundle.json           format, version, package, package_version, target, built_at, checksum, artifacts
├── .cursor/…             what is deployed
└── package.agent.json    the package's own manifest, byte for byte
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.manifest import BUNDLE_JSON, MANIFEST
from packaging_targets.formats.aam.package.reader import PackageFile
from packaging_targets.model.digest import Digest

TARGETS = ("claude-code", "codex", "copilot", "cursor")
ALIASES = {"claude": "claude-code"}
FORMAT, VERSION = "uaaps-bundle", "1.0"
TYPES = ("skill", "agent", "command", "rule", "hook", "mcp")
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


def bundle_name(archive: str, target: str) -> str:
    """Return what the bundle for a target is called, of the package that packs to `archive`."""
    return f"{archive.removesuffix('.aam')}-{target}{SUFFIX}"


def bundle_targets(engines: Iterable[str], configured: Iterable[str] = ()) -> tuple[str, ...]:
    """Return which targets `all` means: those of a manifest's `engines`, else those that are configured, else all.

    Engines that are no target of ours are passed over.
    """
    for names in (engines, configured):
        known = {ALIASES.get(one, one) for one in names}
        if found := tuple(one for one in TARGETS if one in known):
            return found
    return TARGETS


def checksum(files: Mapping[str, PackageFile]) -> str:
    """Return the `checksum` of a bundle: of the lines `<hex sha256>  <path>` of all members but bundle.json, sorted."""
    lines = sorted(f"{Digest.of(file.data).hex}  {path}\n" for path, file in files.items() if path != BUNDLE_JSON)
    return f"sha256:{Digest.of(''.join(lines).encode()).hex}"
