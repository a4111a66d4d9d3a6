"""Front matter: read with its lines, and changed without touching what need not change."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.errors import RequestError
from packaging_targets.formats.aam.artifacts.front_matter import edited, read_document, read_yaml_document
from packaging_targets.formats.aam.artifacts.yaml_text import read_yaml
from packaging_targets.formats.aam.artifacts.yaml_writer import write_yaml

pytest.importorskip("yaml")

FRONT = """\
# Who wrote it matters.
name: "old"   # the name
description: >
  Does a thing:
  well.
metadata:
  name: inner
  version: 1.10
tools:
- name: x
- "name: y"
"""


def test_a_document_has_fields_a_body_and_lines() -> None:
    document = read_document(b"---\r\nname: a\r\ntext: |\r\n  b\r\n---\r\n\r\n# A\r\n", "s/SKILL.md")
    assert document.fields == {"name": "a", "text": "b\n"}
    assert document.body == "\n# A\n"
    assert document.place("text") == "s/SKILL.md:3"
    assert document.place("other") == document.place() == "s/SKILL.md:1"


def test_a_document_need_not_have_front_matter() -> None:
    assert read_document(b"# A\n\n---\n", "a.md").fields == {}
    assert read_document(b"# A\n\n---\n", "a.md").body == "# A\n\n---\n"
    assert read_document(b"---\n---\nA", "a.md").body == "A"
    assert read_document(b"", "a.md").body == ""


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"---\nname: a\n", "error: front matter begins and never ends\n  at a.md:1\n  fix: close it with a line `---`"),
        (b"---\n\nname: a: b\n---\n", "error: is no YAML: mapping values are not allowed in this context\n  at a.md:3\n  fix: quote what is meant as text"),
        (b"---\n- a\n---\n", "error: must be a table of names and values\n  at a.md:2\n  fix: write `name: value` lines"),
        (b"---\nname: a\n---\n\xff", "error: is not UTF-8\n  at a.md:4\n  fix: save it as UTF-8"),
    ],
)  # fmt: skip
def test_what_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_document(data, "a.md")
    assert str(refused.value) == told


def test_a_yaml_file_is_a_document_without_a_body() -> None:
    document = read_yaml_document(b"name: a\n", "agent.yaml")
    assert (document.fields, document.body, document.place("name")) == ({"name": "a"}, "", "agent.yaml:1")


def test_an_edit_leaves_all_else_as_it_is_written() -> None:
    assert edited(FRONT, {"name": "new"}) == FRONT.replace('"old"   # the name', "new")
    assert edited(FRONT, {"description": None}) == FRONT.replace("description: >\n  Does a thing:\n  well.\n", "")
    assert edited(FRONT, {"license": "MIT"}) == f"{FRONT}license: MIT\n"


def test_what_cannot_be_edited_a_line_at_a_time_is_written_anew() -> None:
    assert edited("{name: old, a: [1]}\n", {"name": "new"}) == "a:\n  - 1\nname: new\n"
    assert edited(FRONT, {"tools": None}) == FRONT.partition("tools:")[0]
    odd = 'a: "x\n\nname: y"\nname: old\n'  # a line of the text looks like a key
    assert read_yaml(edited(odd, {"name": "new"}).encode(), "") == {"a": "x\nname: y", "name": "new"}


KEYS = st.text("abcxyz-", min_size=1, max_size=6)
VALUES = st.text(st.characters(codec="utf-8"), max_size=20) | st.integers() | st.lists(st.text(max_size=8), max_size=3)


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.dictionaries(KEYS, VALUES | st.none(), max_size=3))
def test_an_edit_changes_what_it_says(fields: dict[str, Any], changes: dict[str, Any]) -> None:
    wanted = {key: value for key, value in {**fields, **changes}.items() if value is not None}
    assert (read_yaml(edited(write_yaml(fields), changes).encode(), "") or {}) == wanted
