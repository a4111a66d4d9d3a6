"""A registry with pages, and somebody who looks at them: no network, no browser.

house = House(tmp_path)
house.publish("@acme/review")
visitor = Visitor(house.app)
assert "@acme/review" in visitor.get("/browse").text
"""

from __future__ import annotations

import asyncio
import html
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from agents import packed
from hosts import OPERATOR
from served_registries import START, empty_database

from packaging_targets.adapters.http.application import make_app
from packaging_targets.adapters.http.front import Front
from packaging_targets.adapters.http.pages.routes import routes
from packaging_targets.registry.aam.database.engine import open_database
from packaging_targets.registry.aam.desk.access import ANONYMOUS, Action, Grant, Identity
from packaging_targets.registry.aam.desk.tokens import Order
from packaging_targets.registry.aam.folder.initialising import initialise
from packaging_targets.registry.aam.folder.registry import FolderRegistry
from packaging_targets.registry.aam.served.served_folder import ServedFolder
from packaging_targets.services.aam.hosting import publishing
from packaging_targets.services.aam.hosting.host import Host, HostSettings
from packaging_targets.services.aam.hosting.people import tokens

EVERYTHING: tuple[Action, ...] = ("read", "publish", "yank", "admin")


class House:
    """A registry in a folder, which may be there, with its desk and its pages; `settings` are members of HostSettings."""

    def __init__(self, path: Path, **settings: Any) -> None:
        self.now = START
        folder = FolderRegistry(str(path / "registry"), self.clock)
        if not (path / "data").exists():
            initialise(folder)
            (path / "data").mkdir()
            (path / "data" / "registry.sqlite3").write_bytes(empty_database())
        engine = open_database(f"sqlite:///{path}/data/registry.sqlite3")
        self.host = Host(
            database=engine,
            settings=HostSettings(**{"url": "http://127.0.0.1", **settings}),
            clock=self.clock,
            holdings=ServedFolder(folder, engine, str(path / "data")),
        )
        self.folder = folder

    def clock(self) -> int:
        return self.now

    @property
    def app(self) -> Front:
        """The application, with its pages."""
        return make_app(self.host, pages=routes(self.host))

    def publish(self, name: str, version: str = "1.0.0", who: Identity = OPERATOR, **given: Any) -> str:
        """Publish a package that is made for it; return the number of the request where it has to wait."""
        tag, signature = given.pop("tag", ""), given.pop("signature", b"")
        data = packed(name, version, **given)
        return publishing.publish(self.host, who, io.BytesIO(data), tag, signature).pending

    def token(self, person: str, *actions: Action, patterns: tuple[str, ...] = ("*",), label: str = "") -> str:
        """Return a new token of somebody."""
        order = Order(person, label, (Grant(actions or EVERYTHING, patterns),), self.now + 30 * 86400)
        return tokens.make_token(self.host, OPERATOR, order).secret

    def close(self) -> None:
        self.host.database.dispose()


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def words(self) -> str:
        """What people read: the text without tags, on one line."""
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", self.text)).split())

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    @property
    def cookies(self) -> list[str]:
        return [value for key, value in self.headers if key == "set-cookie"]

    def field(self, name: str) -> str:
        """The value of the first input of this name."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        return html.unescape(found[1]) if found else ""


@dataclass
class Visitor:
    """A browser without a screen: keeps cookies, sends forms, follows where it is led."""

    app: Any
    scheme: str = "http"
    address: str = "127.0.0.1"
    cookies: dict[str, str] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, *, follow: bool = True) -> Answer:
        return self._ask("GET", path, b"", follow=follow)

    def post(self, path: str, *, follow: bool = True, **fields: str | list[str]) -> Answer:
        return self._ask("POST", path, urlencode(fields, doseq=True).encode(), follow=follow)

    def send(self, page: str, path: str, *, follow: bool = True, **fields: str | list[str]) -> Answer:
        """Load a page, and send a form of it."""
        return self.post(path, follow=follow, csrf=self.get(page).field("csrf"), **fields)

    def sign_in(self, token: str) -> Answer:
        return self.send("/browse/sign-in", "/browse/sign-in", token=token)

    def _ask(self, method: str, path: str, body: bytes, *, follow: bool) -> Answer:
        answer = asyncio.run(self._asked(method, path, body))
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            if "Max-Age=0" in cookie:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value.strip('"')
        if follow and answer.status == 303:
            return self.get(answer.header("location"))
        return answer

    async def _asked(self, method: str, path: str, body: bytes) -> Answer:
        parts = urlsplit(path)
        headers = {"host": "127.0.0.1", **self.sent}
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method == "POST":
            headers = {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body)), **headers}
        scope = {
            "type": "http",
            "method": method,
            "scheme": self.scheme,
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": (self.address, 50_000),
            "server": ("127.0.0.1", 80),
            "http_version": "1.1",
            "asgi": {"version": "3.0"},
            "root_path": "",
        }
        messages: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        await self.app(scope, receive, send)
        found = [(name.decode(), value.decode()) for name, value in messages[0]["headers"]]
        return Answer(messages[0]["status"], found, b"".join(one.get("body", b"") for one in messages[1:]))


__all__ = ["ANONYMOUS", "OPERATOR", "START", "Answer", "House", "Visitor"]
