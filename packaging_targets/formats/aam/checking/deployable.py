"""Whether platforms can have what a package gives to agents: what no bundle could be made of is never packed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging_targets.formats.aam.artifacts.discovery import find_artifacts
from packaging_targets.formats.aam.bundle.compiling import PLATFORMS
from packaging_targets.formats.aam.bundle.output import Output
from packaging_targets.formats.aam.bundle.source import Source
from packaging_targets.formats.aam.bundle.values import bundle_targets
from packaging_targets.formats.aam.package.reader import AgentPackage, PackageFile
from packaging_targets.model.digest import Digest

if TYPE_CHECKING:
    from packaging_targets.errors import Problem
    from packaging_targets.formats.aam.artifacts.values import Artifacts
    from packaging_targets.formats.aam.manifest import AgentManifest


def deployable_artifacts(manifest: AgentManifest, files: Mapping[str, bytes], folder: str = "") -> Artifacts:
    """Return what `find_artifacts` does, with what keeps the package by itself from being compiled among the errors.

    That is a name that gets too long, or two things that become one, on any platform of the manifest's `engines`.
    """
    found = find_artifacts(manifest, files, folder)
    if found.errors:
        return found
    empty = PackageFile(b"")  # where things go does not depend on what the files hold
    package = AgentPackage(manifest, dict.fromkeys(files, empty), Digest.of(b""))
    errors: dict[str, Problem] = {}
    for target in bundle_targets(manifest.value.get("engines", {})):
        source, output = Source(package, given=found), Output(PLATFORMS[target].title)
        PLATFORMS[target](source, output, [source]).deploy()
        for one in output.errors:
            path = one.where.removeprefix(source.where(""))
            errors.setdefault(path, replace(one, where=f"{folder}/{path}" if folder else path))
    return replace(found, errors=tuple(errors.values()))
