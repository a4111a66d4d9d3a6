"""Where things stand in a target file, which the TOML reader does not tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.workspace.target_file import field_where, parse_target_file

TEXT = """\
# [[archive]]
[workspace]
out = "dist"

[[archive]]
name = "a"
  "srcs" = ["deps",
  "x"]
deps = []

  [ archive . rename ]
  a = "b"

[[ archive ]]  # another
name="b"
env.HOME = "/"

[[service]]
name = "c"
"""


def test_entries_know_their_lines() -> None:
    file = parse_target_file("a/TARGETS.toml", TEXT.encode())
    assert file.problems == ()
    assert [(entry.rule, entry.fields["name"], entry.line) for entry in file.entries] == [
        ("archive", "a", 5), ("archive", "b", 14), ("service", "c", 18),
    ]  # fmt: skip
    assert (file.workspace, file.workspace_line) == ({"out": "dist"}, 2)


@pytest.mark.parametrize(
    ("entry", "field", "line"),
    [
        (5, "name", 6), (5, "srcs", 7), (5, "deps", 9), (5, "rename", 11), (5, "env", 5), (5, "none", 5),
        (14, "name", 15), (14, "env", 16), (14, "srcs", 14), (18, "name", 19), (0, "none", 1),
    ],
)  # fmt: skip
def test_fields_are_found_within_their_entry(entry: int, field: str, line: int) -> None:
    file = parse_target_file("a/TARGETS.toml", TEXT.encode())
    assert field_where(file, entry, f"$.{field}") == f"a/TARGETS.toml:{line}"


ITEMS = """\
[[oci_image]]
name = "i"
layers = [  # of [two, items]
  { srcs = ["a, b"], note = "]" },

  # the second
  { srcs = [
    "c",
  ] },
]
tags = ["x", "y",
  "z"]
deps = []
[[oci_image]]
[[oci_image.layers]]
srcs = ["a"]
[[oci_image.layers]]
srcs = ["b"]
[oci_image.env]
a = "1"
"""


@pytest.mark.parametrize(
    ("entry", "field", "line"),
    [
        (1, "layers", 3), (1, "layers[0]", 4), (1, "layers[0].srcs[0]", 4), (1, "layers[1].srcs", 7), (1, "layers[2]", 3),
        (1, "tags[0]", 11), (1, "tags[1]", 11), (1, "tags[2]", 12), (1, "deps[0]", 13), (1, "name[0]", 2),
        (14, "layers", 15), (14, "layers[0].srcs", 15), (14, "layers[1].srcs", 17), (14, "layers[7]", 17),
        (14, "env[0]", 19), (14, "tags[1]", 14),
    ],
)  # fmt: skip
def test_items_are_found_within_their_field(entry: int, field: str, line: int) -> None:
    file = parse_target_file("a/TARGETS.toml", ITEMS.encode())
    assert file.problems == ()
    assert field_where(file, entry, f"$.{field}") == f"a/TARGETS.toml:{line}"


@given(st.lists(st.sampled_from(['"a, ]"', "'#'", "[1, 2]", "{ x = [3] }", '"""\n]\n"""', "[\n]"])), st.integers(0, 9))
def test_the_line_of_any_item_is_one_of_its_field(items: list[str], place: int) -> None:
    """One item a line, behind a comment: the line is counted by the line breaks of those before it."""
    text = "[[a]]\nb = [\n" + "".join(f"  # [, {item.splitlines()[0]}\n  {item},\n" for item in items) + "]\n"
    before = sum(2 + item.count("\n") for item in items[:place])
    expected = 4 + before if place < len(items) else 2
    assert (
        field_where(parse_target_file("TARGETS.toml", text.encode()), 1, f"$.b[{place}]") == f"TARGETS.toml:{expected}"
    )
