"""Resolves: transitive, the locked version first, then the highest stable one; one version of each package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging_targets.errors import IntegrityError, Problem, RegistryError, RequestError, raise_all
from packaging_targets.model.versions.ranges import VersionRange
from packaging_targets.registry.aam.resolving.choices import Catalogue, is_absent
from packaging_targets.registry.aam.resolving.core import Core
from packaging_targets.registry.aam.resolving.explaining import circle, circle_problem, problems_of
from packaging_targets.registry.aam.resolving.provider import Choice, Demands, solve
from packaging_targets.registry.aam.resolving.routes import Routes
from packaging_targets.registry.aam.resolving.straight import straight
from packaging_targets.registry.aam.resolving.values import Candidate, Resolution, Wanted

_ROUNDS = 200_000


def resolve(wanted: Wanted, routes: Routes) -> Resolution:
    """Return one version of each package that is wanted, and of all that these need.

    Raises RegistryError with who wants what where that is impossible, where packages depend on each other in a circle,
    or where two registries offer a name; IntegrityError where a registry has other bytes for a version than the lock.
    """
    catalogue = Catalogue(routes, wanted)
    demands = Demands(catalogue, wanted)
    choices = straight(demands)
    if choices is None:
        choices = _solved(demands, catalogue, routes, wanted)
    pins = {name: one.candidate for name, one in choices.items() if not is_absent(one.candidate)}
    resolution = Resolution(pins)
    needs = {name: resolution.dependencies_of(one) for name, one in pins.items()}
    if found := circle(pins, needs):
        raise RegistryError(circle_problem(found, wanted.where))
    raise_all(_changed_bytes(pins, wanted), IntegrityError)
    return Resolution(pins, tuple(_left_out(pins, wanted)), tuple(_peers(pins, wanted)))


def _solved(demands: Demands, catalogue: Catalogue, routes: Routes, wanted: Wanted) -> Mapping[str, Choice]:
    try:
        import resolvelib
    except ImportError:
        fix = "pip install 'packaging-targets[agents]'"
        raise RequestError.one("resolving needs the package `resolvelib`, which is not installed", fix=fix) from None
    core = Core(demands)
    try:
        while True:
            try:
                return core.whole(solve(core, _ROUNDS))
            except resolvelib.ResolutionImpossible as error:
                if not core.bind(one.requirement for one in error.causes):
                    break
        core.bind_all()
        return core.whole(solve(core, _ROUNDS))
    except resolvelib.ResolutionImpossible as error:
        causes = [one.requirement for one in error.causes]
        raise RegistryError(*problems_of(causes, catalogue, routes, wanted)) from None
    except resolvelib.ResolutionTooDeep:
        what = f"no versions that go together were found in {_ROUNDS:,} attempts"
        raise RegistryError.one(what, wanted.where, "ask for exact versions of some packages") from None


def _changed_bytes(pins: Mapping[str, Candidate], wanted: Wanted) -> Iterator[Problem]:
    for name, one in pins.items():
        locked = wanted.locked.get(name)
        same = locked and locked.version == str(one.version) and locked.registry and one.registry
        if locked and same and locked.integrity != one.integrity:
            what = f"{one} has other bytes in `{one.registry}` than the lock says"
            both = f"{one.integrity} there, {locked.integrity} in the lock"
            yield Problem(wanted.where, what, f"a version never changes: ask whoever publishes it  ({both})")


def _left_out(pins: Mapping[str, Candidate], wanted: Wanted) -> Iterator[Problem]:
    for who, ranges in (("the project", wanted.optional), *((str(one), one.optional) for one in pins.values())):
        for name, text in sorted(ranges.items()):
            if name not in pins:
                yield Problem(wanted.where, f"`{name}` {text}, which {who} would use, cannot be had, and is left out")


def _peers(pins: Mapping[str, Candidate], wanted: Wanted) -> Iterator[Problem]:
    for who, ranges in (("the project", wanted.peers), *((str(one), one.peers) for one in pins.values())):
        for name, text in sorted(ranges.items()):
            fix = f'aam install "{name}@{text}"'
            if name not in pins:
                yield Problem(wanted.where, f"{who} needs `{name}` {text} beside it, which is not installed", fix)
            elif not VersionRange.parse(text).allows(pins[name].version):
                what = f"{who} needs `{name}` {text} beside it, but {pins[name].version} is installed"
                yield Problem(wanted.where, what, fix)
