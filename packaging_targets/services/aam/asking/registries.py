"""What registries have: `aam outdated`, `aam search` and `aam info`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from packaging_targets.errors import Problem, RegistryError, RequestError, near_miss
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.model.versions.ranges import VersionRange
from packaging_targets.model.versions.semver import SemanticVersion
from packaging_targets.registry.aam.protocol import Summary
from packaging_targets.registry.aam.resolving.routes import Offer
from packaging_targets.registry.aam.resolving.values import discouraged
from packaging_targets.registry.aam.searching import best_first
from packaging_targets.services.aam.asking.graph import read, roots
from packaging_targets.services.aam.asking.signatures import Told, signature_told
from packaging_targets.services.aam.config import read_config
from packaging_targets.services.aam.installing.project import Project
from packaging_targets.services.aam.registries.choosing import routes_of
from packaging_targets.services.aam.specs import parse_spec


@dataclass(frozen=True, slots=True)
class Outdated:
    """A package of which there are newer versions: the locked one, the newest that all ranges allow, the newest.

    `wanted` is the locked one where no range allows a newer one.
    """

    name: str
    current: str
    wanted: str
    latest: str
    registry: str


@dataclass(frozen=True, slots=True)
class Ageing:
    """The packages that are outdated, and what should be heard of those that are locked: yanked, deprecated."""

    packages: tuple[Outdated, ...]
    warnings: tuple[Problem, ...]


def outdated(root: str, names: Sequence[str] = (), registry: str = "") -> Ageing:
    """Return which packages of a project, or of those of `names`, have newer versions, or should not be used."""
    project = read(root)
    for name in names:
        if name not in project.lock.resolved:
            fix = near_miss(name, project.lock.resolved) or "see: aam list"
            raise RequestError.one(f"`{name}` is not among what is installed", project.title, fix)
    chosen = {name: one for name, one in project.lock.resolved.items() if one.registry and (not names or name in names)}
    routes = routes_of(root, registry) if chosen else None
    found: list[Outdated] = []
    warnings: list[Problem] = []
    for name, one in sorted(chosen.items()):
        offer = routes.offer(name, one.registry) if routes else None
        if offer is None:
            continue
        found += filter(None, [_row(project, name, one.version, offer)])
        if (release := offer.metadata.releases.get(one.version)) is not None:
            warnings += discouraged(name, offer.registry.url, release)
    return Ageing(tuple(found), tuple(warnings))


def _row(project: Project, name: str, current: str, offer: Offer) -> Outdated | None:
    ranges = [one.dependencies[name] for one in project.lock.resolved.values() if name in one.dependencies]
    ranges += [roots(project)[name]] if name in roots(project) else []
    version = SemanticVersion.parse(current)
    newer = [one.version for one in offer.metadata.newest_first() if version < one.version]
    allowed = [one for one in newer if all(VersionRange.parse(text).allows(one) for text in ranges)]
    stable = [one for one in newer if not one.prerelease]
    latest = stable or allowed
    if not latest:
        return None
    return Outdated(name, current, str(allowed[0]) if allowed else current, str(latest[0]), offer.registry.url)


def search(root: str, text: str, limit: int, registry: str = "") -> tuple[tuple[str, Summary], ...]:
    """Return the packages that have all words of `text`, the best first, each with the URL of its registry."""
    routes = routes_of(root, registry)
    if not routes.known:
        routes.unconfigured()
    found = {one: url for url in reversed(routes.known) for one in routes.registry(url).search(text, limit)}
    return tuple((found[one], one) for one in best_first(found, text)[:limit])


@dataclass(frozen=True, slots=True)
class Info:
    """What a registry knows of a package, and of one of its versions; `signature` is None where that is not signed."""

    registry: str
    metadata: PackageMetadata
    release: Release
    signature: Told | None = None


def info(root: str, text: str, registry: str = "") -> Info:
    """Return what is known of `name`, `name@version`, `name@range` or `name@tag`.

    Raises RegistryError where there is no such package or version.
    """
    spec = parse_spec(text, root)
    if not spec.name:
        raise RequestError.one(f"`{text}` is no name of a package", "", "write NAME or NAME@1.2.3")
    routes = routes_of(root, registry)
    offer = routes.offer(spec.name)
    if offer is None:
        what = f"there is no package `{spec.name}` in {routes.asked(spec.name)}"
        raise RegistryError.one(what, "", routes.near(spec.name) or "see: aam search")
    release = _release(offer, spec.kind, spec.text)
    signature = signature_told(offer.registry, offer.metadata.name, release, read_config(root))
    return Info(offer.registry.url, offer.metadata, release, signature)


def _release(offer: Offer, kind: str, text: str) -> Release:
    metadata = offer.metadata
    if kind == "tag" and text in metadata.tags:
        return metadata.releases[metadata.tags[text]]
    if kind == "tag" and text == "latest":
        text = "*"
    elif kind == "tag":
        tags = f"tags: {', '.join(sorted(metadata.tags)) or 'none'}"
        fix = near_miss(text, metadata.tags) or tags
        raise RegistryError.one(f"`{metadata.name}` has no tag `{text}`", offer.registry.url, fix)
    within = VersionRange.parse(text)
    for one in metadata.newest_first(yanked=within.is_exact):
        if within.allows(one.version):
            return one
    there = ", ".join(str(one.version) for one in metadata.newest_first())
    raise RegistryError.one(f"`{metadata.name}` has no version `{text}`", offer.registry.url, f"there are {there}")
