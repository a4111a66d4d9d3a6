"""One request, as operations see it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from starlette.types import Message, Receive, Scope

from packaging_targets.errors import plain
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.desk.access import ANONYMOUS, Identity

if TYPE_CHECKING:
    from packaging_targets.adapters.http.site import Site

CALL = "aam"  # where a request has it, in its scope
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost", "testclient"})


class Call:
    """A request: `headers` by their lower-case names, the last of each; `who` asks, from which `address`.

    `parameters` are those of the path, and `query` those that the operation knows. `is_secure` tells that nobody on
    the way could read it: it came over TLS, or from this machine.
    """

    __slots__ = (
        "_receive",
        "address",
        "headers",
        "id",
        "is_https",
        "is_read",
        "is_secure",
        "operation",
        "parameters",
        "query",
        "scope",
        "site",
        "who",
    )

    def __init__(self, site: Site, scope: Scope, receive: Receive) -> None:
        self.site = site
        self.scope = scope
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.who: Identity = ANONYMOUS
        self.operation = "unknown"
        self.parameters: Mapping[str, str] = {}
        self.query: Mapping[str, Any] = {}
        self.is_read = b"content-length" not in self.headers and b"transfer-encoding" not in self.headers
        self._receive = receive
        client = scope.get("client")
        self.address: str = client[0] if client else ""
        self.is_https = scope["scheme"] == "https"
        if site.trusts(self.address):
            self._believe_proxy()
        else:
            self.id = site.new_id()
            self.is_secure = self.is_https or self.address in _LOOPBACK or _is_loopback(self.address)

    def _believe_proxy(self) -> None:
        """Take over what a proxy that we trust says of who asks."""
        told = self.headers.get(b"x-request-id", b"")
        self.id = told.decode() if _ID.fullmatch(told) else self.site.new_id()
        self.is_https = self.headers.get(b"x-forwarded-proto", b"").strip().lower() == b"https"
        chain = self.headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
        hops: Iterable[str] = (one.strip() for one in reversed(chain))
        self.address = next((one for one in hops if one and not self.site.trusts(one)), self.address)[:64]
        self.is_secure = self.is_https or _is_loopback(self.address)

    async def receive(self) -> Message:
        """Return the next piece of the body, or that who asked is gone."""
        message = await self._receive()
        self.is_read = not message.get("more_body", False)
        return message

    @property
    def told_size(self) -> int:
        """How many bytes the body has, as `Content-Length` says: good for refusing early, and for nothing else."""
        told = self.headers.get(b"content-length", b"")
        return int(told) if told.isdigit() else 0

    @property
    def name(self) -> PackageName:
        """The package that is asked for; raises RefusalError where no package can be called so."""
        text = self.parameters["name"]
        try:
            return _parsed(text)
        except ValueError:
            raise no_package(text) from None


@lru_cache(4096)
def _parsed(text: str) -> PackageName:
    return PackageName.parse(text)


def no_package(text: str) -> RefusalError:
    """Return the refusal for a package that is not there, as for one that somebody may not see."""
    return RefusalError.of("PACKAGE_NOT_FOUND", f"there is no package {plain(text[:200])} in the registry")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
