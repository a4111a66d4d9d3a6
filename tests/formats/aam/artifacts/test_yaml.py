"""YAML, read as JSON's types and written so that every reader means the same by it."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.errors import RequestError
from packaging_targets.formats.aam.artifacts.yaml_text import MAX_BYTES, read_yaml
from packaging_targets.formats.aam.artifacts.yaml_writer import write_front_matter, write_yaml

yaml = pytest.importorskip("yaml")

PRINTABLE = st.text(st.characters(codec="utf-8"), max_size=40)
AWKWARD = st.sampled_from(
    ["yes", "NO", "on", "null", "~", "1.10", "0x1f", "1_000", "12:30:45", "2026-02-22", "*.py", "**/*.py", "a: b", "a #b", "- a", "'", '"', "{a}", "[a]", "&a", "!a", "%a", "@a", "`a`", "|", ">", "", " ", " a", "a ", "a\nb", "a\n", "\n", "\t", "naïve", "—", "\x85", "\u2028", "\ufeff", "😀", "=", "<<", "?", ":", "-", "---", "..."]
)  # fmt: skip
TEXTS = PRINTABLE | AWKWARD
KEYS = st.text(st.characters(codec="utf-8"), max_size=20) | AWKWARD
SCALARS = TEXTS | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
TABLES = st.dictionaries(KEYS, VALUES, max_size=5)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# nothing\n", None),
        ("--- \n...\n", None),
        ("a: yes\nb: on\nc: y\nd: NO\n", {"a": "yes", "b": "on", "c": "y", "d": "NO"}),
        ("a: 2026-02-22\nb: 12:30:45\n", {"a": "2026-02-22", "b": "12:30:45"}),
        ("a: true\nb: False\nc: null\nd: ~\ne:\n", {"a": True, "b": False, "c": None, "d": None, "e": None}),
        ("a: 012\nb: 0o17\nc: 0x1F\nd: -3\ne: 1_000\n", {"a": 12, "b": 15, "c": 31, "d": -3, "e": "1_000"}),
        ("a: 1.50\nb: .5\nc: 1e3\nd: '1.50'\n", {"a": 1.5, "b": 0.5, "c": 1000.0, "d": "1.50"}),
        ("a: >\n  one\n  two\nb: |\n  one\n  two\n", {"a": "one two\n", "b": "one\ntwo\n"}),
        ("[a, {b: [1, 'c']}]", ["a", {"b": [1, "c"]}]),
        ("\ufeffa: b", {"a": "b"}),
    ],
)
def test_what_texts_mean(text: str, value: object) -> None:
    found = read_yaml(text.encode(), "a.yaml")
    assert found == value
    assert json.dumps(found) == json.dumps(value)  # True is 1 to Python


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a: 1\nb: &x 2", "error: an anchor (`&x`) is not allowed\n  at a.yaml:6\n  fix: write the value out where it is used"),
        (b"globs: *x", 'error: an alias (`*x`) is not allowed\n  at a.yaml:5\n  fix: quote it, as in "*x"'),
        (b"a: !!python/name:os.system x", "error: a tag (`tag:yaml.org,2002:python/name:os.system`) is not allowed\n  at a.yaml:5\n  fix: remove it, or quote the value"),
        (b"a: ! x", "error: a tag (`!`) is not allowed\n  at a.yaml:5\n  fix: remove it, or quote the value"),
        (b"<<: {a: 1}", "error: a merge key (`<<`) is not allowed\n  at a.yaml:5\n  fix: write the members out"),
        (b"a: 1\n\na: 2", "error: the key `a` stands twice\n  at a.yaml:7\n  fix: remove one of them"),
        (b"1: 2", "error: a key must be a text\n  at a.yaml:5\n  fix: quote it"),
        (b"? [a]\n: b", "error: a key must be a text\n  at a.yaml:5\n  fix: quote it"),
        (b"a: 1\n---\nb: 2", "error: a second document begins, and one is all there may be\n  at a.yaml:6\n  fix: remove the line `---`"),
        (b"%YAML 1.1\n---\na: 1", "error: a directive (`%\u2026`) is not allowed\n  at a.yaml:5\n  fix: remove the line"),
        (b"a: .inf", "error: `.inf` is no number that JSON has\n  at a.yaml:5\n  fix: quote it"),
        (b"a: 1e999", "error: `1e999` is no number that JSON has\n  at a.yaml:5\n  fix: quote it"),
        (b"a: " + b"9" * 5000, f"error: `{'9' * 40}` is no number that JSON has\n  at a.yaml:5\n  fix: quote it"),
        (b"a: b: c", "error: is no YAML: mapping values are not allowed in this context\n  at a.yaml:5\n  fix: quote what is meant as text"),
        (b"a: 1\nb: \x01", "error: is no YAML: control characters are not allowed\n  at a.yaml:6\n  fix: quote what is meant as text"),
        (b"a: 1\nb: \xff", "error: is not UTF-8\n  at a.yaml:6\n  fix: save it as UTF-8"),
        (b"[" * 40, "error: values are nested deeper than 32 levels\n  at a.yaml:5"),
        (b" " * (MAX_BYTES + 1), "error: has 1,048,577 bytes of YAML, and 1,048,576 is the most\n  at a.yaml:5"),
    ],
)  # fmt: skip
def test_what_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_yaml(data, "a.yaml", line=5)
    assert str(refused.value) == told


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))]
    with pytest.raises(RequestError, match="anchor"):
        read_yaml("\n".join(lines).encode(), "a.yaml")


@given(TABLES)
def test_whatever_is_written_is_read_the_same_by_every_reader(value: dict[str, Any]) -> None:
    text = write_yaml(value)
    assert same(read_yaml(text.encode(), "a.yaml"), value)
    assert same(yaml.safe_load(text), value)  # YAML 1.1
    assert same(ruamel(text), value)  # YAML 1.2
    assert write_yaml(value) == text


@given(st.dictionaries(KEYS.filter(bool), TEXTS | st.lists(TEXTS, min_size=1, max_size=3), min_size=1, max_size=4))
def test_strictyaml_reads_texts_the_same(value: dict[str, Any]) -> None:
    strictyaml = pytest.importorskip("strictyaml")
    assert strictyaml.load(write_yaml(value)).data == value


@given(st.dictionaries(KEYS, TEXTS, min_size=1, max_size=3), PRINTABLE)
def test_front_matter_ends_where_it_should(fields: dict[str, str], body: str) -> None:
    from packaging_targets.formats.aam.artifacts.front_matter import read_document

    text = body.replace("\r", "")
    document = read_document(write_front_matter(fields, text).encode(), "a.md")
    assert document.fields == fields
    assert document.body.strip("\n") == text.strip("\n")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"globs": "**/*.py"}, 'globs: "**/*.py"\n'),
        ({"description": "Style: Python"}, 'description: "Style: Python"\n'),
        ({"description": "Reviews code, and more."}, "description: Reviews code, and more.\n"),
        ({"a": 'say "hi" #1'}, 'a: "say \\"hi\\" #1"\n'),
        ({"a": "yes", "b": True, "c": None, "d": 1.0, "e": 1e30}, 'a: "yes"\nb: true\nc: null\nd: 1.0\ne: 1.0e+30\n'),
        ({"a": ["x", {"b": [1], "c": {}}], "d": []}, "a:\n  - x\n  - b:\n      - 1\n    c: {}\nd: []\n"),
        ({"a": [["x"]]}, "a:\n  -\n    - x\n"),
        ({}, "{}\n"),
    ],
)
def test_how_it_is_written(value: dict[str, Any], text: str) -> None:
    assert write_yaml(value) == text


def ruamel(text: str) -> object:
    reader = pytest.importorskip("ruamel.yaml").YAML(typ="safe", pure=True)
    reader.version = (1, 2)
    return reader.load(io.StringIO(text))


def same(found: Any, value: Any) -> bool:
    """Compare values and their types: True is no 1, and -0.0 no 0.0."""
    if isinstance(value, dict):
        return (
            isinstance(found, dict)
            and found.keys() == value.keys()
            and all(same(found[key], value[key]) for key in value)
        )
    if isinstance(value, list):
        return isinstance(found, list) and len(found) == len(value) and all(map(same, found, value))
    if isinstance(value, float):
        return isinstance(found, float) and found == value and math.copysign(1, found) == math.copysign(1, value)
    return type(found) is type(value) and bool(found == value)
