"""The target graph against a naive model of it, and the words of its problems."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.errors import RequestError
from packaging_targets.model.label import Label
from packaging_targets.model.target import Target, Where
from packaging_targets.workspace.graph import TargetGraph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def graph_of(deps: Mapping[str, Iterable[str]]) -> TargetGraph:
    """Return a graph; each target stands at line 1 + its place in its package's target file."""
    nodes = {}
    for line, (text, needs) in enumerate(deps.items(), 1):
        label = Label.parse(text)
        where = Where(f"{label.package}/TARGETS.toml".lstrip("/"), line)
        nodes[label] = Target(label, "service", {}, tuple(map(Label.parse, needs)), where)
    return TargetGraph(nodes)


def labels(text: str) -> list[Label]:
    return [Label.parse(word) for word in text.split()]


def words(found: Iterable[Label]) -> str:
    return " ".join(map(str, found))


DIAMOND = graph_of({"//a": ["//b", "//c"], "//b": ["//d"], "//c": ["//d", "//e"], "//d": [], "//e": [], "//f": ["//e"]})


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (None, "//a:a //b:b //c:c //d:d //e:e"),
        (0, "//a:a"),
        (1, "//a:a //b:b //c:c"),
        (9, "//a:a //b:b //c:c //d:d //e:e"),
    ],
)
def test_deps(depth: int | None, expected: str) -> None:
    assert words(sorted(DIAMOND.deps(labels("//a"), depth))) == expected


@pytest.mark.parametrize(
    ("depth", "expected"),
    [(None, "//a:a //c:c //e:e //f:f"), (0, "//e:e"), (1, "//c:c //e:e //f:f")],
)
def test_rdeps(depth: int | None, expected: str) -> None:
    assert words(sorted(DIAMOND.rdeps(labels("//e"), depth))) == expected


def test_it_is_a_mapping_in_the_order_of_labels() -> None:
    graph = graph_of({"//b": [], "//a:z": [], "//a:b": [], "//:r": []})
    assert words(graph) == "//:r //a:b //a:z //b:b"
    assert len(graph) == 4
    assert Label("b", "b") in graph
    assert Label("b", "c") not in graph
    assert graph[Label("b", "b")].rule == "service"


def test_somepath_is_a_shortest_chain_in_order() -> None:
    long = graph_of({"//a": ["//b", "//c"], "//b": ["//c"], "//c": ["//d"], "//d": []})
    assert words(long.somepath(labels("//a"), labels("//d"))) == "//a:a //c:c //d:d"
    assert words(long.somepath(labels("//a //b"), labels("//d //b"))) == "//b:b"
    assert long.somepath(labels("//d"), labels("//a")) == ()
    assert long.somepath([], labels("//a")) == ()


def test_allpaths_holds_every_target_on_the_way() -> None:
    assert words(sorted(DIAMOND.allpaths(labels("//a"), labels("//d")))) == "//a:a //b:b //c:c //d:d"
    assert DIAMOND.allpaths(labels("//f"), labels("//d")) == set()


def test_walks_leave_out_labels_that_no_target_has() -> None:
    graph = graph_of({"//a": ["//gone", "//b"], "//b": []})
    assert words(sorted(graph.deps(labels("//a //gone")))) == "//a:a //b:b"
    assert words(graph.order(labels("//a //gone //b"))) == "//b:b //a:a"


def test_order_heeds_targets_that_were_not_asked_for() -> None:
    assert words(graph_of({"//a": ["//m"], "//m": ["//z"], "//z": []}).order(labels("//a //z"))) == "//z:z //a:a"


def test_order_ends_in_a_cycle() -> None:
    assert sorted(graph_of({"//a": ["//b"], "//b": ["//a"]}).order(labels("//a //b"))) == labels("//a //b")


def problems(deps: Mapping[str, Iterable[str]]) -> str:
    return str(RequestError(*graph_of(deps).check()))


def test_a_sound_graph_has_no_problem() -> None:
    assert DIAMOND.check() == ()
    assert TargetGraph({}).check() == ()


def test_missing_labels_are_all_told_with_the_near_miss() -> None:
    assert problems(
        {
            "//services/api:api": ["//services/api:imgae", "//services/api:other", "//service/api:image"],
            "//services/api:image": [],
            "//web": ["//api:image", "//nowhere"],
        }
    ) == (
        "error: there is no target `//service/api:image`\n"
        "  at services/api/TARGETS.toml:1  (//services/api:api)\n"
        "  fix: did you mean `//services/api:image`?  (targets of `//services/api`: api, image)\n"
        "\n"
        "error: there is no target `//services/api:imgae`\n"
        "  at services/api/TARGETS.toml:1  (//services/api:api)\n"
        "  fix: did you mean `//services/api:image`?  (targets of `//services/api`: api, image)\n"
        "\n"
        "error: there is no target `//services/api:other`\n"
        "  at services/api/TARGETS.toml:1  (//services/api:api)\n"
        "  fix: choose a target of `//services/api`: api, image\n"
        "\n"
        "error: there is no target `//api:image`\n"
        "  at web/TARGETS.toml:3  (//web:web)\n"
        "  fix: did you mean `//services/api:image`?  (targets of `//services/api`: api, image)\n"
        "\n"
        "error: there is no target `//nowhere:nowhere`\n"
        "  at web/TARGETS.toml:3  (//web:web)\n"
        "  fix: declare this target, or correct the label"
    )


def test_a_name_that_stands_in_one_other_package_is_the_near_miss() -> None:
    graph = graph_of({"//a:x": [], "//b:image": [], "//c:y": [], "//d:y": []})
    assert graph.suggest(Label("a", "image")) == "did you mean `//b:image`?  (targets of `//b`: image)"
    assert graph.suggest(Label("a", "y")) == "choose a target of `//a`: x"
    assert graph.suggest(Label("zz", "image")) == "did you mean `//b:image`?  (targets of `//b`: image)"
    assert graph.suggest(Label("zz", "y")) == "declare this target, or correct the label"


def test_a_long_list_of_choices_is_cut() -> None:
    graph = graph_of({f"//a:t{number}": [] for number in range(9)})
    assert graph.suggest(Label("a", "zzz")) == "choose a target of `//a`: t0, t1, t2, t3, t4, t5, t6, t7, …"


def test_a_cycle_is_named_in_order_from_its_smallest_label() -> None:
    assert problems(
        {"//root": ["//c"], "//c": ["//a:x"], "//b": ["//c", "//leaf"], "//a:x": ["//b"], "//leaf": []}
    ) == (
        "error: targets depend on each other in a cycle: `//a:x` -> `//b:b` -> `//c:c` -> `//a:x`\n"
        "  at a/TARGETS.toml:4  (//a:x)\n"
        "  fix: remove one of these dependencies, or move what they share into a target of its own"
    )


def test_each_cycle_gets_its_own_problem() -> None:
    assert problems({"//a": ["//a"], "//p": ["//q", "//a"], "//q": ["//p"], "//r": ["//p"]}) == (
        "error: `//a:a` depends on itself\n"
        "  at a/TARGETS.toml:1  (//a:a)\n"
        "  fix: remove it from its own dependencies\n"
        "\n"
        "error: targets depend on each other in a cycle: `//p:p` -> `//q:q` -> `//p:p`\n"
        "  at p/TARGETS.toml:2  (//p:p)\n"
        "  fix: remove one of these dependencies, or move what they share into a target of its own"
    )


def test_20_000_targets_in_a_chain_take_no_stack_and_little_time() -> None:
    chain = {f"//m{at:05}": [f"//m{at - 1:05}", "//m00000"] if at else [] for at in range(20_000)}
    graph = graph_of(chain)
    begin = time.process_time()
    assert graph.check() == ()
    assert graph.order(graph)[-1] == Label("m19999", "m19999")
    assert len(graph.deps(labels("//m19999"))) == len(graph.rdeps(labels("//m00000"))) == 20_000
    assert time.process_time() - begin < 2, "some walk is no longer linear (it takes 0.2 s, and has ten times that)"


def test_near_misses_are_sought_for_the_first_missing_labels_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packaging_targets.workspace.graph._COMPARISONS", 4)
    graph = graph_of({"//api": ["//apii", "//apj", "//apk"], "//web": []})
    assert [problem.fix for problem in graph.check()] == [
        "did you mean `//api:api`?  (targets of `//api`: api)",
        "did you mean `//api:api`?  (targets of `//api`: api)",
        "declare this target, or correct the label",
    ]


# -- a naive model ----

NAMES = [f"//p{number % 3}:t{number}" for number in range(9)]
GRAPHS = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=4), min_size=1)


def closure(deps: Mapping[Label, Iterable[Label]], start: Label) -> set[Label]:
    found = {start}
    while more := {dep for label in found for dep in deps[label]} - found:
        found |= more
    return found


@given(GRAPHS)
def test_walks_agree_with_a_naive_model(deps: dict[str, list[str]]) -> None:
    graph = graph_of(deps)
    known = {label: [dep for dep in node.deps if dep in graph] for label, node in graph.items()}
    for label in graph:
        below = closure(known, label)
        assert graph.deps([label]) == below
        assert all((label in graph.rdeps([other])) == (other in below) for other in graph)
        for other in graph:
            path = graph.somepath([label], [other])
            assert bool(path) == (other in below)
            assert all(second in known[first] for first, second in pairwise(path))
            assert set(path) <= graph.allpaths([label], [other])


@given(GRAPHS)
def test_check_finds_exactly_the_knots_and_the_missing_labels(deps: dict[str, list[str]]) -> None:
    graph = graph_of(deps)
    known = {label: [dep for dep in node.deps if dep in graph] for label, node in graph.items()}
    knots = {
        frozenset(other for other in closure(known, label) if label in closure(known, other))
        for label in graph
        if any(label in closure(known, dep) for dep in known[label])
    }
    missing = {(label, dep) for label, node in graph.items() for dep in node.deps if dep not in graph}
    found = graph.check()
    assert sum("no target" in problem.what for problem in found) == len(missing)
    named = [problem for problem in found if "no target" not in problem.what]
    assert len(named) == len(knots)
    for problem, knot in zip(named, sorted(knots, key=min), strict=True):
        assert problem.place.endswith(f"({min(knot)})")


@given(GRAPHS)
def test_order_puts_dependencies_first_whatever_order_comes_in(deps: dict[str, list[str]]) -> None:
    graph = graph_of({name: [dep for dep in needs if dep < name] for name, needs in deps.items()})
    order = graph.order(graph)
    place = {label: at for at, label in enumerate(order)}
    assert sorted(order) == list(graph)
    assert all(place[dep] < place[label] for label in graph for dep in graph[label].deps if dep in graph)
    assert graph.order(reversed(order)) == order
