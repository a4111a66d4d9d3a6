"""What anybody may publish or send stands on pages as text: nothing of it is an element, nothing of it hides."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from agents import archive_of
from markup import Markup
from reading_room import House, Visitor
from show_case import BOB, signed_bundle

from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.desk.access import Grant, Identity
from packaging_targets.services.aam.hosting import approving, changing, publishing

EVIL = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg onload=alert(1)>{{ 7*7 }}{% raw %}\u202eevil\u200b"
)
PERSON = "ann " + EVIL.replace("\u202e", "").replace("\u200b", "")
NAME = PackageName.parse("evil")
MANIFEST = {
    "name": "evil",
    "version": "1.0.0",
    "description": EVIL,
    "author": EVIL,
    "license": EVIL,
    "category": EVIL,
    "keywords": [EVIL],
    "homepage": "javascript:alert(1)",
    "repository": 'https://a.example/"onmouseover=alert(1)',
    "engines": {EVIL: EVIL},
}


def archive(version: str) -> bytes:
    quoted = json.dumps(EVIL)
    return archive_of(
        {
            "README.md": EVIL.encode(),
            "hooks/hooks.json": json.dumps(
                {"hooks": {"PreToolUse": [{"hooks": [{"type": "command", "command": EVIL}]}]}}
            ).encode(),
            "package.agent.json": json.dumps({**MANIFEST, "version": version}).encode(),
            "skills/evil/SKILL.md": f"---\nname: evil\ndescription: {quoted}\n---\n{EVIL}\n".encode(),
            f"skills/evil/{'&amp; onload=1' if version == '1.0.0' else 'b'}.txt": EVIL.encode(),
        }
    )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, needs_approval=("evil",), title=f"A registry {EVIL}")
    yield house
    house.close()


@pytest.fixture
def pages(house: House) -> dict[str, str]:
    """Every page on which something of somebody else stands."""
    eve = Identity(f"eve {EVIL}", (Grant(("admin",)),))
    for version in ("1.0.0", "1.1.0"):
        data = archive(version)
        bundle = signed_bundle(data, version, "https://a.example/<script>alert(1)</script>", "evil")
        number = publishing.publish(house.host, BOB, io.BytesIO(data), "", bundle).pending
        approving.approve(house.host, eve, number)
    changing.yank(house.host, eve, NAME, "1.0.0", "a reason <script>")
    changing.deprecate(house.host, eve, NAME, "1.1.0", "a message <script>")
    waiting = publishing.publish(house.host, BOB, io.BytesIO(archive("1.2.0")), "").pending
    rejected = publishing.publish(house.host, BOB, io.BytesIO(archive("1.3.0")), "").pending
    approving.reject(house.host, eve, rejected, "because <script>alert(1)</script>")
    ann = Visitor(house.app)
    ann.sign_in(house.token(PERSON, label="label <script>"))
    evil = quote(EVIL)
    paths = [
        "/browse",
        f"/browse?q={evil}",
        f"/browse?sort={evil}",
        "/browse/packages/evil",
        "/browse/packages/evil/1.0.0",
    ]
    paths += [
        f"/browse/packages/{evil}",
        f"/browse/packages/evil/{evil}",
        f"/browse/{evil}",
        "/browse/approvals?state=all",
    ]
    paths += [
        f"/browse/approvals/{waiting}",
        f"/browse/approvals/{rejected}",
        "/browse/tokens",
        f"/browse/sign-in?next={evil}",
    ]
    paths += ["/browse/audit", f"/browse/audit?package={evil}&action={evil}", f"/browse/approvals/{evil}"]
    found = {path: ann.get(path).text for path in paths}
    found["a token"] = ann.send("/browse/tokens", "/browse/tokens", label="<b>", actions=[EVIL], patterns=EVIL).text
    found["a reason"] = ann.send(
        f"/browse/approvals/{waiting}", f"/browse/approvals/{waiting}/reject", reason=EVIL
    ).text
    return found


TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "link",
    "body",
    "a",
    "header",
    "div",
    "svg",
    "path",
    "circle",
    "span",
    "form",
    "label",
    "input",
}
TAGS |= {
    "button",
    "nav",
    "ul",
    "li",
    "main",
    "h1",
    "h2",
    "h3",
    "p",
    "section",
    "article",
    "footer",
    "aside",
    "code",
    "dl",
    "dt",
    "dd",
}
TAGS |= {
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "time",
    "q",
    "b",
    "br",
    "wbr",
    "details",
    "summary",
    "fieldset",
}
TAGS |= {"legend", "select", "option", "textarea", "pre"}


def test_nothing_that_was_published_or_sent_becomes_an_element(pages: dict[str, str]) -> None:
    seen = 0
    for path, text in pages.items():
        read = Markup(text)
        assert read.other == ["doctype html"], path
        assert {tag for tag, _ in read.elements} <= TAGS, path
        for tag, attributes in read.elements:
            assert not any(name.startswith("on") or name == "style" for name in attributes), (path, tag, attributes)
            for name in ("href", "action"):
                assert attributes.get(name, "/").startswith(("/", "#", "https://a.example/")), (path, attributes)
        seen += "&lt;script&gt;" in text
    assert seen >= 14


def test_no_template_is_made_of_what_was_sent(pages: dict[str, str]) -> None:
    assert sum("{{ 7*7 }}" in text for text in pages.values()) >= 12


def test_what_hides_is_shown(pages: dict[str, str]) -> None:
    for path, text in pages.items():
        assert "\u202e" not in text, path
        assert "\u200b" not in text, path
    assert sum("[U+202E]" in text for text in pages.values()) >= 10


def test_addresses_of_others_are_no_links_unless_they_are_plain(pages: dict[str, str]) -> None:
    text = pages["/browse/packages/evil"]
    assert "javascript:" not in text
    assert "Home" not in text
    assert "onmouseover" not in text
