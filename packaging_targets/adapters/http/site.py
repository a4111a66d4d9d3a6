"""What all requests to one server process share."""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from packaging_targets.adapters.http.limits import Rates
from packaging_targets.adapters.http.messages.answers import Documents
from packaging_targets.adapters.http.messages.errors import Telling
from packaging_targets.adapters.http.messages.kept import Kept
from packaging_targets.adapters.http.watching.access import ACCESS
from packaging_targets.adapters.http.watching.metrics import Metrics
from packaging_targets.errors import RequestError
from packaging_targets.formats.aam.metadata import Release
from packaging_targets.registry.aam.served.holdings import Document, matches
from packaging_targets.services.aam.hosting.host import Host

_THREADS = 16
_VALIDATIONS = 2  # at once: each unpacks an archive
_PASSWORDS = 2  # at once: each takes 16 MiB and a core
_EXCHANGES = 4  # at once: each may wait for another's server
_LEFTOVER_SECONDS = 3600
UPLOAD = ".aam-upload-"

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


class Site:
    """A server process: its host, its threads, what it counts and what it keeps.

    `uploads` is the folder in which archives lie while they come in, and None the system's. `is_ending` is set
    before the server stops, so that nobody sends it anything more.
    """

    def __init__(self, host: Host, uploads: str | None, openapi: Document, *, has_pages: bool) -> None:
        self.host = host
        self.openapi = openapi
        self.has_pages = has_pages
        self.uploads = uploads
        self.is_ending = False
        self.metrics = Metrics()
        self.rates = Rates(host.settings.read_rate, host.settings.write_rate)
        self.documents = Documents()
        self.parts: Kept[bytes] = Kept(16 << 20)
        self.releases: Kept[Release] = Kept(4096)
        self.is_quick = host.holdings.document_is_quick
        self.base = urlsplit(host.settings.url).path.rstrip("/")
        self.telling = Telling(
            _own(host.holdings.url), f"{host.settings.url.rstrip('/')}/errors/", _quotable(host.settings.title)
        )
        self._threads = ThreadPoolExecutor(_THREADS, "aam")
        self._validating = ThreadPoolExecutor(_VALIDATIONS, "aam-validating")
        self._passwords = ThreadPoolExecutor(_PASSWORDS, "aam-passwords")
        self._exchanges = ThreadPoolExecutor(_EXCHANGES, "aam-exchanges")
        self._networks = _networks(host.settings.trusted_proxies)
        self.trusts = lru_cache(1024)(self._trusts)
        self._numbers = map(f"{secrets.token_hex(6)}-{{:x}}".format, itertools.count(1))

    def new_id(self) -> str:
        """Return an id for a request, which no other request has."""
        return next(self._numbers)

    def is_public(self, name: str) -> bool:
        """Tell whether everybody sees a package."""
        private = self.host.settings.private
        return not private or not matches(name, private)

    async def in_thread(self, act: Callable[_Given, _Found], *given: _Given.args, **named: _Given.kwargs) -> _Found:
        """Do what waits for a disk or a database, while others are answered."""
        return await _done_in(self._threads, partial(act, *given, **named))

    async def validated(self, act: Callable[_Given, _Found], *given: _Given.args, **named: _Given.kwargs) -> _Found:
        """Do what looks into an archive: few at once, so that memory is bounded."""
        return await _done_in(self._validating, partial(act, *given, **named))

    async def with_password(self, act: Callable[_Given, _Found], *given: _Given.args, **named: _Given.kwargs) -> _Found:
        """Do what compares a password: few at once, since that is made to be dear."""
        return await _done_in(self._passwords, partial(act, *given, **named))

    async def exchanged(self, act: Callable[_Given, _Found], *given: _Given.args, **named: _Given.kwargs) -> _Found:
        """Do what may ask an identity provider: where that hangs, all else goes on."""
        return await _done_in(self._exchanges, partial(act, *given, **named))

    def sweep(self, now: float) -> None:
        """Remove uploads that a killed server left; they have no name where the system can do without."""
        if self.uploads is None:
            return
        with os.scandir(self.uploads) as entries:
            for entry in entries:
                if entry.name.startswith(UPLOAD) and entry.stat().st_mtime < now - _LEFTOVER_SECONDS:
                    os.unlink(entry.path)

    def close(self) -> None:
        """Let the threads end, and what was told be written."""
        ACCESS.flush()
        for threads in (self._threads, self._validating, self._passwords, self._exchanges):
            threads.shutdown(wait=True)

    def _trusts(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


async def _done_in(threads: ThreadPoolExecutor, act: Callable[[], _Found]) -> _Found:
    return await asyncio.get_running_loop().run_in_executor(threads, act)


def _networks(texts: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    try:
        return tuple(ipaddress.ip_network(text, strict=False) for text in texts)
    except ValueError as error:
        raise RequestError.one(f"a trusted proxy is no address or network: {error}") from error


def _own(url: str) -> tuple[str, ...]:
    """Return the texts that tell where a registry is kept, the longest first."""
    path = urlsplit(url).path
    return (url, path) if url.startswith("file:") and path != "/" else (url,)


def _quotable(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable() and sign not in '"\\')
