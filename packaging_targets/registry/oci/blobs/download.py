"""Getting a blob out of a repository, into something that takes bytes and gives none back.

What has arrived is never asked for again where that can be helped: after a cut the rest is asked for. A registry that
answers with the whole blob nevertheless is read over what is here already.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from packaging_targets.model.digest import Digest
from packaging_targets.registry.oci.faults import demand_digest
from packaging_targets.registry.oci.messages import Request

if TYPE_CHECKING:
    from packaging_targets.registry.oci.auth import Session
    from packaging_targets.registry.oci.messages import Sink
    from packaging_targets.registry.oci.reference import Repository

_WHOLE = 200
_PROGRESS = 1 << 20  # bytes after which a try was worth as much as a first one


class Download:
    """The way of the blob `digest`, of `size` bytes, out of a repository; `scope` is what its token must allow."""

    def __init__(self, session: Session, repository: Repository, digest: Digest, size: int, scope: str) -> None:
        self._session = session
        self._url = repository.url(f"blobs/{digest}")
        self._digest = digest
        self._size = size
        self._scope = scope

    def run(self, into: Sink) -> None:
        """Write the blob; raises RegistryError, or IntegrityError where what was written is another one."""
        transport, arriving = self._session.transport, _Arriving(into)
        answer, attempt = None, 1
        while answer is None:
            before = arriving.there
            request = self._request(arriving)
            send = partial(self._session.send, request, self._scope)
            answer = transport.tried(send, attempt, transport.patience.attempts)
            attempt = 1 if arriving.there - before >= _PROGRESS else attempt + 1
        if not answer.done:
            raise self._session.error(request, answer)
        demand_digest(request, Digest(arriving.hasher.hexdigest()), self._digest)

    def _request(self, arriving: _Arriving) -> Request:
        headers = {"Range": f"bytes={arriving.there}-"} if 0 < arriving.there < self._size else {}
        return Request("GET", self._url, headers, repeatable=False, limit=self._size, into=arriving.answered)


class _Arriving:
    """The bytes of a blob on their way: how many are `there`, and their hash so far."""

    def __init__(self, into: Sink) -> None:
        self.there = 0
        self.hasher = hashlib.sha256()
        self._into = into
        self._known = 0

    def answered(self, status: int) -> _Arriving:
        """Return where the body of an answer goes: of the whole blob, only what is not there yet is written on."""
        self._known = self.there if status == _WHOLE else 0
        return self

    def write(self, data: bytes, /) -> None:
        new = data[self._known :]
        self._known -= len(data) - len(new)
        self.hasher.update(new)
        self._into.write(new)
        self.there += len(new)
