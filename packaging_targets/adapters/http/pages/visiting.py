"""One visit of a page: who asks for what, and the answers that pages give.

People are known by a cookie, which scripts cannot read and other sites cannot send along with a form. Every form has
a secret besides: that of the session, or of a cookie of its own where nobody is signed in yet.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import URL
from starlette.responses import HTMLResponse, RedirectResponse, Response

from packaging_targets.adapters.http.call import Call
from packaging_targets.adapters.http.pages.dress import rendered
from packaging_targets.adapters.http.pages.shelf import Shelf
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.desk.access import ANONYMOUS, Identity
from packaging_targets.registry.aam.desk.sessions import Session
from packaging_targets.services.aam.hosting.host import Host

SESSION, FORM = "aam-session", "aam-form"
_FIELD = "csrf"
_MENU = {
    "Packages": ("/browse", "/browse/packages"),
    "Approvals": ("/browse/approvals", "/browse/approvals"),
    "Audit": ("/browse/audit", "/browse/audit"),
    "Tokens": ("/browse/tokens", "/browse/tokens"),
    "Sign in": ("/browse/sign-in", "/browse/sign-in"),
}
Given = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Room:
    """What all visits share."""

    host: Host
    shelf: Shelf


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit. `query` and `form` are what came with it; `secret` is the cookie's, `guard` what forms have to carry."""

    room: Room
    call: Call
    url: URL
    query: Given
    form: Given
    secret: str = ""
    session: Session | None = None
    guard: str = ""

    @property
    def host(self) -> Host:
        """The server's parts and settings."""
        return self.room.host

    @property
    def who(self) -> Identity:
        """Who asks."""
        return self.session.identity if self.session else ANONYMOUS

    @property
    def prefix(self) -> str:
        """The path below which the registry is served, empty for the root."""
        return self.call.site.base

    @property
    def registry(self) -> str:
        """The registry's address, as people give it to `aam`."""
        return self.host.settings.url.rstrip("/") or f"{self.url.scheme}://{self.url.netloc}"

    @property
    def path(self) -> str:
        """The path that is visited, below the prefix."""
        return self.url.path.removeprefix(self.prefix)

    def asked(self, name: str, longest: int = 200) -> str:
        """Return a value of the query, or an empty text."""
        return self.query.get(name, ("",))[0][:longest].strip()

    def sent(self, name: str, longest: int = 1000) -> str:
        """Return a value of the form, or an empty text."""
        return self.form.get(name, ("",))[0][:longest].strip()

    def link(self, path: str, **query: str) -> str:
        """Return the address of a page; parts of the query that are empty are left out."""
        wanted = {name: value for name, value in query.items() if value}
        return f"{self.prefix}{path}{'?' if wanted else ''}{urlencode(wanted)}"

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page."""
        guard = self.guard or secrets.token_urlsafe(32)
        shared = {
            "site": {"title": self.host.settings.title, "url": self.registry},
            "menu": self._menu(),
            "person": self.who.person,
            _FIELD: guard,
        }
        response = HTMLResponse(rendered(template, self.prefix, {**shared, **values}), status)
        response.headers["Cache-Control"] = "no-store" if self.session else "private, no-cache"
        response.headers["Vary"] = "Cookie"
        if not self.guard:
            self.set_cookie(response, FORM, guard)
        return response

    def to(self, path: str, **query: str) -> Response:
        """Return that another page is to be looked at."""
        return RedirectResponse(self.link(path, **query), 303, {"Cache-Control": "no-store"})

    def set_cookie(self, response: Response, name: str, value: str, seconds: int | None = None) -> None:
        """Let the browser keep a cookie, or forget it where it has 0 seconds left."""
        secure = not self._is_loopback
        response.set_cookie(
            _cookie(name, secure=secure), value, max_age=seconds, secure=secure, httponly=True, samesite="lax"
        )

    def cookie(self, cookies: Mapping[str, str], name: str) -> str:
        """Return the value of a cookie of ours, or an empty text."""
        return cookies.get(_cookie(name, secure=not self._is_loopback), "")

    def demand_guard(self) -> None:
        """Raise RefusalError where a form is not one of ours."""
        site = self.call.headers.get(b"sec-fetch-site", b"same-origin")
        sent = self.sent(_FIELD).encode()
        if (
            site in {b"cross-site", b"same-site"}
            or not self.guard
            or not hmac.compare_digest(sent, self.guard.encode())
        ):
            fix = "go back, load the page again, and send the form from there"
            raise RefusalError.of(
                "FORBIDDEN", "this form was not sent from a page of the registry, or is too old", "", fix
            )

    @property
    def _is_loopback(self) -> bool:
        """Whether cookies may go over plain HTTP: they do not leave this machine."""
        return self.call.is_secure and not self.call.is_https

    def _menu(self) -> list[dict[str, Any]]:
        """Return what the menu leads to: what whoever asks can do."""
        found = ["Packages", *(["Approvals", "Tokens"] if self.session else ["Sign in"])]
        if self.who.may("admin"):
            found.insert(2, "Audit")
        return [{"text": text, "path": _MENU[text][0], "here": self._is_at(*_MENU[text])} for text in found]

    def _is_at(self, path: str, below: str) -> bool:
        return self.path in {path, below} or self.path.startswith(f"{below}/")


def _cookie(name: str, *, secure: bool) -> str:
    """Return what a cookie is called: browsers take the first name from this server alone, and over TLS."""
    return f"__Host-{name}" if secure else name
