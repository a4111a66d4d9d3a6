"""What goes wrong between a client and a server, in words: what, where, and what a person can do about it.

Nothing of a request's headers, body or query gets into a message: that is where secrets are.
"""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packaging_targets.errors import IntegrityError, RegistryError, RequestError

if TYPE_CHECKING:
    from packaging_targets.model.digest import Digest
    from packaging_targets.registry.http.messages import Request

FAILED = 500
"""Where the statuses of a server that has failed begin."""
_MEANING = {
    400: "the registry does not understand the request",
    401: "the registry wants credentials",
    403: "the registry refuses access",
    404: "the registry knows no such thing",
    405: "the registry does not allow this",
    413: "the registry finds this too large",
    429: "the registry has been asked too often",
}


class PassingError(RegistryError):
    """There was no answer, and another time there may be one."""


def place(request: Request) -> str:
    """Return where a request went, without its query."""
    parts = urlsplit(request.url)
    host = parts.netloc.rpartition("@")[2]
    return f"{request.method} {parts.scheme}://{host}{parts.path}"


def meaning_of(status: int) -> str:
    """Return what an answer that is none of success means."""
    return _MEANING.get(status) or (
        "the registry has failed" if status >= FAILED else "the registry gives an unexpected answer"
    )


def unreachable(request: Request, error: Exception) -> RegistryError:
    """Return what it means that a request got no answer."""
    from urllib3 import exceptions

    host = urlsplit(request.url).netloc.rpartition("@")[2]
    cause = error.__cause__ if isinstance(error, exceptions.NewConnectionError) else error
    if isinstance(error, exceptions.ProxyError):
        what, fix, passing = "the proxy cannot be reached", "look at HTTPS_PROXY and NO_PROXY", True
    elif isinstance(error, exceptions.NameResolutionError):
        again = isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN
        what, fix, passing = f"the host `{host}` has no address", "look at how it is written, and at the network", again
    elif isinstance(cause, ConnectionRefusedError):
        what, fix, passing = f"nothing answers at `{host}`", "look at the port, and whether the registry runs", True
    elif isinstance(error, exceptions.SSLError | ssl.SSLError):
        what, fix, passing = *_tls(host, str(error)), False
    elif isinstance(error, exceptions.TimeoutError | TimeoutError):
        what, fix, passing = f"`{host}` did not answer in time", "try again; look at the network and its proxies", True
    elif isinstance(error, exceptions.NewConnectionError):
        reason = getattr(cause, "strerror", None) or "no connection"
        what, fix, passing = f"`{host}` cannot be reached: {reason}", "look at the network", True
    elif isinstance(error, exceptions.LocationParseError | exceptions.InvalidHeader):
        what, fix, passing = f"`{host}` gives an answer that is no HTTP", "", False
    else:
        what, fix, passing = f"the connection to `{host}` broke off", "try again; what arrived is not sent again", True
    return (PassingError if passing else RegistryError).one(what, place(request), fix)


def demand_digest(request: Request, found: Digest, expected: Digest) -> None:
    """Raise IntegrityError where what came has not the digest that it should have."""
    if found != expected:
        what = f"the bytes are not those of their digest: {expected} was expected, and {found} came"
        raise IntegrityError.one(what, place(request), "try again; if it stays so, the registry's content is damaged")


def demand_library(extra: str) -> None:
    """Raise RequestError where the library that speaks HTTP is not installed; `extra` is what brings it."""
    try:
        import urllib3  # noqa: F401  # whether it is there
    except ImportError:
        fix = f"pip install 'packaging-targets[{extra}]'"
        raise RequestError.one("talking to registries needs `urllib3`, which is not installed", "", fix) from None


def _tls(host: str, told: str) -> tuple[str, str]:
    if "CERTIFICATE_VERIFY_FAILED" in told:
        fix = "put the certificate of the authority that signed it into a file, and name that in SSL_CERT_FILE"
        return f"the certificate of `{host}` is not trusted", fix
    if "WRONG_VERSION_NUMBER" in told or "record layer failure" in told.lower():
        return f"`{host}` does not speak TLS", "look at the port; `--insecure` speaks plain HTTP, to be read by anyone"
    return f"no TLS connection to `{host}` came about", "look at what TLS versions and certificates it offers"
