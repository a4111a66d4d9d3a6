"""What is installed, and why: `aam list`, `aam tree` and `aam why`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging_targets.errors import RequestError, near_miss
from packaging_targets.services.aam.installing.project import Project, looking
from packaging_targets.store.aam.places import DEPLOYED

PROJECT = "the project"


@dataclass(frozen=True, slots=True)
class Node:
    """A package as somebody needs it: in which range, which version there is, and what it needs in turn.

    `is_repeated` says that what it needs is told elsewhere; a version is empty where the package is missing.
    """

    name: str
    wanted: str
    version: str
    needs: tuple[Node, ...] = ()
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A package of the lock: `wanted` is the project's own range, if it has one, `source` where it came from."""

    name: str
    version: str
    wanted: str
    source: str
    integrity: str
    is_there: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """All packages of a project, and the bundles that are deployed: package, version and platform of each."""

    packages: tuple[Listed, ...]
    bundles: tuple[tuple[str, str, str], ...]


def read(root: str) -> Project:
    """Return a project as it is between two changes; raises as `Project.read`."""
    with looking(root):
        return Project.read(root)


def listing(root: str) -> Listing:
    """Return what the lock of a project has, and what is deployed."""
    project = read(root)
    found = [
        Listed(
            name,
            one.version,
            roots(project).get(name, ""),
            one.registry or one.path,
            one.integrity,
            project.is_installed(name, one.version, one.integrity),
        )
        for name, one in sorted(project.lock.resolved.items())
    ]
    return Listing(tuple(found), tuple(_bundles(project)))


def _bundles(project: Project) -> Iterator[tuple[str, str, str]]:
    if project.deployed:
        from packaging_targets.services.aam.installing.deploying.records import records_of

        for (name, target), record in sorted(records_of(project).items()):
            yield name, record.version, target


def roots(project: Project) -> Mapping[str, str]:
    """Return what the project itself wants, as ranges by name, with what is optional and could be had."""
    optional = project.also("optionalDependencies")
    return {**{name: text for name, text in optional.items() if name in project.lock.resolved}, **project.wanted}


def tree(root: str, depth: int | None = None) -> tuple[Node, ...]:
    """Return what the project wants, each with what it needs, `depth` levels deep; each package's needs once."""
    project = read(root)
    seen: set[str] = set()
    return tuple(_nodes(project, roots(project), depth, seen, ()))


def _nodes(
    project: Project, ranges: Mapping[str, str], depth: int | None, seen: set[str], above: tuple[str, ...]
) -> Iterator[Node]:
    for name, text in sorted(ranges.items()):
        locked = project.lock.resolved.get(name)
        if locked is None:
            yield Node(name, text, "")
            continue
        again = name in seen and bool(locked.dependencies)
        seen.add(name)
        deeper = depth is None or len(above) < depth
        needs: tuple[Node, ...] = ()
        if deeper and not again and name not in above:
            needs = tuple(_nodes(project, locked.dependencies, depth, seen, (*above, name)))
        yield Node(name, text, locked.version, needs, again)


@dataclass(frozen=True, slots=True)
class Reason:
    """That a package is needed: by whom (from the project on, each with its version), in which range."""

    path: tuple[str, ...]
    wanted: str


def why(root: str, name: str) -> tuple[str, tuple[Reason, ...]]:
    """Return the version of a package and all who need it, each with a shortest way from the project.

    Raises RequestError where it is not locked.
    """
    project = read(root)
    locked = project.lock.resolved.get(name)
    if locked is None and (targets := [target for other, _, target in _bundles(project) if other == name]):
        what = f"`{name}` is a bundle (for {', '.join(targets)}): no package needs it, and it needs none"
        raise RequestError.one(what, DEPLOYED, f"take it back with: aam uninstall {name}")
    if locked is None:
        fix = near_miss(name, project.lock.resolved) or "see: aam list"
        raise RequestError.one(f"`{name}` is not among what is installed", project.title, fix)
    ways = _ways(project)
    reasons = [Reason((PROJECT,), roots(project)[name])] if name in roots(project) else []
    for other, one in sorted(project.lock.resolved.items()):
        if name in one.dependencies and other in ways:
            reasons.append(Reason((*ways[other], f"{other}@{one.version}"), one.dependencies[name]))
    return locked.version, tuple(reasons)


def _ways(project: Project) -> Mapping[str, tuple[str, ...]]:
    """Return a shortest way to who needs each package."""
    found: dict[str, tuple[str, ...]] = dict.fromkeys(sorted(roots(project)), (PROJECT,))
    waiting = list(found)
    for name in waiting:
        locked = project.lock.resolved.get(name)
        for needed in sorted(locked.dependencies) if locked else ():
            if needed not in found and locked:
                found[needed] = (*found[name], f"{name}@{locked.version}")
                waiting.append(needed)
    return found


def as_value(node: Node) -> dict[str, Any]:
    """Return a node as JSON."""
    return {
        "name": node.name,
        "wanted": node.wanted,
        "version": node.version,
        "dependencies": [as_value(one) for one in node.needs],
        "repeated": node.is_repeated,
    }
