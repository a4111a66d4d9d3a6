"""The core of a question: the packages whose versions somebody could fight over.

resolvelib goes over all that it knows in every round, which takes long where that is thousands of packages. But of most
the best version is one that everybody who might come to want the package allows: it can be taken at once, whatever
becomes of others. So resolvelib is asked about the rest alone, and whatever a free package wants is wanted by those who
want that package. An answer to that is an answer to the whole. Where there is none, another version of a free package
may want less: those that the conflict leads to are free no longer, and resolvelib is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from packaging_targets.registry.aam.resolving.provider import Choice, Demand, Demands


class Core:
    """The question about the packages that are fought over; all others are free."""

    def __init__(self, demands: Demands) -> None:
        self._demands = demands
        self._any: dict[str, int] = {}  # what anybody allows of each package
        self._all: dict[str, int] = {}  # what everybody allows
        self._expanded: dict[str, int] = {}  # the choices of which it is known what they want
        self._wanting: dict[str, set[str]] = {}  # who wants each package
        self._bound: set[str] = set()  # what is free no longer
        self._wants: dict[int, tuple[Demand, ...]] = {}
        self._spread(demands.of_project)
        self.of_project: Sequence[Demand] = self._through(demands.of_project)

    def of(self, choice: Choice) -> Sequence[Demand]:
        """Return what a choice wants of the core, also through free packages."""
        if (known := self._wants.get(id(choice))) is None:
            known = self._wants[id(choice)] = self._through(self._demands.of(choice))
        return known

    def choices(self, name: str, mask: int) -> list[Choice]:
        """Return the choices of a set, the best first."""
        return self._demands.choices(name, mask)

    def whole(self, pins: Mapping[str, Choice]) -> Mapping[str, Choice]:
        """Return an answer with the free packages that it needs."""
        found: dict[str, Choice] = {}
        waiting = list(self._demands.of_project)
        while waiting:
            name = waiting.pop().name
            if name not in found:
                found[name] = self._free(name) if self._is_free(name) else pins[name]
                waiting += self._demands.of(found[name])
        return found

    def bind(self, causes: Iterable[Demand]) -> bool:
        """Let the free packages that a conflict leads to be free no longer; tell whether there are such."""
        names = {demand.parent.name for demand in causes if demand.parent}
        seen: set[str] = set()
        while names:
            if new := {name for name in names if self._is_free(name)}:
                self._bind(new)
                return True
            seen |= names
            names = {one for name in names for one in self._wanting.get(name, ())} - seen
        return False

    def bind_all(self) -> None:
        """Let nothing be free that leads to the core: it has an answer exactly where the whole has one."""
        while new := {
            one
            for name, wanting in list(self._wanting.items())
            if not self._is_free(name)
            for one in wanting
            if self._is_free(one)
        }:
            self._bind(new)

    def _bind(self, names: set[str]) -> None:
        self._bound |= names
        for name in names:
            self._spread(self._expand(name))
        self._wants.clear()
        self.of_project = self._through(self._demands.of_project)

    def _spread(self, made: Sequence[Demand]) -> None:
        """Find all demands that there may be: of the best choice of free packages, and of all choices of others."""
        waiting = list(made)
        while waiting:
            demand = waiting.pop()
            name = demand.name
            if demand.parent:
                self._wanting.setdefault(name, set()).add(demand.parent.name)
            self._any[name] = self._any.get(name, 0) | demand.mask
            self._all[name] = self._all.get(name, -1) & demand.mask
            waiting += self._expand(name)

    def _expand(self, name: str) -> list[Demand]:
        """Return what choices of a package want, of those of which that is not known yet."""
        mask = self._lowest(name) if self._is_free(name) else self._any[name]
        new = mask & ~self._expanded.get(name, 0)
        self._expanded[name] = self._expanded.get(name, 0) | new
        return [demand for choice in self._demands.choices(name, new) for demand in self._demands.of(choice)]

    def _is_free(self, name: str) -> bool:
        if name in self._bound:
            return False
        best = self._lowest(name)
        return bool(best) and self._all[name] & -self._all[name] == best

    def _lowest(self, name: str) -> int:
        return self._any[name] & -self._any[name]

    def _free(self, name: str) -> Choice:
        return self._demands.best(name, self._lowest(name))

    def _through(self, made: Sequence[Demand]) -> tuple[Demand, ...]:
        """Return demands on the core: these, and those of the free packages that these lead to."""
        found: dict[tuple[str, int], Demand] = {}
        seen: set[str] = set()
        waiting = list(reversed(made))
        while waiting:
            demand = waiting.pop()
            if not self._is_free(demand.name):
                found.setdefault((demand.name, demand.mask), demand)
            elif demand.name not in seen:
                seen.add(demand.name)
                waiting += reversed(self._demands.of(self._free(demand.name)))
        return tuple(found.values())
