"""Fields against the schema of a rule: what is said of each misfit, and what schemas are refused."""

from __future__ import annotations

from typing import Any

import pytest

from packaging_targets.errors import RequestError
from packaging_targets.workspace.rules.schema import Checker, combined_schema, example, full_schema, shown

FIELDS = {
    "out": {"type": "string", "default": "x", "pattern": "^[a-z]+$", "patternMeaning": "be lower-case letters"},
    "plain": {"type": "string", "pattern": "^a"},
    "size": {"type": "integer", "minimum": 1, "maximum": 9},
    "on": {"type": "boolean"},
    "both": {"type": ["string", "integer"]},
    "table": {"type": "object", "additionalProperties": {"type": "string"}},
    "any": {"type": "object"},
    "format": {"enum": ["zip", "tar"]},
    "items": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
    "one": {"description": "One of two.", "oneOf": [{"type": "string"}, {"type": "integer"}]},
    "from": {"type": "string", "format": "label"},
    "parts": {
        "type": "array",
        "items": {"type": "object", "properties": {"of": {"type": "string", "format": "label"}}, "required": ["of"]},
    },
    "by_name": {"type": "object", "additionalProperties": {"type": "string", "format": "label"}},
}
CHECKER = Checker("r", {"properties": FIELDS, "required": ["out"]})
GOOD = {"name": "a", "out": "x"}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"out": "A"}, ("$.out", '`out` must be lower-case letters, but is "A"', "")),
        ({"plain": "b"}, ("$.plain", '`plain` must match ^a, but is "b"', "")),
        ({"size": 0}, ("$.size", "`size` must be at least 1, but is 0", "")),
        ({"size": 10}, ("$.size", "`size` must be at most 9, but is 10", "")),
        ({"size": "many"}, ("$.size", '`size` must be a whole number, but is "many"', "write size = 1")),
        ({"size": "7"}, ("$.size", '`size` must be a whole number, but is "7"', "write size = 7")),
        ({"on": "True"}, ("$.on", '`on` must be true or false, but is "True"', "write on = true")),
        ({"on": 1}, ("$.on", "`on` must be true or false, but is 1", "write on = true")),
        ({"both": []}, ("$.both", "`both` must be a string or a whole number, but is []", 'write both = "…"')),
        ({"plain": 5}, ("$.plain", "`plain` must be a string, but is 5", 'write plain = "5"')),
        ({"table": []}, ("$.table", "`table` must be a table of strings, but is []", 'write table = { key = "…" }')),
        ({"table": {"a": 1}}, ("$.table.a", "`table.a` must be a string, but is 1", "")),
        ({"any": 1}, ("$.any", "`any` must be a table, but is 1", 'write any = { key = "…" }')),
        ({"format": "zpi"}, ("$.format", '`format` must be one of "zip", "tar", but is "zpi"', "did you mean `zip`?")),
        ({"items": 1}, ("$.items", "`items` must be a list of integers, but is 1", 'write items = ["…"]')),
        ({"items": "a b"}, ("$.items", '`items` must be a list of integers, but is "a b"', 'write items = ["a", "b"]')),
        ({"items": ["a"]}, ("$.items[0]", '`items[0]` must be a whole number, but is "a"', "")),
        ({"items": []}, ("$.items", "`items` must not be empty", "")),
        ({"one": True}, ("$.one", "`one` does not fit: One of two.", "")),
        ({"parts": [{}]}, ("$.parts[0]", "`parts[0]` lacks the field `of`", 'write of = "…"')),
        ({"sizes": 1}, ("$.sizes", "`r` has no field `sizes`", "did you mean `size`?")),
        ({"name": "a b"}, ("$.name", '`name` must match ^[A-Za-z0-9_][A-Za-z0-9_.+-]*$, but is "a b"', "")),
        ({"srcs": ["/x"]}, ("$.srcs[0]", "`/x` is no glob: a glob is relative to its package", "")),
    ],
)
def test_a_misfit_is_told_in_words(fields: dict[str, Any], problem: tuple[str, str, str]) -> None:
    assert list(CHECKER.problems({**GOOD, **fields})) == [problem]


def test_what_is_missing_is_told_with_an_example() -> None:
    assert set(CHECKER.problems({})) == {
        ("$", "`r` lacks the field `name`", 'write name = "…"'),
        ("$", "`r` lacks the field `out`", 'write out = "…"'),
    }
    unknown = list(CHECKER.problems({**GOOD, "zzz": 1}))
    assert unknown == [
        ("$.zzz", "`r` has no field `zzz`", f"its fields: {', '.join(sorted(CHECKER.schema['properties']))}")
    ]


def test_defaults_are_filled_in_and_sorted() -> None:
    assert list(CHECKER.problems(GOOD)) == []
    assert CHECKER.with_defaults({"tags": ["t"], "name": "a"}) == {
        "deps": [], "exclude": [], "name": "a", "out": "x", "srcs": [], "tags": ["t"],
    }  # fmt: skip
    assert list(CHECKER.with_defaults({"name": "a"})) == sorted(CHECKER.with_defaults({"name": "a"}))


def test_labels_are_found_wherever_they_stand() -> None:
    fields = {
        "deps": [":a", 1],
        "from": "//b",
        "parts": [{"of": ":c"}, {"of": 5}, "d"],
        "by_name": {"x": ":e"},
        "out": ":f",
    }
    assert list(CHECKER.labels(fields)) == [
        ("$.deps[0]", ":a"), ("$.from", "//b"), ("$.parts[0].of", ":c"), ("$.by_name.x", ":e"),
    ]  # fmt: skip


def test_a_reference_without_end_names_the_schema() -> None:
    checker = Checker("r", {"properties": {"f": {"$ref": "#/properties/f"}}}, "rules/r/schema.json")
    with pytest.raises(RequestError) as caught:
        list(checker.problems({"name": "a", "f": 1}))
    (problem,) = caught.value.problems
    assert problem.what.startswith("the schema of the rule `r` cannot be used: RecursionError: maximum recursion depth")
    assert problem.where == "rules/r/schema.json"


@pytest.mark.parametrize("none", [False, {"maxItems": 0}])
def test_a_rule_may_take_no_deps(none: Any) -> None:
    checker = Checker("helm_chart", {"properties": {"deps": none, "own": False, "any": True}})
    assert list(checker.problems({"name": "a", "deps": ["//b"]})) == [
        ("$.deps", "`helm_chart` takes no `deps`", "leave it out")
    ]
    assert list(checker.problems({"name": "a", "deps": [], "any": 1})) == []
    assert [what for _, what, _ in checker.problems({"name": "a", "own": 1})] == ["`helm_chart` has no field `own`"]
    assert checker.with_defaults({"name": "a"})["deps"] == []


def test_a_narrower_list_of_deps_is_still_one_of_labels() -> None:
    checker = Checker("r", {"properties": {"deps": {"items": {"pattern": "^//"}, "maxItems": 1}}})
    assert list(checker.labels({"deps": ["//a"]})) == [("$.deps[0]", "//a")]
    assert len(list(checker.problems({"name": "a", "deps": [":a", ":b"]}))) == 3


def test_schemas_that_are_no_tables_say_nothing_of_a_value() -> None:
    table = {"type": "object", "properties": {"h": True}, "required": ["h"]}
    checker = Checker("r", {"properties": {"f": {"type": "array", "items": False}, "g": table}})
    assert list(checker.problems({"name": "a", "f": [1], "g": {}})) == [
        ("$.f", "`f` does not fit: Expected at most 0 items but found 1 extra: 1", ""),
        ("$.g", "`g` lacks the field `h`", 'write h = "…"'),
    ]
    assert [what for _, what, _ in checker.problems({"name": "a", "f": 1})] == [
        "`f` must be a list of values, but is 1"
    ]
    assert list(checker.labels({"f": ["a"], "g": {"h": "b"}})) == []


def test_a_rule_may_give_shared_fields_defaults_and_no_more() -> None:
    full = full_schema({"title": "r", "properties": {"srcs": {"default": ["**"]}}, "required": ["srcs"]})
    assert full["properties"]["srcs"]["default"] == ["**"]
    assert full["properties"]["srcs"]["type"] == "array"
    assert (full["required"], full["additionalProperties"]) == (["name", "srcs"], False)


@pytest.mark.parametrize("part", [{"minItems": 1}, {"contains": {"pattern": "^//"}}])
def test_a_shared_list_that_must_not_be_empty_has_to_be_stated(part: dict[str, Any]) -> None:
    checker = Checker("r", {"properties": {"deps": part}})
    assert list(checker.problems({"name": "a"})) == [("$", "`r` lacks the field `deps`", 'write deps = ["…"]')]
    assert list(checker.problems({"name": "a", "deps": ["//b:b"]})) == []
    assert "deps" not in checker.with_defaults({"name": "a"})
    assert "deps" not in full_schema({"properties": {"deps": {**part, "default": ["//b:b"]}}})["required"]


def test_editors_get_one_schema_of_all_rules() -> None:
    found = combined_schema([("r", {"$id": "x", "properties": {}})], {"type": "object"})
    assert found["properties"] == {
        "workspace": {"type": "object"},
        "r": {"type": "array", "items": {"$ref": "#/$defs/r"}},
    }
    assert found["additionalProperties"] is False
    assert {"$schema", "$id"}.isdisjoint(found["$defs"]["r"])


def test_values_are_shown_as_a_person_would_write_them() -> None:
    assert shown("x" * 100) == '"' + "x" * 56 + "…"
    assert shown({"é": True}) == '{"é": true}'
    assert example({"type": "number"}, 2.5) == '"2.5"'


def test_a_field_may_hold_a_label_or_something_else() -> None:
    part = {"type": "string", "format": "label-or-other"}
    checker = Checker("r", {"properties": {"base": part, "more": {"type": "array", "items": part}}})
    labels = [":a", "//:a", "//x/y:a", ":"]
    others = ["scratch", "//x/y", "x:1", "ghcr.io/a/b:1", "./:a", ""]
    found = checker.labels({"name": "n", "base": "//x:b", "more": [*labels, *others]})
    assert list(found) == [("$.base", "//x:b"), *((f"$.more[{place}]", text) for place, text in enumerate(labels))]
