"""Where things stand in a target file, which the TOML reader does not tell."""

from __future__ import annotations

import pytest

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
