"""The log: what is added to it, and that no change of it goes unseen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from desks import desk
from served_registries import Clock
from sqlalchemy import Engine

from packaging_targets.registry.aam.desk import audit
from packaging_targets.registry.aam.desk.audit import NOTHING, Event, append, chain_problems, head, is_told, listed
from packaging_targets.registry.aam.desk.listing import Span

FIX = "keep the database as it is, and compare it with a backup: somebody changed the log past the registry"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with desk(tmp_path, Clock()) as host:
        yield host.database


def filled(engine: Engine, count: int) -> None:
    with engine.begin() as connection:
        for number in range(1, count + 1):
            append(
                connection, Event("ann", "publish", "@acme/review", f"1.0.{number}", {"size": number}), 1000 + number
            )


def changed(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def faults(engine: Engine, pinned: str = "") -> list[str]:
    with engine.connect() as connection:
        found = list(chain_problems(connection, pinned))
    assert all(one.fix == FIX for one in found)
    return [f"{one.where}: {one.what}" for one in found]


def test_each_entry_has_the_digest_of_the_one_before_and_anybody_can_compute_it(engine: Engine) -> None:
    filled(engine, 3)
    with engine.connect() as connection:
        entries = listed(connection, Span()).entries
        last = head(connection)
    assert [one.number for one in entries] == [3, 2, 1]
    assert entries[-1].previous == NOTHING == "0" * 64
    assert (last.number, last.digest) == (3, entries[0].digest)
    for one in entries:
        event = one.event
        value = {"number": one.number, "at": one.at, "actor": event.actor, "action": event.action}
        value |= {
            "package": event.package,
            "version": event.version,
            "details": event.details,
            "previous": one.previous,
        }
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert one.digest == sha256(text.encode()).hexdigest()
    assert faults(engine) == []


def test_an_empty_log_is_in_order(engine: Engine) -> None:
    assert faults(engine) == []


@pytest.mark.parametrize(
    "member", ["at = at + 1", "actor = 'eve'", "action = 'yank'", "package = 'x'", "version = '9'"]
)
def test_a_changed_entry_is_seen(engine: Engine, member: str) -> None:
    filled(engine, 4)
    changed(engine, f"update audit set {member} where number = 2")
    assert faults(engine) == ["the log:2: entry 2 is not what its digest says: it was changed"]


@pytest.mark.parametrize("details", ['{"size":3}', "{", "[]"])
def test_changed_details_are_seen(engine: Engine, details: str) -> None:
    filled(engine, 4)
    changed(engine, f"update audit set details = '{details}' where number = 2")
    assert faults(engine) == ["the log:2: entry 2 is not what its digest says: it was changed"]


def test_an_entry_with_a_digest_made_anew_is_seen_by_the_next(engine: Engine) -> None:
    filled(engine, 4)
    changed(engine, "update audit set digest = '" + "a" * 64 + "' where number = 2")
    assert faults(engine) == [
        "the log:2: entry 2 is not what its digest says: it was changed",
        "the log:3: entry 3 does not follow the one before it",
    ]


def test_entries_that_were_taken_out_are_seen(engine: Engine) -> None:
    filled(engine, 6)
    changed(engine, "delete from audit where number in (2, 4, 5)")
    assert faults(engine) == ["the log:3: entry 2 is missing", "the log:6: entries 4 to 5 are missing"]


def test_entries_that_changed_places_are_seen(engine: Engine) -> None:
    filled(engine, 4)
    changed(
        engine,
        "update audit set number = 99 where number = 2",
        "update audit set number = 2 where number = 3",
        "update audit set number = 3 where number = 99",
    )
    assert faults(engine) == [
        "the log:2: entry 2 does not follow the one before it",
        "the log:2: entry 2 is not what its digest says: it was changed",
        "the log:3: entry 3 does not follow the one before it",
        "the log:3: entry 3 is not what its digest says: it was changed",
        "the log:4: entry 4 does not follow the one before it",
    ]


def test_a_log_that_was_cut_off_is_seen(engine: Engine) -> None:
    filled(engine, 4)
    changed(engine, "delete from audit where number > 2")
    assert faults(engine) == ["the log:4: entries 3 to 4 are missing at the end"]


def test_a_long_log_is_read_in_pieces(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_BATCH", 2)
    filled(engine, 5)
    assert faults(engine) == []
    changed(engine, "update audit set actor = 'eve' where number in (2, 5)")
    assert faults(engine) == [
        "the log:2: entry 2 is not what its digest says: it was changed",
        "the log:5: entry 5 is not what its digest says: it was changed",
    ]


def test_an_entry_before_the_first_is_seen(engine: Engine) -> None:
    filled(engine, 1)
    changed(
        engine,
        "insert into audit (number, at, actor, action, package, version, details, previous, digest) "
        "select 0, at, actor, action, package, version, details, digest, previous from audit",
    )
    assert faults(engine) == ["the log:0: entry 0 is not added by the registry"]


def test_an_entry_that_nobody_added_is_seen(engine: Engine) -> None:
    filled(engine, 2)
    changed(
        engine,
        "insert into audit (number, at, actor, action, package, version, details, previous, digest) "
        "select 3, at, actor, action, package, version, details, digest, previous from audit where number = 2",
    )
    assert faults(engine) == ["the log:3: entry 3 is not added by the registry"]


def test_a_log_that_was_written_anew_from_some_entry_on_is_seen_by_who_kept_a_digest(engine: Engine) -> None:
    filled(engine, 4)
    with engine.connect() as connection:
        kept = head(connection).digest
    assert faults(engine, kept) == []
    second = "select digest from audit where number = 2"
    changed(
        engine,
        f"update heads set number = 2, digest = ({second})",
        "delete from audit where number > 2",
    )
    assert faults(engine) == []
    filled(engine, 2)
    assert faults(engine) == []
    assert faults(engine, kept) == [f"the log: no entry has the digest `{kept}`, which was kept of it"]
    assert faults(engine, NOTHING) == []


def test_many_who_add_at_once_wait_for_each_other(engine: Engine) -> None:
    def add(number: int) -> int:
        with engine.begin() as connection:
            return append(connection, Event(f"p{number}", "publish"), 1000).number

    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(pool.map(add, range(40)))
    assert numbers == list(range(1, 41))
    assert faults(engine) == []


def test_what_was_not_committed_is_not_in_the_log(engine: Engine) -> None:
    filled(engine, 1)
    with engine.connect() as connection:
        append(connection, Event("ann", "yank"), 1)
        connection.rollback()
    filled(engine, 1)
    with engine.connect() as connection:
        assert [one.event.action for one in listed(connection, Span()).entries] == ["publish", "publish"]
    assert faults(engine) == []


def test_a_part_of_the_log_may_be_about_a_package_or_an_action(engine: Engine) -> None:
    with engine.begin() as connection:
        for name in ("a", "b", "a"):
            append(connection, Event("ann", "publish", name, "1.0.0"), 1)
        append(connection, Event("ann", "yank", "a", "1.0.0"), 1)
        numbers = [one.number for one in listed(connection, Span(), "a").entries]
        yanks = [one.number for one in listed(connection, Span(), "a", "yank").entries]
        part = listed(connection, Span(limit=2))
        rest = listed(connection, Span(part.next, 2))
        assert is_told(connection, Event("eve", "yank", "a", "1.0.0"))
        assert not is_told(connection, Event("eve", "yank", "b", "1.0.0"))
    assert (numbers, yanks) == ([4, 3, 1], [4])
    assert ([one.number for one in part.entries], part.total) == ([4, 3], 4)
    assert ([one.number for one in rest.entries], rest.next) == ([2, 1], "")
