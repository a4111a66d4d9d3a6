"""What resolvelib asks of us: which versions fit, which is tried first, what each needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from packaging_targets.registry.aam.resolving.choices import Catalogue

if TYPE_CHECKING:
    from packaging_targets.registry.aam.resolving.values import Candidate, Wanted


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """That `parent`, or the project where that is None, wants a package in a range; `mask` is what fits."""

    name: str
    text: str
    mask: int
    optional: bool
    parent: Candidate | None


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """A candidate with its bit in the sets of its name."""

    name: str
    bit: int
    candidate: Candidate


class Demands:
    """What every candidate and the project want; each is made once."""

    def __init__(self, catalogue: Catalogue, wanted: Wanted) -> None:
        self._catalogue = catalogue
        self._made: dict[int, tuple[Choice, tuple[Demand, ...]]] = {}
        self._choices: dict[tuple[str, int], Choice] = {}
        self.of_project = tuple(self._demands(wanted.ranges, wanted.optional, None))

    def choices(self, name: str, mask: int) -> list[Choice]:
        """Return the choices of a set, the best first."""
        return [self._choice(name, bit, one) for bit, one in self._catalogue[name].of(mask)]

    def best(self, name: str, mask: int) -> Choice:
        """Return the best choice of a set that is not empty."""
        bit = mask & -mask
        return self._choice(name, bit, self._catalogue[name].candidates[bit.bit_length() - 1])

    def of(self, choice: Choice) -> tuple[Demand, ...]:
        """Return what a choice wants."""
        if (known := self._made.get(id(choice))) is None:
            one = choice.candidate
            known = self._made[id(choice)] = choice, tuple(self._demands(one.dependencies, one.optional, one))
        return known[1]

    def _choice(self, name: str, bit: int, candidate: Candidate) -> Choice:
        if (known := self._choices.get((name, bit))) is None:
            known = self._choices[name, bit] = Choice(name, bit, candidate)
        return known

    def _demands(
        self, ranges: Mapping[str, str], optional: Mapping[str, str], parent: Candidate | None
    ) -> Iterator[Demand]:
        for name, text in sorted(ranges.items()):
            yield Demand(name, text, self._catalogue[name].allowed(text), optional=False, parent=parent)
        for name, text in sorted(optional.items()):
            if name not in ranges:
                choices = self._catalogue[name]
                yield Demand(name, text, choices.allowed(text) | choices.absent, optional=True, parent=parent)


class Question(Protocol):
    """What resolvelib is asked: what the project wants, what each choice wants, and which choices there are."""

    @property
    def of_project(self) -> Sequence[Demand]:
        """What the project wants."""
        ...

    def of(self, choice: Choice) -> Sequence[Demand]:
        """Return what a choice wants."""
        ...

    def choices(self, name: str, mask: int) -> list[Choice]:
        """Return the choices of a set, the best first."""
        ...


def solve(demands: Question, rounds: int) -> Mapping[str, Choice]:
    """Let resolvelib choose; raises its ResolutionImpossible and ResolutionTooDeep."""
    from resolvelib import AbstractProvider, BaseReporter, Resolver

    class Provider(AbstractProvider):  # type: ignore[type-arg]  # its parameters are those of the functions below
        def identify(self, requirement_or_candidate: Any) -> str:
            name: str = requirement_or_candidate.name
            return name

        def get_preference(
            self, identifier: str, resolutions: Any, candidates: Any, information: Any, backtrack_causes: Any
        ) -> Any:
            del resolutions, candidates, information, backtrack_causes
            return identifier  # it is not asked: one name is left

        def narrow_requirement_selection(
            self, identifiers: Iterable[str], resolutions: Any, candidates: Any, information: Any, backtrack_causes: Any
        ) -> Iterable[str]:
            del resolutions, candidates, information
            # What has just been in each other's way is settled first, then whatever came first.
            names = list(identifiers)
            causes = {name for one in backtrack_causes for name in _names(one)}
            return [next((name for name in names if name in causes), names[0])]

        def find_matches(self, identifier: str, requirements: Any, incompatibilities: Any) -> Sequence[Choice]:
            mask = -1
            for one in requirements[identifier]:
                mask &= one.mask
            for choice in incompatibilities[identifier]:
                mask &= ~choice.bit
            return demands.choices(identifier, mask)

        def is_satisfied_by(self, requirement: Demand, candidate: Choice) -> bool:
            return bool(requirement.mask & candidate.bit)

        def get_dependencies(self, candidate: Choice) -> Sequence[Demand]:
            return demands.of(candidate)

    found: Mapping[str, Choice] = Resolver(Provider(), BaseReporter()).resolve(demands.of_project, rounds).mapping
    return found


def _names(cause: Any) -> Iterator[str]:
    yield cause.requirement.name
    if cause.parent is not None:
        yield cause.parent.name
