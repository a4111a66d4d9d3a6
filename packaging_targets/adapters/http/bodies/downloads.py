"""Archives on their way out: whole or in part, in pieces, from a file of this machine or from where else they lie."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from starlette.types import Receive, Scope, Send

from packaging_targets.adapters.http.call import Call
from packaging_targets.adapters.http.messages.ranges import is_unchanged, part_of

PIECE = 512 << 10  # bytes that are read and sent at once
_SEND_SECONDS = 60.0  # for one piece: who takes longer is not reading
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Stored:
    """An archive: its `digest` as hex, and `pieces`, which yields its bytes from a start to before an end."""

    digest: str
    size: int
    filename: str
    pieces: Callable[[int, int], Iterator[bytes]]
    is_public: bool


class Sending:
    """An answer with an archive, or with a part of it."""

    def __init__(self, call: Call, stored: Stored) -> None:
        tag = b'"%b"' % stored.digest.encode()
        lasting = b"public" if stored.is_public else b"private"
        self._call = call
        self._stored = stored
        self._headers: Headers = [
            (b"etag", tag),
            (b"cache-control", lasting + b", max-age=31536000, immutable"),
            (b"accept-ranges", b"bytes"),
            (b"vary", b"authorization"),
        ]
        self._is_known = is_unchanged(call.headers, tag)
        self._part = None if self._is_known else part_of(call.headers, stored.size, tag)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it; who asked with HEAD gets no body."""
        if self._is_known:
            await send({"type": "http.response.start", "status": 304, "headers": self._headers})
            await send({"type": "http.response.body", "body": b""})
            return
        start, end = self._part or (0, self._stored.size)
        is_head = scope["method"] == "HEAD"
        pieces = iter(()) if is_head else self._stored.pieces(start, end)
        first = b"" if is_head else await self._next(pieces)  # what is missing is told before an answer begins
        await send(
            {"type": "http.response.start", "status": 206 if self._part else 200, "headers": self._told(start, end)}
        )
        left = 0 if is_head else end - start
        try:
            while first and left > len(first):
                left -= len(first)
                async with asyncio.timeout(_SEND_SECONDS):
                    await send({"type": "http.response.body", "body": first, "more_body": True})
                first = await self._next(pieces)
            await send({"type": "http.response.body", "body": first})
        finally:
            _close(pieces)

    def _told(self, start: int, end: int) -> Headers:
        found = [
            *self._headers,
            (b"content-type", b"application/gzip"),
            (b"content-length", b"%d" % (end - start)),
            (b"content-disposition", f'attachment; filename="{self._stored.filename}"'.encode()),
        ]
        if self._part:
            found.append((b"content-range", b"bytes %d-%d/%d" % (start, end - 1, self._stored.size)))
        return found

    async def _next(self, pieces: Iterator[bytes]) -> bytes:
        return await self._call.site.in_thread(next, pieces, b"")


def _close(pieces: Iterator[bytes]) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()


def pieces_of_file(path: str, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of a file from `start` to before `end`; a small one is closed before any are yielded."""
    with open(path, "rb", buffering=0) as file:
        if end - start > PIECE:
            yield from pieces_of_stream(file, start, end)
            return
        piece = os.pread(file.fileno(), end - start, start)
    yield piece


def pieces_of_stream(file: BinaryIO | io.RawIOBase, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of an open file from `start` to before `end`."""
    if start:
        file.seek(start)
    while start < end and (piece := file.read(min(PIECE, end - start))):
        start += len(piece)
        yield piece
