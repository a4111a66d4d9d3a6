"""Where a registry on a server is: an origin and a path, and nothing that could be a secret.

TLS is left out for this machine's own names alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from packaging_targets.errors import RequestError
from packaging_targets.registry.http.addresses import is_loopback

_WRITE = "write https://pkg.example.com/aam, for example"
_TEXT = re.compile(r"[!-\[\]-~]{1,2000}")  # printable ASCII without the backslash, which programs read as they like
_HOST = re.compile(r"[a-z0-9_.-]+|\[[0-9a-f:.]+\]")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """The URL of a registry, in the one way to write it: `https://pkg.example.com/aam`, without a slash at its end."""

    url: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address that a text is; raises RequestError, which does not tell what could be a secret."""
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise _no_address() from None
        scheme, netloc = parts.scheme.lower(), parts.netloc.lower()
        if "@" in netloc:
            what = "the address of a registry cannot hold a user, a password or a token"
            fix = f"write {scheme}://{netloc.rpartition('@')[2][:200]}, and give the secret to: aam login"
            raise RequestError.one(what, "", fix)
        if parts.query or parts.fragment or text.endswith(("?", "#")):
            raise RequestError.one("the address of a registry cannot hold a `?` or a `#`", "", _WRITE)
        host = netloc.removesuffix(f":{port}" if port is not None else ":")
        if scheme not in _PORTS or not _TEXT.fullmatch(text) or not _HOST.fullmatch(host):
            raise _no_address()
        if any(part in {".", ".."} for part in parts.path.split("/")):
            raise RequestError.one("the address of a registry cannot have a part that is `.` or `..`", "", _WRITE)
        if scheme == "http" and not is_loopback(host):
            what = f"`http://{host}` would be spoken to without TLS, where everybody on the way can read and change all"
            raise RequestError.one(what, "", f"write https://{host}")
        shown = "" if port in {None, _PORTS[scheme]} else f":{port}"
        return cls(f"{scheme}://{host}{shown}{parts.path.rstrip('/')}")

    def to(self, *parts: str, **query: str) -> str:
        """Return the URL of something in the registry; a part with a `/` is the name of a package."""
        path = "".join(f"/{quote(part, safe='@/')}" for part in parts)
        asked = urlencode({key: value for key, value in query.items() if value})
        return f"{self.url}{path or '/'}{f'?{asked}' if asked else ''}"

    def entry(self, room: str, number: str, *parts: str) -> str:
        """Return the URL of something with a number, which people type: nothing in it leads elsewhere."""
        path = "/".join(quote(part, safe="", errors="replace") for part in (number, *parts))
        if number in {"", ".", ".."}:
            raise RequestError.one(f"`{number}` is no number of the registry's", "", "take it from the list: ls")
        return f"{self.url}/{room}/{path}"


def _no_address() -> RequestError:
    return RequestError.one("this is no address of a registry on a server", "", _WRITE)
