"""What every request gets, whatever it asks for: an id, security headers, an answer to any error, a line in the log."""

from __future__ import annotations

import asyncio
import time
from json.encoder import encode_basestring_ascii as quoted

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from packaging_targets.adapters.http.call import CALL, Call
from packaging_targets.adapters.http.messages.errors import error_of
from packaging_targets.adapters.http.site import Site
from packaging_targets.adapters.http.watching.access import ACCESS
from packaging_targets.adapters.http.watching.logs import LOG
from packaging_targets.errors import PackagingError, RegistryError
from packaging_targets.formats.aam.refusals import RefusalError

Headers = list[tuple[bytes, bytes]]
_ALWAYS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_API = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_PAGE = (
    b"content-security-policy",
    (
        b"default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; "
        b"base-uri 'none'; frame-ancestors 'none'"
    ),
)
_ON_PAGES = [*_ALWAYS, _PAGE]
_ON_OTHERS = [*_ALWAYS, _API]
_HSTS = (b"strict-transport-security", b"max-age=31536000")
_GONE = 499  # what logs say of those who did not wait for an answer
_ERROR = 500
_LINGER_SECONDS = 10.0
_LINGER_BYTES = 64 << 20


class Front:
    """The outermost layer of the application."""

    def __init__(self, site: Site, inner: ASGIApp) -> None:
        self.site = site
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request be answered."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        begun = time.perf_counter()
        call = Call(self.site, scope, receive)
        scope[CALL] = call
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *_added(call, message["headers"])]
            await send(message)

        self.site.metrics.begin()
        try:
            await self._inner(scope, call.receive, sending)
        except (ClientDisconnect, ConnectionError):
            status = status or _GONE
        except Exception as error:
            _tell(call, error)
            if status:
                raise  # half an answer cannot be taken back: the connection is closed
            await _refuse(call, error, sending)
        finally:
            self._note(call, status or _GONE, time.perf_counter() - begun)

    def _note(self, call: Call, status: int, seconds: float) -> None:
        self.site.metrics.end(call.operation, status, seconds)
        if ACCESS.is_open:
            token = f', "token": {quoted(call.who.token)}' if call.who.token else ""
            fields = (
                f', "request": "{call.id}", "operation": "{call.operation}", "address": {quoted(call.address)}{token}'
            )
            ACCESS.tell(call.scope["method"], call.scope["path"][:400], status, seconds, fields)


def _added(call: Call, given: Headers) -> Headers:
    kind = next((value for name, value in given if name == b"content-type"), b"")
    more = _ON_PAGES if kind.startswith(b"text/html") else _ON_OTHERS
    found = [(b"x-request-id", call.id.encode()), *more]
    if call.is_https:
        found.append(_HSTS)
    return found


async def _refuse(call: Call, error: Exception, send: Send) -> None:
    status, headers, body = error_of(error, call.site.telling)
    headers.append((b"content-length", b"%d" % len(body)))
    if not call.is_read:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    sent = b"" if call.scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": sent, "more_body": not call.is_read})
    if not call.is_read:
        await _linger(call)
        await send({"type": "http.response.body", "body": b""})


async def _linger(call: Call) -> None:
    """Read on for a while what nobody wants: many clients only look for an answer once they have sent all."""
    size = 0
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            while size < _LINGER_BYTES and not call.is_read:
                message = await call.receive()
                size += len(message.get("body", b""))
    except TimeoutError:
        return


def _tell(call: Call, error: Exception) -> None:
    """Log what operators have to know of."""
    fields = {"fields": {"request": call.id, "operation": call.operation}}
    if not isinstance(error, PackagingError) and getattr(error, "status_code", _ERROR) >= _ERROR:
        LOG.error("a request failed", exc_info=error, extra=fields)
    elif isinstance(error, RegistryError) and not isinstance(error, RefusalError):
        fields["fields"]["problems"] = str(error)
        LOG.warning("the registry cannot serve", extra=fields)
