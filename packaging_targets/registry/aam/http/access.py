"""Who asks: what goes with each request to a registry, and to nobody else.

    a token      Authorization: Bearer …, as it is
    a password   Authorization: Basic …
    an identity  an identity provider's token, which is exchanged for one of the registry's, kept in memory alone

They go over TLS or within this machine, to the origin of the registry; no request is led to another one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO, cast

from packaging_targets.errors import PackagingError, RequestError
from packaging_targets.formats.aam.integrity import parse_integrity
from packaging_targets.registry.aam.http.address import Address
from packaging_targets.registry.aam.http.answers import Issued, issued_of
from packaging_targets.registry.aam.http.credentials import Credentials
from packaging_targets.registry.aam.http.refusals import refusal_of, refused_access
from packaging_targets.registry.http.addresses import is_loopback, origin_of
from packaging_targets.registry.http.download import Download
from packaging_targets.registry.http.messages import Answer, Request
from packaging_targets.registry.http.transport import Transport
from packaging_targets.store.aam.cache import MAX_PACKED

ACCEPT = "application/vnd.uaaps.v1+json, application/json;q=0.9"
_SECRET = re.compile(r"[\x21-\x7e]{1,16384}")
_MARGIN = 30.0
_IN_MEMORY = 8 << 20  # of an archive, before it goes to a file
_ARCHIVE = {"Accept": "application/gzip, application/octet-stream;q=0.9, application/json;q=0.5"}
_UNAUTHORIZED = 401


class Session:
    """Requests to one registry, each with who asks. Threads may share it."""

    def __init__(self, address: Address, transport: Transport, find: Callable[[], Credentials | None]) -> None:
        self.address = address
        self.transport = transport
        self._find = find
        self._lock = threading.Lock()
        self._found: tuple[Credentials | None] | None = None
        self._exchanged: Issued | None = None

    @property
    def credentials(self) -> Credentials | None:
        """What goes along, looked for once."""
        with self._lock:
            return self._known()

    def partition(self) -> str | None:
        """Return what tells apart who asks, for what is kept of answers; None where none may be kept on a disk."""
        known = self.credentials
        if known is None:
            return "anonymous"
        return hashlib.sha256(known.secret.encode()).hexdigest() if known.kind == "token" else None

    def send(self, request: Request) -> Answer:
        """Return the answer to a request; raises RegistryError where there is none, RefusalError for a bad identity."""
        sent = self._authorized(request)
        answer = self.transport.send(sent)
        known = self.credentials
        if answer.status == _UNAUTHORIZED and known and known.kind == "identity":
            self._forget(sent)
            answer = self.transport.send(self._authorized(request))
        return answer

    def done(self, request: Request) -> Answer:
        """Return the answer to a request if it is one of success, else raise what it says."""
        answer = self.send(request)
        if not answer.done:
            raise self.error(request, answer)
        return answer

    @contextmanager
    def opened(self, url: str, integrity: str, size: int) -> Iterator[BinaryIO]:
        """Open the archive at a URL, which is here as a whole then, and has the integrity; `size` is 0 if unknown."""
        request = Request("GET", url, _ARCHIVE, limit=min(size or MAX_PACKED, MAX_PACKED))
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
            answer = Download(self.transport, self.send, request, parse_integrity(integrity)).run(file)
            if not answer.done:
                raise self.error(request, answer)
            file.seek(0)
            yield cast("BinaryIO", file)

    def error(self, request: Request, answer: Answer) -> PackagingError:
        """Return the error that an answer is."""
        error = refusal_of(request, answer, self.address.url)
        if answer.status != _UNAUTHORIZED:
            return error
        return refused_access(error, self.address.url, self.credentials)

    def _known(self) -> Credentials | None:
        if self._found is None:
            self._found = (self._find(),)
        return self._found[0]

    def _authorized(self, request: Request) -> Request:
        request = replace(request, headers={"Accept": ACCEPT, **request.headers}, stays=True)
        with self._lock:
            value = self._value(self._known())
        scheme, host, _ = origin = origin_of(request.url)
        if not value or origin != origin_of(self.address.url) or not (scheme == "https" or is_loopback(host)):
            return request
        return replace(request, headers={**request.headers, "Authorization": value})

    def _value(self, known: Credentials | None) -> str:
        if known is None:
            return ""
        if known.kind == "basic":
            return f"Basic {base64.b64encode(f'{known.user}:{known.secret}'.encode()).decode('ascii')}"
        if not _SECRET.fullmatch(known.secret):
            what = f"what should be a token has characters that no token has; it came from {known.source}"
            raise RequestError.one(what, self.address.url, "look at how it got there: it is one line, without spaces")
        return f"Bearer {known.secret if known.kind == 'token' else self._own(known).token}"

    def _own(self, known: Credentials) -> Issued:
        """Return the registry's own token for an identity, which is asked for again when it is about to expire."""
        issued = self._exchanged
        if issued is None or (issued.expires_at is not None and time.time() > issued.expires_at - _MARGIN):
            issued = self._exchanged = exchange(self.transport, self.address, known)
        return issued

    def _forget(self, sent: Request) -> None:
        with self._lock:
            if self._exchanged and sent.headers.get("Authorization") == f"Bearer {self._exchanged.token}":
                self._exchanged = None


def exchange(transport: Transport, address: Address, identity: Credentials) -> Issued:
    """Return a registry's token for an identity provider's; raises RefusalError where it does not trust that."""
    body = json.dumps({"token": identity.secret}).encode()
    headers = {"Accept": ACCEPT, "Content-Type": "application/json"}
    request = Request("POST", address.to("auth", "oidc"), headers, body, stays=True)
    answer = transport.send(request)
    if not answer.done:
        error = refusal_of(request, answer, address.url)
        raise refused_access(error, address.url, identity) if answer.status == _UNAUTHORIZED else error
    return issued_of(answer.body, address.url)
