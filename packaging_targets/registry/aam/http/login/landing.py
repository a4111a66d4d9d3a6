"""Where a browser comes back to: a port of this machine that waits for one request, as RFC 8252 has it."""

from __future__ import annotations

import hmac
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from packaging_targets.errors import RegistryError

PATH = "/callback"
_MAX_CODE = 8192
_PAGE = b"<!doctype html><meta charset=utf-8><title>aam</title><p>%s</p>"
_DONE = b"You are signed in. This window can be closed."
_FAILED = b"This did not work. The terminal says why."


class Landing:
    """A small server, while it is entered; `state` is what tells this sign-in apart from others."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._code = ""
        self._refused = ""
        self._arrived = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._page())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where the browser is to be sent."""
        return f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def code(self, seconds: float) -> str:
        """Wait for the code; raises RegistryError where none comes in time, or the provider says no."""
        if not self._arrived.wait(seconds):
            raise RegistryError.one(f"nobody has signed in within {seconds:.0f} s", "", "try again")
        if self._refused:
            raise RegistryError.one(f"the provider of identities says `{self._refused}`", "", "try again")
        return self._code

    def take(self, query: str) -> bool:
        """Take what a browser brings; return whether it is the code of this sign-in."""
        given = {key: values[0] for key, values in parse_qs(query, max_num_fields=20).items()}
        if self._arrived.is_set() or not hmac.compare_digest(given.get("state", "").encode(), self._state.encode()):
            return False
        self._code = given.get("code", "")[:_MAX_CODE]
        self._refused = "" if self._code else (given.get("error", "nothing")[:80])
        self._arrived.set()
        return bool(self._code)

    def _page(self) -> type[BaseHTTPRequestHandler]:
        landing = self

        class Page(_Page):
            home = landing

        return Page


class _Page(BaseHTTPRequestHandler):
    home: Landing
    timeout = 10

    def do_GET(self) -> None:
        """Answer the browser."""
        parts = urlsplit(self.path)
        try:
            done = parts.path == PATH and self.home.take(parts.query)
        except ValueError:
            done = False
        body = _PAGE % (_DONE if done else _FAILED)
        self.send_response(200 if done else 400)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the library calls it
        """Say nothing: a code is in the address."""
