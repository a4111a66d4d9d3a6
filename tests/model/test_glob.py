"""What globs match, and what is none."""

from __future__ import annotations

import contextlib

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
