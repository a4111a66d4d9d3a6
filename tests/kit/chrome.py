"""A real browser that looks at pages: as wide as is wanted, light or dark, with scripts or without."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
AXE = os.path.join(os.environ.get("PACKAGING_NODE_MODULES", ""), "axe-core", "axe.min.js")
WIDE, NARROW = 1280, 360
SCHEMES = ("light", "dark")


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@contextmanager
def window(chromium: Browser, url: str, width: int = WIDE, scheme: str = "light", **options: Any) -> Iterator[Page]:
    """Open a window; a message on its console fails, unless it is about a status that is no success."""
    context = chromium.new_context(
        base_url=url,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        **options,
    )
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    odd = [one for one in said if "the server responded with a status of" not in one]
    assert not odd, odd


def sign_in(page: Page, token: str) -> None:
    """Sign in as people do."""
    page.goto("/browse/sign-in")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in with the token").click()


def is_too_wide(page: Page) -> bool:
    """Whether the page has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page, of all its rules."""
    if not page.evaluate("typeof axe === 'object'"):
        page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]
