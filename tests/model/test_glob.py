"""What globs match, and what is none."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.model.glob import compile_glob, fixed_prefix, match_any


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("**", ["a", "a/b/c"], []),
        ("*", ["a", ".hidden"], ["a/b"]),
        ("*.py", ["x.py", ".py"], ["a/x.py", "x.pyc"]),
        ("**/*.py", ["x.py", "a/b/x.py"], ["x.pyc"]),
        ("src/**", ["src/a", "src/a/b"], ["src", "srcs/a"]),
        ("a/**/b", ["a/b", "a/x/y/b"], ["a/xb", "b"]),
        ("?", ["a", "é"], ["ab", "/"]),
        ("[ab].txt", ["a.txt"], ["c.txt", "ab.txt"]),
        ("[!ab].txt", ["c.txt"], ["a.txt", "/.txt"]),
        ("[", ["["], ["a"]),
        ("a.b+(c)", ["a.b+(c)"], ["aXb+(c)"]),
        ("[]a]", ["]", "a"], ["b"]),
        ("[.-0]", [".", "0"], ["/"]),
        ("x[+-9]y", ["x1y"], ["x/y"]),
        ("a**b", ["ab", "axb"], ["a/b"]),
        ("**/**/a/**/**", ["a/b", "x/y/a/b/c"], ["a"]),
        ("[a&&b]", ["a", "&", "b"], ["c"]),
        ("[[:x:]", ["[", ":", "x"], ["]"]),
        ("[\\w]", ["\\", "w"], ["a"]),
        ("*", ["new\nline"], []),
        ("src/**", ["src/new\nline", "src/a\nb/c"], []),
    ],
)
def test_what_a_glob_matches(glob: str, yes: list[str], no: list[str]) -> None:
    matches = match_any([glob])
    assert [path for path in yes if not matches(path)] == []
    assert [path for path in no if matches(path)] == []


@pytest.mark.parametrize("glob", ["", "/a", "../a", "a/../b", "./a", "a/."])
def test_what_is_no_glob(glob: str) -> None:
    with pytest.raises(ValueError, match=r"^a glob (is relative to|never leaves) its package"):
        compile_glob(glob)


def test_the_folder_that_a_glob_stays_in() -> None:
    globs = ["src/a/*.py", "src/**", "*.py", "x", "a/b", "a[1]/b/c"]
    assert [fixed_prefix(glob) for glob in globs] == ["src/a", "src", "", "", "a", ""]


@pytest.mark.parametrize("glob", ["[z-a]", "x/[!b-a]*", "[a--b]"])
def test_what_is_no_set_of_characters(glob: str) -> None:
    with pytest.raises(ValueError, match=r"^`\[.*\]` is no set of characters: bad character range "):
        compile_glob(glob)


@given(st.text("ab/*?[]!^-\\&|~:.()+", max_size=12), st.text("ab/-[]", max_size=6))
def test_a_text_is_a_glob_or_refused_with_a_reason(glob: str, path: str) -> None:
    with contextlib.suppress(ValueError):
        matches = match_any([glob])(path)
        assert not matches or f"{path}/".startswith(f"{fixed_prefix(glob)}/" if fixed_prefix(glob) else "")


@given(st.text("ab*/", min_size=1, max_size=8))
def test_several_globs_match_what_one_of_them_does(path: str) -> None:
    globs = ["a*", "**/b", "*/a/**"]
    assert match_any(globs)(path) == any(match_any([glob])(path) for glob in globs)


@cache
def matches(glob: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Tell whether a glob's segments match those of a path, by trying all that is possible."""
    if not glob or not path:
        return not glob and not path
    if glob[0] != "**":
        return in_segment(glob[0], path[0]) and matches(glob[1:], path[1:])
    if len(glob) == 1:
        return True
    return any(matches(glob[1:], path[at:]) for at in range(len(path)))


@cache
def in_segment(glob: str, name: str) -> bool:
    if not glob:
        return not name
    if glob[0] == "*":
        return any(in_segment(glob[1:], name[at:]) for at in range(len(name) + 1))
    return bool(name) and glob[0] in {"?", name[0]} and in_segment(glob[1:], name[1:])


SEGMENTS = st.one_of(st.just("**"), st.text("ab*?", min_size=1, max_size=6))


@given(
    st.lists(SEGMENTS, min_size=1, max_size=6), st.lists(st.text("ab", min_size=1, max_size=5), min_size=1, max_size=6)
)
def test_the_first_place_that_fits_is_as_good_as_any(glob: list[str], path: list[str]) -> None:
    assert match_any(["/".join(glob)])("/".join(path)) == matches(tuple(glob), tuple(path))


def test_a_glob_that_nearly_matches_takes_no_longer() -> None:
    """In a process of its own, which is given up where it takes for ever: it was the age of the universe."""
    script = (
        "from packaging_targets.model.glob import match_any\n"
        "cases = {'**/' + 'a*' * 40 + 'b': 'a' * 250, '**/a/' * 30 + 'b': 'a/' * 250 + 'a', '**/' * 30 + 'b': 'a/' * 250 + 'a',"
        " '**/' + 'a*/' * 30 + 'b': 'aa/' * 170 + 'a', '?*' * 100 + 'b': 'a' * 250, '[a-c]*' * 80 + '/**/x': 'a' * 250 + '/y'}\n"
        "assert not any(match_any([glob])(path) for glob, path in cases.items())"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
