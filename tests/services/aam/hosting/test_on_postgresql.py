"""The desk on PostgreSQL, where replicas meet: what has to happen once does, and the log is one chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from desks import ROOT, desk, offer, somebody, told
from served_registries import Clock
from services import MissingError, postgres

from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.engine import open_database
from packaging_targets.registry.aam.database.migrating import migrate
from packaging_targets.registry.aam.desk import tokens as table
from packaging_targets.registry.aam.desk.access import Grant
from packaging_targets.services.aam.hosting import auditing
from packaging_targets.services.aam.hosting.approving import approvals, approve
from packaging_targets.services.aam.hosting.host import Host
from packaging_targets.services.aam.hosting.people.authenticating import identity_of_token
from packaging_targets.services.aam.hosting.people.tokens import create_token, revoke_token, tokens

pytestmark = pytest.mark.service
AT_ONCE = 12


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    try:
        with postgres() as server:
            yield server.database()
    except MissingError as error:
        pytest.skip(str(error))


@pytest.fixture
def host(tmp_path: Path, hands: Clock, url: str) -> Iterator[Host]:
    engine = open_database(url)
    migrate(engine)
    with desk(tmp_path, hands, needs_approval=("@bank/*",)) as made:
        yield replace(made, database=engine)
    with engine.begin() as connection:
        for name in ("approvals", "audit", "heads", "intents", "tokens", "exchanged"):
            connection.exec_driver_sql(f"delete from {name}")
    engine.dispose()


def outcomes(act: Callable[[int], Any]) -> list[Any]:
    """What each of many who act at once gets: a value, or the code of what is refused."""

    def one(number: int) -> Any:
        try:
            return act(number)
        except RefusalError as error:
            return error.code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def test_the_first_entries_of_a_log_are_one_chain_whoever_adds_them_at_once(host: Host) -> None:
    people = [somebody(f"p{number}", "read") for number in range(AT_ONCE)]
    made = outcomes(lambda number: create_token(host, people[number], "", ["read"], ["*"]).token.person)
    assert sorted(made) == sorted(one.person for one in people)
    assert auditing.head(host).number == AT_ONCE
    assert auditing.check_chain(host) == ()
    with host.database.begin() as connection:
        connection.exec_driver_sql("update audit set actor = 'eve' where number = 3")
    assert [one.where for one in auditing.check_chain(host)] == ["the log:3"]


def test_of_many_who_ask_for_one_version_one_waits_and_of_many_who_approve_one_does(host: Host) -> None:
    people = [somebody(f"p{number}", "publish", "admin") for number in range(AT_ONCE)]
    asked = outcomes(lambda number: offer(host, people[number], "@bank/core", author=str(number)).pending)
    waiting = approvals(host, ROOT).entries
    assert sorted(asked) == sorted([waiting[0].number, *["CONFLICT"] * (AT_ONCE - 1)])
    deciders = [one for one in people if one.person != waiting[0].publisher]
    decided = outcomes(lambda number: approve(host, deciders[number % len(deciders)], waiting[0].number)[0].state)
    assert sorted(decided) == sorted(["approved", *["CONFLICT"] * (AT_ONCE - 1)])
    assert [action for _, action, _ in told(host)] == ["approval.asked", "approval.approved", "publish"]
    assert auditing.check_chain(host) == ()
    assert auditing.settle(host) == 0


def test_tokens_hold_until_they_are_revoked_and_come_in_parts(host: Host, hands: Clock) -> None:
    secrets = []
    for _ in range(3):
        hands.now += 1
        secrets.append(create_token(host, ROOT, "", ["read"], ["*"]).secret)
    part = tokens(host, ROOT, limit=2)
    rest = tokens(host, ROOT, part.next)
    assert [one.created_at for one in (*part.entries, *rest.entries)] == [hands.now, hands.now - 1, hands.now - 2]
    assert identity_of_token(host, secrets[0]).grants == (Grant(("read",), ("*",)),)
    revoke_token(host, ROOT, rest.entries[0].number)
    with pytest.raises(RefusalError, match="was revoked"):
        identity_of_token(host, secrets[0])


def test_an_identity_token_is_exchanged_once_by_however_many_replicas(host: Host) -> None:
    def exchange(_: int) -> bool:
        with host.database.begin() as connection:
            return table.exchanged_first(connection, b"signed", 2000, 1000)

    assert sorted(outcomes(exchange)) == [False] * (AT_ONCE - 1) + [True]
