"""A server process: the application of an environment, and how it ends.

Who is told to end says so first (`/readyz` is 503), goes on answering for a while, so that a proxy looks elsewhere, and
then ends once what is under way is answered. Who is told twice ends at once.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.supervisors import Multiprocess

from packaging_targets.adapters.http.application import make_app
from packaging_targets.adapters.http.front import Front
from packaging_targets.adapters.http.listening import config_of
from packaging_targets.adapters.http.pages.routes import routes
from packaging_targets.adapters.http.watching.logs import LOG, log_to
from packaging_targets.adapters.http.watching.sweeping import sweeping
from packaging_targets.services.aam.hosting.auditing import settle
from packaging_targets.services.aam.hosting.starting.configuring import Listening, configuration
from packaging_targets.services.aam.hosting.starting.opening import open_host, uploads_of


class Opened:
    """The application over a host that is open as long as the process serves."""

    def __init__(self, front: Front, stack: ExitStack) -> None:
        self._front = front
        self._stack = stack

    def announce_ending(self, drain_seconds: float) -> None:
        """Let signals that end the server be announced, and end it after so many seconds; the second one at once."""
        for number in (signal.SIGINT, signal.SIGTERM):
            ends = signal.getsignal(number)
            if callable(ends):
                signal.signal(number, partial(self._told, ends, drain_seconds))

    def _told(self, ends: Callable[[int, FrameType | None], Any], drain_seconds: float, *given: Any) -> None:
        is_again = self._front.site.is_ending
        self._front.site.is_ending = True
        if is_again or not drain_seconds:
            ends(*given)
        else:
            timer = threading.Timer(drain_seconds, ends, given)
            timer.daemon = True
            timer.start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; where the process ends, close the host."""
        await self._front(scope, receive, send)
        if scope["type"] == "lifespan":
            self._stack.close()


def application() -> Opened:
    """Return the application of this process's environment; places are prepared."""
    found = configuration(os.environ)
    log_to(sys.stderr, found.listening.log_level.upper())
    stack = ExitStack()
    host = stack.enter_context(open_host(found.places, found.settings))
    recovered = settle(host)
    if recovered:
        LOG.warning("what a killed server left was looked into", extra={"fields": {"acts": recovered}})
    front = make_app(host, pages=routes(host), uploads=uploads_of(found.places))
    stack.enter_context(sweeping(host, front.site.metrics))
    opened = Opened(front, stack)
    gc.freeze()  # what is there now stays: nobody has to look through it again and again
    opened.announce_ending(found.listening.drain_seconds)  # uvicorn has its own ears for signals by now
    return opened


def listen(listening: Listening) -> socket.socket:
    """Return a socket that listens where a server is to; raises OSError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    found = socket.create_server((listening.host, listening.port), family=family)
    found.set_inheritable(True)
    return found


def serve(listening: Listening, listener: socket.socket) -> None:
    """Serve at a socket that listens until this process is told to end."""
    tls = {"ssl_certfile": listening.tls_cert or None, "ssl_keyfile": listening.tls_key or None}
    where = f"{application.__module__}:{application.__qualname__}"
    config = config_of(where, listening.host, listening.port, factory=True, workers=listening.workers, **tls)
    if listening.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
    else:
        uvicorn.Server(config).run([listener])


def address_of(listening: Listening) -> str:
    """Return the URL that a server is reached by from where it listens."""
    host = f"[{listening.host}]" if ":" in listening.host else listening.host
    return f"{'https' if listening.tls_cert else 'http'}://{host}:{listening.port}"
