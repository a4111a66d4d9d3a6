"""Getting bytes that have a digest, into something that takes bytes and gives none back.

What has arrived is never asked for again where that can be helped: after a cut the rest is asked for. A registry that
answers with the whole nevertheless is read over what is here already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from packaging_targets.model.digest import Digest
from packaging_targets.registry.http.faults import demand_digest

if TYPE_CHECKING:
    from packaging_targets.registry.http.messages import Answer, Request, Sink
    from packaging_targets.registry.http.transport import Transport

_WHOLE = 200
_PROGRESS = 1 << 20  # bytes after which a try was worth as much as a first one


class Download:
    """The way here of what `request` asks for, which has a digest and no more bytes than the request's limit.

    `send` sends a request once, with whatever the registry wants to see.
    """

    def __init__(
        self, transport: Transport, send: Callable[[Request], Answer], request: Request, digest: Digest
    ) -> None:
        self._transport = transport
        self._send = send
        self._request = request
        self._digest = digest

    def run(self, into: Sink) -> Answer:
        """Write the bytes, and return the last answer, which may be a refusal: then nothing was written.

        Raises RegistryError, or IntegrityError where what was written is another thing.
        """
        arriving = _Arriving(into)
        answer, attempt = None, 1
        while answer is None:
            before = arriving.there
            send = partial(self._send, self._next(arriving))
            answer = self._transport.tried(send, attempt, self._transport.patience.attempts)
            attempt = 1 if arriving.there - before >= _PROGRESS else attempt + 1
        if answer.done:
            demand_digest(self._request, Digest(arriving.hasher.hexdigest()), self._digest)
        return answer

    def _next(self, arriving: _Arriving) -> Request:
        there = arriving.there
        rest = {"Range": f"bytes={there}-"} if 0 < there < self._request.limit else {}
        headers = {**self._request.headers, **rest}
        return replace(self._request, headers=headers, repeatable=False, into=arriving.answered)


class _Arriving:
    """Bytes on their way: how many are `there`, and their hash so far."""

    def __init__(self, into: Sink) -> None:
        self.there = 0
        self.hasher = hashlib.sha256()
        self._into = into
        self._known = 0

    def answered(self, status: int) -> _Arriving:
        """Return where the body of an answer goes: of the whole, only what is not there yet is written on."""
        self._known = self.there if status == _WHOLE else 0
        return self

    def write(self, data: bytes, /) -> None:
        new = data[self._known :]
        self._known -= len(data) - len(new)
        self.hasher.update(new)
        self._into.write(new)
        self.there += len(new)
