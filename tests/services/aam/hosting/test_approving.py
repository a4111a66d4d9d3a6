"""Versions that wait for a second person."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from agents import packed
from desks import ROOT, offer, somebody, told
from served_registries import Clock

from packaging_targets.errors import RegistryError
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.desk import approvals as table
from packaging_targets.registry.aam.desk import audit
from packaging_targets.registry.aam.desk.access import ANONYMOUS
from packaging_targets.registry.aam.served.holdings import Query
from packaging_targets.services.aam.hosting import auditing, changing, recording, seeing
from packaging_targets.services.aam.hosting.approving import approval, approvals, approve, open_aside, reject
from packaging_targets.services.aam.hosting.host import Host
from packaging_targets.services.aam.hosting.publishing import publish

ANN = somebody("ann", "publish", on=("@bank/*",))
BEN = somebody("ben", "admin", on=("@bank/*",))
CAT = somebody("cat", "admin", on=("@bank/core",))
CORE = PackageName("bank", "core")


class KilledError(BaseException):
    """What happens to a server at the worst moment."""


def killed(*_: Any, **__: Any) -> Any:
    raise KilledError


def killed_in(owner: Any, name: str, act: Callable[[], Any]) -> None:
    """Do something, and be killed where a function is called."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(owner, name, killed)
        with pytest.raises(KilledError):
            act()


def refused(act: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(RefusalError) as error:
        act()
    return error.value.code, "; ".join(one.what for one in error.value.problems)


def outcome(act: Callable[[], Any]) -> Any:
    """What something gives, or the code of what is refused."""
    try:
        return act()
    except RefusalError as error:
        return error.code


def versions(host: Host) -> list[str]:
    known = host.holdings.metadata(CORE)
    return list(known.releases) if known else []


def state(host: Host, number: str) -> str:
    return approval(host, ROOT, number).state


def test_what_waits_is_seen_by_nobody_until_another_person_approves_it(host: Host) -> None:
    done = offer(host, ANN, "@bank/core", tag="next")
    assert (done.pending != "", done.tags, versions(host)) == (True, (), [])
    assert refused(lambda: seeing.visible(host, ANN, CORE))[0] == "PACKAGE_NOT_FOUND"
    assert seeing.page(host, ROOT, Query()).total == 0
    waiting = approval(host, BEN, done.pending)
    assert (waiting.publisher, waiting.tag, waiting.state, waiting.size) == (
        "ann",
        "next",
        "pending",
        done.release.size,
    )
    decided, published = approve(host, BEN, done.pending)
    assert (decided.state, decided.decided_by, published.tags) == ("approved", "ben", ("next",))
    assert approval(host, ANN, done.pending) == decided
    assert versions(host) == ["1.0.0"]
    assert told(host) == [
        ("ann", "approval.asked", "@bank/core"),
        ("ben", "approval.approved", "@bank/core"),
        ("ann", "publish", "@bank/core"),
    ]


def test_nobody_decides_about_what_they_publish_by_whatever_token(host: Host) -> None:
    own = somebody("ann", "admin")
    number = offer(host, own, "@bank/core").pending
    for act in (approve, reject):
        code, what = refused(lambda act=act: act(host, own, number))  # type: ignore[misc]
        assert (code, what) == ("FORBIDDEN", "ann asked for this, and another person has to decide it")
    assert state(host, number) == "pending"


def test_only_who_has_the_package_in_their_care_decides(host: Host) -> None:
    number = offer(host, ANN, "@bank/core").pending
    eve = somebody("eve", "publish", "yank", "read")
    for who in (eve, somebody("eve", "admin", on=("@bank/other",))):
        assert refused(lambda who=who: approve(host, who, number))[0] == "APPROVAL_NOT_FOUND"  # type: ignore[misc]
    assert refused(lambda: approve(host, ANONYMOUS, number))[0] == "UNAUTHORIZED"
    assert approve(host, CAT, number)[0].state == "approved"


def test_lists_have_what_somebody_asked_for_or_cares_for(host: Host, hands: Clock) -> None:
    numbers = []
    for name in ("@bank/core", "@bank/core_x", "@bank/corex"):
        hands.now += 1
        numbers += [offer(host, ANN, name.replace("core_x", "core-x")).pending]
    first, second, third = numbers
    told_to = {who.person: [one.number for one in approvals(host, who).entries] for who in (ANN, BEN, CAT)}
    assert told_to == {"ann": [third, second, first], "ben": [third, second, first], "cat": [first]}
    assert approvals(host, somebody("eve", "publish")).total == 0
    assert refused(lambda: approvals(host, ANONYMOUS))[0] == "UNAUTHORIZED"
    part = approvals(host, BEN, limit=2)
    assert ([one.number for one in part.entries], part.total) == ([third, second], 3)
    rest = approvals(host, BEN, after=part.next, limit=2)
    assert ([one.number for one in rest.entries], rest.next) == ([first], "")
    reject(host, BEN, second, "no")
    assert [one.number for one in approvals(host, BEN).entries] == [third, first]
    assert [one.number for one in approvals(host, BEN, "rejected").entries] == [second]
    assert approvals(host, BEN, "all").total == 3
    assert refused(lambda: approvals(host, BEN, "gone"))[0] == "BAD_REQUEST"
    assert refused(lambda: approvals(host, BEN, after="x'"))[0] == "BAD_REQUEST"


def test_a_rejected_version_goes_with_its_archive_and_may_be_asked_for_again(host: Host) -> None:
    number = offer(host, ANN, "@bank/core").pending
    with open_aside(host, BEN, number) as archive:
        assert archive.read() == packed("@bank/core")
    assert reject(host, BEN, number, "not now").reason == "not now"
    assert refused(lambda: open_aside(host, BEN, number)) == (
        "GONE",
        "the request is rejected: its archive is not kept",
    )
    assert refused(lambda: host.holdings.aside(number).__enter__())[0] == "GONE"
    code, what = refused(lambda: approve(host, BEN, number))
    assert (code, what) == ("CONFLICT", "the request for @bank/core@1.0.0 is rejected already by ben")
    assert offer(host, ANN, "@bank/core").pending not in {"", number}


def test_a_reason_is_one_short_line(host: Host) -> None:
    number = offer(host, ANN, "@bank/core").pending
    for reason in ("a\nb", "\x1b[2J", "x" * 1001):
        assert refused(lambda reason=reason: reject(host, BEN, number, reason))[0] == "BAD_REQUEST"  # type: ignore[misc]
    assert state(host, number) == "pending"


def test_a_version_waits_once(host: Host) -> None:
    number = offer(host, ANN, "@bank/core").pending
    assert offer(host, ANN, "@bank/core").pending == number
    other = "@bank/core@1.0.0 waits for approval already, with other bytes"
    assert refused(lambda: offer(host, ANN, "@bank/core", author="ann")) == ("CONFLICT", other)
    assert refused(lambda: offer(host, ANN, "@bank/core", "1.0.0+b"))[0] == "CONFLICT"
    dan = somebody("dan", "publish")
    same = "@bank/core@1.0.0 waits for approval already, with the same bytes"
    assert refused(lambda: offer(host, dan, "@bank/core")) == ("CONFLICT", same)
    assert approvals(host, BEN).total == 1


def test_what_is_published_or_wrong_does_not_come_to_wait(host: Host) -> None:
    approve(host, BEN, offer(host, ANN, "@bank/core").pending)
    assert refused(lambda: offer(host, ANN, "@bank/core", author="ann"))[0] == "VERSION_CONFLICT"
    broken = packed("@bank/core", "2.0.0", {"x": "not a range"})
    assert refused(lambda: publish(host, ANN, io.BytesIO(broken)))[0] == "MANIFEST_INVALID"
    assert refused(lambda: publish(host, ANN, io.BytesIO(packed("@bank/core", "2.0.0")), "1.0.0"))[0] == "BAD_REQUEST"
    unsigned = io.BytesIO(packed("@bank/core", "2.0.0"))
    assert refused(lambda: publish(host, ANN, unsigned, signature=b"{}"))[0] == "SIGNATURE_INVALID"
    assert approvals(host, BEN).total == 0


def test_of_many_who_decide_at_once_one_does(host: Host) -> None:
    number = offer(host, ANN, "@bank/core").pending
    people = [somebody(f"ben{n}", "admin") for n in range(8)]

    def decide(at: int) -> str:
        act = approve if at % 2 else reject
        return people[at].person if outcome(lambda: act(host, people[at], number)) != "CONFLICT" else ""

    with ThreadPoolExecutor(8) as pool:
        won = [one for one in pool.map(decide, range(8)) if one]
    assert len(won) == 1
    assert approval(host, BEN, number).decided_by == won[0]
    decisions = [
        actor for actor, action, _ in told(host) if action.startswith("approval.") and action != "approval.asked"
    ]
    assert decisions == won
    assert auditing.check_chain(host) == ()


def test_of_many_who_ask_at_once_for_one_version_one_waits(host: Host) -> None:
    people = [somebody(f"ann{n}", "publish") for n in range(6)]

    def ask(at: int) -> str:
        found = outcome(lambda: offer(host, people[at], "@bank/core", author=str(at)))
        return found.pending if found != "CONFLICT" else ""

    with ThreadPoolExecutor(6) as pool:
        numbers = [one for one in pool.map(ask, range(6)) if one]
    assert [one.number for one in approvals(host, ROOT).entries] == numbers
    assert len(numbers) == 1


def test_what_was_published_meanwhile_fails_and_says_so(host: Host) -> None:
    number = offer(host, ANN, "@bank/core").pending
    host.holdings.publish(io.BytesIO(packed("@bank/core", author="file")))
    assert refused(lambda: approve(host, BEN, number))[0] == "VERSION_CONFLICT"
    found = approval(host, BEN, number)
    assert (found.state, found.reason) == ("failed", "@bank/core@1.0.0 is published already, with other bytes")
    assert told(host)[-1] == ("ben", "approval.failed", "@bank/core")
    assert refused(lambda: host.holdings.aside(number).__enter__())[0] == "GONE"


def test_what_cannot_be_published_just_now_waits_again(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    number = offer(host, ANN, "@bank/core").pending

    def full(*_: Any) -> Any:
        raise RegistryError.one("no space is left", str(host.holdings.url))

    with monkeypatch.context() as patched:
        patched.setattr(type(host.holdings), "publish", full)
        assert refused(lambda: approve(host, BEN, number))[0] == "REGISTRY_UNAVAILABLE"
    found = approval(host, BEN, number)
    assert (found.state, found.decided_by, found.decided_at) == ("pending", "", None)
    assert approve(host, BEN, number)[0].state == "approved"


def test_other_bytes_than_those_that_were_asked_for_are_never_published(host: Host) -> None:
    number = offer(host, ANN, "@bank/core").pending
    host.holdings.discard(number)
    host.holdings.set_aside(number, io.BytesIO(packed("@bank/core", author="eve")))
    assert refused(lambda: approve(host, BEN, number))[0] == "INTERNAL_ERROR"
    assert (state(host, number), versions(host)) == ("failed", [])


# Killed


@pytest.mark.parametrize("moment", ["set_aside", "publish", "discard"])
def test_a_server_that_is_killed_leaves_what_the_next_one_settles(host: Host, hands: Clock, moment: str) -> None:
    killed_in(type(host.holdings), moment, lambda: approve(host, BEN, offer(host, ANN, "@bank/core").pending))
    found = approvals(host, BEN, "all").entries
    assert [one.state for one in found] == {"set_aside": [], "publish": ["approving"], "discard": ["approved"]}[moment]
    auditing.settle(host)  # at once, when somebody may still be at it
    assert [one.state for one in approvals(host, BEN, "all").entries] == [one.state for one in found]
    hands.now += recording.BUSY + 1
    auditing.settle(host)
    if moment == "publish":
        assert approve(host, BEN, found[0].number)[0].state == "approved"
    elif moment == "set_aside":
        approve(host, BEN, offer(host, ANN, "@bank/core").pending)
    assert versions(host) == ["1.0.0"]
    assert [action for _, action, _ in told(host)] == ["approval.asked", "approval.approved", "publish"]
    assert left(host) == []


def left(host: Host) -> list[str]:
    """What was set aside, and notes of what was begun."""
    with reading(host.database) as connection:
        notes = [one.event.action for one in audit.intents(connection)]
    server = host.database.url.database or ""
    return notes + [str(one) for one in Path(server).parent.rglob("aside/*")]


def test_what_was_published_before_the_kill_is_told_of_as_recovered(host: Host) -> None:
    number = offer(host, ANN, "@bank/core").pending
    killed_in(table, "finished", lambda: approve(host, BEN, number))
    assert (state(host, number), versions(host)) == ("approving", ["1.0.0"])
    assert auditing.settle(host) == 1
    assert auditing.settle(host) == 0
    found = auditing.entries(host, ROOT).entries
    assert [(one.event.action, one.event.details.get("recovered")) for one in found] == [
        ("publish", True),
        ("approval.approved", True),
        ("approval.asked", None),
    ]
    assert (state(host, number), left(host)) == ("approved", [])


@pytest.mark.parametrize("happened", [True, False])
def test_acts_of_a_killed_server_are_told_if_they_happened(host: Host, hands: Clock, happened: bool) -> None:
    name = PackageName("", "plain")
    acts: dict[str, Callable[[], Any]] = {
        "publish_measured": lambda: offer(host, ROOT, "plain"),
        "set_tag": lambda: changing.set_tag(host, ROOT, name, "beta", "1.0.0"),
        "remove_tag": lambda: changing.remove_tag(host, ROOT, name, "beta"),
        "deprecate": lambda: changing.deprecate(host, ROOT, name, "1.0.0", "old"),
        "yank": lambda: changing.yank(host, ROOT, name, "1.0.0", "broken"),
        "unyank": lambda: changing.unyank(host, ROOT, name, "1.0.0"),
    }
    for verb, act in acts.items():
        owner, function = (recording, "_told") if happened else (type(host.holdings), verb)
        killed_in(owner, function, act)
        assert auditing.settle(host) == int(happened)
        if not happened:
            act()
    hands.now += recording.BUSY + 1
    assert auditing.settle(host) == 0
    assert [action for _, action, _ in told(host)] == [
        "publish",
        "tag.set",
        "tag.removed",
        "deprecate",
        "yank",
        "unyank",
    ]
    assert left(host) == []
