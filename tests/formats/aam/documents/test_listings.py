"""index.json and dist-tags.json: their bytes, and changing one line of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packaging_targets.errors import RegistryError
from packaging_targets.formats.aam.documents.index import (
    Index,
    IndexEntry,
    changed_names,
    changed_parts,
    index_bytes,
    index_with,
    parse_index,
)
from packaging_targets.formats.aam.documents.tags import parse_tags, tags_bytes, tags_of, tags_with
from packaging_targets.formats.aam.metadata import PackageMetadata, Release, Yank
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.model.versions.semver import SemanticVersion

SEED_INDEX = b"""{
  "formatVersion": 1,
  "updatedAt": "2026-02-22T14:00:00Z",
  "packages": [
    { "name": "code-review",         "latest": "1.1.0", "versions": ["1.0.0", "1.1.0"] },
    { "name": "@myorg/code-review",  "latest": "2.0.0", "versions": ["2.0.0"] }
  ]
}
"""
SEED_TAGS = b"""{
  "code-review":        { "latest": "1.1.0", "stable": "1.0.0" },
  "@myorg/code-review": { "latest": "2.0.0" }
}
"""


def package(name: str, *versions: str, at: int = 0, yanked: Sequence[str] = (), text: str = "") -> PackageMetadata:
    releases = {
        one: Release(
            SemanticVersion.parse(one),
            "",
            f"versions/{one}.aam",
            description=text,
            yanked=Yank(0) if one in yanked else None,
        )
        for one in versions
    }
    shown = [one for one in versions if one not in yanked]
    return PackageMetadata(PackageName.parse(name), releases, {"latest": shown[-1]} if shown else {}, at)


@pytest.mark.uaaps("S12.5.index")
def test_the_index_of_the_text_is_read() -> None:
    found = parse_index(SEED_INDEX, "index.json")
    assert found.updated_at == 1_771_768_800
    assert [(one.name, one.latest, one.versions) for one in found.entries] == [
        ("@myorg/code-review", "2.0.0", ("2.0.0",)),
        ("code-review", "1.1.0", ("1.0.0", "1.1.0")),
    ]


@pytest.mark.uaaps("S12.5.dist-tags")
def test_the_tags_of_the_text_are_read() -> None:
    assert parse_tags(SEED_TAGS, "dist-tags.json") == {
        "code-review": {"latest": "1.1.0", "stable": "1.0.0"},
        "@myorg/code-review": {"latest": "2.0.0"},
    }


@pytest.mark.uaaps("P38", "P37")
def test_the_bytes_are_always_these() -> None:
    packages = [
        package("b", "1.0.0", at=9),
        package("@a/b", "1.9.0", "1.10.0", at=1_771_768_800, text="Prüft."),
        package("c", "1.0.0", at=3, yanked=["1.0.0"]),
    ]
    index = changed_parts(Index((), 0, {"x-owner": {"b": 1, "a": 2}}), packages)
    assert (
        index_bytes(index).decode()
        == """{
  "formatVersion": 1,
  "updatedAt": "2026-02-22T14:00:00Z",
  "x-owner": {"b": 1, "a": 2},
  "packages": [
    {"name": "@a/b", "latest": "1.10.0", "versions": ["1.9.0", "1.10.0"], "description": "Prüft."},
    {"name": "b", "latest": "1.0.0", "versions": ["1.0.0"]}
  ]
}
"""
    )
    assert (
        tags_bytes(tags_of({}, packages)).decode()
        == '{\n  "@a/b": {"latest": "1.10.0"},\n  "b": {"latest": "1.0.0"}\n}\n'
    )
    assert index_bytes(Index(())).decode().endswith('"packages": [\n  ]\n}\n')
    assert tags_bytes(tags_of({}, [])) == b"{\n}\n"
    assert json.loads(tags_bytes(tags_of({}, []))) == {}


names = st.sampled_from(["a", "b", "b-c", "c", "@a/b", "@a/c", "@b/a", "z9", "@z/z", "m"])
packages = st.builds(
    lambda name, versions, yanked, at, text: package(name, *sorted(versions), at=at, yanked=yanked, text=text),
    names,
    st.sets(st.sampled_from(["1.0.0", "2.0.0", "3.0.0"]), min_size=1),
    st.sets(st.sampled_from(["1.0.0", "2.0.0", "3.0.0"])),
    st.integers(0, 100),
    st.sampled_from(["", 'a "quoted" {text},\n', "ü"]),
)


@pytest.mark.uaaps("P38")
@settings(max_examples=200, deadline=None)
@given(st.lists(packages, unique_by=lambda one: one.name), packages, st.sampled_from([{}, {"x-a": 1}, {"x-a": [{}], "x-b": "y"}]))  # fmt: skip
def test_a_line_that_is_spliced_in_gives_what_writing_all_gives(
    others: list[PackageMetadata], new: PackageMetadata, extra: dict[str, Any]
) -> None:
    """Also where the package was there before, and where it is hidden then."""
    before = index_bytes(changed_parts(Index((), 0, extra), others))
    after = [one for one in others if one.name != new.name] + [new]
    newest = max(one.modified_at for one in (*others, new))
    expected = changed_parts(Index((), 0, extra), after)
    pieces = index_with(before, new)
    assert pieces is not None
    assert (b"".join(pieces) or before) == index_bytes(Index(expected.entries, newest, extra))
    pieces = tags_with(tags_bytes(tags_of({}, others)), new)
    assert pieces is not None
    assert (b"".join(pieces) or tags_bytes(tags_of({}, others))) == tags_bytes(tags_of({}, after))


def test_nothing_is_written_where_nothing_changes() -> None:
    some = [package("a", "1.0.0", at=5), package("b", "1.0.0", at=7)]
    assert index_with(index_bytes(changed_parts(Index(()), some)), some[0]) == ()
    assert tags_with(tags_bytes(tags_of({}, some)), some[1]) == ()


@pytest.mark.parametrize("text", ["C:\\users", "a\x01b", '"name": "\x01"', '{"n\\u0041": {'])
def test_escapes_in_a_description_keep_no_other_line_from_being_spliced(text: str) -> None:
    some = [package("a", "1.0.0", text=text), package("b", "1.0.0")]
    data = index_bytes(changed_parts(Index(()), some))
    assert b"\\u" in data
    pieces = index_with(data, package("b", "2.0.0"))
    assert pieces is not None
    assert b"".join(pieces) == index_bytes(changed_parts(Index(()), [some[0], package("b", "2.0.0")]))


@pytest.mark.parametrize("line", [b'  "\\u0062": {}', b'  "\\u006e" : {"latest": "1.0.0"}'])
def test_names_with_escapes_are_not_spliced(line: bytes) -> None:
    assert tags_with(b'{\n  "a": {"latest": "1.0.0"},\n' + line + b"\n}\n", package("a", "2.0.0")) is None


@pytest.mark.uaaps("P36")
def test_lines_of_what_is_in_doubt_stay() -> None:
    before = changed_parts(Index(()), [package("a", "1.0.0", at=5), package("@a/b", "1.0.0", at=9)])
    after = changed_parts(before, [package("a", "2.0.0", at=7)], {"a--b"})
    assert [(one.name, one.versions) for one in after.entries] == [("a", ("2.0.0",)), ("@a/b", ("1.0.0",))]
    assert after.updated_at == 9
    tags = tags_of({"a": {}, "@a/b": {"latest": "1.0.0"}, "c": {}}, [package("a", "2.0.0")], {"a--b"})
    assert tags == {"a": {"latest": "2.0.0"}, "@a/b": {"latest": "1.0.0"}}


@pytest.mark.uaaps("P28")
def test_unknown_members_of_a_line_are_kept() -> None:
    data = index_bytes(changed_parts(Index(()), [package("a", "1.0.0"), package("b", "1.0.0")]))
    marked = data.replace(b'"name": "b", ', b'"name": "b", "x-mark": [1], ')
    pieces = index_with(marked, package("b", "1.0.0", "2.0.0"))
    assert pieces is not None
    new = b"".join(pieces)
    assert b'{"name": "b", "latest": "2.0.0", "versions": ["1.0.0", "2.0.0"], "x-mark": [1]}' in new
    again = changed_parts(parse_index(new, ""), [package("a", "1.0.0"), package("b", "1.0.0", "2.0.0")])
    assert index_bytes(again) == new


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"  ", b"\t"),
        (b'"formatVersion": 1', b'"formatVersion": 2'),
        (b'    {"name": "m"', b'    { "name": "m"'),
        (
            b'    {"name": "m", "latest": "1.0.0", "versions": ["1.0.0"]},',
            b'    {"name": "m", "latest": "1.0.0",\n "versions": ["1.0.0"]},',
        ),
        (b'"name": "b"', b'"name": "b", "x-other": {"name": "n"}'),
        (b'"name": "b"', b'"name": "n"'),
        (b'"name": "b"', b'"name":"n"'),
        (b'"name": "b"', b'"name": "\\u006e"'),
        (b"]\n}\n", b"]\n}"),
        (b"]\n}\n", b"] }\n"),
        (b"},\n", b"}, \n"),
        (b"\n", b"\r\n"),
    ],
)
def test_an_index_that_is_not_as_we_write_it_is_not_spliced(before: bytes, after: bytes) -> None:
    data = index_bytes(changed_parts(Index(()), [package(name, "1.0.0") for name in ("b", "m", "x")]))
    other = data.replace(before, after)
    assert other != data
    assert index_with(other, package("n", "1.0.0")) is None


@pytest.mark.parametrize("data", [b"", b"{}", b"{\n", b"}\n", b'{\n  "a": {"latest": "1.0.0"}}\n', b'{\n"a": {"latest": "1.0.0"}\n}\n', SEED_TAGS, SEED_INDEX])  # fmt: skip
def test_foreign_bytes_are_not_spliced(data: bytes) -> None:
    assert tags_with(data, package("@myorg/code-review", "1.0.0")) is None
    assert index_with(data, package("@myorg/code-review", "1.0.0")) is None


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 300), st.integers(0, 40))
def test_damage_never_makes_splicing_fail(noise: bytes, at: int, length: int) -> None:
    some = [package(name, "1.0.0") for name in ("b", "m", "x")]
    for whole, splice in (
        (index_bytes(changed_parts(Index(()), some)), index_with),
        (tags_bytes(tags_of({}, some)), tags_with),
    ):
        pieces = splice(whole[:at] + noise + whole[at + length :], package("n", "1.0.0"))
        assert pieces is None or isinstance(b"".join(pieces), bytes)


def faults(data: bytes) -> list[str]:
    with pytest.raises(RegistryError) as error:
        parse_index(data, "index.json")
    return [f"{one.place}: {one.what}" for one in error.value.problems]


def test_all_that_is_wrong_with_an_index_is_told() -> None:
    value = {
        "formatVersion": 2,
        "updatedAt": "now",
        "packages": [
            {"name": "a", "versions": ["x"]},
            {"name": "a", "versions": "1.0.0"},
            7,
            {"name": "../etc", "latest": 1},
        ],
    }
    assert faults(json.dumps(value).encode()) == [
        "index.json  ($.formatVersion): `formatVersion` must be 1, but is 2",
        "index.json  ($.packages[0]): `x` is no semantic version",
        "index.json  ($.packages[1]): the package `a` stands twice in the index",
        'index.json  ($.packages[1].versions): `versions` must be a list of strings, but is "1.0.0"',
        "index.json  ($.packages[2]): a package must be an object",
        "index.json  ($.packages[3].latest): `latest` must be a string, but is 1",
        "index.json  ($.packages[3].name): the name `../etc` has a `/`, but no scope before it as in `@scope/name`",
        "index.json  ($.updatedAt): `now` is no time: write it as 2026-02-22T14:00:00Z",
    ]
    assert faults(b"{}") == [
        "index.json  ($.formatVersion): `formatVersion` must be 1, but is null",
        "index.json  ($.packages): `packages` must be a list",
    ]


def test_all_that_is_wrong_with_tags_is_told() -> None:
    value = {"a": {"A": "1.0.0", "b": 1}, "--": {}, "c": "1.0.0"}
    with pytest.raises(RegistryError) as error:
        parse_tags(json.dumps(value).encode(), "dist-tags.json")
    assert [f"{one.place}: {one.what}" for one in error.value.problems] == [
        'dist-tags.json  ($.c): `c` must be an object, but is "1.0.0"',
        'dist-tags.json  ($["--"]): the name `--` has a name that is not of lower-case letters, digits and `-`, or does not start with a letter or digit',
        'dist-tags.json  ($["a"]["A"]): the tag `A` is not of lower-case letters, digits and `-`',
        'dist-tags.json  ($["a"]["b"]): the tag `b` must lead to the text of a version',
    ]


def test_the_names_on_lines_that_differ_are_told() -> None:
    def written(*packages: tuple[str, str], at: int = 5) -> bytes:
        return index_bytes(Index(tuple(IndexEntry(name, one, (one,)) for name, one in packages), at))

    before = written(("a", "1.0.0"), ("b", "1.0.0"), ("@s/c", "1.0.0"))
    assert changed_names(before, before) == frozenset()
    assert changed_names(before, written(("a", "1.0.0"), ("b", "1.0.0"), ("@s/c", "1.0.0"), at=9)) == frozenset()
    after = written(("a", "1.0.0"), ("b", "2.0.0"), ("d", "1.0.0"), ("@s/c", "1.0.0"))
    assert {"b", "d"} <= changed_names(before, after) <= {"b", "d", "a"}  # type: ignore[operator]  # both are ours
    assert changed_names(before, written()) == frozenset({"a", "b", "@s/c"})
    assert changed_names(before, SEED_INDEX) == frozenset({"a", "b", "@s/c", "code-review", "@myorg/code-review"})
    assert changed_names(before, json.dumps(json.loads(before)).encode()) is None
    assert changed_names(before, after.replace(b'"d"', b'"D"')) is None
    assert changed_names(before, after.replace(b'{"name": "d"', b'{"name": d')) is None
