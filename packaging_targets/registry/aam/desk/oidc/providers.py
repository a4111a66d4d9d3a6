"""Whose keys sign identity tokens: what OpenID providers say at `ISSUER/.well-known/openid-configuration`.

Asked is only who an operator trusts, over TLS (loopback aside), without following redirects, under limits of size and
time. Keys are kept for an hour. One that is not among them may be new: then the provider is asked again, but not more
often than every half minute, whatever people send.
"""

from __future__ import annotations

import json
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any, NoReturn
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey

from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.http.addresses import is_loopback

Fetch = Callable[[str], bytes]
_WELL_KNOWN = "/.well-known/openid-configuration"
_MAX_ISSUER = 300  # characters
_MAX_BODY = 1 << 20
_MAX_KEYS = 100
_SMALLEST_RSA = 2048  # bits
_KEPT, _PAUSE = 3600.0, 30.0  # seconds
_TIMEOUT, _DEADLINE = 10.0, 20.0
_PIECE = 1 << 14
_FIX = "try again later, or look whether the issuer's address is right"


def issuer_fault(issuer: str) -> str:
    """Return what keeps a text from being an issuer, as the end of "the issuer `…`"; empty where nothing does."""
    if len(issuer) > _MAX_ISSUER:
        return f"has {len(issuer):,} characters, and {_MAX_ISSUER} is the most"
    if not issuer.isascii() or not issuer.isprintable() or " " in issuer:
        return "has characters that no address has"
    return _address_fault(issuer)


@dataclass(slots=True)
class _Known:
    """The keys of an issuer, when they were fetched, and when that was tried last, both by a steady clock."""

    keys: Mapping[str, Key] = field(default_factory=dict)
    fetched: float = float("-inf")
    tried: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


class Providers:
    """Providers and their keys, for threads to share. `fetch` returns the body at an address, or raises OSError."""

    def __init__(self, fetch: Fetch | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch or fetched
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def key(self, issuer: str, kid: str | None) -> Key | None:
        """Return the key that an issuer calls `kid`, or its only one where that is None; None where there is none.

        Raises RefusalError (REGISTRY_UNAVAILABLE) where the issuer cannot be asked, or does not answer as it has to.
        """
        with self._lock:
            known = self._known.setdefault(issuer, _Known())
        with known.lock:
            now = self._clock()
            found = _chosen(known.keys, kid) if now - known.fetched < _KEPT else None
            if found is None and now - known.tried >= _PAUSE:
                known.tried = now
                known.keys = self._keys(issuer)
                known.fetched = now
                found = _chosen(known.keys, kid)
            elif found is None and now - known.fetched >= _KEPT:
                _refuse(issuer, "could not be asked for its keys a moment ago")
            return found

    def _keys(self, issuer: str) -> dict[str, Key]:
        found = self._document(issuer, issuer.rstrip("/") + _WELL_KNOWN)
        if found.get("issuer") != issuer:
            _refuse(issuer, "says that it is another one")
        address = found.get("jwks_uri")
        if not isinstance(address, str) or _leaves(issuer, address):
            _refuse(issuer, "has no `jwks_uri` that begins with https://")
        listed = self._document(issuer, address).get("keys")
        if not isinstance(listed, list):
            _refuse(issuer, "has no list of keys")
        return dict(filter(None, map(_imported, listed[:_MAX_KEYS])))

    def _document(self, issuer: str, address: str) -> dict[str, Any]:
        try:
            data = self._fetch(address)
        except (OSError, HTTPException) as error:
            _refuse(issuer, "cannot be asked for its keys", error)
        try:
            value = json.loads(data) if len(data) <= _MAX_BODY else None
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            _refuse(issuer, "answers with what is not JSON, or too long")
        return value


def fetched(address: str) -> bytes:
    """Return the body at an address, or one byte more than is allowed; raises OSError where there is none in time."""
    until = time.monotonic() + _DEADLINE
    request = Request(address, headers={"Accept": "application/json"})  # noqa: S310  # `_leaves` has looked at it
    data = b""
    with build_opener(_Staying).open(request, timeout=_TIMEOUT) as answer:
        while len(data) <= _MAX_BODY and (piece := answer.read1(_PIECE)):
            data += piece
            if time.monotonic() > until:
                raise TimeoutError("the provider takes too long")
    return data


class _Staying(HTTPRedirectHandler):
    """Follows no redirect: what is answered then is an error."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _address_fault(address: str) -> str:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return "is no address"
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in address or "#" in address:
        return "has more than a host and a path"
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        return "does not begin with https://"
    return ""


def _leaves(issuer: str, address: str) -> bool:
    """Tell whether an address of keys is not one to ask: elsewhere on this machine, or elsewhere without TLS."""
    try:
        parts, own = urlsplit(address), urlsplit(issuer)
        host = parts.hostname or ""
    except ValueError:
        return True
    if (parts.scheme, parts.netloc) == (own.scheme, own.netloc):
        return False
    return parts.scheme != "https" or not host or "@" in parts.netloc or is_loopback(host)


def _chosen(keys: Mapping[str, Key], kid: str | None) -> Key | None:
    if kid is not None:
        return keys.get(kid)
    return next(iter(keys.values())) if len(keys) == 1 else None


def _imported(value: Any) -> tuple[str, Key] | None:
    """Return a key with its name, or None for one that cannot check signatures, or is too weak to."""
    if not isinstance(value, dict) or value.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    if value.get("use", "sig") != "sig" or "d" in value:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            key = JWKRegistry.import_key(value)
            kid = str(key.ensure_kid() or key.kid)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAKey) and key.public_key.key_size < _SMALLEST_RSA:
        return None
    return (kid, key) if isinstance(key, RSAKey | ECKey | OKPKey) else None


def _refuse(issuer: str, what: str, error: BaseException | None = None) -> NoReturn:
    told = f"the identity provider {issuer} {what}"
    raise RefusalError.of("REGISTRY_UNAVAILABLE", told, "", _FIX) from error
