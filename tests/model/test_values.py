"""Digests, manifests, actions and errors: what they are, and that they survive JSON and pickle."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.errors import (
    BuildError,
    PackagingError,
    Problem,
    RequestError,
    near_miss,
    raise_all,
)
from packaging_targets.model.action import Action
from packaging_targets.model.digest import Digest, canonical_json
from packaging_targets.model.manifest import Entry, Manifest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMES = st.from_regex(r"[a-c]{1,2}", fullmatch=True)


@given(JSON)
def test_canonical_json_says_the_value_and_forgets_the_order(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text
    if isinstance(value, dict):
        assert canonical_json(dict(reversed(value.items()))) == text


def test_canonical_json_of_what_has_none() -> None:
    assert canonical_json({"b": (1, None), "a": "é"}) == '{"a":"é","b":[1,null]}'.encode()
    assert canonical_json("\udcff") == b'"\xff"'
    with pytest.raises(ValueError, match=r"^a float has no canonical form: 1\.5$"):
        canonical_json({"a": [1.5]})
    with pytest.raises(TypeError):
        canonical_json({1, 2})


def test_a_digest_is_known() -> None:
    empty = Digest.of(b"")
    assert str(empty) == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert empty.short == "e3b0c44298fc"
    assert Digest.of_value({"a": 1}) == Digest.of(b'{"a":1}')


@given(st.lists(st.lists(NAMES, min_size=1, max_size=3).map("/".join), unique=True, max_size=8), st.randoms())
def test_manifests_are_sorted_whatever_came_first(dests: list[str], random: object) -> None:
    dests = [dest for dest in dests if not any(other.startswith(f"{dest}/") for other in dests)]
    entries = [Entry(dest, source=f"src/{dest}") for dest in dests]
    manifest = Manifest.of(entries)
    random.shuffle(entries)  # type: ignore[attr-defined]  # a random.Random
    assert Manifest.of(entries) == manifest
    assert Manifest.from_json(json.loads(json.dumps(manifest.to_json()))) == manifest
    places = [entry.dest for entry in manifest.entries]
    assert places == sorted(places, key=str.encode)
    for dest in places:
        assert "/" not in dest or dest.rpartition("/")[0] in places


@pytest.mark.parametrize(
    ("dests", "what"),
    [
        (["/etc/passwd"], "`/etc/passwd` is no relative path"),
        ([""], "`` is no relative path"),
        (["a\0b"], "`a\0b` is no relative path"),
        (["a/../b"], "`a/../b` has an empty, `.` or `..` part"),
        (["a//b"], "`a//b` has an empty, `.` or `..` part"),
        (["a", "a"], "two sources want to be `a`: `0` and `1`"),
        (["a", "a/b"], "`a` is a file, and `a/b` wants it to be a folder"),
    ],
)
def test_what_no_tree_can_hold(dests: list[str], what: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Manifest.of(Entry(dest, source=str(place)) for place, dest in enumerate(dests))
    assert str(caught.value) == what


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        (Entry("x", "a/x"), Entry("x", text="b"), "`a/x` and a text"),
        (Entry("x", link="y"), Entry("x"), "a link to `y` and a folder"),
        (Entry("x", "a"), Entry("x", "a", executable=True), "`a` and `a`, executable"),
        (Entry("x", "a", executable=False), Entry("x", "a"), "`a`, not executable and `a`"),
    ],
)
def test_a_clash_names_both_contents(one: Entry, other: Entry, what: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Manifest.of([one, other])
    assert str(caught.value) == f"two sources want to be `x`: {what}"
    assert Manifest.of([one, one]) == Manifest.of([one])


@pytest.mark.parametrize(
    ("contents", "names"),
    [
        ({"source": "a", "text": ""}, "a source and a text"),
        ({"source": "a", "link": "b"}, "a source and a link"),
        ({"source": "", "text": "", "link": ""}, "a source and a text and a link"),
    ],
)
def test_an_entry_has_one_content(contents: dict[str, Any], names: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Entry("x", **contents)
    assert str(caught.value) == f"the entry `x` has {names}, and may have one of them"


def test_an_action_survives_json_and_its_title_counts_nowhere() -> None:
    action = Action("tar/1", {"a": [1]}, ("x",), ("y",), "n", "for people")
    assert Action.from_json(json.loads(json.dumps(action.to_json()))) == action
    assert action == Action("tar/1", {"a": [1]}, ("x",), ("y",), "n")


@pytest.mark.parametrize("error", [PackagingError, BuildError, RequestError])
def test_errors_survive_pickle_with_all_their_problems(error: type[PackagingError]) -> None:
    one = error(Problem("b:1", "two", "fix it"), Problem("a:10", "ten"), Problem("a:9", "nine"), Problem("a:9", "nine"))
    other = pickle.loads(pickle.dumps(one))
    assert (type(other), other.problems, other.exit_code) == (error, one.problems, one.exit_code)
    assert str(other) == "error: nine\n  at a:9\n\nerror: ten\n  at a:10\n\nerror: two\n  at b:1\n  fix: fix it"


def test_a_problem_survives_pickle_with_its_field() -> None:
    error = pickle.loads(pickle.dumps(RequestError.one("bad", "x:1", "mend", field="$.a[0]")))
    assert (str(error), error.exit_code) == ("error: bad\n  at x:1  ($.a[0])\n  fix: mend", 2)
    assert error.problems == (Problem("x:1", "bad", "mend", field="$.a[0]"),)


@pytest.mark.parametrize(
    ("where", "label", "field", "place"),
    [
        ("a:1", "//b:c", "$.d", "a:1  (//b:c, $.d)"),
        ("a:1", "//b:c", "", "a:1  (//b:c)"),
        ("a:1", "", "$.d", "a:1  ($.d)"),
        ("a:1", "", "", "a:1"),
        ("", "//b:c", "$.d", "//b:c, $.d"),
        ("", "", "", ""),
    ],
)
def test_the_place_of_a_problem_as_people_see_it(where: str, label: str, field: str, place: str) -> None:
    assert Problem(where, "bad", "", label, field).place == place


def test_problems_are_sorted_by_the_place_that_people_see() -> None:
    error = RequestError(Problem("a:9", "one", field="$.b[10]"), Problem("a:9", "two", field="$.b[9]"))
    assert [problem.what for problem in error.problems] == ["two", "one"]


def test_all_problems_at_once_or_none() -> None:
    raise_all([])
    with pytest.raises(BuildError, match=r"^error: x$"):
        raise_all([Problem("", "x")], BuildError)
    assert near_miss("asset_pak", ["archive", "asset_pack"]) == "did you mean `asset_pack`?"
    assert near_miss("zzz", ["archive"]) == ""
