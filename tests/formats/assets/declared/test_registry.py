"""The registry as a value: whatever is done to it, ids stay unique, and its bytes say it all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.errors import RequestError
from packaging_targets.formats.assets.declared.findings import Findings
from packaging_targets.formats.assets.declared.registry import ID_LIMIT, INDEX, Registry, Row, read_registry

_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["register", "forget", "include", "exclude", "move", "quarantine", "restore", "discard"]),
        st.integers(0, 9),
    ),
    max_size=40,
)


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


def read(raw: bytes) -> tuple[Registry | None, list[str]]:
    findings = Findings(INDEX, "registry-invalid")
    registry = read_registry(raw, findings)
    return registry, [f"{one.code} {one.place}: {one.what}" for one in findings.diagnostics]


def applied(steps: list[tuple[str, int]]) -> tuple[Registry, list[int]]:
    """Do the steps as far as they can be done; return the ids that were given, too."""
    registry, given_ids = Registry(), []
    for number, (what, pick) in enumerate(steps):
        rows = registry.quarantine if what in {"restore", "discard"} else registry.rows
        if what == "register":
            given_ids.append(registry.next_asset_id)
            registry = registry.registered(uuid(number), f"made/{number}")
        elif rows:
            one = rows[pick % len(rows)].asset_id
            match what:
                case "forget":
                    registry = registry.forgotten(one)
                case "include" | "exclude":
                    registry = registry.included(one, included=what == "include")
                case "move":
                    registry = registry.moved({one: f"moved/{number}"})
                case "quarantine":
                    registry = registry.quarantined(one)
                case "restore":
                    registry = registry.restored(one)
                case _:
                    registry = registry.discarded(one)
    return registry, given_ids


@given(_STEPS)
def test_whatever_is_done_ids_are_given_once_and_the_file_says_it_all(steps: list[tuple[str, int]]) -> None:
    registry, given_ids = applied(steps)
    assert given_ids == list(range(1, registry.next_asset_id))
    held = [row.asset_id for row in (*registry.rows, *registry.quarantine)]
    assert len(set(held)) == len(held)
    assert [row.asset_id for row in registry.rows] == sorted(row.asset_id for row in registry.rows)
    assert read(registry.to_bytes()) == (registry, [])
    assert json.loads(registry.to_bytes())["next_asset_id"] == registry.next_asset_id


@given(st.permutations(range(6)), st.sets(st.integers(0, 5)), st.sets(st.integers(0, 5)))
def test_any_order_of_calls_that_ends_in_the_same_state_writes_the_same_bytes(
    order: list[int], out: set[int], held: set[int]
) -> None:
    """Ids follow the order of registration; all else may happen in any order."""
    start = Registry()
    for number in range(6):
        start = start.registered(uuid(number), f"a/{number}")

    def change(registry: Registry, number: int) -> Registry:
        if number in out:
            registry = registry.included(number + 1, included=False)
        registry = registry.moved({number + 1: f"b/{number}"})
        return registry.quarantined(number + 1) if number in held else registry

    straight = permuted = start
    for number in range(6):
        straight = change(straight, number)
    for number in order:
        permuted = change(permuted, number)
    assert permuted.to_bytes() == straight.to_bytes()


@given(st.permutations(range(5)))
def test_the_order_of_registration_decides_ids_and_nothing_else(order: list[int]) -> None:
    registry = Registry()
    for number in order:
        registry = registry.registered(uuid(number), f"a/{number}")
    rows = [(row["asset_uuid"], row["root"]) for row in json.loads(registry.to_bytes())["assets"]]
    assert rows == [(uuid(number), f"a/{number}") for number in order]


def test_when_all_ids_are_given_there_are_no_more() -> None:
    last = Registry(ID_LIMIT).registered(uuid(1), "a")
    assert last.rows[0].asset_id == ID_LIMIT
    with pytest.raises(RequestError, match=f"all {ID_LIMIT} ids have been given"):
        last.registered(uuid(2), "b")
    assert read(last.to_bytes()) == (last, [])


_ROW: dict[str, Any] = Row(1, uuid(1), "a").to_json()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"next_asset_id": 1}, "registry-invalid $.assets[0].asset_id: the id 1 was never given out"),
        ({"next_asset_id": 0}, "registry-invalid $.next_asset_id: `next_asset_id` is 0"),
        ({"schema_version": 2}, "registry-invalid $.schema_version: `schema_version` is 2, and only 1 is known"),
        ({"assets": [_ROW, _ROW]}, "identity-collision $.assets[1].asset_id: `asset_id` is 1 in two rows"),
        ({"quarantine": [_ROW]}, "identity-collision $.quarantine[0].asset_id: `asset_id` is 1 in two rows"),
        ({"assets": [{**_ROW, "root": "../src"}]}, 'registry-invalid $.assets[0].root: "../src" is no folder below'),
        ({"assets": [{**_ROW, "root": "a/../b"}]}, 'registry-invalid $.assets[0].root: "a/../b" is no folder below'),
        ({"assets": [{**_ROW, "asset_uuid": "X"}]}, 'registry-invalid $.assets[0].asset_uuid: "X" is no UUID'),
        (
            {"assets": [{**_ROW, "asset_id": True}]},
            "registry-invalid $.assets[0].asset_id: `asset_id` must be an integer",
        ),
        ({"assets": 1}, "registry-invalid $.assets: `assets` must be a list"),
        ({"more": 1}, "registry-invalid $.more: there is no member `more`"),
    ],
)
def test_a_registry_that_breaks_a_rule_is_refused(change: dict[str, Any], told: str) -> None:
    value = {"schema_version": 1, "next_asset_id": 2, "assets": [_ROW], **change}
    registry, found = read(json.dumps(value).encode())
    assert registry is None
    assert any(one.startswith(told) for one in found), found


@given(
    st.binary(max_size=200)
    | st.text().map(str.encode)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_are_a_registry_or_are_told(raw: bytes) -> None:
    registry, found = read(raw)
    assert (registry is None) == bool(found)
