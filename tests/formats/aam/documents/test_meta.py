"""meta.json: its bytes, what is read of it, and every fault with its place."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packaging_targets.errors import RegistryError, plain
from packaging_targets.formats.aam.documents.meta import MAX_META, metadata_bytes, parse_metadata
from packaging_targets.formats.aam.metadata import PackageMetadata, Release, Yank
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.model.versions.semver import SemanticVersion

INTEGRITY = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
SEED = {
    "name": "@myorg/code-review",
    "versions": {
        "2.0.0": {
            "version": "2.0.0",
            "description": "Code review skills for myorg",
            "author": "myorg",
            "publishedAt": "2026-02-20T10:00:00Z",
            "integrity": INTEGRITY,
            "tarball": "versions/2.0.0.aam",
        }
    },
    "dist-tags": {"latest": "2.0.0", "stable": "2.0.0"},
}


def read(value: Any) -> PackageMetadata:
    return parse_metadata(json.dumps(value).encode(), "meta.json")


def faults(value: Any) -> list[str]:
    with pytest.raises(RegistryError) as error:
        read(value)
    return [f"{one.place}: {one.what}" for one in error.value.problems]


def changed(**members: Any) -> Any:
    """The text's example with other members of its one version."""
    return {**SEED, "versions": {"2.0.0": {**SEED["versions"]["2.0.0"], **members}}}  # type: ignore[index]


@pytest.mark.uaaps("S12.5.meta")
def test_the_example_of_the_text_is_read() -> None:
    found = read(SEED)
    release = found.releases["2.0.0"]
    assert (str(found.name), dict(found.tags)) == ("@myorg/code-review", {"latest": "2.0.0", "stable": "2.0.0"})
    assert (release.description, release.author, release.published_at) == (
        "Code review skills for myorg",
        "myorg",
        1771581600,
    )
    assert (release.integrity, release.tarball) == (INTEGRITY, "versions/2.0.0.aam")


@pytest.mark.uaaps("P38")
def test_the_bytes_are_always_these() -> None:
    release = Release(
        SemanticVersion.parse("2.0.0"),
        INTEGRITY,
        "versions/2.0.0.aam",
        published_at=1771581600,
        size=7,
        description="Für Prüfungen",
        dependencies={"b": "^1.0.0", "a": "*"},
        yanked=Yank(1771581601, "bad", ("stable", "latest")),
        deprecated="use 3",
        other={"z": 1, "signature": {"b": 1, "a": 2}},
    )
    old = Release(SemanticVersion.parse("1.10.0"), INTEGRITY, "versions/1.10.0.aam")
    older = Release(SemanticVersion.parse("1.9.0"), INTEGRITY, "versions/1.9.0.aam")
    releases = {str(one.version): one for one in (release, old, older)}
    found = metadata_bytes(
        PackageMetadata(PackageName("a", "b"), releases, {"z": "1.9.0", "a": "1.9.0"}, 5, {"x-y": []})
    )
    assert (
        found.decode()
        == """{
  "name": "@a/b",
  "versions": {
    "1.9.0": {
      "version": "1.9.0",
      "description": "",
      "author": "",
      "publishedAt": "1970-01-01T00:00:00Z",
      "integrity": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
      "tarball": "versions/1.9.0.aam",
      "size": 0
    },
    "1.10.0": {
      "version": "1.10.0",
      "description": "",
      "author": "",
      "publishedAt": "1970-01-01T00:00:00Z",
      "integrity": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
      "tarball": "versions/1.10.0.aam",
      "size": 0
    },
    "2.0.0": {
      "version": "2.0.0",
      "description": "Für Prüfungen",
      "author": "",
      "publishedAt": "2026-02-20T10:00:00Z",
      "integrity": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
      "tarball": "versions/2.0.0.aam",
      "size": 7,
      "dependencies": {
        "a": "*",
        "b": "^1.0.0"
      },
      "yanked": {
        "at": "2026-02-20T10:00:01Z",
        "reason": "bad",
        "tags": [
          "latest",
          "stable"
        ]
      },
      "deprecated": "use 3",
      "signature": {
        "b": 1,
        "a": 2
      },
      "z": 1
    }
  },
  "dist-tags": {
    "a": "1.9.0",
    "z": "1.9.0"
  },
  "modifiedAt": "1970-01-01T00:00:05Z",
  "x-y": []
}
"""
    )


versions = st.builds(
    lambda numbers, words: SemanticVersion(numbers[0], numbers[1], numbers[2], tuple(words)),
    st.tuples(*[st.integers(0, 12)] * 3),
    st.lists(st.from_regex(r"\A[a-z]{1,3}\Z"), max_size=2),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
lines = texts.filter(lambda one: plain(one) == one)
times = st.integers(0, 4_000_000_000)
json_values = st.recursive(st.none() | st.booleans() | st.integers() | texts, lambda one: st.lists(one) | st.dictionaries(texts, one), max_leaves=5)  # fmt: skip
releases = st.builds(
    Release,
    version=versions,
    integrity=st.just(INTEGRITY),
    tarball=st.just("versions/1.aam"),
    published_at=times,
    size=st.integers(0, 1 << 40),
    description=texts,
    author=texts,
    dependencies=st.dictionaries(st.sampled_from(["a", "@b/c"]), st.sampled_from(["*", "^1.0.0", ">=1.0.0 <2.0.0"])),
    yanked=st.none() | st.builds(Yank, times, lines, st.sampled_from([(), ("latest",), ("a", "b")])),
    deprecated=lines,
    missing=st.booleans(),
    other=st.dictionaries(texts.map("x-{}".format), json_values, max_size=2),
)


@pytest.mark.uaaps("P28", "P38")
@settings(max_examples=60, deadline=None)
@given(
    st.lists(releases, max_size=4, unique_by=lambda one: str(one.version)),
    st.dictionaries(st.sampled_from(["latest", "stable"]), st.sampled_from(["1.0.0", "2.0.0"])),
    times,
    st.dictionaries(texts.map("x-{}".format), json_values, max_size=2),
)
def test_what_was_written_is_read_and_written_again_to_the_same_bytes(
    some: list[Release], tags: dict[str, str], at: int, other: dict[str, Any]
) -> None:
    by_version = {str(one.version): one for one in some}
    metadata = PackageMetadata(PackageName("a", "b"), by_version, tags, at, other)
    data = metadata_bytes(metadata)
    again = parse_metadata(data, "meta.json")
    assert again == metadata
    assert metadata_bytes(again) == data
    assert (json.dumps(json.loads(data), ensure_ascii=False, indent=2) + "\n").encode() == data


@pytest.mark.uaaps("P28")
def test_unknown_members_stay_where_they_are() -> None:
    value = {**changed(signature={"kept": [1, None]}), "x-owner": "me"}
    written = json.loads(metadata_bytes(read(value)))
    assert written["x-owner"] == "me"
    assert written["versions"]["2.0.0"]["signature"] == {"kept": [1, None]}


@pytest.mark.uaaps("P26")
def test_an_integrity_in_hexadecimal_is_read() -> None:
    text = f"sha256-{'0a' * 32}"
    assert read(changed(integrity=text)).releases["2.0.0"].integrity == text


def test_a_foreign_yank_is_a_yank() -> None:
    assert read(changed(yanked=True)).releases["2.0.0"].yanked == Yank(0)
    assert read(changed(yanked=False)).releases["2.0.0"].yanked is None


def test_all_that_is_wrong_is_told_with_its_place() -> None:
    value = {
        "name": "Review--x",
        "versions": {
            "1.0": {},
            "1.0.0": [],
            "2.0.0": {
                "version": "2.0.1",
                "integrity": "md5-x",
                "tarball": "../../etc/passwd",
                "publishedAt": "yesterday",
                "size": -1,
                "description": 7,
                "dependencies": {"A": "*", "b": "1.x", "c": 1},
                "yanked": "yes",
            },
            "2.0.0+b": {"integrity": INTEGRITY, "tarball": "/etc/passwd"},
        },
        "dist-tags": {"Stable": "2.0.0", "1.0.0": "2.0.0", "next": 2},
        "modifiedAt": 5,
    }
    assert faults(value) == [
        'meta.json  ($.dist-tags["1.0.0"]): the tag `1.0.0` is not of lower-case letters, digits and `-`',
        'meta.json  ($.dist-tags["Stable"]): the tag `Stable` is not of lower-case letters, digits and `-`',
        'meta.json  ($.dist-tags["next"]): the tag `next` must lead to the text of a version',
        "meta.json  ($.modifiedAt): `modifiedAt` must be a string, but is 5",
        "meta.json  ($.name): the name `Review--x` has a name that is not of lower-case letters, digits and `-`, or does not start with a letter or digit",
        'meta.json  ($.versions["1.0"]): `1.0` is no semantic version',
        'meta.json  ($.versions["1.0.0"]): the version `1.0.0` must be an object',
        'meta.json  ($.versions["2.0.0"].dependencies["A"]): the name `A` has a name that is not of lower-case letters, digits and `-`, or does not start with a letter or digit',
        'meta.json  ($.versions["2.0.0"].dependencies["b"]): `1.x` is no semantic version',
        'meta.json  ($.versions["2.0.0"].dependencies["c"]): `1` is no semantic version',
        'meta.json  ($.versions["2.0.0"].description): `description` must be a string, but is 7',
        'meta.json  ($.versions["2.0.0"].integrity): `md5-x` is no integrity: write sha256-, and the digest in base64',
        'meta.json  ($.versions["2.0.0"].publishedAt): `yesterday` is no time: write it as 2026-02-22T14:00:00Z',
        'meta.json  ($.versions["2.0.0"].size): `size` must be a whole number, but is -1',
        'meta.json  ($.versions["2.0.0"].tarball): `tarball` must be a path below the package\'s folder, but is `../../etc/passwd`',
        'meta.json  ($.versions["2.0.0"].version): `version` is `2.0.1` in the entry of `2.0.0`',
        'meta.json  ($.versions["2.0.0"].yanked): `yanked` must be an object, but is "yes"',
        'meta.json  ($.versions["2.0.0+b"]): `2.0.0` and `2.0.0+b` differ in build metadata alone, and so are the same version',
        'meta.json  ($.versions["2.0.0+b"].tarball): `tarball` must be a path below the package\'s folder, but is `/etc/passwd`',
    ]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "meta.json:1: the document is no JSON: expecting value"),
        (b"[1]", "meta.json: the document must be an object, but is [1]"),
        (b'{"name":\n  x}', "meta.json:2: the document is no JSON: expecting value"),
        (b'{"a": "\xff"}', "meta.json: the document is not UTF-8"),
        (b'{"a": 1, "a": 2}', "meta.json: the document is no JSON: the member `a` stands twice in one object"),
        (b'{"a": NaN}', "meta.json: the document is no JSON: `NaN` is no number"),
        (b'{"a": "\\ud800"}', "meta.json: the document holds half of a surrogate pair"),
        (b'{"a":' + b"[" * 100_000, "meta.json: the document nests too deep"),
        (b"{}", "meta.json  ($.name): `name` must be a string, but is missing"),
        (
            b'{"name": "a", "versions": {}, "x":' + b"[" * 40 + b"]" * 40 + b"}",
            'meta.json  ($["x"]): the member `x` nests deeper than 32 levels',
        ),
    ],
)
def test_what_is_no_document_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(RegistryError) as error:
        parse_metadata(data, "meta.json")
    one = error.value.problems[0]
    assert f"{one.place}: {one.what}" == what


def test_limits_come_before_anything_else() -> None:
    with pytest.raises(RegistryError, match=r"the document has 33,554,433 bytes, and the limit is 33,554,432"):
        parse_metadata(b" " * (MAX_META + 1), "meta.json")


@given(st.binary(max_size=60) | st.recursive(st.none() | st.integers() | texts, lambda one: st.lists(one) | st.dictionaries(st.sampled_from(["name", "versions", "dist-tags", "1.0.0", "yanked", "tarball"]), one)).map(lambda one: json.dumps(one).encode()))  # fmt: skip
def test_whatever_the_bytes_are_they_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(RegistryError):
        parse_metadata(data, "meta.json")
