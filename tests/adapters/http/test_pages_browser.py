"""The pages in a real browser: a walk through them, how they look, and what an accessibility checker says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from chrome import AXE, CHROMIUM, NARROW, SCHEMES, WIDE, browser, is_too_wide, sign_in, violations, window
from reading_room import House
from serving import Server
from show_case import BOB, furnish

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("playwright")
pytestmark = [pytest.mark.service, pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")]


@dataclass
class Place:
    """A registry on a server, and a browser."""

    house: House
    server: Server
    chromium: Browser
    waiting: str

    @property
    def pages(self) -> dict[str, str]:
        return {
            "the list": "/browse",
            "a search": "/browse?q=review",
            "a search for nothing": "/browse?q=nothing+like+this",
            "a package": "/browse/packages/@acme/review",
            "a yanked version": "/browse/packages/@acme/review/1.1.0",
            "a small package": "/browse/packages/changelog",
            "no package": "/browse/packages/nothing",
            "approvals": "/browse/approvals",
            "an approval": f"/browse/approvals/{self.waiting}",
            "the log": "/browse/audit",
            "tokens": "/browse/tokens",
            "signing in": "/browse/sign-in",
        }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    house = House(tmp_path_factory.mktemp("house"), needs_approval=("@acme/review", "@acme/new"), write_rate=0)
    waiting = furnish(house)
    with browser() as chromium, Server(house.app) as server:
        yield Place(house, server, chromium, waiting)
    house.close()


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_page_fits_its_window_and_nobody_is_left_out(place: Place, width: int, scheme: str) -> None:
    if not os.path.isfile(AXE):
        pytest.skip("axe-core is not installed")
    token = place.house.token("ann", label="laptop")
    with window(place.chromium, place.server.url, width, scheme, bypass_csp=True) as page:
        page.goto("/browse")
        assert violations(page) == []
        sign_in(page, token)
        for what, path in place.pages.items():
            page.goto(path)
            assert violations(page) == [], what
            assert not is_too_wide(page), what


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_a_walk(place: Place, width: int, scheme: str, scripts: bool) -> None:
    version = f"1.{len(scheme)}.{width + scripts}"
    first, second = (place.house.publish("@acme/new", f"{major}{version[1:]}", BOB) for major in (1, 2))
    token = place.house.token("ann")
    with window(place.chromium, place.server.url, width, scheme, java_script_enabled=scripts) as page:
        page.goto("/")
        assert page.title() == "Packages · Agent packages"
        page.get_by_label("Search by name and description").fill("four passes")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="@acme/review").click()
        assert page.get_by_role("heading", level=1).inner_text() == "@acme/review 1.2.1"
        assert (
            page.get_by_role("group", name="Command that installs this version")
            .inner_text()
            .endswith("aam install @acme/review --registry http://127.0.0.1")
        )
        page.get_by_role("link", name="@acme/style").click()
        assert page.get_by_role("heading", level=1).inner_text() == "@acme/style 1.0.0"

        page.get_by_role("link", name="Sign in").click()
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Sign in with the token").click()
        page.get_by_role("link", name="Approvals", exact=True).click()
        page.get_by_role("link", name=f"@acme/new 1{version[1:]}").click()
        page.get_by_role("button", name="Approve and publish").click()
        assert page.get_by_text("Decided: approved").is_visible()
        page.goto(f"/browse/packages/@acme/new/1{version[1:]}")
        assert page.get_by_role("heading", level=1).inner_text() == f"@acme/new 1{version[1:]}"

        page.goto(f"/browse/approvals/{second}")
        page.get_by_label("Reason").fill("it says too little")
        page.get_by_role("button", name="Reject").click()
        assert page.get_by_text("Decided: rejected").is_visible()

        page.get_by_role("link", name="Audit", exact=True).click()
        page.get_by_label("Action").fill("approval.rejected")
        page.get_by_role("button", name="Filter").click()
        assert page.get_by_text("reason: it says too little").first.is_visible()
        page.get_by_role("button", name="Check the chain").click()
        assert page.get_by_role("status").get_by_text("The chain holds").is_visible()

        page.get_by_role("link", name="Tokens").click()
        page.get_by_label("Label").fill("a walk")
        page.get_by_role("button", name="Make the token").click()
        assert page.get_by_role("group", name="The new token").inner_text().startswith("aam_")
        page.get_by_role("button", name="Sign out").click()
        assert page.get_by_role("link", name="Sign in").is_visible()
    assert first != second


def test_colours_follow_the_scheme(place: Place) -> None:
    seen = []
    for scheme in SCHEMES:
        with window(place.chromium, place.server.url, scheme=scheme) as page:
            page.goto("/browse")
            seen.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert seen == ["rgb(250, 249, 246)", "rgb(21, 20, 18)"]


def test_the_keyboard_is_enough(place: Place) -> None:
    with window(place.chromium, place.server.url) as page:
        page.goto("/browse/packages/@acme/review")
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to the content")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.wait_for_timeout(200)
        box = skip.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(place: Place) -> None:
    with window(place.chromium, place.server.url) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for path in place.pages.values():
            page.goto(path)
        assert {url.removeprefix(place.server.url).split("/")[1][:6] for url in asked} == {"browse", "static"}
        assert not any(url.endswith(".js") for url in asked)
