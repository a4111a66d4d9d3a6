"""How we listen: uvicorn, with limits that it does not have of its own.

A request's head has to come whole within some seconds, and under a size; else its connection is closed. So it is with
all else that is no body: a head that is sent while another request is answered, and fields behind a body in chunks. Who
does not take an answer loses its connection, and what is left of the answer.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
WRITE_SECONDS = 45.0  # for some hundred kilobytes
MAX_HEAD = 32 << 10  # bytes
_TOO_LONG = "the head of the request is too long"
_BAD = b'{"error":{"code":"BAD_REQUEST","message":"%s","docs":"/errors/BAD_REQUEST","details":[]}}'


class Listening(HttpToolsProtocol):
    """One connection."""

    head_seconds = HEAD_SECONDS
    write_seconds = WRITE_SECONDS
    _bare = 0  # bytes that came since the last of a body
    _overdue: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.access_log = False  # it would have queries in it, and so what people put there by mistake

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Expect the first head."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._end_head()
        self._end_stuck()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for who asked to take what was written; closing would wait for ever, so the connection is cut then."""
        self._end_stuck()
        self._stuck = self.loop.call_later(self.write_seconds, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        """Go on writing."""
        self._end_stuck()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Take bytes, of which those that are no body are counted."""
        if self._overdue is None and (self.cycle is None or self.cycle.response_complete):
            self._expect_head()
        self._bare += len(data)
        super().data_received(data)
        if self._bare > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response(_TOO_LONG)

    def on_headers_complete(self) -> None:
        """Let the request begin; what is raised here is answered with 400."""
        if self._bare > MAX_HEAD and len(self.url) + sum(len(a) + len(b) for a, b in self.headers) > MAX_HEAD:
            raise ValueError(_TOO_LONG)
        self._bare = 0
        self._end_head()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body, as long as somebody may want it."""
        if not self.cycle.response_complete:
            self._bare = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, and end the connection; in the middle of another answer, just end it."""
        self._end_head()
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.close()
            return
        body = _BAD % msg.encode()
        head = (
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nx-content-type-options: nosniff\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        )
        self.transport.write(head + body)
        self.transport.close()

    def _expect_head(self) -> None:
        self._bare = 0
        self._overdue = self.loop.call_later(self.head_seconds, self._cut)

    def _end_head(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def _end_stuck(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _cut(self) -> None:
        self._overdue = None
        if not self.transport.is_closing():
            self.transport.close()


def config_of(app: Any, host: str, port: int, **given: Any) -> Config:
    """Return how uvicorn runs an application; `given` are further options of its."""
    return Config(
        app,
        host,
        port,
        http=Listening,
        ws="none",
        proxy_headers=False,  # our own front decides whose word is believed
        server_header=False,
        access_log=False,
        log_config=None,
        lifespan="on",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=30,
        **given,
    )
