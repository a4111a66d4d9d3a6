"""What bundles add to files that people and others have, and take out again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.formats.aam.bundle.output import BEGIN, END
from packaging_targets.formats.aam.bundle.shared.documents import (
    Added,
    as_values,
    from_values,
    lacking,
    merged,
    without,
)
from packaging_targets.formats.aam.bundle.shared.instructions import (
    is_made_of_parts,
    parts_of,
    with_parts,
    without_parts,
)


def part(mark: str, text: str) -> str:
    return f"<!-- aam:{mark}:begin -->\n{text}\n<!-- aam:{mark}:end -->\n"


def block(*parts: str) -> str:
    return "\n".join((f"{BEGIN}\n", *parts, f"{END}\n"))


ONE, TWO = part("package:a", "Be kind."), part("rule:b", "Be brief.")


def test_parts_stand_behind_what_people_wrote() -> None:
    assert with_parts(None, block(ONE)) == block(ONE)
    assert with_parts("# Mine\n", block(ONE)) == f"# Mine\n\n{block(ONE)}"
    assert with_parts("", block(ONE)) == block(ONE)
    both = with_parts(f"# Mine\n\n{block(ONE)}\nMore.\n", block(TWO))
    assert both == f"# Mine\n\n{block(ONE, TWO)}\nMore.\n"
    assert with_parts(both, block(part("package:a", "Other."))) == both.replace("Be kind.", "Other.")
    assert parts_of(both) == {"package:a": ONE, "rule:b": TWO}


def test_parts_are_taken_out() -> None:
    both = f"# Mine\n\n{block(ONE, TWO)}\nMore.\n"
    assert without_parts(both, ["rule:b"]) == f"# Mine\n\n{block(ONE)}\nMore.\n"
    assert without_parts(both, ["rule:b", "package:a"]) == "# Mine\nMore.\n"
    assert without_parts(block(ONE), ["package:a"]) is None
    assert without_parts(f"<!-- made by aam -->\n\n{block(ONE)}", ["package:a"]) is None
    assert without_parts("# Mine\n", ["package:a"]) == "# Mine\n"


def test_ends_of_lines_stay_as_people_have_them() -> None:
    both = with_parts("# Mine\r\n", block(ONE, TWO))
    assert both == f"# Mine\n\n{block(ONE, TWO)}".replace("\n", "\r\n")
    assert with_parts(both, block(ONE, TWO)) == both
    assert parts_of(both) == {"package:a": ONE, "rule:b": TWO}
    assert without_parts(both, ["rule:b"]) == f"# Mine\n\n{block(ONE)}".replace("\n", "\r\n")
    assert without_parts(both, ["rule:b", "package:a"]) == "# Mine\r\n"


def test_what_stands_beside_the_parts_of_a_bundle_is_known() -> None:
    assert is_made_of_parts(block(ONE, TWO))
    assert is_made_of_parts(f"<!-- made -->\n\n{block(ONE)}")
    assert not is_made_of_parts(block(ONE, "Between.\n"))
    assert not is_made_of_parts(block(ONE, ONE))
    assert not is_made_of_parts(f"# Before\n{block(ONE)}")
    assert not is_made_of_parts(f"{block(ONE)}# Behind\n")
    assert not is_made_of_parts(f"<!-- a --> Hidden <!-- b -->\n{block(ONE)}")


def test_marks_without_an_end_take_no_longer() -> None:
    text = "".join(f"<!-- aam:{number}:begin -->\n" for number in range(50_000))
    assert parts_of(text) == {}
    assert parts_of(f"{text}{ONE}") == {"package:a": ONE}


@pytest.mark.parametrize(
    ("mine", "theirs", "both"),
    [
        ({}, {"servers": {"a": {"command": "x"}}}, {"servers": {"a": {"command": "x"}}}),
        (
            {"servers": {"mine": {"command": "m"}}, "more": 1},
            {"servers": {"a": {"command": "x"}}},
            {"servers": {"mine": {"command": "m"}, "a": {"command": "x"}}, "more": 1},
        ),
        (
            {"hooks": {"stop": [1]}},
            {"hooks": {"stop": [1, 2], "start": [3]}},
            {"hooks": {"stop": [1, 2], "start": [3]}},
        ),
        ({"version": 1}, {"version": 1, "inputs": ["i"]}, {"version": 1, "inputs": ["i"]}),
    ],
)
def test_documents_are_merged_and_unmerged(mine: Any, theirs: Any, both: Any) -> None:
    value, added, clashes = merged(mine, theirs)
    assert (value, clashes) == (both, [])
    assert list(from_values(as_values(added))) == added
    assert without(value, added) == (mine, [])


def test_what_is_otherwise_there_is_told() -> None:
    mine, theirs = {"servers": {"a": {"command": "m"}}}, {"servers": {"a": {"command": "x"}}, "version": 2}
    value, added, clashes = merged(mine, theirs)
    assert (value, clashes) == ({"servers": {"a": {"command": "m"}}, "version": 2}, ["servers.a"])
    assert added == [Added(("version",), 2)]
    value, added, _ = merged(mine, theirs, force=True)
    assert value == theirs
    assert (without(value, added), lacking(value, added)) == (({}, []), [])
    assert lacking({"servers": {"a": 1}}, added) == ["servers.a", "version"]


def test_what_somebody_has_changed_stays() -> None:
    value, added, _ = merged({}, {"servers": {"a": {"command": "x"}, "b": {"command": "y"}}})
    value = json.loads(json.dumps(value))
    value["servers"]["a"]["command"] = "mine"
    assert without(value, added) == ({"servers": {"a": {"command": "mine"}}}, ["servers.a"])


members = st.dictionaries(
    st.sampled_from("abc"),
    st.integers(0, 2) | st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True),
    min_size=1,
    max_size=3,
)
documents = st.dictionaries(st.sampled_from("xyz"), st.integers(0, 2) | members, max_size=3)


@given(documents, documents)
def test_taking_out_what_was_added_gives_what_was_there(mine: Any, theirs: Any) -> None:
    value, added, _ = merged(mine, theirs)
    assert without(value, added) == (mine, [])
    assert merged(value, theirs)[:2] == (value, [])
