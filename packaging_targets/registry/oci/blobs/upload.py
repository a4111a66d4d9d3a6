"""Bringing a blob into a repository, whole or in chunks.

    is it there?  ──no──▶  mount it from a repository that has it  ──▶  POST: a session  ──▶  the bytes  ──▶  PUT

A blob up to the size of a chunk travels in the last request. A longer one travels in chunks: after a cut the registry
is asked how much it has, and goes on from there. A registry that takes no chunks gets it in one piece. Nothing is
visible before the registry has compared the digest, so a session that was left behind does no harm.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import urlencode, urlsplit, urlunsplit

from packaging_targets.errors import IntegrityError, RegistryError
from packaging_targets.registry.http.addresses import joined, number, origin_of
from packaging_targets.registry.http.faults import place
from packaging_targets.registry.http.messages import Answer, Body, Request
from packaging_targets.registry.oci.reference import Repository

if TYPE_CHECKING:
    from packaging_targets.model.digest import Digest
    from packaging_targets.registry.oci.auth import Session

CHUNK = 16 << 20
"""Bytes that travel in one request where nobody says otherwise."""

_CREATED, _ACCEPTED, _NO_CONTENT, _NOT_FOUND = 201, 202, 204, 404
_NO_CHUNKS = frozenset({404, 405, 411, 501})
_LOST = frozenset({404, 416})
_OCTETS = {"Content-Type": "application/octet-stream"}


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that are to be stored: their digest, how many they are, and how to read them from the start."""

    digest: Digest
    size: int
    open: Callable[[], BinaryIO] = field(repr=False)

    @classmethod
    def of(cls, digest: Digest, data: bytes) -> Blob:
        """Return the blob of bytes in memory."""
        return cls(digest, len(data), lambda: io.BytesIO(data))


class _NoChunksError(Exception):
    """The registry takes a blob in one piece alone."""


class Upload:
    """The way of one blob into a repository that lacks it; `is_there` asks whether it has it."""

    def __init__(
        self, session: Session, repository: Repository, blob: Blob, is_there: Callable[[], bool], chunk: int = CHUNK
    ) -> None:
        self._session = session
        self._repository = repository
        self._blob = blob
        self._is_there = is_there
        self._chunk = chunk
        self._scopes = [repository.scope("pull", "push")]

    def run(self, mount_from: Repository | None = None) -> str:
        """Bring the blob there; return `mounted` or `uploaded`. Raises RegistryError or IntegrityError."""
        location, least = self._start(mount_from)
        if location is None:
            return "mounted"
        if self._blob.size <= max(self._chunk, least):
            self._in_one_piece(location)
            return "uploaded"
        try:
            self._in_chunks(location, max(self._chunk, least))
        except _NoChunksError:
            self._in_one_piece(self._anew()[0])
        return "uploaded"

    def _start(self, mount_from: Repository | None) -> tuple[str | None, int]:
        """Return where the bytes are to go (None: the blob was mounted) and how long a chunk must be at least."""
        scopes, query = self._scopes, ""
        if mount_from is not None:
            query = "?" + urlencode({"mount": str(self._blob.digest), "from": mount_from.path})
            scopes = [*scopes, mount_from.scope("pull")]
        # Beginning twice is as good as once: a session that nobody goes on with expires.
        request = Request("POST", self._repository.url(f"blobs/uploads/{query}"))
        answer = self._session.send(request, *scopes)
        if answer.status == _CREATED and mount_from is not None:
            return None, 0
        if answer.status != _ACCEPTED:
            raise self._session.error(request, answer)
        least = number(answer.headers.get("oci-chunk-min-length", ""))
        return self._location(request, answer), least or 0

    def _in_one_piece(self, location: str) -> None:
        for attempt in count(1):
            request = self._put(location, Body(self._blob.size, self._blob.open))
            answer = self._tried(request, attempt)
            if answer is not None:
                self._demand_stored(request, answer)
                return
            # What became of the session is unknown: either the blob has arrived, or a new session is clean.
            if self._is_there():
                return
            location, _ = self._anew()

    def _in_chunks(self, location: str, chunk: int) -> None:
        at = 0
        while at < self._blob.size:
            location, at = self._next_chunk(location, at, min(chunk, self._blob.size - at))
        request = self._put(location, b"", repeatable=True)
        self._demand_stored(request, self._session.send(request, *self._scopes))

    def _next_chunk(self, location: str, at: int, size: int) -> tuple[str, int]:
        """Send `size` bytes from `at` on; return where the next ones go, and from which byte."""
        refusals = _NO_CHUNKS if at == 0 else frozenset()
        attempt, there = 1, at
        while there == at:
            request = self._patch(location, at, size)
            answer = self._tried(request, attempt, _LOST - refusals)
            if answer is None:
                location, there = self._resumed(location)
                attempt += 1
            elif answer.status in {_ACCEPTED, _NO_CONTENT}:
                location, there = self._location(request, answer), at + size
            elif answer.status in refusals:
                raise _NoChunksError
            else:
                raise self._session.error(request, answer)
        return location, there

    def _tried(self, request: Request, attempt: int, mended: Container[int] = ()) -> Answer | None:
        """Send what must not simply be sent again; see `Transport.tried`."""
        transport = self._session.transport
        send = partial(self._session.send, request, *self._scopes)
        return transport.tried(send, attempt, transport.patience.attempts, mended)

    def _patch(self, location: str, at: int, size: int) -> Request:
        def window() -> BinaryIO:
            return cast("BinaryIO", _Window(self._blob.open(), at, size))

        headers = {**_OCTETS, "Content-Range": f"{at}-{at + size - 1}"}
        return Request("PATCH", location, headers, Body(size, window), repeatable=False)

    def _resumed(self, location: str) -> tuple[str, int]:
        """Return where to go on, and from which byte: what the registry says that it has, or the start."""
        request = Request("GET", location)
        answer = self._session.send(request, *self._scopes)
        start, _, end = answer.headers.get("range", "").removeprefix("bytes=").partition("-")
        last = number(end) if start == "0" else None
        there = 0 if last is None else last + 1
        # `0-0` is said of one byte and of none; then, and where the session is gone, a new one is begun.
        if answer.status == _NO_CONTENT and 1 < there <= self._blob.size:
            return self._location(request, answer), there
        return self._anew()

    def _anew(self) -> tuple[str, int]:
        return self._start(None)[0] or "", 0

    def _put(self, location: str, body: Body | bytes, *, repeatable: bool = False) -> Request:
        parts = urlsplit(location)
        query = f"digest={str(self._blob.digest).replace(':', '%3A')}{f'&{parts.query}' if parts.query else ''}"
        return Request("PUT", urlunsplit(parts._replace(query=query)), _OCTETS, body, repeatable)

    def _location(self, request: Request, answer: Answer) -> str:
        """Return where a session goes on. A registry that does not know of the TLS before it is read as if it did."""
        location = joined(answer.url, answer.headers.get("location", ""))
        if location is None:
            raise RegistryError.one("the registry gives no address for the upload", place(request), "")
        scheme, host, _ = origin_of(location)
        own_scheme, own_host, _ = origin_of(self._repository.registry.origin)
        if own_scheme == "https" and scheme != "https":
            if host != own_host:
                what = f"the registry wants the upload sent to `{host}` without TLS"
                raise RegistryError.one(what, place(request), "correct the address in its configuration")
            own = urlsplit(self._repository.registry.origin)
            return urlunsplit(urlsplit(location)._replace(scheme=own.scheme, netloc=own.netloc))
        return location

    def _demand_stored(self, request: Request, answer: Answer) -> None:
        if answer.status == 400 and b"DIGEST_INVALID" in answer.body:  # noqa: PLR2004  # one cause of many
            what = f"what arrived is not what was sent: the registry does not find the digest {self._blob.digest}"
            raise IntegrityError.one(what, place(request), "publish again; look at memory and disks if it stays so")
        # A request that was repeated finds no session where the one before it got through, though its answer did not.
        stored = {_CREATED, _ACCEPTED, _NO_CONTENT}
        if answer.status not in stored and not (answer.status == _NOT_FOUND and self._is_there()):
            raise self._session.error(request, answer)


class _Window(io.RawIOBase):
    """A part of a stream, as a stream: `size` bytes from `start`."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        stream.seek(start)
        self._stream = stream
        self._left = size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._stream.close()
        super().close()
