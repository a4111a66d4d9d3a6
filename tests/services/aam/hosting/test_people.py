"""Who somebody is, what they may give to others, and what the log has of that."""

from __future__ import annotations

from typing import Any

import pytest
from desks import ROOT, somebody, told
from served_registries import Clock

from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.desk import accounts
from packaging_targets.registry.aam.desk.access import ANONYMOUS, Grant
from packaging_targets.registry.aam.desk.listing import Part
from packaging_targets.registry.aam.desk.tokens import Order
from packaging_targets.services.aam.hosting import auditing
from packaging_targets.services.aam.hosting.host import Host, Sparing
from packaging_targets.services.aam.hosting.people.accounts import create_account, remove_account
from packaging_targets.services.aam.hosting.people.authenticating import identity_of_basic, identity_of_token
from packaging_targets.services.aam.hosting.people.publishers import (
    Trust,
    create_publisher,
    publishers,
    remove_publisher,
)
from packaging_targets.services.aam.hosting.people.sessions import session_of, sign_in, sign_out
from packaging_targets.services.aam.hosting.people.tokens import create_token, make_token, revoke_token, tokens

ANN = somebody("ann", "publish", "read", on=("@acme/*",))
DAY = 86400


def refused(act: Any, *given: Any, **named: Any) -> tuple[str, str]:
    with pytest.raises(RefusalError) as error:
        act(*given, **named)
    return error.value.code, "; ".join(one.what for one in error.value.problems)


def details(host: Host) -> list[dict[str, Any]]:
    return [dict(one.event.details) for one in reversed(auditing.entries(host, ROOT).entries)]


# Tokens


def test_a_token_says_who_comes_and_what_they_may(host: Host, hands: Clock) -> None:
    made = create_token(host, ANN, "ci", ["publish"], ["@acme/review"], 60)
    found = identity_of_token(host, made.secret)
    assert (found.person, found.token, found.expires_at) == ("ann", made.token.number, hands.now + 60)
    assert found.grants == (Grant(("publish",), ("@acme/review",)),)
    hands.now += 60
    assert refused(identity_of_token, host, made.secret) == ("UNAUTHORIZED", "the token has expired")


def test_tokens_that_do_not_hold_are_refused(host: Host) -> None:
    secret = create_token(host, ANN, "", ["publish"], ["@acme/*"]).secret
    malformed = "this is no token of a registry: it is mistyped, or cut off"
    for text in ("", "x", secret[:-1], secret[:-1] + "!", "aam_" + "é" * 49):
        assert refused(identity_of_token, host, text) == ("UNAUTHORIZED", malformed)
    revoke_token(host, ANN, tokens(host, ANN).entries[0].number)
    assert refused(identity_of_token, host, secret) == ("UNAUTHORIZED", "the token was revoked")
    with host.database.begin() as connection:
        connection.exec_driver_sql("delete from tokens")
    assert refused(identity_of_token, host, secret) == ("UNAUTHORIZED", "the token is not known here")


def test_nobody_gives_what_is_not_theirs(host: Host) -> None:
    code, what = refused(create_token, host, ANN, "", ["publish", "yank"], ["@acme/*", "plain"])
    assert code == "FORBIDDEN"
    assert what == "; ".join(
        f"ann may not give `{one}`, which is not theirs" for one in ("publish:plain", "yank:@acme/*", "yank:plain")
    )
    assert refused(create_token, host, ANONYMOUS, "", ["read"], ["*"])[0] == "UNAUTHORIZED"
    assert tokens(host, ROOT).total == 0


def test_all_that_is_wrong_with_a_wish_is_told_at_once(host: Host) -> None:
    with pytest.raises(RefusalError) as error:
        create_token(host, ROOT, "a\nb", ["publsh"], ["A", "*"], 0)
    assert error.value.code == "BAD_REQUEST"
    assert [(one.field, one.what, one.fix) for one in error.value.problems] == [
        ("", "the label must be one line of up to 200 characters", "write it in one line"),
        ("$.actions", "there is no action `publsh`", "did you mean `publish`?"),
        ("$.expires_in", "a token holds for 1 to 316,224,000 seconds, not for 0", ""),
        (
            "$.patterns",
            "the pattern `A` has a name that is not of lower-case letters, digits and `-`, or does not start with a letter"
            " or digit",
            "write it as @acme/*",
        ),
    ]
    assert refused(create_token, host, ROOT, "", [], [])[1] == "no action is named; no pattern is named"


def test_a_token_ends_no_later_than_what_it_was_made_with(host: Host, hands: Clock) -> None:
    short = identity_of_token(host, create_token(host, ANN, "", ["publish"], ["@acme/*"], 100).secret)
    hands.now += 40
    assert create_token(host, short, "", ["publish"], ["@acme/*"]).token.expires_at == hands.now + 60
    assert create_token(host, short, "", ["publish"], ["@acme/*"], 60).token.expires_at == hands.now + 60
    what = "the token would hold longer than what ann came with, which ends in 60 seconds"
    assert refused(create_token, host, short, "", ["publish"], ["@acme/*"], 61) == ("FORBIDDEN", what)
    assert create_token(host, ANN, "", ["publish"], ["@acme/*"]).token.expires_at == hands.now + 90 * DAY


def test_tokens_are_seen_and_revoked_by_whose_they_are_and_by_admins(host: Host, hands: Clock) -> None:
    own = create_token(host, ANN, "a", ["read"], ["@acme/*"]).token
    hands.now += 1
    other = create_token(host, somebody("ben", "read"), "b", ["read"], ["*"]).token
    assert tokens(host, ANN).entries == (own,)
    assert tokens(host, ROOT).entries == (other, own)
    assert refused(revoke_token, host, ANN, other.number) == ("TOKEN_NOT_FOUND", f"there is no token `{other.number}`")
    assert refused(revoke_token, host, ANN, "x")[0] == "TOKEN_NOT_FOUND"
    for act in (tokens, lambda host, who: revoke_token(host, who, own.number)):
        assert refused(act, host, ANONYMOUS)[0] == "UNAUTHORIZED"
    assert revoke_token(host, ROOT, own.number).revoked_at == hands.now
    hands.now += 1
    assert revoke_token(host, ANN, own.number).revoked_at == hands.now - 1
    assert told(host) == [("ann", "token.created", ""), ("ben", "token.created", ""), ("root", "token.revoked", "")]


def test_a_token_rules_itself_and_what_allows_no_more(host: Host, hands: Clock) -> None:
    wide = create_token(host, ANN, "wide", ["publish", "read"], ["@acme/*"])
    hands.now += 1
    narrow = create_token(host, ANN, "narrow", ["publish"], ["@acme/re*"])
    hands.now += 1
    narrower = create_token(host, ANN, "narrower", ["read"], ["@acme/review"])
    hands.now += 1
    aside = create_token(host, ANN, "aside", ["publish"], ["@acme/x"])
    who = identity_of_token(host, narrow.secret)
    assert tokens(host, who) == Part((narrow.token,), "", 1)
    for one in (wide, narrower, aside):
        assert refused(revoke_token, host, who, one.token.number) == (
            "FORBIDDEN",
            f"token `{one.token.number}` allows more than the one that ann came with, which cannot revoke it",
        )
    assert identity_of_token(host, wide.secret).person == "ann"
    whole = identity_of_token(host, wide.secret)
    assert tokens(host, whole).entries == (aside.token, narrower.token, narrow.token, wide.token)
    assert revoke_token(host, whole, narrow.token.number).revoked_at == hands.now
    assert tokens(host, ANN).total == 4
    assert revoke_token(host, whole, wide.token.number).number == wide.token.number


def test_a_token_that_may_administer_packages_rules_what_publishes_them(host: Host) -> None:
    made = make_token(host, ROOT, Order("ann", "", (Grant(("admin",), ("@acme/*",)),), None))
    create_token(host, ANN, "", ["publish"], ["@acme/*"])
    make_token(host, ROOT, Order("ben", "", (Grant(("publish",), ("@acme/*",)),), None))
    assert tokens(host, identity_of_token(host, made.secret)).total == 2


def test_parts_of_a_list_count_what_is_in_it(host: Host, hands: Clock) -> None:
    narrow = create_token(host, ANN, "", ["publish"], ["@acme/*"])
    for actions in (["read"], ["publish"], ["read", "publish"], ["publish"]):
        hands.now += 1
        create_token(host, ANN, "", actions, ["@acme/*"])
    who = identity_of_token(host, narrow.secret)
    first = tokens(host, who, limit=2)
    assert (len(first.entries), first.total) == (2, 3)
    assert tokens(host, who, first.next).entries == (narrow.token,)


def test_a_name_and_a_password_rule_all_tokens_of_their_person(host: Host) -> None:
    create_account(host, ROOT, "ann", "correct horse", ["read"], ["@acme/x"])
    made = create_token(host, ANN, "", ["publish"], ["@acme/*"]).token
    who = identity_of_basic(host, "ann", "correct horse")
    assert tokens(host, who).entries == (made,)
    assert revoke_token(host, who, made.number).revoked_at is not None


# Passwords, and failures


def add_ann(host: Host) -> None:
    with host.database.begin() as connection:
        accounts.add(connection, accounts.Account("ann", ANN.grants), accounts.hashed("correct horse"))


def test_a_name_and_a_password_say_who_comes(host: Host) -> None:
    add_ann(host)
    assert identity_of_basic(host, "ann", "correct horse") == ANN
    wrong = ("UNAUTHORIZED", "there is no account of this name with this password")
    for name, password in (("ann", "x"), ("ben", "correct horse"), ("ann", "x" * 2000), ("A\0", ""), ("ann", "\ud800")):
        assert refused(identity_of_basic, host, name, password) == wrong


def test_who_fails_to_sign_in_is_in_the_log_without_what_they_sent(host: Host) -> None:
    add_ann(host)
    secret = create_token(host, ANN, "", ["publish"], ["@acme/*"]).secret
    revoke_token(host, ANN, tokens(host, ANN).entries[0].number)
    refused(identity_of_basic, host, "ann", "hunter2")
    refused(identity_of_basic, host, "hunter2", "hunter2")
    refused(sign_in, host, token=secret)
    assert told(host)[2:] == [("ann", "sign-in.failed", ""), ("", "sign-in.failed", ""), ("", "sign-in.failed", "")]
    assert details(host)[2:] == [
        {"way": "password"},
        {"way": "password"},
        {"way": "token", "reason": "the token was revoked"},
    ]
    assert "hunter2" not in repr(auditing.entries(host, ROOT))
    assert secret[4:] not in repr(auditing.entries(host, ROOT))


def test_nobody_fills_the_log_by_failing(host: Host, hands: Clock) -> None:
    for _ in range(25):
        refused(sign_in, host, token="x")
    assert len(told(host)) == 20
    hands.now += 60
    refused(sign_in, host, token="x")
    assert details(host)[-1]["held_back"] == 5
    assert [Sparing(2).let(at) for at in (0, 5)] == [0, 0]


# Sessions


def test_a_session_is_opened_by_a_token_or_a_password_and_ends(host: Host) -> None:
    add_ann(host)
    secret = create_token(host, ANN, "", ["publish"], ["@acme/*"]).secret
    for given in ({"token": f" {secret}\n"}, {"name": "ann", "password": "correct horse"}):
        cookie, session = sign_in(host, **given)
        assert (session.identity.person, session_of(host, cookie)) == ("ann", session)
        sign_out(host, cookie)
        assert session_of(host, cookie) is None
    assert session_of(host, "") is None
    assert session_of(host, "\ud800") is None
    sign_out(host, "x" * 10_000)


def test_a_new_password_ends_the_sessions_that_the_old_one_opened(host: Host) -> None:
    add_ann(host)
    cookie, _ = sign_in(host, name="ann", password="correct horse")
    create_account(host, ROOT, "ann", "another horse", ["publish"], ["*"])
    assert session_of(host, cookie) is None


def test_tokens_end_with_the_account_of_their_person(host: Host) -> None:
    add_ann(host)
    mine = create_token(host, ANN, "", ["publish"], ["@acme/*"], 10 * 365 * 86400)
    yours = make_token(host, ROOT, Order("bob", "", ANN.grants, None))
    remove_account(host, ROOT, "ann")
    refused(identity_of_token, host, mine.secret)
    assert identity_of_token(host, yours.secret).person == "bob"
    assert details(host)[-1] == {"account": "ann", "tokens_revoked": 1}


@pytest.mark.parametrize("person", ["ann ", " ann", "\uff41nn", "\u200bann", ""])
def test_people_are_not_told_apart_by_what_nobody_sees(host: Host, person: str) -> None:
    refused(make_token, host, ROOT, Order(person, "", ANN.grants, None))


def test_who_is_removed_and_added_again_is_not_signed_in(host: Host) -> None:
    add_ann(host)
    cookie, _ = sign_in(host, name="ann", password="correct horse")
    remove_account(host, ROOT, "ann")
    add_ann(host)
    assert session_of(host, cookie) is None


# Trusted publishers

TRUST = Trust("ci", "https://issuer.example", "repo:acme/*", ("publish",), ("@acme/*",), {"ref": "main", "prod": True})


def test_trusted_publishers_are_added_listed_and_removed_by_admins(host: Host, hands: Clock) -> None:
    made = create_publisher(host, ROOT, TRUST)
    assert (made.subject, made.claims, made.grants) == (
        "repo:acme/*",
        TRUST.claims,
        (Grant(("publish",), ("@acme/*",)),),
    )
    assert publishers(host, ROOT).entries == (made,)
    acme = somebody("ben", "admin", on=("@acme/*",))
    for act, given in ((create_publisher, TRUST), (publishers, ""), (remove_publisher, made.number)):
        assert refused(act, host, acme, given)[0] == "FORBIDDEN"
        assert refused(act, host, ANONYMOUS, given)[0] == "UNAUTHORIZED"
    assert remove_publisher(host, ROOT, made.number) == made
    assert refused(remove_publisher, host, ROOT, made.number)[0] == "NOT_FOUND"
    assert [action for _, action, _ in told(host)] == ["publisher.created", "publisher.removed"]


@pytest.mark.parametrize(
    "issuer",
    [
        "http://issuer.example", "https://", "https://a@b.example", "https://x.example/?q", "https://x.example/#f", "file:///x",
        "https://x.example/\n", "https://x.example/é", "https://[", "https://x.example/" + "x" * 300,
    ],
)  # fmt: skip
def test_what_is_no_issuer_is_refused(host: Host, issuer: str) -> None:
    trust = Trust("", issuer, "x", ("publish",), ("*",))
    code, what = refused(create_publisher, host, ROOT, trust)
    assert code == "BAD_REQUEST"
    assert what.startswith("the issuer `")


def test_nobody_trusts_everybody_by_mistake(host: Host) -> None:
    code, what = refused(create_publisher, host, ROOT, Trust("", "https://x.example", "*", ("publish",), ("*",)))
    assert (code, what) == ("BAD_REQUEST", "the subject `*` is everybody whom the issuer knows")
    for subject, claims in (
        ("", {}),
        ("a\nb", {}),
        ("*a" * 9, {}),
        ("x", {"a": 1.5}),
        ("x", {"a": "\n"}),
        ("x", {"a": []}),
    ):
        trust = Trust("", "https://x.example", subject, ("publish",), ("*",), claims)  # type: ignore[arg-type]
        assert refused(create_publisher, host, ROOT, trust)[0] == "BAD_REQUEST"
    assert publishers(host, ROOT).total == 0


# The log


def test_the_log_is_read_by_admins_of_all_or_of_what_it_is_about(host: Host) -> None:
    acme = somebody("ben", "admin", on=("@acme/*",))
    assert refused(auditing.entries, host, acme)[0] == "FORBIDDEN"
    assert refused(auditing.entries, host, acme, package="plain")[0] == "FORBIDDEN"
    assert refused(auditing.entries, host, ANONYMOUS)[0] == "UNAUTHORIZED"
    assert auditing.entries(host, acme, package="@acme/review").total == 0
    assert auditing.check_chain(host) == ()
    assert auditing.head(host).number == 0
