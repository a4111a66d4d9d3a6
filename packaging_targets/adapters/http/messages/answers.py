"""Answers in JSON: a type that was asked for, an entity tag, 304 for who has it, gzip for who takes it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import zlib
from collections.abc import Sequence
from typing import Any

from starlette.types import Receive, Scope, Send

from packaging_targets.adapters.http.messages.kept import Kept
from packaging_targets.adapters.http.messages.negotiation import json_type, takes_gzip
from packaging_targets.adapters.http.messages.ranges import is_unchanged

_WORTH_IT = 1024  # bytes from which on compressing pays
_QUICK = 64 << 10  # bytes up to which it is quicker than handing it to a thread
_VARY = (b"vary", b"accept, accept-encoding, authorization")
_PUBLIC = (b"cache-control", b"public, no-cache")
_PRIVATE = (b"cache-control", b"private, no-cache")
NO_STORE = (b"cache-control", b"no-store")


class Answer:
    """An answer whose body is there; it is sent as Starlette's are."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> None:
        self.status = status
        self.headers = headers
        self.body = body

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it; who asked with HEAD gets no body."""
        if self.status not in {204, 304}:
            self.headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else self.body})


def dumped(value: Any) -> bytes:
    """Return a value as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def done(
    value: Any,
    headers: dict[bytes, bytes],
    status: int = 200,
    location: str = "",
    more: Sequence[tuple[bytes, bytes]] = (),
) -> Answer:
    """Answer with what an act came to, which nobody keeps; `headers` are the request's."""
    found = [(b"content-type", json_type(headers.get(b"accept"))), NO_STORE, *more]
    if location:
        found.append((b"location", location.encode()))
    return Answer(status, found, dumped(value))


class Documents:
    """Answers with documents; compressed ones are kept, by the digest of what they hold."""

    def __init__(self, max_bytes: int = 32 << 20) -> None:
        self._compressed: Kept[bytes] = Kept(max_bytes)

    async def answer(
        self,
        headers: dict[bytes, bytes],
        data: bytes,
        digest: str = "",
        *,
        is_public: bool,
        more: tuple[tuple[bytes, bytes], ...] = (),
    ) -> Answer:
        """Answer with a document; `digest` is the hex SHA-256 of it, and `headers` are the request's."""
        media = json_type(headers.get(b"accept"))
        hexadecimal = (digest or hashlib.sha256(data).hexdigest()).encode()
        plain, packed = b'"%b"' % hexadecimal, b'"%b-gzip"' % hexadecimal
        packs = len(data) > _WORTH_IT and takes_gzip(headers.get(b"accept-encoding", b""))
        found = [(b"etag", packed if packs else plain), _PUBLIC if is_public else _PRIVATE, _VARY, *more]
        if b"if-none-match" in headers and is_unchanged(headers, plain, packed):
            return Answer(304, found)
        found.append((b"content-type", media))
        if packs:
            found.append((b"content-encoding", b"gzip"))
            data = await self._packed(digest, data)
        return Answer(200, found, data)

    async def _packed(self, digest: str, data: bytes) -> bytes:
        known = self._compressed.get(digest) if digest else None
        if known is None:
            known = compressed(data) if len(data) <= _QUICK else await asyncio.to_thread(compressed, data)
            if digest:
                self._compressed.put(digest, known, len(known))
        return known


def compressed(data: bytes) -> bytes:
    """Return bytes as gzip, without a time."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()
