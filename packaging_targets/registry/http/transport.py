"""One HTTP request: sent, led on by redirects, read under a limit, and repeated where that is safe and may help.

Whoever answers is not trusted. An answer is never longer than the caller allows, credentials leave with a request
only for the origin that they were meant for, and a redirect never leads from TLS to plain HTTP. What cannot be
reached becomes a problem that says which of name, port, certificate or time it was.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote
from urllib.request import getproxies, proxy_bypass

from packaging_targets.errors import IntegrityError, PackagingError, RegistryError, reason
from packaging_targets.registry.http.addresses import is_loopback, joined, origin_of
from packaging_targets.registry.http.faults import PassingError, place, unreachable
from packaging_targets.registry.http.messages import Answer, Body, Request, Sink

if TYPE_CHECKING:
    import urllib3

_PIECE = 1 << 18
_TOLD = 1 << 16  # of an error's body, what is read
_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_KEEP_METHOD = {307, 308}

_DEADLINE = 300.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long to wait; times in seconds. Pauses double, and are spread so that clients part.

    `sleep` is who waits, where it is not to be the transport, which wakes up when it is closed.
    """

    attempts: int = 5
    first: float = 0.5
    most: float = 30.0
    connect: float = 10.0
    read: float = 60.0
    sleep: Callable[[float], None] | None = None

    def pause(self, attempt: int, asked: float = 0.0) -> float:
        """Return how long to wait after the `attempt`-th try (from 1), where the server asked for `asked` seconds."""
        own: float = min(self.most, self.first * 2 ** (attempt - 1)) * random.uniform(0.5, 1)  # noqa: S311  # no secret
        return max(own, asked)


class Transport:
    """Connections to any number of hosts, shared by threads."""

    def __init__(self, patience: Patience | None = None, connections: int = 8) -> None:
        self.patience = patience or Patience()
        self._connections = connections
        self._pools: dict[str, urllib3.PoolManager] = {}
        self._closed = threading.Event()

    def send(self, request: Request) -> Answer:
        """Return the answer, whatever its status. Raises RegistryError where there is none."""
        attempts = self.patience.attempts if request.repeatable else 1
        attempt = 1
        while (answer := self.tried(partial(self._led_on, request), attempt, attempts)) is None:
            attempt += 1
        return answer if attempt == 1 else replace(answer, tries=attempt)

    def tried(
        self, ask: Callable[[], Answer], attempt: int, attempts: int, mended: Container[int] = ()
    ) -> Answer | None:
        """Return what `ask` gets, or None, after a wait, where another try may get something else.

        This is the `attempt`-th try (from 1) of `attempts`. `mended` are statuses besides the passing ones after which
        the caller knows how to go on. Raises PassingError where there is no answer, and no try is left.
        """
        last = attempt >= attempts
        asked = 0.0
        try:
            answer = ask()
        except PassingError:
            if last:
                raise
        else:
            if last or not (answer.may_pass or answer.status in mended):
                return answer
            asked = answer.asks_to_wait
        (self.patience.sleep or self._closed.wait)(self.patience.pause(attempt, asked))
        return None

    def _led_on(self, request: Request) -> Answer:
        self._demand_open(request)
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._once(request)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not location:
                return answer
            request = redirected(request, answer, location)
        raise RegistryError.one(f"the registry redirects more than {_MAX_REDIRECTS} times", place(request), "")

    def _once(self, request: Request) -> Answer:
        import urllib3

        stream = _opened(request.body) if isinstance(request.body, Body) else None
        try:
            response = self._pool(request.url).urlopen(
                request.method,
                request.url,
                body=stream or request.body,
                headers=_headers(request),
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            try:
                answer = self._read(request, response)
            except BaseException:
                response.close()
                raise
            response.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(request, error) from error
        finally:
            if stream is not None:
                stream.close()
        return answer

    def _read(self, request: Request, response: urllib3.BaseHTTPResponse) -> Answer:
        headers = {name.lower(): response.headers[name] for name in response.headers}
        if request.into is not None and response.status in {200, 206}:
            self._stream(request, response, request.into(response.status))
            return Answer(response.status, headers, b"", request.url)
        error = response.status >= 400  # noqa: PLR2004  # where errors begin
        limit = min(_TOLD, request.limit) if error else request.limit
        end = time.monotonic() + _DEADLINE
        pieces, size = [], 0
        while piece := response.read(min(_PIECE, limit + 1 - size)):
            pieces.append(piece)
            size += len(piece)
            if size > limit and not error:
                raise _too_long(request)
            if time.monotonic() > end:
                raise RegistryError.one(f"the answer was not whole after {_DEADLINE:.0f} s", place(request), "")
            if size > limit:
                response.close()
                break
        return Answer(response.status, headers, b"".join(pieces)[:limit], request.url)

    def _stream(self, request: Request, response: urllib3.BaseHTTPResponse, into: Sink) -> None:
        left = request.limit
        while piece := response.read(_PIECE):
            self._demand_open(request)
            left -= len(piece)
            if left < 0:
                raise _too_long(request)
            into.write(piece)

    def _demand_open(self, request: Request) -> None:
        if self._closed.is_set():
            raise RegistryError.one("there was no time left for this", place(request), "try again")

    def _pool(self, url: str) -> urllib3.PoolManager:
        import urllib3

        scheme, host, _ = origin_of(url)
        proxy = None if is_loopback(host) or proxy_bypass(host) else getproxies().get(scheme)
        if (proxy or "") not in self._pools:
            settings: dict[str, Any] = {
                "num_pools": 16,
                "maxsize": self._connections,
                "block": True,
                "retries": False,
                "timeout": urllib3.Timeout(connect=self.patience.connect, read=self.patience.read),
            }
            made = _through(proxy, settings) if proxy else urllib3.PoolManager(**settings)
            self._pools.setdefault(proxy or "", made)
        return self._pools[proxy or ""]

    def close(self) -> None:
        """Close every connection; let no thread wait any longer, or begin anything."""
        self._closed.set()
        for pool in self._pools.values():
            pool.clear()


def _through(proxy: str, settings: dict[str, Any]) -> urllib3.ProxyManager:
    """Return connections through a proxy, whose address may hold a user and a password."""
    import urllib3

    user = urllib3.util.parse_url(proxy).auth
    headers = urllib3.make_headers(proxy_basic_auth=unquote(user)) if user else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **settings)


def _opened(body: Body) -> BinaryIO:
    try:
        return body.open()
    except OSError as error:
        name = str(error.filename or "")
        what = f"what is to be sent cannot be read: {reason(error)}"
        raise RegistryError.one(what, name, "make it again, and leave it alone until it is published") from error


def _headers(request: Request) -> dict[str, str]:
    own = {"User-Agent": "packaging-targets", "Accept-Encoding": "identity"}
    if isinstance(request.body, Body):
        own["Content-Length"] = str(request.body.size)
    elif request.method in {"POST", "PUT", "PATCH"}:
        own["Content-Length"] = str(len(request.body or b""))
    return {**own, **request.headers}


def _too_long(request: Request) -> PackagingError:
    return IntegrityError.one(f"the answer is longer than the {request.limit:,} bytes that it may have", place(request))


def redirected(request: Request, answer: Answer, location: str) -> Request:
    """Return the request that an answer asks for in the place of another; raises RegistryError where it must not."""
    target = joined(request.url, location)
    if target is None:
        raise RegistryError.one("the registry redirects to what is no address of the web", place(request), "")
    scheme, host, port = origin_of(target)
    if request.url.startswith("https:") and scheme != "https":
        fix = "correct the registry's configuration: behind a proxy it has to know its own address"
        raise RegistryError.one(f"the registry redirects from TLS to plain HTTP, to `{host}`", place(request), fix)
    if request.method not in {"GET", "HEAD"} and answer.status not in _KEEP_METHOD:
        raise RegistryError.one(f"the registry redirects a {request.method} to `{host}`", place(request), "")
    headers = dict(request.headers)
    if (scheme, host, port) != origin_of(request.url):
        if request.stays:
            fix = f"look at the registry's address: what it is asked is not told to `{host}`"
            raise RegistryError.one(f"the registry redirects to another server, to `{host}`", place(request), fix)
        headers = {name: value for name, value in headers.items() if name.lower() not in {"authorization", "cookie"}}
    return replace(request, url=target, headers=headers)
