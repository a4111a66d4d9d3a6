from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.errors import IntegrityError
from packaging_targets.formats.container.registry_index import LIMIT, is_declared_alone, merge

WHERE = "docs/packaging/registry.json"
REASON = "'utf-8' codec can't decode byte 0xff in position 7: invalid start byte"
FIX = "  fix: correct the file, or delete it and build again: the declared targets come back"


def declared(name: str, **further: Any) -> dict[str, Any]:
    return {
        "id": name,
        "type": "service",
        "module": f"services/{name}",
        "dockerfile": f"ops/packaging/services/{name}.Dockerfile",
        "context": ".",
        "image": name,
        **further,
        "declaredBy": f"//services/{name}:{name}",
    }


def merged(previous: Any, *entries: dict[str, Any]) -> Any:
    data = None if previous is None else json.dumps(previous).encode()
    return json.loads(merge(data, entries, WHERE))


def test_a_new_index_is_version_1_sorted_by_id_and_readable() -> None:
    assert merge(None, [declared("web", port=80), declared("api")], WHERE).decode() == (
        """\
{
  "version": 1,
  "targets": [
    {
      "id": "api",
      "type": "service",
      "module": "services/api",
      "dockerfile": "ops/packaging/services/api.Dockerfile",
      "context": ".",
      "image": "api",
      "declaredBy": "//services/api:api"
    },
    {
      "id": "web",
      "type": "service",
      "module": "services/web",
      "dockerfile": "ops/packaging/services/web.Dockerfile",
      "context": ".",
      "image": "web",
      "port": 80,
      "declaredBy": "//services/web:web"
    }
  ]
}
"""
    )


def test_what_people_wrote_stays_where_it_stands() -> None:
    before = {
        "updatedAt": "2025-12-25T00:00:00Z",
        "owner": {"team": "pläne", "pager": None},
        "targets": [
            {"id": "legacy", "type": "weird", "addedAt": "x", "image": "l", "n": 1.5},
            {"addedAt": "y", "id": "web", "type": "job", "tier": [1, {"a": 2}]},
        ],
    }
    after = merged(before, declared("web"), declared("api"))
    assert list(after) == ["version", "updatedAt", "owner", "targets"]
    assert after["owner"] == before["owner"]
    legacy, api, web = after["targets"]
    assert legacy == before["targets"][0]  # type: ignore[index]  # a list
    assert list(web)[-2:] == ["addedAt", "tier"]
    assert web == declared("web") | {"addedAt": "y", "tier": [1, {"a": 2}]}
    assert api == declared("api")


def test_an_entry_with_the_older_name_is_found() -> None:
    after = merged({"version": 3, "targets": [{"name": "api", "type": "job"}]}, declared("api"))
    assert after == {"version": 3, "targets": [{"name": "api", **declared("api")}]}


def test_an_entry_goes_with_its_target_unless_a_person_wrote_it() -> None:
    person = {"id": "hand", "type": "job", "declaredBy": "the platform team"}
    index = merged({"targets": [person]}, declared("api"), declared("web"))
    assert merged(index, declared("web"))["targets"] == [person, declared("web")]
    assert merged(index)["targets"] == [person]


def test_a_port_goes_with_the_targets_field() -> None:
    index = merged(None, declared("api", port=80, healthPath="/up"))
    assert merged(index, declared("api", port=81))["targets"] == [declared("api", port=81)]


def test_a_persons_port_outlives_that_the_target_is_declared() -> None:
    hand = {"targets": [{"id": "api", "port": 3000, "healthPath": "/up"}]}
    once = merged(hand, declared("api", port=80))
    assert once["targets"] == [declared("api", port=80) | {"healthPath": "/up", "undeclaredKeys": ["healthPath"]}]
    assert merged(once, declared("api"))["targets"] == [
        declared("api") | {"healthPath": "/up", "undeclaredKeys": ["healthPath"]}
    ]
    assert merged(once, declared("api", healthPath="/h"))["targets"] == [declared("api", healthPath="/h")]


def test_an_index_that_says_the_same_keeps_its_bytes() -> None:
    ours = json.loads(merge(None, [declared("api")], WHERE))
    for text in (
        json.dumps(ours),
        json.dumps(ours, indent=4) + "\n\n",
        "\ufeff" + json.dumps(ours, indent="\t"),
    ):
        assert merge(text.encode(), [declared("api")], WHERE) == text.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
IDS = st.sampled_from(["api", "web", "job"])
ENTRIES = st.dictionaries(st.text(), JSON, max_size=3)
TARGETS = st.dictionaries(IDS, ENTRIES).map(lambda entries: [{**entry, "id": name} for name, entry in entries.items()])
INDEXES = st.builds(
    lambda further, targets: {**further, "targets": targets},
    st.dictionaries(st.text(), JSON, max_size=3),
    TARGETS,
)
KNOWN = {"id", "type", "module", "dockerfile", "context", "image", "port", "healthPath"}
OURS = {*KNOWN, "declaredBy", "undeclaredKeys"}


@given(INDEXES, st.lists(IDS, unique=True).map(lambda ids: [declared(name) for name in ids]))
def test_merging_keeps_further_keys_and_settles_at_once(before: Any, entries: list[dict[str, Any]]) -> None:
    once = merge(json.dumps(before).encode(), entries, WHERE)
    assert merge(once, entries, WHERE) == once
    after = json.loads(once)
    assert [key for key in after if key in before] == list(before)
    standing = {entry["id"]: entry for entry in after["targets"]}
    for entry in before["targets"]:
        kept = standing[entry["id"]]
        assert {key: kept[key] for key in entry if key not in OURS} == {
            key: value for key, value in entry.items() if key not in OURS
        }
    assert {entry["id"] for entry in entries} <= set(standing)


def test_half_a_surrogate_pair_keeps_its_spelling() -> None:
    previous = b'{"note": "\\ud83d", "targets": []}'
    assert b'"note": "\\ud83d"' in merge(previous, [declared("api")], WHERE)


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        (b"", f"error: the index is no JSON: Expecting value (column 1)\n  at {WHERE}:1\n{FIX}"),
        (
            b'{\n "targets": [}',
            f"error: the index is no JSON: Expecting value (column 14)\n  at {WHERE}:2\n{FIX}",
        ),
        (b"[]", f"error: the index is not a JSON object\n  at {WHERE}\n{FIX}"),
        (b'{"targets": {}}', f"error: `targets` of the index is not a list\n  at {WHERE}\n{FIX}"),
        (b'{"a": NaN}', f"error: the index is no JSON: `NaN` is no JSON number\n  at {WHERE}\n{FIX}"),
        (
            b'{"a": 1e400}',
            f"error: the index is no JSON: `1e400` is no number that a program could write again\n  at {WHERE}\n{FIX}",
        ),
        (
            b'{"a": 1e99999999999999999999}',
            "error: the index is no JSON: `1e99999999999999999999` is no number that a program could write again\n"
            f"  at {WHERE}\n{FIX}",
        ),
        (
            b'{"a": 0.12345678901234567890}',
            "error: the index is no JSON: `0.12345678901234567890` is no number that a program could write again\n"
            f"  at {WHERE}\n{FIX}",
        ),
        (b'{"a": 1, "a": 2}', f"error: the index is no JSON: the key `a` stands twice\n  at {WHERE}\n{FIX}"),
        (
            b'{"a": "\xff"}',
            f"error: the index is no JSON: {REASON}\n  at {WHERE}\n{FIX}",
        ),
        (
            b'{"targets": [1, {}, {"id": 5}, {"id": "a"}, {"name": "a"}]}',
            "\n\n".join(
                f"error: {what}\n  at {WHERE}\n{FIX}"
                for what in (
                    "`a` stands twice in the index",
                    "entry 0 of the index is not an object",
                    "entry 1 of the index has no `id`",
                    "entry 2 of the index has no `id`",
                )
            ),
        ),
    ],
)
def test_what_is_no_index_is_refused(data: bytes, problems: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        merge(data, [declared("api")], WHERE)
    assert str(caught.value) == problems


def test_an_index_nested_beyond_reason_is_refused() -> None:
    depth = 500_000
    with pytest.raises(IntegrityError, match=r"^error: the index is nested too deeply\n"):
        merge(b'{"a":' + b"[" * depth + b"]" * depth + b"}", [], WHERE)


def test_an_index_of_absurd_size_is_refused() -> None:
    with pytest.raises(IntegrityError, match=r"^error: the index has 16777217 bytes, more than 16777216\n"):
        merge(b" " * (LIMIT + 1), [], WHERE)


@pytest.mark.parametrize(
    ("index", "alone"),
    [
        ({"version": 1, "targets": []}, True),
        ({"version": 1, "targets": [declared("api", port=80, healthPath="/up"), declared("web")]}, True),
        ({"version": 2, "targets": []}, False),
        ({"version": 1, "owner": "core", "targets": []}, False),
        ({"version": 1, "targets": [declared("api") | {"declaredBy": "me"}]}, False),
        ({"version": 1, "targets": [declared("api") | {"tier": 1}]}, False),
        ({"version": 1, "targets": [declared("api", port=80, undeclaredKeys=["port"])]}, False),
        ({"version": 1, "targets": [declared("api"), {"id": "legacy"}]}, False),
        ({"version": 1, "targets": {}}, False),
        ([], False),
    ],
)
def test_what_targets_alone_declare_is_told_from_what_people_wrote(index: Any, *, alone: bool) -> None:
    assert is_declared_alone(json.dumps(index).encode()) == alone


def test_what_is_no_index_is_a_persons() -> None:
    assert not is_declared_alone(b"<<<<<<< HEAD")


@given(st.lists(st.sampled_from(["api", "web", "cron"]), unique=True))
def test_what_is_merged_into_nothing_is_declared_alone(names: list[str]) -> None:
    made = merge(None, [declared(name) for name in names], WHERE)
    assert is_declared_alone(made)
    assert not is_declared_alone(merge(json.dumps({"targets": [{"id": "legacy"}]}).encode(), [], WHERE))
