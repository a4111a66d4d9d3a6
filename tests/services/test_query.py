"""The query language: what it finds, what it says, and the laws of sets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.errors import RequestError
from packaging_targets.model.label import Label
from packaging_targets.model.target import Target, Where
from packaging_targets.services.query import meaning
from packaging_targets.services.query.meaning import query
from packaging_targets.services.query.syntax import SIGNATURES
from packaging_targets.workspace.graph import TargetGraph

GUIDE = Path(__file__).parents[2] / "docs/query.md"


def node(text: str, rule: str, *deps: str, **fields: Any) -> Target:
    label = Label.parse(text)
    where = Where(f"{label.package}/TARGETS.toml".lstrip("/"), 1)
    return Target(label, rule, {"name": label.name, **fields}, tuple(map(Label.parse, deps)), where)


def graph(*nodes: Target) -> TargetGraph:
    return TargetGraph({each.label: each for each in nodes})


# The workspace of docs/query.md.
SHOP = graph(
    node("//libs/core", "archive", tags=["lib", "c++"], compression="zstd", level=9),
    node("//services/api", "service", "//libs/core", debug=True, env={"PORT": "80"}),
    node("//services/api:image", "oci_image", "//services/api", debug=False),
    node("//jobs/nightly", "job", "//libs/core", tags=["nightly", "batch"]),
    node("//:release", "agent_bundle", "//services/api:image", "//jobs/nightly", tags=[]),
)
RELEASE, NIGHTLY, CORE, API, IMAGE = (str(label) for label in SHOP)


def ask(text: str, package: str = "") -> list[str]:
    return [str(label) for label in query(SHOP, text, package)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("//services/api:image", [IMAGE]),
        ("//services/api", [API]),
        ("//:release", [RELEASE]),
        ("//services/api:all", [API, IMAGE]),
        ("//services/api:*", [API, IMAGE]),
        ("//services/...", [API, IMAGE]),
        ("//...", [RELEASE, NIGHTLY, CORE, API, IMAGE]),
        ("'//libs/core'", [CORE]),
        ("  //libs/core\n", [CORE]),
        ("set()", []),
        ("set(//libs/core \"//services/api\" '//jobs/nightly')", [NIGHTLY, CORE, API]),
        ("//libs/core + //services/api", [CORE, API]),
        ("//libs/core union //services/api union //libs/core", [CORE, API]),
        ("//... ^ //services/...", [API, IMAGE]),
        ("//services/... intersect //libs/core", []),
        ("//services/... - //services/api", [IMAGE]),
        ("//services/... except //services/api:image", [API]),
        ("//libs/core + //services/api - //libs/core", [API]),
        ("//libs/core + (//services/api - //libs/core)", [CORE, API]),
        ("//libs/core+//services/api", [CORE, API]),
        ("let x = //libs/core in $x + //services/api", [CORE, API]),
        ("let x = //libs/core in let x = rdeps($x, 1) in $x - //libs/core", [NIGHTLY, API]),
        ("(let x = //libs/core in $x) + //services/api", [CORE, API]),
        ("let x = //libs/core in (let x = //services/api in $x) + $x", [CORE, API]),
        ("let x = //libs/core in set($x //services/api)", [CORE, API]),
        ("let set_1 = //libs/core in $set_1", [CORE]),
    ],
)
def test_sets(text: str, expected: list[str]) -> None:
    assert ask(text) == expected


@pytest.mark.parametrize(
    ("text", "package", "expected"),
    [
        (":image", "services/api", [IMAGE]),
        (":all", "services/api", [API, IMAGE]),
        (":*", "services/api", [API, IMAGE]),
        ("...", "services", [API, IMAGE]),
        ("...", "", [RELEASE, NIGHTLY, CORE, API, IMAGE]),
        (":release", "", [RELEASE]),
        (":all", "", [RELEASE]),
        ("//libs/core", "services/api", [CORE]),
    ],
)
def test_relative_patterns_begin_at_the_package(text: str, package: str, expected: list[str]) -> None:
    assert ask(text, package) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("deps(//services/api:image)", [CORE, API, IMAGE]),
        ("deps(//services/api:image, 1)", [API, IMAGE]),
        ("deps(//services/api:image, 0)", [IMAGE]),
        ("deps(set())", []),
        ("rdeps(//services/api)", [RELEASE, API, IMAGE]),
        ("rdeps(//services/api, 1)", [API, IMAGE]),
        ("rdeps(//services/..., //libs/core)", [CORE, API, IMAGE]),
        ("rdeps(//services/..., //libs/core, 1)", [CORE, API]),
        ("rdeps(//libs/core, //services/api)", []),
        ("somepath(//:release, //libs/core)", [RELEASE, NIGHTLY, CORE]),
        ("somepath(//libs/core, //:release)", []),
        ("allpaths(//:release, //libs/core)", [RELEASE, NIGHTLY, CORE, API, IMAGE]),
        ("allpaths(//services/api:image, //libs/core)", [CORE, API, IMAGE]),
        ("kind(i, //...)", [CORE, API, IMAGE]),
        ("kind(^service$, //...)", None),
        ("kind('^service$', //...)", [API]),
        ("kind(.*_image, //...)", [IMAGE]),
        ("filter(api, //...)", [API, IMAGE]),
        ("filter('^//:', //...)", [RELEASE]),
    ],
)
def test_functions(text: str, expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(RequestError, match="expected a word, but here is `\\^`"):
            ask(text)
    else:
        assert ask(text) == expected


@pytest.mark.parametrize(
    ("field", "pattern", "expected"),
    [
        ("compression", "^zstd$", [CORE]),
        ("level", "^9$", [CORE]),
        ("tags", "^batch$", [NIGHTLY]),
        ("tags", r"^\[nightly, batch\]$", [NIGHTLY]),
        ("tags", r"^\[\]$", [RELEASE]),
        ("tags", "^c\\+\\+$", [CORE]),
        ("debug", "true", [API]),
        ("debug", "false", [IMAGE]),
        ("env", "{.PORT.: .80.}", [API]),
        ("nowhere", "", []),
        ("name", "^release$", [RELEASE]),
    ],
)
def test_attr_sees_values_lists_and_their_elements(field: str, pattern: str, expected: list[str]) -> None:
    assert ask(f'attr({field}, "{pattern}", //...)') == expected


def refusal(text: str, package: str = "") -> str:
    with pytest.raises(RequestError) as caught:
        ask(text, package)
    assert caught.value.exit_code == 2
    return str(caught.value)


LISTED = "functions: allpaths, attr, deps, filter, kind, rdeps, somepath"


@pytest.mark.parametrize(
    ("text", "column", "what", "fix"),
    [
        ("deps(//libs/core", 17, "expected `)`, but the query ends", "write deps(expr[, depth])"),
        ("deps //libs/core", 6, "expected an operator or the end, but here is `//libs/core`", ""),
        (
            "deps(//libs/core, x)",
            19,
            "expected a whole number, but here is `x`",
            "write deps(expr[, depth])",
        ),
        (
            "rdeps(//libs/core, 1, 2)",
            21,
            "expected `)`, but here is `,`",
            "write rdeps([universe, ]expr[, depth])",
        ),
        ("somepath(//libs/core)", 21, "expected `,`, but here is `)`", "write somepath(from, to)"),
        ("attr(tags, //...)", 17, "expected `,`, but here is `)`", "write attr(field, pattern, expr)"),
        (
            "attr(tags, ^a, //...)",
            12,
            "expected a word, but here is `^`",
            "write attr(field, pattern, expr), a pattern with ^ in quotes",
        ),
        ("kind((a), //...)", 6, "expected a word, but here is `(`", "write kind(pattern, expr)"),
        ("dep(//libs/core)", 1, "there is no function `dep`", f"did you mean `deps`?  ({LISTED})"),
        ("1 + zzz(//libs/core)", 5, "there is no function `zzz`", LISTED),
        ("//... +", 8, "expected a target, a function or `(`, but the query ends", ""),
        ("- //...", 1, "expected a target, a function or `(`, but here is `-`", ""),
        ("()", 2, "expected a target, a function or `(`, but here is `)`", ""),
        ("in", 1, "expected a target, a function or `(`, but here is `in`", ""),
        ("set(//..., //...)", 10, "expected a target or `)`, but here is `,`", ""),
        ("set //...", 5, "expected `(`, but here is `//...`", ""),
        (
            "let 1 = //... in $1",
            5,
            "expected the name of a variable, but here is `1`",
            "write let x = … in …, and $x in its last part",
        ),
        ("let x //...", 7, "expected `=`, but here is `//...`", ""),
        ("let x = //...", 14, "expected `in`, but the query ends", ""),
        ("let x = //... in $y", 18, "there is no variable `y`", "write let y = … in …"),
        ("let all = //... in $al", 20, "there is no variable `al`", "did you mean `all`?"),
        ("(let x = //... in $x) + $x", 25, "there is no variable `x`", "write let x = … in …"),
        ("'//...", 1, "this quote is never closed: '", "close it with '"),
        (
            "kind(a|b, //...)",
            7,
            "`|` cannot stand here",
            "put words that hold more than letters, digits and */@.-_:$~[] in quotes",
        ),
        (
            "kind('(', //...)",
            6,
            "`(` is no regular expression: missing ), unterminated subpattern at position 0",
            "write it as Python's `re` has it",
        ),
        (
            "//libs/cor",
            1,
            "no target matches `//libs/cor`",
            "did you mean `//libs/core:core`?  (targets of `//libs/core`: core)",
        ),
        (
            "//services/api:img",
            1,
            "no target matches `//services/api:img`",
            "did you mean `//services/api:image`?  (targets of `//services/api`: api, image)",
        ),
        (
            ":image",
            1,
            "no target matches `:image`",
            "did you mean `//services/api:image`?  (targets of `//services/api`: api, image)",
        ),
        ("//service/...", 1, "no target matches `//service/...`", "did you mean `//services/...`?"),
        ("//services:all", 1, "no target matches `//services:all`", "did you mean `//services/...`?"),
        ("//lib/core:all", 1, "no target matches `//lib/core:all`", "did you mean `//libs/core:all`?"),
        ("//zzz/...", 1, "no target matches `//zzz/...`", ""),
        (
            "image",
            1,
            "`image` is no target: a label starts with `//` or `:`",
            "did you mean `//services/api:image`?",
        ),
        ("//a//b", 1, "`//a//b` is no target: `a//b` is no package", "write //package:name or //package/..."),
    ],
)
def test_errors_point_at_the_place(text: str, column: int, what: str, fix: str) -> None:
    expected = f"error: {what}\n  at query, column {column}\n       {text}\n       {' ' * (column - 1)}^"
    assert refusal(text) == expected + (f"\n  fix: {fix}" if fix else "")


def test_all_that_does_not_fit_the_workspace_is_told_at_once() -> None:
    text = "//nope + $x + kind('*', y)"
    assert re.findall("error: .*|column .*", refusal(text)) == [
        "error: no target matches `//nope`",
        "column 1",
        "error: there is no variable `x`",
        "column 10",
        "error: `*` is no regular expression: nothing to repeat at position 0",
        "column 20",
        "error: `y` is no target: a label starts with `//` or `:`",
        "column 25",
    ]


def test_the_caret_of_a_long_or_broken_query_stands_below_its_place() -> None:
    assert refusal("//... +\n\t)") == (
        "error: expected a target, a function or `(`, but here is `)`\n"
        "  at query, line 2, column 2\n"
        "        )\n"
        "        ^"
    )
    long = refusal(f"{'//... + ' * 30}) {'+ //...' * 30}").splitlines()
    assert len(long[2]) == 7 + 1 + 90 + 1
    assert long[2][long[3].index("^")] == ")"
    end = refusal(f"{'//... + ' * 30})").splitlines()
    assert end[2][end[3].index("^")] == ")"
    assert not end[2].endswith("…")


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_query(text: str) -> None:
    assert refusal(text) == "error: the query is empty\n  at query\n  fix: write //... for all targets"


def test_nesting_and_length_have_limits() -> None:
    assert ask(f"{'(' * 99}//libs/core{')' * 99}") == [CORE]
    assert "error: the query is nested more than 100 deep" in refusal(f"{'(' * 100}//libs/core{')' * 100}")
    assert "nested more than 100 deep" in refusal("let x = //... in " * 200 + "$x")
    assert ask("//libs/core" + " + //libs/core" * 5000) == [CORE]
    assert refusal("x" * 100_001) == ("error: the query has 100001 characters\n  at query\n  fix: write at most 100000")


def test_a_regular_expression_that_python_cannot_take_is_an_error() -> None:
    assert "no regular expression" in refusal("filter('a{99999999999}', //...)")
    assert "no regular expression" in refusal(f"filter('{'(' * 2000}{')' * 2000}', //...)")
    assert ask("filter('[[api]', //...)") != []  # Python warns about it, and warnings are errors here


def test_an_empty_workspace_has_nothing_to_match() -> None:
    with pytest.raises(RequestError, match=r"no target matches `//\.\.\.`"):
        query(TargetGraph({}), "//...")


def test_every_function_of_the_grammar_has_a_meaning() -> None:
    assert {*meaning._WALKS, *meaning._TEXTS} == set(SIGNATURES)
    assert list(SIGNATURES) == sorted(SIGNATURES)


EXAMPLES = re.findall(r"^\$ doit query '(.*)'\n((?://.*\n)*)```", GUIDE.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("text", "expected"), EXAMPLES)
def test_the_examples_of_the_guide(text: str, expected: str) -> None:
    assert ask(text) == expected.split()


def test_the_guide_has_its_examples_and_names_every_function() -> None:
    assert len(EXAMPLES) == GUIDE.read_text("utf-8").count("$ doit query") == 6
    assert all(f"`{name}(" in GUIDE.read_text("utf-8") for name in SIGNATURES)


# -- laws ----

LEAVES = st.sampled_from([f'"{label}"' for label in SHOP] + ["//services/...", "set()", "//..."])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+^-"), inner).map(lambda parts: "({} {} {})".format(*parts)),
        st.tuples(st.sampled_from(["deps", "rdeps"]), inner).map(lambda parts: "{}({})".format(*parts)),
        st.tuples(inner, inner).map(lambda parts: "allpaths({}, {})".format(*parts)),
        st.tuples(inner, inner).map(lambda parts: "let x = {} in ($x + {})".format(*parts)).map("({})".format),
    ),
    max_leaves=6,
)


@given(EXPRESSIONS, EXPRESSIONS, EXPRESSIONS)
def test_the_laws_of_sets(a: str, b: str, c: str) -> None:
    def same(left: str, right: str) -> bool:
        return ask(left) == ask(right)

    assert same(f"{a} + {b}", f"{b} union {a}")
    assert same(f"{a} ^ {b}", f"{b} intersect {a}")
    assert same(f"{a} - {b}", f"{a} except ({a} ^ {b})")
    assert same(f"{a} ^ {b}", f"{a} - ({a} - {b})")
    assert same(f"{a} ^ ({b} + {c})", f"({a} ^ {b}) + ({a} ^ {c})")
    assert same(f"{a} - ({b} + {c})", f"({a} - {b}) ^ ({a} - {c})")
    assert same(f"{a} + {b} - {c}", f"({a} + {b}) - {c}")
    assert same(f"let x = {a} in $x ^ {b}", f"{a} ^ {b}")


@given(EXPRESSIONS, EXPRESSIONS)
def test_the_laws_of_walks(a: str, b: str) -> None:
    assert ask(f"deps({a} + {b})") == ask(f"deps({a}) + deps({b})")
    assert ask(f"deps(deps({a}))") == ask(f"deps({a}, 99)") == ask(f"deps({a})")
    assert ask(f"rdeps(//..., {a})") == ask(f"rdeps({a})")
    assert ask(f"rdeps({b}, {a})") == ask(f"rdeps(deps({b}) ^ {a}) ^ deps({b})")
    assert ask(f"allpaths({a}, {b})") == ask(f"deps({a}) ^ rdeps({b})")
    assert ask(f"somepath({a}, {b}) - allpaths({a}, {b})") == []
    assert bool(ask(f"somepath({a}, {b})")) == bool(ask(f"allpaths({a}, {b})"))


PIECES = st.sampled_from(
    [
        *SIGNATURES,
        *"()+-^,=$'\"",
        *[
            "let",
            "in",
            "set",
            "union",
            "except",
            "intersect",
            "$x",
            "x",
            "1",
            "//...",
            "//libs/core",
            ":",
            "[",
            "*",
        ],
        " ",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=20).map(" ".join), st.lists(PIECES, max_size=20).map("".join)))
def test_whatever_the_text_it_is_a_set_or_a_refusal(text: str) -> None:
    try:
        found = query(SHOP, text)
    except RequestError as error:
        assert all(problem.what and problem.where.startswith("query") for problem in error.problems)  # noqa: PT017  # a property, not an expectation
    else:
        assert list(found) == sorted(found)
