"""The target graph: which target depends on which, and the walks over it.

Inside, a target is a number, its place among all labels in order: walks compare and hash numbers, ties are
broken by label without sorting again, and 20,000 targets take a tenth of a second. Every walk is a loop, so
that a deep graph costs no stack. Labels that no target has are left out of walks; `check` reports them, and
cycles.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING

from packaging_targets.errors import Problem
from packaging_targets.model.label import Label
from packaging_targets.model.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    _Edges = Sequence[Iterable[int]]

_LISTED = 8
_COMPARISONS = 50_000
"""How many labels all near misses of a check may be sought among: about two seconds' worth."""

_DECLARE = "declare this target, or correct the label"


class TargetGraph(Mapping[Label, Target]):
    """The targets of a workspace, in the order of their labels, and who depends on whom. It never changes."""

    def __init__(self, targets: Mapping[Label, Target]) -> None:
        self._targets = targets
        self._labels: list[Label] = sorted(targets, key=attrgetter("package", "name"))

    def __getitem__(self, label: Label) -> Target:
        return self._targets[label]

    def __iter__(self) -> Iterator[Label]:
        return iter(self._labels)

    def __len__(self) -> int:
        return len(self._labels)

    def deps(self, labels: Iterable[Label], depth: int | None = None) -> set[Label]:
        """Return `labels` and what they depend on, at most `depth` steps away."""
        return self._reach(labels, self._forward, depth)

    def rdeps(self, labels: Iterable[Label], depth: int | None = None) -> set[Label]:
        """Return `labels` and what depends on them, at most `depth` steps away."""
        return self._reach(labels, self._backward, depth)

    def somepath(self, starts: Iterable[Label], ends: Iterable[Label]) -> tuple[Label, ...]:
        """Return a shortest chain of dependencies from one of `starts` to one of `ends`, or nothing."""
        path = _path(sorted(self._known(starts)), self._known(ends), self._forward)
        return tuple(self._labels[at] for at in path)

    def allpaths(self, starts: Iterable[Label], ends: Iterable[Label]) -> set[Label]:
        """Return every target on any chain of dependencies from one of `starts` to one of `ends`."""
        return self.deps(starts) & self.rdeps(ends)

    def order(self, labels: Iterable[Label]) -> tuple[Label, ...]:
        """Return `labels`, each after those that it depends on, directly or not, whatever order they came in.

        The graph must pass `check`: in a cycle nothing comes first.
        """
        wanted = self._known(labels)
        return tuple(self._labels[at] for at in self._postorder(sorted(wanted)) if at in wanted)

    def check(self, place: Callable[[Target, Label], tuple[str, str]] | None = None) -> tuple[Problem, ...]:
        """Return a problem for each label that no target has, and one for each knot of cycles.

        `place` tells where a target names one that it depends on, as a line and the path of a field; without it,
        problems stand at the target.
        """
        at = place or _at_target
        return (*self._missing(at), *(self._cycle(knot, at) for knot in self._knots()))

    def suggest(self, label: Label) -> str:
        """Return the fix for a `label` that no target has: the near miss, and the choices where it points."""
        package = self._nearest_package(label)
        if package is None:
            return _DECLARE
        names = self._names[package]
        name = label.name if label.name in names else _closest(label.name, names)
        listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
        if name is None:
            return f"choose a target of `//{package}`: {listed}"
        return f"did you mean `{Label(package, name)}`?  (targets of `//{package}`: {listed})"

    @cached_property
    def _places(self) -> dict[Label, int]:
        return {label: at for at, label in enumerate(self._labels)}

    @cached_property
    def _forward(self) -> list[list[int]]:
        place = self._places.get
        deps = (map(place, self._targets[label].deps) for label in self._labels)
        return [[at for at in places if at is not None] for places in deps]

    @cached_property
    def _backward(self) -> list[list[int]]:
        dependants: list[list[int]] = [[] for _ in self._labels]
        for at, deps in enumerate(self._forward):
            for dep in deps:
                dependants[dep].append(at)
        return dependants

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for label in self._labels:
            names.setdefault(label.package, []).append(label.name)
        return names

    def _known(self, labels: Iterable[Label]) -> set[int]:
        return {at for at in map(self._places.get, labels) if at is not None}

    def _reach(self, labels: Iterable[Label], edges: Sequence[Iterable[int]], depth: int | None) -> set[Label]:
        reached = self._known(labels)
        frontier = set(reached)
        while frontier and depth != 0:
            frontier = {near for at in frontier for near in edges[at]} - reached
            reached |= frontier
            depth = None if depth is None else depth - 1
        return {self._labels[at] for at in reached}

    def _postorder(self, roots: Sequence[int]) -> list[int]:
        """Return all that `roots` reach, each when a depth-first walk leaves it."""
        entered: set[int] = set()
        left: list[int] = []
        pending = list(reversed(roots))
        while pending:
            at = pending.pop()
            if at < 0:  # the complement of a place says that all below it has been walked
                left.append(~at)
            elif at not in entered:
                entered.add(at)
                pending.append(~at)
                pending.extend(reversed(self._forward[at]))
        return left

    def _missing(self, place: Callable[[Target, Label], tuple[str, str]]) -> Iterator[Problem]:
        suggestions = _COMPARISONS // max(len(self), 1)
        for label, known in zip(self._labels, self._forward, strict=True):
            target = self._targets[label]
            if len(known) == len(target.deps):
                continue
            for dep in dict.fromkeys(target.deps):
                if dep not in self._targets:
                    fix = self.suggest(dep) if suggestions > 0 else _DECLARE
                    suggestions -= 1
                    where, field = place(target, dep)
                    yield Problem(where, f"there is no target `{dep}`", fix, str(label), field)

    def _nearest_package(self, label: Label) -> str | None:
        names = self._names.get(label.package)
        namesakes = [package for package, names in self._names.items() if label.name in names]
        only = namesakes[0] if len(namesakes) == 1 else None
        if names:
            return label.package if only is None or _closest(label.name, names) else only
        return _closest(label.package, namesakes) or _closest(label.package, self._names) or only

    def _knots(self) -> list[set[int]]:
        """Return the sets of targets that all depend on each other, by their smallest label (Kosaraju)."""
        left = self._postorder(range(len(self)))
        position = dict(zip(left, range(len(left)), strict=True))
        if all(position[dep] < position[at] for at in left for dep in self._forward[at]):
            return []
        seen: set[int] = set()
        parts = [self._gather(root, seen) for root in reversed(left)]
        return sorted((part for part in parts if self._is_knot(part)), key=min)

    def _gather(self, root: int, seen: set[int]) -> set[int]:
        """Return what depends on `root` and was not `seen`, and note it there."""
        found: set[int] = set()
        pending = [root]
        while pending:
            at = pending.pop()
            if at not in seen:
                seen.add(at)
                found.add(at)
                pending.extend(self._backward[at])
        return found

    def _is_knot(self, part: AbstractSet[int]) -> bool:
        return len(part) > 1 or any(at in self._forward[at] for at in part)

    def _cycle(self, knot: AbstractSet[int], place: Callable[[Target, Label], tuple[str, str]]) -> Problem:
        first = min(knot)
        edges = {at: [dep for dep in self._forward[at] if dep in knot] for at in knot}
        labels = [self._labels[at] for at in (first, *_path(edges[first], {first}, edges))]
        cycle = [f"`{label}`" for label in labels]
        what = f"targets depend on each other in a cycle: {' -> '.join(cycle)}"
        fix = "remove one of these dependencies, or move what they share into a target of its own"
        if first in edges[first]:
            what, fix = f"{cycle[0]} depends on itself", "remove it from its own dependencies"
        where, field = place(self._targets[labels[0]], labels[1])
        return Problem(where, what, fix, str(labels[0]), field)


def _at_target(target: Target, _: Label) -> tuple[str, str]:
    return str(target.where), ""


def _path(
    starts: Iterable[int],
    ends: AbstractSet[int],
    edges: _Edges | Mapping[int, Iterable[int]],
) -> list[int]:
    """Return a shortest path from one of `starts` to one of `ends`, both included, or nothing."""
    came_from: dict[int, int | None] = dict.fromkeys(starts)
    frontier = list(came_from)
    for at in frontier:  # grows while it is read: breadth first
        if at in ends:
            return _trail(at, came_from)
        for dep in edges[at]:
            if dep not in came_from:
                came_from[dep] = at
                frontier.append(dep)
    return []


def _trail(end: int | None, came_from: Mapping[int, int | None]) -> list[int]:
    trail = []
    while end is not None:
        trail.append(end)
        end = came_from[end]
    return trail[::-1]


def _closest(word: str, choices: Iterable[str]) -> str | None:
    return next(iter(get_close_matches(word, choices, n=1)), None)
