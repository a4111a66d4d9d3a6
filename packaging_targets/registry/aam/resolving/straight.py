"""The straight way: the best version of each package that all those who want it allow.

Most graphs need no more. Where two demands contradict each other it gives up, and resolvelib decides who gives
way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from packaging_targets.registry.aam.resolving.provider import Choice, Demand, Demands

_PATIENCE = 20  # looks at a package, on average, after which its versions are thought to go round in circles
_PROJECT = ""


def straight(demands: Demands) -> Mapping[str, Choice] | None:
    """Return the best version of each package, or None where that is not found this way."""
    pins: dict[str, Choice] = {}
    wanted: dict[str, dict[str, Demand]] = {}
    waiting = deque(_demand(wanted, _PROJECT, demands.of_project))
    looks = 0
    while waiting:
        looks += 1
        if looks > _PATIENCE * (len(wanted) + 1):
            return None
        name = waiting.popleft()
        mask = -1
        for demand in wanted[name].values():
            mask &= demand.mask
        if mask <= 0:
            if wanted[name]:
                return None
            waiting.extend(_give_up(wanted, pins, demands, name))
            continue
        choice = demands.best(name, mask)
        if pins.get(name) is not choice:
            waiting.extend(_give_up(wanted, pins, demands, name))
            pins[name] = choice
            waiting.extend(_demand(wanted, name, demands.of(choice)))
    return pins


def _demand(wanted: dict[str, dict[str, Demand]], by: str, made: tuple[Demand, ...]) -> list[str]:
    for demand in made:
        wanted.setdefault(demand.name, {})[by] = demand
    return [demand.name for demand in made]


def _give_up(wanted: dict[str, dict[str, Demand]], pins: dict[str, Choice], demands: Demands, name: str) -> list[str]:
    """Take back what a package wanted; return the names for which that may matter."""
    choice = pins.pop(name, None)
    if choice is None:
        return []
    made = demands.of(choice)
    for demand in made:
        del wanted[demand.name][name]
    return [demand.name for demand in made]
