"""What targets offer as packages for agents goes to registries of these."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from packaging_targets.errors import PackagingError, Problem
from packaging_targets.formats.aam.integrity import parse_integrity
from packaging_targets.model.versions.ranges import VersionRange
from packaging_targets.model.versions.semver import SemanticVersion
from packaging_targets.registry.aam.protocol import Registry
from packaging_targets.services.aam.registries.choosing import registry_of
from packaging_targets.services.aam.registries.publishing import look_into, open_archive, publish_archive
from packaging_targets.services.publish.report import DIFFERENT, PLANNED, PRESENT, PUBLISHED, Artifact, Report, differs

_KEY = "agent_package"  # what the rule provides


@dataclass(frozen=True, slots=True)
class OfferedPackage:
    """An archive that a target has made: its path from the root, and the tag that it is published under, or none."""

    label: str
    archive: str
    tag: str = ""


def publish_packages(root: str, offered: Sequence[OfferedPackage], registry: str, *, dry_run: bool) -> Report:
    """Publish archives to one registry: `registry` is a URL, a path from `root`, or a name in the configuration.

    Raises RequestError where there is no such registry; what is wrong with one package keeps no other back.
    """
    place = registry_of(registry, folder=root)
    return Report.together(_published(root, one, place, dry_run=dry_run) for one in offered)


def unnamed(provided: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Problem]:
    """Yield what packages depend on that another target makes, in a version that fits, and `deps` does not name.

    `provided` is what all targets of a workspace provide, by label. Such a package would be published without that
    its dependency was built, and compared, with it.
    """
    found = ((label, values.get(_KEY)) for label, values in provided)
    made = {one["name"]: (label, one) for label, one in found if isinstance(one, dict) and "wants" in one}
    for label, package in made.values():
        named = {one["name"] for one in package["dependencies"]}
        for name, text in package["wants"].items():
            if name not in made or name in named:
                continue
            other, standing = made[name]
            if VersionRange.parse(text).allows(SemanticVersion.parse(standing["version"])):
                what = f"the manifest depends on `{name}` {text}, which `{other}` makes, and `deps` does not name that"
                yield Problem(label, what, f'add "{other}" to `deps`', label, "$.deps")


def _published(root: str, offered: OfferedPackage, registry: Registry, *, dry_run: bool) -> Report:
    path = os.path.join(root, offered.archive)
    try:
        if present := _present(path, registry):
            return Report((present,), problems=tuple(_kept(present, offered)))
        done = publish_archive(path, registry, offered.tag, dry_run=dry_run)
    except PackagingError as error:
        return Report(problems=tuple(_labelled(one, offered) for one in error.problems))
    digest = str(parse_integrity(done.release.integrity))
    version, outcome = str(done.release.version), PLANNED if dry_run else PUBLISHED
    place = f"{registry.url}/{done.name}"
    return Report((Artifact(str(done.name), place, version, digest, outcome, (version, *done.tags)),), done.warnings)


def _present(path: str, registry: Registry) -> Artifact | None:
    """Return what the registry has of the version in an archive, or None where it has nothing of it."""
    with open_archive(path) as archive:
        manifest, release = look_into(archive, path)
    known = registry.metadata(manifest.name)
    found = known.releases.get(str(release.version)) if known else None
    if found is None:
        return None
    digest = parse_integrity(found.integrity)
    outcome = PRESENT if digest == parse_integrity(release.integrity) else DIFFERENT
    place = f"{registry.url}/{manifest.name}"
    return Artifact(str(manifest.name), place, str(release.version), str(digest), outcome)


def _kept(present: Artifact, offered: OfferedPackage) -> Iterator[Problem]:
    """Yield what to say where the registry has another archive of the version."""
    if present.outcome == DIFFERENT:
        yield replace(differs(present, present.place), label=offered.label)


def _labelled(problem: Problem, offered: OfferedPackage) -> Problem:
    return replace(problem, where=problem.where or offered.archive, label=offered.label)
