"""The pages as people without scripts see them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from markup import Markup
from reading_room import OPERATOR, START, Answer, House, Visitor
from show_case import ANN, BOB, NAME, furnish
from sqlalchemy import text as sql

from packaging_targets.registry.aam.desk import accounts
from packaging_targets.services.aam.hosting import changing

Open = Callable[..., House]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Makes houses, and closes them."""
    houses = []

    def make(**settings: Any) -> House:
        houses.append(House(tmp_path, **settings))
        return houses[-1]

    yield make
    for house in houses:
        house.close()


@pytest.fixture
def house(opened: Open) -> House:
    return opened(needs_approval=("@acme/review", "@acme/new"), private=("secret-*",))


@pytest.fixture
def visitor(house: House) -> Visitor:
    return Visitor(house.app)


@pytest.fixture
def ann(house: House) -> Visitor:
    """Somebody who is signed in, and administers the registry."""
    visitor = Visitor(house.app)
    assert visitor.sign_in(house.token("ann", label="laptop")).status == 200
    return visitor


# The list


def test_an_empty_registry_tells_how_to_publish(visitor: Visitor) -> None:
    words = visitor.get("/browse").words
    assert "Nothing is published yet" in words
    assert "aam pkg init review aam pkg publish review --registry http://127.0.0.1" in words


def test_packages_are_listed_with_what_they_are_for(house: House, visitor: Visitor) -> None:
    house.publish("review", "1.0.0", description="Reviews a change.")
    house.publish("review", "1.1.0", description="Reviews a change.")
    words = visitor.get("/browse").words
    assert "1 package Sorted by Name Last change review Reviews a change. 1.1.0 2 versions" in words


def test_a_search_finds_and_says_where_nothing_is_found(house: House, visitor: Visitor) -> None:
    house.publish("review", description="Reviews a change.")
    house.publish("style", description="How we write.")
    found = visitor.get("/browse?q=change").words
    assert "Packages with “change”" in found
    assert "Reviews a change." in found
    assert "How we write." not in found
    assert "Nothing has all of these words" in visitor.get("/browse?q=change+nothing").words


def test_long_lists_have_pages(house: House, visitor: Visitor) -> None:
    for at in range(33):
        house.publish(f"package-{at:02}", skills=())
    first = visitor.get("/browse")
    assert "33 packages" in first.words
    assert "package-29" in first.words
    assert "package-30" not in first.words
    following = next(one["href"] for one in Markup(first.text).all_of("a") if one.get("rel") == "next")
    second = visitor.get(following)
    assert "package-30" in second.words
    assert "package-29" not in second.words
    assert "Back to the start" in second.words
    assert "Next page" not in second.words


def test_a_cursor_that_is_none_is_told(visitor: Visitor) -> None:
    answer = visitor.get("/browse?after=nonsense")
    assert answer.status == 400
    assert "This cannot be understood" in answer.words


# A package


@pytest.fixture(scope="module")
def furniture(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, int]:
    """A registry that has much, the number of a request that waits there, and what time it is."""
    path = tmp_path_factory.mktemp("furniture")
    house = House(path, needs_approval=("@acme/review",))
    number = furnish(house)
    house.close()
    return path, number, house.now


@pytest.fixture
def furnished(furniture: tuple[Path, str, int], tmp_path: Path, house: House) -> str:
    """The number of a request that waits for approval, in a registry that has much."""
    path, number, house.now = furniture
    house.close()
    shutil.copytree(path, tmp_path, dirs_exist_ok=True)
    return number


def test_a_package_shows_what_it_is(furnished: str, visitor: Visitor) -> None:
    words = visitor.get("/browse/packages/@acme/review").words
    for part in (
        "@acme/ review 1.2.1 Reviews a change in four passes, and writes findings that can be checked.",
        "Published 22 Jan 2026 by Acme developer experience latest",
        "aam install @acme/review --registry http://127.0.0.1",
        "code-review skill Reviews a change in four passes",
        "reviewer agent A patient reviewer",
        "review command Review the changes of a branch.",
        "depth rule How deep",
        "tracker MCP server https://mcp.acme.example/tracker",
        "Reviews a change the way a careful colleague would",
        "1.1.0 11 Dec 2025",
        "yanked it reviewed generated files, too",
        "deprecated use 1.2.0 or newer",
        "test-gaps >=1.0.0 <3.0.0 @acme/ secret-scanner ^2.0.0 optional",
        "License Apache-2.0",
        "not verified by this page The archive comes with a Sigstore bundle . Its certificate says: "
        "Signed by https://git.example/acme/agents/.ci/release.yml@refs/heads/main Issuer https://token.git.example",
        "stable 1.2.0",
    ):
        assert part in words, part


def test_dependencies_are_links_where_they_can_be_seen(furnished: str, visitor: Visitor) -> None:
    hrefs = [one["href"] for one in Markup(visitor.get("/browse/packages/@acme/review").text).all_of("a")]
    assert "/browse/packages/@acme/style" in hrefs
    assert "/browse/packages/test-gaps" in hrefs
    assert not any("secret-scanner" in href for href in hrefs)


def test_a_version_and_a_tag_have_pages(furnished: str, visitor: Visitor) -> None:
    yanked = visitor.get("/browse/packages/@acme/review/1.1.0").words
    assert (
        "This version is yanked New installs pass it over since 22 Jan 2026 ; locks that name it still get it."
        in yanked
    )
    assert "Reason: it reviewed generated files, too" in yanked
    assert "There is a newer version 1.2.1 is what latest leads to." in yanked
    assert "aam install @acme/review@1.1.0 --registry http://127.0.0.1" in yanked
    assert "This version is deprecated use 1.2.0 or newer" in visitor.get("/browse/packages/@acme/review/1.0.0").words
    assert "@acme/ review 2.0.0-rc.1" in visitor.get("/browse/packages/@acme/review/next").words
    assert "@acme/ review 1.2.0" in visitor.get("/browse/packages/@acme%2Freview/1.2.0".replace("%2F", "/")).words


def test_a_package_without_readme_signature_and_dependencies_says_so(house: House, visitor: Visitor) -> None:
    house.publish("plain", skills=())
    words = visitor.get("/browse/packages/plain").words
    assert "This version has no readme." in words
    assert "Published without a signature." in words
    assert "It depends on nothing." in words


def test_a_package_of_which_all_is_yanked_has_a_page(house: House, visitor: Visitor) -> None:
    house.publish("plain", "1.0.0+build.1")
    changing.yank(house.host, OPERATOR, NAME.parse("plain"), "1.0.0+build.1")
    assert "This version is yanked" in visitor.get("/browse/packages/plain").words
    assert visitor.get("/browse/packages/plain/1.0.0%2Bbuild.1".replace("%2B", "+")).status == 200


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("packages/nothing", "There is no package nothing in the registry."),
        ("packages/@nobody/nothing", "There is no package @nobody/nothing in the registry."),
        ("packages/No<b>", "There is no package `No<b>` in the registry."),
        ("packages/plain/9.9.9", "There is no version 9.9.9 of plain."),
        ("packages/plain/newest", "plain has no version or tag `newest`."),
        ("packages/plain/1.0.0/more", "There is no such page."),
        ("nowhere", "There is no page `/browse/nowhere`."),
    ],
)
def test_what_is_not_there_is_told_in_the_same_dress(house: House, visitor: Visitor, path: str, told: str) -> None:
    house.publish("plain")
    answer = visitor.get(f"/browse/{path}")
    assert answer.status == 404
    assert "There is nothing here" in answer.words
    assert told.lower() in answer.words.lower()
    assert "Sign in" in answer.words


def test_what_is_private_is_invisible(house: House, visitor: Visitor) -> None:
    house.publish("secret-plan", description="A plan.")
    house.publish("open", dependencies={"secret-plan": "*"})
    assert visitor.get("/browse/packages/secret-plan").status == 404
    hidden, missing = visitor.get("/browse/packages/secret-plan"), visitor.get("/browse/packages/secret-none")
    assert hidden.words.replace("secret-plan", "X") == missing.words.replace("secret-none", "X")
    assert "A plan." not in visitor.get("/browse").words
    assert "/browse/packages/secret-plan" not in visitor.get("/browse/packages/open").text
    reader = Visitor(house.app)
    reader.sign_in(house.token("eve", "read", patterns=("secret-*",)))
    assert "A plan." in reader.get("/browse").words
    assert reader.get("/browse/packages/secret-plan").status == 200
    assert 'href="/browse/packages/secret-plan"' in reader.get("/browse/packages/open").text


def test_an_archive_that_was_tampered_with_shows_nothing_of_itself(house: House, visitor: Visitor) -> None:
    house.publish("plain", "1.0.0", files={"README.md": "good"})
    house.publish("other", "1.0.0", files={"README.md": "evil"})
    place = Path(house.folder.tree.root).rglob
    next(place("plain/**/*.aam")).write_bytes(next(place("other/**/*.aam")).read_bytes())
    answer = visitor.get("/browse/packages/plain")
    assert answer.status == 200
    assert "What is stored is not in order, so nothing of it is shown." in answer.words
    assert "evil" not in answer.words


def test_an_archive_that_is_gone_leaves_a_page(house: House, visitor: Visitor) -> None:
    house.publish("plain", "1.0.0", files={"README.md": "good"})
    next(Path(house.folder.tree.root).rglob("*.aam")).unlink()
    answer = visitor.get("/browse/packages/plain")
    assert answer.status == 200
    assert "The registry cannot read it now." in answer.words
    assert house.folder.tree.root not in answer.text


def test_a_registry_that_is_gone_is_a_page_too(house: House, visitor: Visitor) -> None:
    os.rename(house.folder.tree.root, f"{house.folder.tree.root}.away")
    answer = visitor.get("/browse/packages/plain")
    assert answer.status == 503
    assert answer.header("retry-after") == "5"
    assert "The registry cannot do this now" in answer.words
    assert house.folder.tree.root not in answer.text


# Signing in


def test_people_sign_in_with_a_token_and_out_again(house: House, visitor: Visitor) -> None:
    answer = visitor.sign_in(house.token("ann"))
    assert "Signed in as ann Sign out" in answer.words
    assert "Packages Approvals Audit Tokens" in answer.words
    assert answer.header("cache-control") == "no-store"
    left = visitor.send("/browse", "/browse/sign-out")
    assert "Signed in" not in left.words
    assert visitor.cookies.keys() == {"aam-form"}


def test_people_sign_in_with_a_name_and_a_password(house: House, visitor: Visitor) -> None:
    with house.host.database.begin() as connection:
        accounts.add(connection, accounts.Account("bob", BOB.grants), accounts.hashed("correct horse"))
    wrong = visitor.send("/browse/sign-in", "/browse/sign-in", name="bob", password="battery staple")
    assert wrong.status == 401
    assert "There is no account of this name with this password." in wrong.words
    assert "battery" not in wrong.text
    right = visitor.send("/browse/sign-in", "/browse/sign-in", name="bob", password="correct horse")
    assert "Packages Approvals Tokens Signed in as bob" in right.words


def test_a_token_that_is_none_is_told_and_not_shown_again(visitor: Visitor) -> None:
    answer = visitor.sign_in("aam_guess")
    assert answer.status == 401
    assert "This is no token of a registry: it is mistyped, or cut off." in answer.words
    assert "guess" not in answer.text


def test_guessing_ends_soon(visitor: Visitor) -> None:
    statuses = [visitor.sign_in("aam_guess").status for _ in range(25)]
    assert statuses[:20] == [401] * 20
    assert statuses[-1] == 429


def test_a_session_ends_with_its_token(house: House, ann: Visitor) -> None:
    assert "Signed in as ann" in ann.get("/browse").words
    house.now += 31 * 86400
    assert "Signed in" not in ann.get("/browse").words


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/browse/audit?action=yank", "/browse/audit?action=yank"),
        ("/browse/packages/@acme/review", "/browse/packages/@acme/review"),
        ("/browse", "/browse"),
        ("", "/browse"),
        ("https://evil.example", "/browse"),
        ("//evil.example", "/browse"),
        ("/browse//evil.example", "/browse"),
        ("/browse/\\evil.example", "/browse"),
        ("/browse.evil.example", "/browse"),
        ("/browse@evil.example", "/browse"),
        ("/\t/evil.example", "/browse"),
        ("/browse/\r\nset-cookie: x=y", "/browse"),
        ("javascript:alert(1)", "/browse"),
        ("/packages", "/browse"),
    ],
)
def test_signing_in_leads_to_pages_of_ours_alone(house: House, visitor: Visitor, wanted: str, led_to: str) -> None:
    csrf = visitor.get("/browse/sign-in").field("csrf")
    answer = visitor.post("/browse/sign-in", follow=False, csrf=csrf, token=house.token("ann"), next=wanted)
    assert (answer.status, answer.header("location")) == (303, led_to)


def test_pages_that_need_somebody_lead_through_signing_in(house: House, visitor: Visitor) -> None:
    answer = visitor.get("/browse/audit?action=publish", follow=False)
    assert answer.header("location") == "/browse/sign-in?next=%2Fbrowse%2Faudit%3Faction%3Dpublish"
    assert visitor.get(answer.header("location")).field("next") == "/browse/audit?action=publish"


def test_cookies_are_out_of_reach(house: House) -> None:
    plain = Visitor(house.app)
    csrf = plain.get("/browse/sign-in").field("csrf")
    answer = plain.post("/browse/sign-in", follow=False, csrf=csrf, token=house.token("ann"))
    session = next(one for one in answer.cookies if one.startswith("aam-session"))
    assert re.fullmatch(r"aam-session=[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=lax", session)
    secure = Visitor(house.app, "https", "192.0.2.7")
    csrf = secure.get("/browse/sign-in").field("csrf")
    answer = secure.post("/browse/sign-in", follow=False, csrf=csrf, token=house.token("ann"))
    session = next(one for one in answer.cookies if "aam-session" in one)
    assert re.fullmatch(r"__Host-aam-session=[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=lax; Secure", session)


def test_nobody_signs_in_where_others_can_listen(house: House) -> None:
    visitor = Visitor(house.app, "http", "192.0.2.7")
    answer = visitor.sign_in(house.token("ann"))
    assert answer.status == 400
    assert (
        "This page came over plain HTTP, where anybody on the way could read what you type: open it with https://."
        in answer.words
    )


# Forms of others

FORMS = [
    "/browse/sign-out",
    "/browse/tokens",
    "/browse/audit/check",
    "/browse/approvals/1/approve",
    "/browse/approvals/1/reject",
    "/browse/tokens/1/revoke",
]


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("csrf", ["", "guess"])
def test_forms_without_our_secret_are_refused(ann: Visitor, path: str, csrf: str) -> None:
    answer = ann.post(path, csrf=csrf)
    assert answer.status == 403
    assert "This form was not sent from a page of the registry, or is too old." in answer.words


def test_forms_that_another_site_sends_are_refused(ann: Visitor) -> None:
    csrf = ann.get("/browse/tokens").field("csrf")
    ann.sent["sec-fetch-site"] = "cross-site"
    assert ann.post("/browse/sign-out", csrf=csrf).status == 403
    ann.sent["sec-fetch-site"] = "same-origin"
    assert ann.post("/browse/sign-out", csrf=csrf).status == 200


def test_a_secret_holds_for_its_own_session_alone(house: House, ann: Visitor, visitor: Visitor) -> None:
    visitor.sign_in(house.token("eve", "read"))
    eves = visitor.get("/browse/tokens").field("csrf")
    assert ann.post("/browse/sign-out", csrf=eves).status == 403
    assert visitor.post("/browse/sign-in", csrf="x", token=house.token("ann")).status == 403


def test_forms_have_a_size_and_a_type(ann: Visitor) -> None:
    assert ann.post("/browse/tokens", label="x" * 40_000).status == 413
    many: dict[str, Any] = {f"field{at}": "" for at in range(60)}
    assert ann.post("/browse/tokens", **many).status == 400
    ann.sent["content-type"] = "multipart/form-data; boundary=x"
    assert ann.post("/browse/tokens").status == 415


# Approvals


def test_a_request_shows_what_would_change(house: House, furnished: str, ann: Visitor) -> None:
    listed = ann.get("/browse/approvals").words
    assert "1 request Waiting Approved Rejected Failed All" in listed
    assert "@acme/ review 1.3.0 bob 25 Jan 2026, 19:00 UTC" in listed
    answer = ann.get(f"/browse/approvals/{furnished}")
    assert "Compared with 1.2.1 , which is published: 1 file added, 2 files changed, 1 file removed." in answer.words
    assert "mcp/servers.json removed" in answer.words
    assert "skills/code-review/SKILL.md changed 215 bytes → 243 bytes" in answer.words
    assert "+ Say what you have not read." in answer.words
    assert '- "version": "1.2.1", + "version": "1.3.0",' in answer.words


def test_what_was_never_published_is_all_new(house: House, ann: Visitor) -> None:
    number = house.publish("@acme/new", who=BOB)
    words = ann.get(f"/browse/approvals/{number}").words
    assert "No version is published yet, so all is new: 2 files added." in words


def test_approving_publishes(house: House, furnished: str, ann: Visitor) -> None:
    page = f"/browse/approvals/{furnished}"
    answer = ann.send(page, f"{page}/approve")
    assert answer.status == 200
    assert "Decided: approved By ann , 25 Jan 2026" in answer.words
    assert "The request is approved: its archive is not kept here any more." in answer.words
    assert "@acme/ review 1.3.0" in ann.get("/browse/packages/@acme/review").words
    again = ann.send("/browse/tokens", f"{page}/approve")
    assert again.status == 409
    assert "The request for @acme/review@1.3.0 is approved already by ann." in again.words


def test_rejecting_needs_a_reason(house: House, furnished: str, ann: Visitor) -> None:
    page = f"/browse/approvals/{furnished}"
    without = ann.send(page, f"{page}/reject", reason="  ")
    assert without.status == 400
    assert "Say why: the publisher reads it, and it stays in the log." in without.words
    answer = ann.send(page, f"{page}/reject", reason="the script\r\nruns git")
    assert "Decided: rejected By ann , 25 Jan 2026, 19:00 UTC . Reason: the script runs git" in answer.words
    assert "1.3.0" not in ann.get("/browse/packages/@acme/review").words


def test_nobody_decides_about_their_own(house: House, visitor: Visitor) -> None:
    visitor.sign_in(house.token("ann"))
    number = house.publish("@acme/new", who=ANN)
    page = f"/browse/approvals/{number}"
    answer = visitor.get(page)
    assert "Waiting You sent this, so another person has to decide." in answer.words
    assert "Approve and publish" not in answer.words
    refused = visitor.send("/browse/tokens", f"{page}/approve")
    assert refused.status == 409
    assert "ann asked for this, and another person has to decide it." in refused.words.lower()


def test_requests_of_others_are_not_there_for_those_who_have_no_part_in_them(house: House, visitor: Visitor) -> None:
    number = house.publish("@acme/new", who=BOB)
    visitor.sign_in(house.token("eve", "read"))
    assert "0 requests" in visitor.get("/browse/approvals").words
    assert visitor.get(f"/browse/approvals/{number}").status == 404
    assert visitor.send("/browse/tokens", f"/browse/approvals/{number}/approve").status == 404


def test_who_published_sees_it_wait(house: House, visitor: Visitor) -> None:
    number = house.publish("@acme/new", who=BOB)
    visitor.sign_in(house.token("bob", "read", "publish"))
    assert "You sent this, so another person has to decide." in visitor.get(f"/browse/approvals/{number}").words


# The log


def test_the_log_can_be_filtered(furnished: str, ann: Visitor) -> None:
    everything = ann.get("/browse/audit").words
    assert "token.created" in everything
    assert "bob approval.asked @acme/review integrity: sha256-" in everything
    yanks = ann.get("/browse/audit?package=@acme/review&action=yank").words
    assert "ann yank @acme/review@1.1.0 reason: it reviewed generated files, too" in yanks
    assert "token.created" not in yanks
    assert "None fits the filter." in ann.get("/browse/audit?action=nothing").words


def test_the_chain_is_checked_on_demand(house: House, furnished: str, ann: Visitor) -> None:
    holds = ann.send("/browse/audit", "/browse/audit/check").words
    assert re.search(r"The chain holds \d+ entries were read, and each has the digest of the one before it\.", holds)
    with house.host.database.begin() as connection:
        connection.execute(sql("UPDATE audit SET actor = 'eve' WHERE number = 3"))
    broken = ann.send("/browse/audit", "/browse/audit/check").words
    assert "The chain is broken Entry 3 is not what its digest says: it was changed." in broken


def test_the_log_is_not_for_everybody(house: House, visitor: Visitor) -> None:
    visitor.sign_in(house.token("eve", "read"))
    answer = visitor.get("/browse/audit")
    assert answer.status == 403
    assert "This is not allowed" in answer.words
    assert visitor.send("/browse/tokens", "/browse/audit/check").status == 403


# Tokens


def _numbers(answer: Answer) -> list[str]:
    return re.findall(r"/browse/tokens/(\w+)/revoke", answer.text)


def test_a_token_is_made_shown_once_and_revoked(house: House, ann: Visitor) -> None:
    before = set(_numbers(ann.get("/browse/tokens")))
    made = ann.send(
        "/browse/tokens",
        "/browse/tokens",
        label="build server",
        actions=["read", "publish"],
        patterns="@acme/*, review",
        days="7",
    )
    assert "The token “build server” is made Copy it now: it is shown this once" in made.words
    secret = re.search(r"aam_\w{49}", made.text)
    assert secret
    assert made.header("cache-control") == "no-store"
    listed = ann.get("/browse/tokens")
    assert secret[0] not in listed.text
    assert "build server ann publish, read @acme/* review 1 Mar 2026 Revoke build server" in listed.words
    builder = Visitor(house.app)
    assert "Signed in as ann" in builder.sign_in(secret[0]).words
    (number,) = set(_numbers(listed)) - before
    revoked = ann.send("/browse/tokens", f"/browse/tokens/{number}/revoke")
    assert "The token is revoked: nobody can use it any more." in revoked.words
    assert "Signed in" not in builder.get("/browse").words


def test_what_cannot_be_a_token_is_told_and_the_form_is_kept(ann: Visitor) -> None:
    answer = ann.send("/browse/tokens", "/browse/tokens", label="x", actions=["yank"], patterns="UPPER*", days="7")
    assert answer.status == 400
    assert "The pattern `UPPER*` is not the name of a package" in answer.words
    assert answer.field("patterns") == "UPPER*"
    assert 'value="yank" checked' in answer.text
    assert 'value="7" selected' in answer.text


def test_nobody_gives_away_what_is_not_theirs(house: House, visitor: Visitor) -> None:
    visitor.sign_in(house.token("eve", "read", patterns=("@acme/*",)))
    answer = visitor.send("/browse/tokens", "/browse/tokens", actions=["admin"], patterns="*", days="1")
    assert answer.status == 403
    assert "Eve may not give `admin:*`, which is not theirs." in answer.words


def test_tokens_of_others_are_not_there(house: House, ann: Visitor, visitor: Visitor) -> None:
    (number,) = _numbers(ann.get("/browse/tokens"))
    visitor.sign_in(house.token("eve", "read"))
    assert "laptop" not in visitor.get("/browse/tokens").words
    assert visitor.send("/browse/tokens", f"/browse/tokens/{number}/revoke").status == 404


def test_whoever_revokes_what_they_came_with_is_signed_out(ann: Visitor) -> None:
    (number,) = _numbers(ann.get("/browse/tokens"))
    assert "Signed in" not in ann.send("/browse/tokens", f"/browse/tokens/{number}/revoke").words


# All pages


def test_too_many_requests_are_told_on_a_page(opened: Open) -> None:
    visitor = Visitor(opened(read_rate=3).app)
    answers = [visitor.get("/browse") for _ in range(4)]
    assert [one.status for one in answers] == [200, 200, 200, 429]
    assert "Too many requests" in answers[-1].words
    assert 1 <= int(answers[-1].header("retry-after")) <= 60


def test_whatever_fails_is_a_page_without_its_text(
    house: House, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(type(house.host.holdings), "page", fail)
    answer = visitor.get("/browse")
    assert answer.status == 500
    assert "The registry has failed Its log says why, at the request " in answer.words
    assert "a secret" not in answer.text


def every_page(house: House, ann: Visitor, number: str) -> Iterator[Answer]:
    for path in (
        "",
        "?q=review",
        "/packages/@acme/review",
        "/packages/@acme/review/1.1.0",
        "/approvals",
        f"/approvals/{number}",
    ):
        yield ann.get(f"/browse{path}")
    for path in ("/approvals?state=all", "/audit", "/tokens", "/sign-in", "/nothing"):
        yield ann.get(f"/browse{path}")
    yield Visitor(house.app).get("/browse")


def test_pages_have_neither_scripts_nor_styles_of_their_own(house: House, furnished: str, ann: Visitor) -> None:
    for answer in every_page(house, ann, furnished):
        read = Markup(answer.text)
        assert read.all_of("script", "style", "iframe", "img", "object", "embed", "base") == []
        names = {name for _, attributes in read.elements for name in attributes}
        assert not any(name == "style" or name.startswith("on") for name in names)
        policy = answer.header("content-security-policy")
        for part in (
            "default-src 'none'",
            "style-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ):
            assert part in policy


def test_pages_have_one_title_a_language_and_a_sane_outline(house: House, furnished: str, ann: Visitor) -> None:
    for answer in every_page(house, ann, furnished):
        read = Markup(answer.text)
        assert read.all_of("html") == [{"lang": "en"}]
        levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch("h[1-6]", tag)]
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        labelled = {one["for"] for one in read.all_of("label")}
        assert {
            one["id"]
            for one in read.all_of("input", "select", "textarea")
            if one.get("type") != "hidden" and "hidden" not in one
        } <= labelled


def test_every_link_leads_somewhere(house: House, furnished: str, ann: Visitor) -> None:
    seen: set[str] = set()
    for answer in every_page(house, ann, furnished):
        read = Markup(answer.text)
        ids = {attributes.get("id") for _, attributes in read.elements}
        for href in {one["href"] for one in read.all_of("a", "link")} - seen:
            seen.add(href)
            if href.startswith("#"):
                assert href[1:] in ids
            elif href.startswith("/"):
                assert ann.get(href).status == 200, href


def test_what_pages_load_is_kept_for_ever(visitor: Visitor) -> None:
    links = Markup(visitor.get("/browse").text).all_of("link")
    assert len(links) == 2
    for link in links:
        answer = visitor.get(link["href"])
        assert answer.header("cache-control") == "public, max-age=31536000, immutable"
        assert re.search(r"-[0-9a-f]{12}\.(css|svg)$", link["href"])
    assert visitor.get("/static/style.css").status == 404
    assert visitor.get("/static/..%2fvisiting.py").status == 404


def test_a_registry_below_a_path_links_below_it(opened: Open) -> None:
    house = opened(url="https://packages.example/aam/")
    house.publish("plain")
    visitor = Visitor(house.app, "https")
    page = visitor.get("/browse/packages/plain")
    assert "aam install plain --registry https://packages.example/aam" in page.words
    hrefs = [one["href"] for one in Markup(page.text).all_of("a", "link") if not one["href"].startswith(("#", "http"))]
    assert [href for href in hrefs if not href.startswith("/aam/")] == []


def test_times_are_told_to_machines_too(house: House, visitor: Visitor) -> None:
    house.publish("plain")
    assert START == 1_771_768_800
    assert (
        '<time datetime="2026-02-22T14:00:00Z" title="22 Feb 2026, 14:00 UTC">22 Feb 2026</time>'
        in visitor.get("/browse/packages/plain").text
    )
