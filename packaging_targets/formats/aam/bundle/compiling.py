"""Compiles a package and all that it depends on for a platform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from packaging_targets.errors import Problem, RequestError, near_miss, raise_all
from packaging_targets.formats.aam.bundle.output import Output
from packaging_targets.formats.aam.bundle.platforms.claude_code import ClaudeCode
from packaging_targets.formats.aam.bundle.platforms.codex import Codex
from packaging_targets.formats.aam.bundle.platforms.copilot import Copilot
from packaging_targets.formats.aam.bundle.platforms.cursor import Cursor
from packaging_targets.formats.aam.bundle.platforms.platform import Platform
from packaging_targets.formats.aam.bundle.source import FLAT, Source
from packaging_targets.formats.aam.bundle.values import ALIASES, FORMAT, VERSION, Bundle, bundle_name, checksum
from packaging_targets.formats.aam.manifest import MANIFEST, AgentManifest
from packaging_targets.formats.aam.package.reader import AgentPackage
from packaging_targets.formats.aam.package.scanning.allowed import HIDDEN, allowances, may_hide_text
from packaging_targets.formats.aam.package.scanning.scan import look_into
from packaging_targets.formats.aam.times import time_text

PLATFORMS: dict[str, type[Platform]] = {one.target: one for one in (ClaudeCode, Codex, Copilot, Cursor)}


def platform_of(target: str) -> type[Platform]:
    """Return the platform of a target; raises RequestError for one that there is not."""
    name = ALIASES.get(target, target)
    if name not in PLATFORMS:
        listing = f"(targets: {', '.join(PLATFORMS)})"
        raise RequestError.one(
            f"there is no target `{target}`", fix=f"{near_miss(target, PLATFORMS)}  {listing}".strip()
        )
    return PLATFORMS[name]


def compile_bundle(
    root: AgentPackage,
    dependencies: Sequence[AgentPackage],
    target: str,
    *,
    scoped_dirs: str = FLAT,
    built_at: int = 0,
) -> Bundle:
    """Return the bundle of `root` and its dependencies for a platform of TARGETS.

    `scoped_dirs` is `flat` (`acme-review`) or `seed` (`acme--review`); `built_at` counts seconds since 1970.
    Raises RequestError with all that is wrong with the packages, such as what no agent should read, and with names
    that two of them want.
    """
    platform = platform_of(target)
    output = Output(platform.title)
    packages = (root, *sorted(dependencies, key=lambda one: one.manifest.name))
    sources = [Source(package, scoped_dirs) for package in packages]
    for source in sources:
        output.errors += source.artifacts.errors
        output.errors += _carried(source, root.manifest)
        output.warnings += source.artifacts.warnings
        platform(source, output, sources).deploy()
    raise_all(output.errors, RequestError, output.warnings)
    files = {**output.files(), MANIFEST: root.files[MANIFEST]}
    manifest = root.manifest
    if len(files) == 1:
        what = f"the bundle is empty: nothing in the package is for {platform.title}"
        output.lose(f"{manifest.name}@{manifest.version}", what)
    name, warnings = bundle_name(manifest.archive, platform.target), tuple(sorted(set(output.warnings)))
    about = {**_about(manifest, platform.target), "built_at": time_text(built_at)}
    about |= {"checksum": checksum(files), "artifacts": output.artifacts()}
    return Bundle(name, platform.target, files, about, warnings)


def _about(manifest: AgentManifest, target: str) -> dict[str, Any]:
    package = {"package": str(manifest.name), "package_version": str(manifest.version)}
    return {"format": FORMAT, "version": VERSION, **package, "target": target}


def _carried(source: Source, root: AgentManifest) -> Iterator[Problem]:
    """Yield what no package should carry, but for what its own manifest allows, at the places that its author knows.

    A bundle carries one manifest, that of its root: where this allows no hidden characters, nothing else may have any.
    """
    allowed = allowances(source.package.manifest)
    refused = frozenset() if may_hide_text(root) else frozenset({HIDDEN})
    for path, file in source.package.files.items():
        yield from look_into(source.where(path), file.data, allowed(path) - refused)
