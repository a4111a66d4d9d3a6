"""What is said of two snapshots that differ, and what `why` makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.adapters.testing import Workspace
from packaging_targets.build.explain import Difference, differences

if TYPE_CHECKING:
    from pathlib import Path

SHOT: dict[str, Any] = {
    "kind": "k/1",
    "outputs": ["o"],
    "rule": ["r", "a" * 64],
    "inputs": {},
    "tools": {},
    "params": {},
}
LINES = "".join(f"line {number}\n" for number in range(100))


def told(old: Any, new: Any) -> list[str]:
    """Return what is said of two values of one parameter."""
    return [str(one) for one in differences({**SHOT, "params": {"p": old}}, {**SHOT, "params": {"p": new}})]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (1, 2, ["parameter changed p: 1 -> 2"]),
        (1, None, ["parameter changed p: 1 -> (none)"]),
        ("", "é\n", ["parameter changed p: (none) -> é\\n"]),
        (False, True, ["parameter changed p: false -> true"]),
        ([], "x", ["parameter changed p: [] -> x"]),
        (
            {"A": "1", "B": "2"},
            {"A": "2", "C": "3"},
            ["parameter changed p.A: 1 -> 2", "parameter removed p.B: 2", "parameter added p.C: 3"],
        ),
        (["sh", "-c", "echo 1"], ["sh", "-c", "echo 2"], ["parameter changed p[2]: echo 1 -> echo 2"]),
        (["sh", "-c"], ["sh", "-e", "-c"], ["parameter added p: -e"]),
        (["a", "b", "d"], ["b", "c", "d"], ["parameter removed p: a", "parameter added p: c"]),
        (["a", "a"], ["a"], ["parameter removed p: a"]),
        (["a", "b", "c"], ["c", "b", "a"], ["parameter reordered p"]),
        ([{"id": "a", "port": 1}, {"id": "b"}], [{"id": "a", "port": 2}, {"id": "b"}], ["parameter changed p[0].port: 1 -> 2"]),
        ([{"id": "a", "port": 1}, {"id": "b"}], [{"id": "b"}], ['parameter removed p: {"id": "a", "port": 1}']),
        (
            [],
            [f"s{number}" for number in range(9)],
            [*(f"parameter added p: s{number}" for number in range(5)), "parameter added p: ... and 4 more"],
        ),
        (
            LINES,
            LINES.replace("line 50\n", "line fifty\n"),
            [
                "parameter changed p: "
                "...ine 48\\nline 49\\nline 50\\nline 51\\nline 52\\nline 53\\nline 54\\nline 55\\nlin... -> "
                "...ine 48\\nline 49\\nline fifty\\nline 51\\nline 52\\nline 53\\nline 54\\nline 55\\n..."
            ],
        ),
        ("x" * 100, "y" * 100, [f"parameter changed p: {'x' * 77}... -> {'y' * 77}..."]),
    ],
)  # fmt: skip
def test_values_are_told_where_they_part(old: Any, new: Any, lines: list[str]) -> None:
    assert told(old, new) == lines


def test_a_manifest_is_told_by_where_things_go() -> None:
    def shot(manifest: list[list[Any]], **inputs: str) -> dict[str, Any]:
        return {**SHOT, "params": {"manifest": manifest}, "inputs": inputs}

    old = shot([["a"], ["a/x", "src/x"], ["run", "run"]])
    new = shot([["b"], ["b/x", "src/x"], ["run", "run", None, None, True]])
    assert list(map(str, differences(old, new))) == ["what goes where changed: a/x and 1 more -> b/x and 1 more"]
    fewer = shot([["a"], ["a/x", "src/x"]])
    assert list(map(str, differences(old, fewer))) == ["what goes where changed: run -> (none)"]
    texts = [shot([["a"], ["a/x", None, f"{word}\n"], ["run", "run"]]) for word in ("one", "two")]
    assert list(map(str, differences(*texts))) == ["packed text changed a/x: one\\n -> two\\n"]
    # Where files came or went, these tell it better.
    more = shot([["a"], ["a/x", "src/x"], ["run", "run"], ["y", "src/y"]], y="f" + "1" * 64)
    assert list(map(str, differences(old, more))) == ["input added y: 111111111111"]


def test_what_came_and_went_is_one_value_not_two() -> None:
    old, new = (
        {**SHOT, "inputs": {"a": "f" + "1" * 64}},
        {**SHOT, "inputs": {"@r/t": "x" + "2" * 64}, "tools": {"t": "1"}},
    )
    assert list(map(str, differences(old, new))) == [
        "template added @r/t: 222222222222 (executable)",
        "input removed a: 111111111111",
        "tool added t: 1",
    ]
    assert str(Difference("it was never built", "")) == "it was never built"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)


@given(JSON, JSON)
def test_only_what_differs_is_told_and_never_nothing(old: Any, new: Any) -> None:
    assert told(old, old) == []
    assert bool(told(old, new)) == (old != new)


def test_why_tells_items(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    entry = '[[command]]\nname = "c"\nouts = ["o"]\nargv = ["sh", "-c", "{}", "{{out}}"]\n'
    ws.write({"a/TARGETS.toml": entry.format("echo 1 >$0")})
    assert ws.build().exit_code == 0
    ws.write({"a/TARGETS.toml": entry.format("echo 2 >$0") + 'env = { LEVEL = "3" }\n'})
    assert ws.packaging("why", "//a:c").output.startswith(
        "//a:c would run:\n"
        "  parameter changed argv[2]: echo 1 >$0 -> echo 2 >$0\n"
        "  parameter added env.LEVEL: 3\n"
        "//a:c was built in "
    )


def test_why_before_the_first_build(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write({"a/TARGETS.toml": '[[archive]]\nname = "a"\nsrcs = ["*.txt"]\n', "a/x.txt": "1"})
    ws.write({"b/TARGETS.toml": '[[archive]]\nname = "b"\ndeps = ["//a"]\n'})
    for label in ("//a:a", "//b:b"):
        assert ws.packaging("why", label).output == f"{label} would run:\n  it was never built\n"
    assert ws.build().built == ["//a:a", "//b:b"]
    assert ws.packaging("why", "//b:b").output.startswith("//b:b is up to date.\n")
    # What b uses is made anew: whether it then runs is known when that is there.
    ws.write({"a/x.txt": "2"})
    ws.path("dist/a/a.tar.gz").unlink()
    assert ws.packaging("why", "//b:b").output.startswith("//b:b may run, after what it uses is made:\n  //a:a\n")


def test_what_json_tells_apart_and_python_does_not_runs_too(tmp_path: Path) -> None:
    ws = Workspace(tmp_path / "repo")
    ws.write(
        {
            "rules/flag/rule.py": """\
                from packaging_targets import Action

                def analyse(context):
                    params = {"text": "x", "executable": context.target.fields["flag"]}
                    return [Action("write/1", params, (), (context.output("x"),))]
            """,
            "rules/flag/schema.json": '{"title": "flag", "description": "d", "properties": {"flag": {"description": "d"}}}',
            "a/TARGETS.toml": '[[flag]]\nname = "a"\nflag = 1\n',
        }
    )
    assert ws.build().built == ["//a:a"]
    ws.write({"a/TARGETS.toml": '[[flag]]\nname = "a"\nflag = true\n'})
    assert ws.packaging("why", "//a:a").output.startswith("//a:a would run:\n  its description changed\n")
    assert ws.build().built == ["//a:a"]
