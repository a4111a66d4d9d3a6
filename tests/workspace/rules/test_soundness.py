"""What is wrong with a rule's schema.json: all of it, with the path in the file, before a target is checked by it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, SchemaError
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # it comes with jsonschema

from packaging_targets.adapters.testing import Workspace
from packaging_targets.workspace.rules.rulebook import Rulebook
from packaging_targets.workspace.rules.schema import Checker
from packaging_targets.workspace.rules.soundness import _KEYWORDS, faults

if TYPE_CHECKING:
    from pathlib import Path

TYPES = "(types: array, boolean, integer, null, number, object, string)"
OTHER_NAME = 'leave it out, or give the field another name; "default" may be stated'
SCHEMA_FIX = 'write { "type": "string" }, or what else it is to be'

# A field `f`, the path below it, and what is told.
FIELDS: dict[str, tuple[Any, str, str, str]] = {
    "a type of another language": ({"type": "list"}, ".type", "there is no type `list`", f"did you mean `array`?  {TYPES}"),
    "a misspelt type": ({"type": "strin"}, ".type", "there is no type `strin`", f"did you mean `string`?  {TYPES}"),
    "a type that is none": ({"type": ["string", "zz"]}, ".type", "there is no type `zz`", TYPES),
    "a type that is no text": ({"type": 1}, ".type", "`type` must be a type, or a list of types, but is 1", ""),
    "a bad regular expression": (
        {"pattern": "["},
        ".pattern",
        "`[` is no regular expression: unterminated character set at position 0",
        "a backslash is written \\\\ in JSON",
    ),
    "a bad regular expression as a key": (
        {"patternProperties": {"(": {}}},
        ".patternProperties",
        "`(` is no regular expression: missing ), unterminated subpattern at position 0",
        "a backslash is written \\\\ in JSON",
    ),
    "a class of Unicode": (
        {"pattern": r"^[\p{L}_]+$"},
        ".pattern",
        r"Python's `re`, which checks `^[\p{L}_]+$`, does not know `\p{L}`",
        r"write a class such as [A-Za-z], or [^\\W\\d_] for any letter",
    ),
    "a named group of JavaScript": (
        {"pattern": r"^(?<year>\d+)$"},
        ".pattern",
        r"Python's `re`, which checks `^(?<year>\d+)$`, does not know `(?<year>`",
        "write (…): a group needs no name here",
    ),
    "a group that is referred to by name": (
        {"patternProperties": {r"(a)\k<a>": {}}},
        ".patternProperties",
        r"Python's `re`, which checks `(a)\k<a>`, does not know `\k<a>`",
        r"write (…): a group needs no name here, and \\1 is what the first one matched",
    ),
    "a character by its number": (
        {"pattern": r"\u{1F600}"},
        ".pattern",
        r"Python's `re`, which checks `\u{1F600}`, does not know `\u{1F600}`",
        "write the character itself",
    ),
    "another fault before what Python does not know": (
        {"pattern": r"\q\p{L}"},
        ".pattern",
        r"`\q\p{L}` is no regular expression: bad escape \q at position 0",
        "a backslash is written \\\\ in JSON",
    ),
    "minItem": ({"minItem": 1}, ".minItem", "`minItem` is no keyword of JSON Schema", "did you mean `minItems`?"),
    "typ": ({"typ": "string"}, ".typ", "`typ` is no keyword of JSON Schema", "did you mean `type`?"),
    "descripton": ({"descripton": "x"}, ".descripton", "`descripton` is no keyword of JSON Schema", "did you mean `description`?"),
    "propertys": ({"propertys": {}}, ".propertys", "`propertys` is no keyword of JSON Schema", "did you mean `properties`?"),
    "definitions": ({"definitions": {}}, ".definitions", "`definitions` is no keyword of JSON Schema", "did you mean `$defs`?"),
    "a word of one's own": (
        {"zzz": 1},
        ".zzz",
        "`zzz` is no keyword of JSON Schema",
        'leave it out; "$comment" is for notes, and names that start with x- are for other tools',
    ),
    "a misspelt format": ({"format": "lable"}, ".format", "there is no format `lable`", "did you mean `label`?"),
    "a field that is no schema": (5, "", "`f` must be a schema, but is 5", SCHEMA_FIX),
    "items as a list": ({"items": [{}]}, ".items", "`items` must be a schema, but is [{}]", SCHEMA_FIX),
    "deep inside": (
        {"anyOf": [{}, {"properties": {"g": {"items": {"minLength": -1}}}}]},
        ".anyOf[1].properties.g.items.minLength",
        "`minLength` must be a whole number from 0 up, but is -1",
        "",
    ),
    "a number as a text": ({"minimum": "1"}, ".minimum", '`minimum` must be a number, but is "1"', ""),
    "an empty choice": ({"enum": []}, ".enum", "`enum` must be a list with a value in it, but is []", ""),
    "a reference to nothing": (
        {"$ref": "#/$defs/none"},
        ".$ref",
        "`#/$defs/none` leads to no schema of this file",
        'write "#/$defs/<name>", and describe it in "$defs"',
    ),
    "a reference to another file": (
        {"$ref": "other.json"},
        ".$ref",
        "`other.json` leads to no schema of this file",
        'write "#/$defs/<name>", and describe it in "$defs"',
    ),
    "a default of another type": (
        {"type": "integer", "default": "x"},
        ".default",
        'the default of `f` must be a whole number, but is "x"',
        "",
    ),
    "a text as the default of a list": (
        {"type": "array", "items": {"type": "string"}, "default": "x"},
        ".default",
        'the default of `f` must be a list of strings, but is "x"',
        'write ["x"]',
    ),
    "a default with a wrong item": (
        {"type": "array", "items": {"type": "string"}, "default": ["a", 1]},
        ".default",
        "the default of `f[1]` must be a string, but is 1",
        "",
    ),
    "a default that is no choice": (
        {"enum": ["zip"], "default": "zpi"},
        ".default",
        'the default of `f` must be one of "zip", but is "zpi"',
        "did you mean `zip`?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FIELDS)
def test_what_is_wrong_with_a_field(case: str) -> None:
    part, path, what, fix = FIELDS[case]
    assert faults({"properties": {"f": part}}) == [(f"$.properties.f{path}", what, fix)]


WHOLES: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    "another type": (
        {"type": "array"},
        ("$.type", 'a target is a table, but `type` is "array"', 'write "type": "object"'),
    ),
    "open to any field": (
        {"additionalProperties": True},
        ("$.additionalProperties", "a target has the fields of `properties`, and no others", "leave it out"),
    ),
    "a required field that is none": (
        {"properties": {"hooks": {}}, "required": ["name", "hooks", "hoks"]},
        ("$.required[2]", "`required` names `hoks`, which is no field", "did you mean `hooks`?"),
    ),
    "a required field of which nothing is near": (
        {"required": ["zzz"]},
        ("$.required[0]", "`required` names `zzz`, which is no field", 'describe it in "properties"'),
    ),
    "required as a text": (
        {"required": "name"},
        ("$.required", '`required` must be a list of strings, but is "name"', ""),
    ),
    "properties as a list": (
        {"properties": ["f"]},
        ("$.properties", '`properties` must be a table of schemas, but is ["f"]', ""),
    ),
    "a field outside of properties": (
        {"hooks": {"type": "array"}},
        ("$.hooks", "`hooks` is no keyword of JSON Schema", 'put it into "properties", if it is a field'),
    ),
    "srcs as a text": (
        {"properties": {"srcs": {"type": "string"}}},
        ("$.properties.srcs.type", '`srcs` is a list of strings in every rule, but here of the type "string"', OTHER_NAME),
    ),
    "description as a list": (
        {"properties": {"description": {"type": "array"}}},
        ("$.properties.description.type", '`description` is a string in every rule, but here of the type "array"', OTHER_NAME),
    ),
    "deps of numbers": (
        {"properties": {"deps": {"items": {"type": "integer"}}}},
        ("$.properties.deps.items", '`deps` is a list of strings in every rule, but here of {"type": "integer"}', OTHER_NAME),
    ),
    "no name": (
        {"properties": {"name": False}},
        ("$.properties.name", "`name` cannot be taken away: it is a field of every target", "leave it out"),
    ),
    "globs as a text": (
        {"properties": {"srcs": {"default": "**"}}},
        ("$.properties.srcs.default", 'the default of `srcs` must be a list of strings, but is "**"', 'write ["**"]'),
    ),
    "a default of its own that is too short": (
        {"properties": {"deps": {"minItems": 1, "default": []}}},
        ("$.properties.deps.default", "the default of `deps` must not be empty", ""),
    ),
    "a default that is no glob": (
        {"properties": {"exclude": {"default": ["/x"]}}},
        (
            "$.properties.exclude.default",
            "the default of `exclude` holds `/x`, which is no glob: a glob is relative to its package",
            "",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WHOLES)
def test_what_is_wrong_with_a_whole_schema(case: str) -> None:
    schema, problem = WHOLES[case]
    assert faults(schema) == [problem]


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {
            "$schema": "x",
            "$id": "x",
            "title": "r",
            "description": "d",
            "type": "object",
            "properties": {},
            "required": [],
        },
        {
            "properties": {
                "srcs": {"default": ["**"], "minItems": 1},
                "deps": False,
                "tags": {"type": "array"},
                "own": True,
            }
        },
        {"properties": {"f": {"$ref": "#/$defs/a~1b/anyOf/0"}}, "$defs": {"a/b": {"anyOf": [{"type": "string"}]}}},
        {"properties": {"f": {"$ref": "#/$defs/a", "default": "x"}}, "$defs": {"a": {"type": "string"}}},
        {"properties": {"f": {"type": ["string", "null"], "format": "uri", "x-taplo": {"hidden": True}}}},
        {"properties": {"f": {"markdownDescription": "*f*", "deprecationMessage": "d", "errorMessage": {"type": "e"}}}},
        {"properties": {"f": {"enum": [1], "enumNames": ["one"], "enumDescriptions": ["o"]}}},
        {"properties": {"srcs": {"minItems": 1}, "deps": {"contains": {"pattern": "^//"}}, "tags": {"minItems": 2}}},
        {"properties": {"f": {"dependentRequired": {"a": ["b"]}, "if": {}, "then": True, "multipleOf": 0.5}}},
    ],
)
def test_what_is_sound(schema: dict[str, Any]) -> None:
    assert faults(schema) == []
    Checker("r", schema)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["string", "array", "label", "^a", "[", "#", ""]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from([*_KEYWORDS, "name", "srcs", "f"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(_KEYWORDS)), VALUES, max_size=4))
def test_what_the_draft_refuses_is_refused(schema: dict[str, Any]) -> None:
    found = faults(schema)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        assert found
    if not found:
        list(Checker("r", schema).problems({"name": "a"}))


def test_every_keyword_of_the_draft_is_known() -> None:
    draft: Any = Draft202012Validator.META_SCHEMA
    resolver = REGISTRY.resolver(draft["$id"])
    known = set()
    for vocabulary in draft["allOf"]:
        known |= set(resolver.lookup(vocabulary["$ref"]).contents["properties"])
    assert known - set(_KEYWORDS) == {"$dynamicRef", "$dynamicAnchor", "$vocabulary"}
    assert set(_KEYWORDS) - known == {
        "patternMeaning", "markdownDescription", "deprecationMessage", "errorMessage", "enumNames", "enumDescriptions",
    }  # fmt: skip


SCHEMA = '{"properties": {"f": {"typ": "string"}, "srcs": {"default": "**"}}, "required": ["g"]}'
TOLD = """\
error: `typ` is no keyword of JSON Schema
  at rules/r/schema.json  ($.properties.f.typ)
  fix: did you mean `type`?

error: `required` names `g`, which is no field
  at rules/r/schema.json  ($.required[0])
  fix: describe it in "properties"
"""


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    ws = Workspace(tmp_path / "repo")
    ws.write({"rules/r/rule.py": "def analyse(context):\n    return []\n", "rules/r/schema.json": SCHEMA})
    return ws


def test_a_schema_is_told_once_however_many_targets_it_has(ws: Workspace) -> None:
    ws.write({"a/TARGETS.toml": '[[r]]\nname = "a"\n\n[[r]]\nname = "b"\n', "b/TARGETS.toml": "[[r]]\n\n[[archve]]\n"})
    run = ws.packaging("build")
    listing = ", ".join(Rulebook(str(ws.root)).names)
    assert (run.exit_code, run.output) == (
        2,
        f"error: there is no rule `archve`\n  at b/TARGETS.toml:3\n  fix: did you mean `archive`?  (rules: {listing})\n\n{TOLD}",
    )


def test_a_schema_that_becomes_unsound_is_told_though_no_target_changed(ws: Workspace) -> None:
    ws.write({"rules/r/schema.json": "{}", "a/TARGETS.toml": '[[r]]\nname = "a"\n'})
    assert ws.packaging("build").exit_code == 0
    ws.write({"rules/r/schema.json": SCHEMA})
    run = ws.packaging("build")
    assert (run.exit_code, run.output) == (2, TOLD)
    ws.write({"rules/r/schema.json": json.dumps({"properties": {"srcs": {"default": ["**"]}}})})
    assert ws.packaging("build").exit_code == 0


def test_editors_get_no_schema_of_what_is_unsound(ws: Workspace) -> None:
    run = ws.packaging("schema")
    assert (run.exit_code, run.output) == (2, TOLD)
    ws.write({"rules/r/schema.json": '{"properties": {"deps": false, "own": {"type": "string"}}}'})
    rule = json.loads(ws.packaging("schema").output)["$defs"]["r"]
    assert (rule["properties"]["deps"]["maxItems"], rule["properties"]["own"]) == (0, {"type": "string"})


def test_a_fault_of_what_schemas_stand_on_is_told_there_once(ws: Workspace) -> None:
    rule = "def analyse(context):\n    return []\n"
    own = {"$ref": "../r/schema.json", "properties": {"g": {"type": "integer", "default": "y"}}}
    ws.write(
        {
            "rules/r/schema.json": '{"properties": {"f": {"type": "integer", "default": "x"}}}',
            "rules/s/rule.py": rule,
            "rules/s/schema.json": json.dumps(own),
            "rules/t/rule.py": rule,
            "rules/t/schema.json": '{"$ref": "../r/schema.json"}',
            "a/TARGETS.toml": '[[r]]\nname = "a"\n\n[[s]]\nname = "b"\n\n[[t]]\nname = "c"\n',
        }
    )
    for command in ("build", "schema"):
        run = ws.packaging(command)
        assert (run.exit_code, run.output) == (
            2,
            """\
error: the default of `f` must be a whole number, but is "x"
  at rules/r/schema.json  ($.properties.f.default)

error: the default of `g` must be a whole number, but is "y"
  at rules/s/schema.json  ($.properties.g.default)
""",
        )
