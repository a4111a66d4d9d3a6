"""Tokens, passwords and sessions: what is kept of them, and what holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from desks import desk
from hypothesis import given
from hypothesis import strategies as st
from served_registries import Clock
from sqlalchemy import Connection, text

from packaging_targets.registry.aam.desk import accounts, sessions, tokens
from packaging_targets.registry.aam.desk.access import Grant, Identity, not_covered, pattern_fault
from packaging_targets.registry.aam.served.holdings import matches

GRANTS = (Grant(("publish",), ("@acme/*",)), Grant(("yank", "read"), ("plain",)))


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with desk(tmp_path, Clock()) as host, host.database.begin() as connection:
        yield connection


def issued(connection: Connection, expires_at: int | None = 2000) -> tokens.IssuedToken:
    return tokens.issue(connection, tokens.Order("ann", "ci", GRANTS, expires_at), 1000)


def everything(connection: Connection) -> str:
    """All rows of all tables, as text."""
    names = [row[0] for row in connection.execute(text("select name from sqlite_master where type = 'table'"))]
    return repr([connection.execute(text(f"select * from {name}")).all() for name in names])


def test_a_token_is_found_by_its_secret_and_its_secret_is_not_kept(connection: Connection) -> None:
    made = issued(connection)
    assert tokens.find(connection, made.secret) == made.token
    assert made.token.identity == Identity("ann", GRANTS, made.token.number, 2000)
    assert made.secret not in everything(connection)
    assert made.secret[4:20] not in everything(connection)
    assert made.secret not in repr(made)


def test_tokens_look_like_tokens(connection: Connection) -> None:
    secrets = {issued(connection).secret for _ in range(50)}
    assert len(secrets) == 50
    assert all(re.fullmatch(r"aam_[0-9A-Za-z]{49}", one) for one in secrets)
    assert all(map(tokens.is_well_formed, secrets))


@given(st.data())
def test_a_token_with_another_character_is_none(data: st.DataObject) -> None:
    secret = "aam_0000000000000000000000000000000000000000000"
    secret += tokens._checksum(secret)
    assert tokens.is_well_formed(secret)
    at = data.draw(st.integers(0, len(secret) - 1))
    other = data.draw(st.characters().filter(lambda one: one != secret[at]))
    assert not tokens.is_well_formed(secret[:at] + other + secret[at + 1 :])
    assert not tokens.is_well_formed(secret[:at])
    assert not tokens.is_well_formed(secret + other)


def test_a_token_is_looked_for_by_its_digest_alone() -> None:
    """So how long a search takes says nothing of how much of a guess is right: there is no way to guess a digest."""
    import inspect

    source = inspect.getsource(tokens.find)
    assert "tables.tokens.c.hash == hashed" in source
    assert "compare_digest" in source
    assert "secret" not in source.split("hashed = _hash(secret)")[1]


def test_tokens_end(connection: Connection) -> None:
    made = issued(connection)
    assert [made.token.fault(at) for at in (1999, 2000)] == ["", "has expired"]
    assert issued(connection, None).token.fault(1 << 40) == ""
    assert tokens.revoke(connection, made.token.number, 1500)
    assert not tokens.revoke(connection, made.token.number, 1600)
    found = tokens.find(connection, made.secret)
    assert found is not None
    assert (found.fault(1), found.revoked_at) == ("was revoked", 1500)


def test_passwords_are_kept_as_scrypt_makes_them(connection: Connection) -> None:
    ann = accounts.Account("ann", GRANTS)
    accounts.add(connection, ann, accounts.hashed("correct horse"))
    found = accounts.named(connection, "ann")
    assert found is not None
    assert found[0] == ann
    assert re.fullmatch(r"scrypt\$16384\$8\$1\$[0-9A-Za-z+/=]{24}\$[0-9A-Za-z+/=]{44}", found[1])
    assert "correct horse" not in everything(connection)
    assert accounts.fits("correct horse", found[1])
    assert not accounts.fits("correct hors", found[1])
    accounts.add(connection, ann, accounts.hashed("other"))
    assert not accounts.fits("correct horse", (accounts.named(connection, "ann") or (ann, ""))[1])
    assert accounts.listed(connection) == [ann]
    assert accounts.remove(connection, "ann")
    assert not accounts.remove(connection, "ann")


def test_who_is_not_known_costs_as_much_as_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int, int, int]] = []
    real = accounts._scrypt

    def counted(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
        seen.append((len(salt), cost, block, parallel))
        return real(password, salt, cost, block, parallel)

    kept = accounts.hashed("right")
    monkeypatch.setattr(accounts, "_scrypt", counted)
    assert not accounts.fits("wrong", kept)
    assert not accounts.fits("wrong", "")
    assert seen == [seen[0]] * 2


def test_what_was_right_lately_is_not_computed_again_and_what_was_wrong_is() -> None:
    known, asked = accounts.Remembered(), []

    def find(answer: bool) -> bool:
        asked.append(answer)
        return answer

    assert not known.or_found("kept", "wrong", 100, lambda: find(False))
    assert not known.or_found("kept", "wrong", 100, lambda: find(False))
    assert known.or_found("kept", "right", 100, lambda: find(True))
    assert known.or_found("kept", "right", 159, lambda: find(True))
    assert not known.or_found("kept", "wrong", 159, lambda: find(False))
    assert not known.or_found("changed", "right", 159, lambda: find(False))
    assert known.or_found("kept", "right", 160, lambda: find(True))
    assert asked == [False, False, True, False, False, True]
    for number in range(300):
        known.or_found(str(number), "right", 100, lambda: True)
    assert len(known._known) == 256


def test_a_session_holds_as_long_as_what_it_was_opened_with(connection: Connection) -> None:
    made = issued(connection, 1000 + 600)
    secret, opened = sessions.open_session(connection, made.token.identity, 1000)
    assert opened.expires_at == 1600
    assert sessions.find_session(connection, secret, 1001) == opened
    assert secret not in everything(connection)
    assert opened.csrf not in everything(connection)
    assert secret not in opened.csrf
    assert sessions.find_session(connection, secret[:-1] + "!", 1001) is None
    assert sessions.find_session(connection, secret, 1600) is None
    tokens.revoke(connection, made.token.number, 1002)
    assert sessions.find_session(connection, secret, 1003) is None


def test_a_session_of_an_account_has_the_rights_that_it_has_now(connection: Connection) -> None:
    accounts.add(connection, accounts.Account("ann", GRANTS), accounts.hashed("x"))
    secret, opened = sessions.open_session(connection, Identity("ann", GRANTS), 1000)
    assert opened.expires_at == 1000 + 12 * 3600
    accounts.add(connection, accounts.Account("ann", GRANTS[:1]), accounts.hashed("x"))
    found = sessions.find_session(connection, secret, 1001)
    assert found is not None
    assert found.identity.grants == GRANTS[:1]
    accounts.remove(connection, "ann")
    assert sessions.find_session(connection, secret, 1001) is None


def test_who_signs_out_is_out_and_sessions_that_ended_are_forgotten(connection: Connection) -> None:
    accounts.add(connection, accounts.Account("ann", GRANTS), accounts.hashed("x"))
    secret, _ = sessions.open_session(connection, Identity("ann", GRANTS), 1000)
    other, _ = sessions.open_session(connection, Identity("ann", GRANTS), 1000)
    sessions.close_session(connection, secret)
    assert sessions.find_session(connection, secret, 1000) is None
    assert sessions.find_session(connection, other, 1000) is not None
    sessions.open_session(connection, Identity("ann", GRANTS), 1000 + 12 * 3600)
    assert connection.execute(text("select count(*) from sessions")).scalar_one() == 1


def test_an_identity_token_is_exchanged_once(connection: Connection) -> None:
    assert tokens.exchanged_first(connection, b"a.b", 2000, 1000)
    assert not tokens.exchanged_first(connection, b"a.b", 2000, 1000)
    assert tokens.exchanged_first(connection, b"a.c", 3000, 1000)
    assert not tokens.exchanged_first(connection, b"a.b", 2000, 2000)
    assert tokens.exchanged_first(connection, b"a.d", 3000, 2001)
    assert connection.execute(text("select count(*) from exchanged")).scalar_one() == 2


# Patterns


@pytest.mark.parametrize("pattern", ["*", "plain", "@acme/*", "internal-*", "@acme/review", "@*/x", "@ac*", "*-x"])
def test_patterns_are_names_with_stars(pattern: str) -> None:
    assert pattern_fault(pattern) == ""


@pytest.mark.parametrize("pattern", ["", "[a]*", "?x", "@acme", "a/b*", "A*", "*" + "x" * 130, "@a/*/c", "x y*", "*\n"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    assert pattern_fault(pattern)


_patterns = st.text("ab/@*", min_size=1, max_size=6)


@given(own=_patterns, given_=_patterns, name=st.text("ab/@", max_size=6))
def test_who_gives_what_is_theirs_gives_no_more(own: str, given_: str, name: str) -> None:
    who = Identity("ann", (Grant(("publish",), (own,)),))
    if not not_covered(who, Grant(("publish",), (given_,))) and matches(name, (given_,)):
        assert matches(name, (own,))


def test_each_action_on_each_pattern_has_to_be_theirs() -> None:
    who = Identity("ann", (Grant(("publish", "yank"), ("@acme/*",)), Grant(("admin",), ("plain",))))
    assert not_covered(who, Grant(("publish", "yank"), ("@acme/*", "@acme/review", "plain"))) == []
    assert not_covered(who, Grant(("read", "publish"), ("@acme/*", "*"))) == ["read:@acme/*", "read:*", "publish:*"]
    assert not_covered(who, Grant(("admin", "read"), ("plain", "@acme/*"))) == ["admin:@acme/*", "read:@acme/*"]
