"""Why there is no solution, in words: what two want of a third, names that nobody has, circles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging_targets.errors import Problem
from packaging_targets.model.versions.ranges import VersionRange
from packaging_targets.registry.aam.resolving.choices import Catalogue, Choices, Pins
from packaging_targets.registry.aam.resolving.provider import Demand
from packaging_targets.registry.aam.resolving.routes import Routes
from packaging_targets.registry.aam.resolving.values import Candidate, Wanted, told_yank

_LISTED = 8  # versions, or demands, that people read


def problems_of(demands: Iterable[Demand], catalogue: Catalogue, routes: Routes, wanted: Wanted) -> Iterator[Problem]:
    """Yield why demands cannot be met together: for each package of which no version is left, who wants what of it."""
    by_name: dict[str, list[Demand]] = {}
    for demand in demands:
        by_name.setdefault(demand.name, []).append(demand)
    stuck = {name: made for name, made in by_name.items() if _without_any(made)}
    for name, made in sorted((stuck or by_name).items()):
        choices = catalogue[name]
        if hidden := _yanked(choices, made, wanted):
            yield hidden
        elif len(choices.candidates) == 1:
            yield _nobody(name, made, routes, wanted.where)
        else:
            yield _disagreement(choices, made, wanted)


def _without_any(made: Sequence[Demand]) -> bool:
    mask = -1
    for demand in made:
        mask &= demand.mask
    return mask <= 0


def _nobody(name: str, made: Sequence[Demand], routes: Routes, where: str) -> Problem:
    what = f"there is no package `{name}` in {routes.asked(name)}"
    who = "" if made[0].parent is None else f"; {_who(made[0])} wants it"
    return Problem(where, what + who, routes.near(name) or "see: aam search")


def _yanked(choices: Choices, made: Sequence[Demand], wanted: Wanted) -> Problem | None:
    """Return that all that anybody would have is yanked, if that is why there is nothing: the newest of it, and why."""
    ranges = [VersionRange.parse(one.text) for one in made]
    meant = [one for one in choices.yanked if all(within.allows(one.version) for within in ranges)]
    if not meant or choices.name in wanted.overrides or not _without_any(made):
        return None
    newest = max(meant, key=lambda one: one.version)
    what = f"`{choices.name}` {newest.version} {told_yank(newest)}; {_who(made[0])} wants it"
    there = _listed([str(one.version) for one in choices.candidates[:-1]])
    return Problem(wanted.where, what, f"there are {there}" if there else "all versions of it are yanked")


def _disagreement(choices: Choices, made: Sequence[Demand], wanted: Wanted) -> Problem:
    there = _listed([str(one.version) for one in choices.candidates[:-1]])
    said = list(dict.fromkeys(f"{_who(one)} wants `{one.text}`" for one in made))
    override = wanted.overrides.get(choices.name)
    if override is not None:
        what = f"`resolutions` wants `{choices.name}` {override}, which there is not"
        return Problem(wanted.where, what, f"there are {there}")
    if len(said) == 1 and _without_any(made):
        return Problem(wanted.where, f"{said[0]} of `{choices.name}`, which no version is", f"there are {there}")
    what = f"no version of `{choices.name}` suits all who want it: {_listed(said)}"
    fix = f"change one of them, or name a version under `resolutions` in package.agent.json; there are {there}"
    return Problem(wanted.where, what, fix)


def _who(demand: Demand) -> str:
    return "the project" if demand.parent is None else str(demand.parent)


def _listed(items: Sequence[str]) -> str:
    more = f", and {len(items) - _LISTED} more" if len(items) > _LISTED else ""
    return ", ".join(items[:_LISTED]) + more


def circle(pins: Pins, needs: Mapping[str, Iterable[str]]) -> Sequence[Candidate]:
    """Return packages that depend on each other in a circle, in that order, or nothing where none do."""
    done: set[str] = set()
    for start in sorted(pins):
        path: list[str] = []
        on_path: set[str] = set()
        waiting: list[tuple[str, Iterator[str]]] = []
        name: str | None = start if start not in done else None
        while name is not None or waiting:
            if name is not None:
                if name in on_path:
                    return [pins[one] for one in path[path.index(name) :]]
                if name not in done and name in pins:
                    path.append(name)
                    on_path.add(name)
                    waiting.append((name, iter(sorted(needs[name]))))
                name = None
                continue
            current, following = waiting[-1]
            name = next(following, None)
            if name is None:
                waiting.pop()
                on_path.discard(path.pop())
                done.add(current)
    return ()


def circle_problem(found: Sequence[Candidate], where: str) -> Problem:
    """Return what is wrong with a circle, which is named."""
    told = " → ".join(map(str, (*found, found[0])))
    return Problem(where, f"packages depend on each other in a circle: {told}", "take one of these dependencies away")
