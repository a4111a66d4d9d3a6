"""Resolving: what is chosen, who is told what where nothing goes together, and that a solution is found if there is one."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from itertools import product

import pytest
from agents import MemoryRegistry
from hypothesis import given, settings
from hypothesis import strategies as st
from resolvelib import ResolutionImpossible

from packaging_targets.errors import IntegrityError, RegistryError
from packaging_targets.formats.aam.metadata import Yank
from packaging_targets.model.versions.ranges import VersionRange
from packaging_targets.model.versions.semver import SemanticVersion
from packaging_targets.registry.aam.resolving import Candidate, Locked, Resolution, Routes, Wanted, resolve
from packaging_targets.registry.aam.resolving.choices import Catalogue
from packaging_targets.registry.aam.resolving.provider import Choice, Demands, solve

URL = "file:///memory"


def routes(registry: MemoryRegistry) -> Routes:
    return Routes({URL: registry, registry.url: registry}.__getitem__, registry.url)


def chosen(registry: MemoryRegistry, ranges: Mapping[str, str], **given: object) -> dict[str, str]:
    found = resolve(Wanted(ranges, **given), routes(registry))  # type: ignore[arg-type]  # each test gives its own
    return {name: str(one.version) for name, one in found.packages.items()}


def refused(registry: MemoryRegistry, ranges: Mapping[str, str], **given: object) -> str:
    with pytest.raises(RegistryError) as caught:
        chosen(registry, ranges, **given)
    return str(caught.value)


def shelf(name: str, *versions: str) -> MemoryRegistry:
    registry = MemoryRegistry()
    for version in versions:
        registry.add(name, version)
    return registry


def test_what_is_needed_is_found_at_any_distance() -> None:
    registry = (
        MemoryRegistry().add("a", "1.0.0", {"b": "^1.0.0"}).add("b", "1.2.0", {"@acme/c": "*"}).add("@acme/c", "0.1.0")
    )
    assert chosen(registry, {"a": "*"}) == {"a": "1.0.0", "b": "1.2.0", "@acme/c": "0.1.0"}


def test_the_highest_stable_version_is_chosen() -> None:
    assert chosen(shelf("a", "1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1"), {"a": "*"}) == {"a": "1.10.0"}
    assert chosen(shelf("a", "2.0.0-rc.1", "2.0.0-rc.2"), {"a": "^2.0.0-rc.1"}) == {"a": "2.0.0-rc.2"}
    assert chosen(shelf("a", "2.0.0-rc.1", "2.0.0"), {"a": ">=2.0.0-rc.1"}) == {"a": "2.0.0"}


def test_the_locked_version_goes_first() -> None:
    locked = {"a": Locked("1.0.0", URL, shelf("a", "1.0.0").packages["a"].releases["1.0.0"].integrity)}
    registry = shelf("a", "1.0.0", "1.1.0", "2.0.0")
    assert chosen(registry, {"a": "*"}, locked=locked) == {"a": "1.0.0"}
    assert chosen(registry, {"a": "^2.0.0"}, locked=locked) == {"a": "2.0.0"}


@pytest.mark.uaaps("P41")
def test_a_yanked_version_is_chosen_by_a_lock_alone() -> None:
    registry = shelf("a", "1.0.0").add("a", "1.1.0", yanked=Yank(0))
    integrity = registry.packages["a"].releases["1.1.0"].integrity
    assert chosen(registry, {"a": "*"}) == {"a": "1.0.0"}
    assert chosen(registry, {"a": "*"}, locked={"a": Locked("1.1.0", URL, integrity)}) == {"a": "1.1.0"}
    assert refused(registry, {"a": "1.1.0"}) == (
        "error: `a` 1.1.0 is yanked since 1970-01-01T00:00:00Z; the project wants it\n"
        "  at package.agent.json\n"
        "  fix: there are 1.0.0"
    )


def test_an_override_goes_before_what_anybody_wants() -> None:
    registry = (
        shelf("c", "1.0.0", "2.0.0", "3.0.0").add("a", "1.0.0", {"c": "^1.0.0"}).add("b", "1.0.0", {"c": "^2.0.0"})
    )
    assert chosen(registry, {"a": "*", "b": "*"}, overrides={"c": "3.0.0"})["c"] == "3.0.0"
    assert refused(registry, {"a": "*"}, overrides={"c": "9.0.0"}) == (
        "error: `resolutions` wants `c` 9.0.0, which there is not\n"
        "  at package.agent.json\n"
        "  fix: there are 3.0.0, 2.0.0, 1.0.0"
    )


def test_a_lower_version_is_taken_where_the_highest_does_not_go_with_others() -> None:
    registry = (
        MemoryRegistry()
        .add("a", "1.0.0", {"c": "^1.0.0"})
        .add("a", "2.0.0", {"c": "^2.0.0"})
        .add("b", "1.0.0", {"c": "^1.0.0"})
        .add("c", "1.0.0")
        .add("c", "2.0.0")
    )
    assert chosen(registry, {"a": "*", "b": "*"}) == {"a": "1.0.0", "b": "1.0.0", "c": "1.0.0"}


def test_a_conflict_names_both_demands_and_who_makes_them() -> None:
    registry = shelf("c", "1.0.0", "2.0.0").add("a", "1.0.0", {"c": "^1.0.0"}).add("b", "1.0.0", {"c": "^2.0.0"})
    assert refused(registry, {"a": "*", "b": "*"}) == (
        "error: no version of `c` suits all who want it: `a` 1.0.0 wants `^1.0.0`, `b` 1.0.0 wants `^2.0.0`\n"
        "  at package.agent.json\n"
        "  fix: change one of them, or name a version under `resolutions` in package.agent.json; there are 2.0.0, 1.0.0"
    )


def test_a_range_that_no_version_is_in() -> None:
    assert refused(shelf("a", "1.0.0", "2.0.0"), {"a": "^9.0.0"}) == (
        "error: the project wants `^9.0.0` of `a`, which no version is\n"
        "  at package.agent.json\n"
        "  fix: there are 2.0.0, 1.0.0"
    )
    assert refused(shelf("a", "1.0.0"), {"a": ">2.0.0 <1.0.0"}).startswith("error: the project wants `>2.0.0 <1.0.0`")


def test_a_name_that_nobody_has() -> None:
    registry = shelf("code-review", "1.0.0").add("a", "1.0.0", {"cod-review": "*"})
    assert refused(registry, {"a": "*"}) == (
        "error: there is no package `cod-review` in `file:///memory`; `a` 1.0.0 wants it\n"
        "  at package.agent.json\n"
        "  fix: did you mean `code-review`?"
    )
    assert "fix: did you mean `@acme/review`?" in refused(shelf("@acme/review", "1.0.0"), {"review": "*"})


@pytest.mark.uaaps("P49")
def test_a_circle_is_refused_and_told() -> None:
    registry = MemoryRegistry().add("x").add("a", "1.0.0", {"b": "*", "x": "*"})
    registry.add("b", "2.0.0", {"c": "*"}).add("c", "3.0.0", {"x": "*", "b": "*"})
    assert refused(registry, {"a": "*"}) == (
        "error: packages depend on each other in a circle: `b` 2.0.0 → `c` 3.0.0 → `b` 2.0.0\n"
        "  at package.agent.json\n"
        "  fix: take one of these dependencies away"
    )
    assert "circle: `a` 1.0.0 → `a` 1.0.0" in refused(MemoryRegistry().add("a", "1.0.0", {"a": "*"}), {"a": "*"})


@pytest.mark.uaaps("P50")
def test_an_optional_dependency_is_left_out_where_it_cannot_be_had() -> None:
    registry = shelf("c", "1.0.0", "2.0.0").add("a", "1.0.0", {"c": "^2.0.0"}, optional={"gone": "*", "b": "*"})
    registry.add("b", "1.0.0", {"c": "^1.0.0"})
    found = resolve(Wanted({"a": "*"}, optional={"c": "*"}), routes(registry))
    assert {name: str(one.version) for name, one in found.packages.items()} == {"a": "1.0.0", "c": "2.0.0"}
    assert [one.what for one in found.left_out] == [
        "`b` *, which `a` 1.0.0 would use, cannot be had, and is left out",
        "`gone` *, which `a` 1.0.0 would use, cannot be had, and is left out",
    ]
    assert found.dependencies_of(found.packages["a"]) == {"c": "^2.0.0"}
    registry.add("b", "1.1.0")
    assert chosen(registry, {"a": "*"})["b"] == "1.1.0"


@pytest.mark.uaaps("P50")
def test_peers_that_are_missing_or_others_are_told() -> None:
    registry = shelf("host", "1.0.0", "2.0.0").add("a", "1.0.0", peers={"host": "^2.0.0", "other": "*"})
    found = resolve(Wanted({"a": "*", "host": "^1.0.0"}), routes(registry))
    assert [(one.what, one.fix) for one in found.peers] == [
        ("`a` 1.0.0 needs `host` ^2.0.0 beside it, but 1.0.0 is installed", 'aam install "host@^2.0.0"'),
        ("`a` 1.0.0 needs `other` * beside it, which is not installed", 'aam install "other@*"'),
    ]


@pytest.mark.uaaps("P54")
def test_a_registry_that_has_other_bytes_than_the_lock() -> None:
    registry = MemoryRegistry().add("a", "1.0.0", data=b"other")
    with pytest.raises(IntegrityError, match=r"`a` 1\.0\.0 has other bytes in `file:///memory` than the lock says"):
        chosen(registry, {"a": "*"}, locked={"a": Locked("1.0.0", URL, "sha256-x")})


def test_a_package_from_a_file_goes_before_registries() -> None:
    own = Candidate("b", SemanticVersion.parse("7.0.0"), "sha256-x", path="./b", dependencies={"c": "*"})
    registry = shelf("b", "1.0.0").add("a", "1.0.0", {"b": "*"}).add("c")
    assert chosen(registry, {"a": "*"}, files={"b": own}) == {"a": "1.0.0", "b": "7.0.0", "c": "1.0.0"}
    assert registry.asked.get("b") is None


@pytest.mark.uaaps("P46")
def test_a_scope_belongs_to_one_registry() -> None:
    public, private = MemoryRegistry("file:///public"), MemoryRegistry("file:///private")
    public.add("@acme/a", "9.0.0").add("b", "1.0.0")
    private.add("@acme/a", "1.0.0").add("b", "2.0.0")
    two = {one.url: one for one in (public, private)}
    scoped = Routes(two.__getitem__, "", {"acme": private.url}, public.url)
    found = resolve(Wanted({"@acme/a": "*", "b": "*"}), scoped).packages
    assert {name: (str(one.version), one.registry) for name, one in found.items()} == {
        "@acme/a": ("1.0.0", "file:///private"),
        "b": ("1.0.0", "file:///public"),
    }
    assert "@acme/a" not in public.asked
    assert chosen(public, {"@acme/a": "*"}) == {"@acme/a": "9.0.0"}  # an explicit registry serves everything


@pytest.mark.uaaps("P46")
def test_a_name_that_two_registries_offer_is_refused_unless_the_lock_names_one() -> None:
    one, two = MemoryRegistry("file:///one").add("a"), MemoryRegistry("file:///two").add("a", "2.0.0")
    both = Routes({"file:///one": one, "file:///two": two}.__getitem__, sources=["file:///one", "file:///two"])
    with pytest.raises(RegistryError) as caught:
        resolve(Wanted({"a": "*"}), both)
    assert str(caught.value) == (
        "error: `a` is offered by `file:///one` and `file:///two`, and nothing says which is meant\n"
        "  fix: let one be registries.default, give its scope to one under registries.scopes, "
        "or name one: --registry file:///one"
    )
    integrity = two.packages["a"].releases["2.0.0"].integrity
    found = resolve(Wanted({"a": "*"}, locked={"a": Locked("2.0.0", "file:///two", integrity)}), both)
    assert found.packages["a"].registry == "file:///two"


@pytest.mark.uaaps("S12.0.default", "P46")
def test_the_default_registry_is_asked_alone_and_what_others_have_is_told() -> None:
    default, other = (
        MemoryRegistry("file:///default").add("a"),
        MemoryRegistry("file:///other").add("a", "9.0.0").add("b"),
    )
    two = {one.url: one for one in (default, other)}
    routes = Routes(two.__getitem__, default=default.url, sources=[other.url])
    assert str(resolve(Wanted({"a": "*"}), routes).packages["a"].version) == "1.0.0"
    assert other.asked == {}
    with pytest.raises(RegistryError, match=r"--registry file:///other has it; registries\.scopes lets its scope"):
        resolve(Wanted({"b": "*"}), routes)


@pytest.mark.uaaps("P46")
def test_where_nothing_is_configured_the_registry_of_the_lock_is_asked() -> None:
    one = MemoryRegistry("file:///one").add("a", "1.0.0").add("a", "1.1.0")
    routes = Routes({one.url: one}.__getitem__)
    integrity = one.packages["a"].releases["1.0.0"].integrity
    found = resolve(Wanted({"a": "^1.0.0"}, locked={"a": Locked("1.0.0", one.url, integrity)}), routes)
    assert str(found.packages["a"].version) == "1.0.0"


NAMES = ("a", "b", "c", "d")
VERSIONS = ("1.0.0", "1.1.0", "2.0.0")
RANGES = ("*", "^1.0.0", "~1.0.0", "1.1.0", "^2.0.0", ">=1.1.0", "<2.0.0", "3.0.0")
Graph = Mapping[tuple[str, str], Mapping[str, str]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Packages that depend on those behind them, so that there are no circles."""
    found = {}
    for at, name in enumerate(NAMES):
        for version in draw(st.sets(st.sampled_from(VERSIONS), min_size=1)):
            found[name, version] = draw(
                st.dictionaries(st.sampled_from((*NAMES[at + 1 :], "e")), st.sampled_from(RANGES), max_size=2)
            )
    return found


def fits(version: str | None, text: str) -> bool:
    return version is not None and VersionRange.parse(text).allows(SemanticVersion.parse(version))


def solutions(graph: Graph, ranges: Mapping[str, str]) -> Iterator[Mapping[str, str | None]]:
    """All that goes together, found by trying everything."""
    each = [[None, *(version for known, version in graph if known == name)] for name in NAMES]
    for versions in product(*each):
        pins = dict(zip(NAMES, versions, strict=True))
        wanted = [ranges, *(graph[name, version] for name, version in pins.items() if version)]
        if all(fits(pins.get(name), text) for one in wanted for name, text in one.items()):
            yield pins


def is_valid(found: Resolution, ranges: Mapping[str, str]) -> bool:
    wanted = [ranges, *(one.dependencies for one in found.packages.values())]
    return all(
        name in found.packages and VersionRange.parse(text).allows(found.packages[name].version)
        for one in wanted
        for name, text in one.items()
    )


def registry_of(graph: Graph) -> MemoryRegistry:
    registry = MemoryRegistry()
    for (name, version), dependencies in graph.items():
        registry.add(name, version, dependencies)
    return registry


@settings(max_examples=80)
@given(graphs(), st.dictionaries(st.sampled_from(NAMES), st.sampled_from(RANGES), min_size=1))
def test_a_solution_is_found_exactly_where_there_is_one(graph: Graph, ranges: Mapping[str, str]) -> None:
    registry = registry_of(graph)
    possible = next(solutions(graph, ranges), None) is not None
    try:
        found = resolve(Wanted(ranges), routes(registry))
    except RegistryError:
        found = None
    assert (found is not None) == possible
    assert found is None or is_valid(found, ranges)


@settings(max_examples=40)
@given(graphs(), st.dictionaries(st.sampled_from(NAMES), st.sampled_from(RANGES), min_size=1))
def test_the_straight_way_is_no_other_one_where_nothing_is_given_way_to(
    graph: Graph, ranges: Mapping[str, str]
) -> None:
    """resolvelib, asked alone, finds a solution exactly where both together do."""
    wanted = Wanted(ranges)
    catalogue = Catalogue(routes(registry_of(graph)), wanted)
    alone: Mapping[str, Choice] | None
    try:
        alone = solve(Demands(catalogue, wanted), 10_000)
    except ResolutionImpossible:
        alone = None
    assert (alone is not None) == (next(solutions(graph, ranges), None) is not None)


def test_a_free_package_gives_way_where_nothing_else_helps() -> None:
    """`a` is fought over by nobody, but its best version wants what cannot be."""
    registry = (
        shelf("x", "1.0.0", "2.0.0").add("a", "1.0.0").add("a", "2.0.0", {"x": "1.0.0"}).add("top", "1.0.0", {"a": "*"})
    )
    assert chosen(registry, {"top": "*", "x": "2.0.0"}) == {"top": "1.0.0", "a": "1.0.0", "x": "2.0.0"}


def test_a_large_graph_with_conflicts_is_resolved_in_time() -> None:
    chance = random.Random(1)
    registry = MemoryRegistry()
    for number in range(600):
        for at in range(8):
            behind = [chance.randrange(number + 1, 600) for _ in range(3)] if number < 599 else []
            narrow = at == 7 and chance.random() < 0.1
            text = chance.choice(("^1.0.0", "~2.1.0")) if narrow else chance.choice((">=1.0.0", "*", ">=1.2.0 <3.0.0"))
            registry.add(f"p{number}", f"{1 + at // 4}.{at % 4}.0", {f"p{one}": text for one in behind})
    ranges = {f"p{number}": "*" for number in range(0, 600, 3)}
    start = time.perf_counter()
    found = resolve(Wanted(ranges), routes(registry))
    assert is_valid(found, ranges)
    assert (
        time.perf_counter() - start < 20
    )  # half a second here; over the whole graph in every round it is ten times that and more
