"""Authorization: what a registry asks for when it answers 401, and the tokens that are got for it.

    401 WWW-Authenticate: Bearer realm="https://auth…",service="…"  ──▶  realm?service=…&scope=…  ──▶  a token
    401 WWW-Authenticate: Basic                                     ──▶  user and password with each request

A token is for scopes, such as `repository:acme/color:pull,push`, and is kept until shortly before it expires.
Credentials go to the realm only over TLS, unless the registry itself is spoken to without.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from packaging_targets.errors import RegistryError
from packaging_targets.registry.http.addresses import is_loopback, origin_of
from packaging_targets.registry.http.faults import place
from packaging_targets.registry.http.messages import Answer, Request
from packaging_targets.registry.http.transport import Transport
from packaging_targets.registry.oci.faults import login_fix, refused
from packaging_targets.registry.oci.reference import Registry

if TYPE_CHECKING:
    from packaging_targets.registry.oci.credentials import Credentials

_CLIENT = "packaging-targets"
_SHORTEST = 60.0  # what the specification says a token lasts where its answer does not
_MARGIN = 10.0
_SCHEME = re.compile(r"[\s,]*([A-Za-z][A-Za-z0-9-]*)(?:\s+|(?=,)|$)")
_PARAMETER = re.compile(r'([A-Za-z][A-Za-z0-9_-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,\s*|$)')
_TOKEN = re.compile(r"[\x21-\x7e]+")
_UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a registry asks for: a scheme in lower case, and its parameters."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(text: str) -> tuple[Challenge, ...]:
    """Return the challenges of a `WWW-Authenticate` header; what follows something unreadable is left out."""
    found, at = [], 0
    while scheme := _SCHEME.match(text, at):
        at = scheme.end()
        parameters = {}
        while parameter := _PARAMETER.match(text, at):
            name, quoted, plain = parameter.groups()
            parameters[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
            at = parameter.end()
        found.append(Challenge(scheme[1].lower(), parameters))
    return tuple(found)


class Session:
    """Requests to one registry, with what it wants to see before it answers them. Threads may share it."""

    def __init__(
        self, registry: Registry, transport: Transport, find: Callable[[Registry], Credentials | None]
    ) -> None:
        self.registry = registry
        self.transport = transport
        self._find = find
        self._lock = threading.Lock()
        self._found: tuple[Credentials | None] | None = None
        self._challenge: Challenge | None = None
        self._tokens: dict[tuple[str, ...], tuple[str, float]] = {}

    def send(self, request: Request, *scopes: str) -> Answer:
        """Return the answer to a request for which `scopes` are needed; raises RegistryError where there is none.

        To another host than the registry's own, nothing is authorized.
        """
        if origin_of(request.url) != origin_of(self.registry.origin):
            return self.transport.send(request)
        answer = self.transport.send(self._authorized(request, scopes, fresh=False))
        if answer.status != _UNAUTHORIZED:
            return answer
        self._learn(request, answer)
        return self.transport.send(self._authorized(request, scopes, fresh=True))

    def error(self, request: Request, answer: Answer) -> RegistryError:
        """Return the error that an answer is."""
        known = self._found[0] if self._found else None
        return refused(request, answer, credentials=known.source if known else "")

    def _learn(self, request: Request, answer: Answer) -> None:
        challenges = parse_challenges(answer.headers.get("www-authenticate", ""))
        known = {challenge.scheme: challenge for challenge in reversed(challenges)}
        best = known.get("bearer") or known.get("basic")
        if best is None:
            offered = ", ".join(f"`{challenge.scheme}`" for challenge in challenges) or "nothing"
            what = f"the registry wants credentials in a way that is not known here: it names {offered}"
            raise RegistryError.one(what, place(request), "Bearer and Basic are known")
        self._challenge = best

    def _authorized(self, request: Request, scopes: tuple[str, ...], *, fresh: bool) -> Request:
        challenge = self._challenge
        if challenge is None:
            return request
        if challenge.scheme == "bearer":
            value = f"Bearer {self._token(challenge, scopes, fresh=fresh)}"
        else:
            credentials = self._credentials()
            if credentials is None or credentials.identity_token:
                return request
            value = _basic(credentials)
        return replace(request, headers={**request.headers, "Authorization": value})

    def _credentials(self) -> Credentials | None:
        with self._lock:
            if self._found is None:
                self._found = (self._find(self.registry),)
            return self._found[0]

    def _token(self, challenge: Challenge, scopes: tuple[str, ...], *, fresh: bool) -> str:
        # A registry may ask for other scopes than we know of; ours are what the next requests need as well.
        asked = challenge.parameters.get("scope", "").split() if not scopes else []
        wanted = tuple(dict.fromkeys([*scopes, *asked]))
        token, end = self._tokens.get(wanted, ("", 0.0))
        if fresh or time.monotonic() > end:
            token, seconds = self._fetch(challenge, wanted)
            self._tokens[wanted] = (token, time.monotonic() + max(0.0, seconds - _MARGIN))
        return token

    def _fetch(self, challenge: Challenge, scopes: tuple[str, ...]) -> tuple[str, float]:
        credentials = self._credentials()
        request = _token_request(self._realm(challenge), challenge.parameters.get("service"), scopes, credentials)
        answer = self.transport.send(request)
        if not answer.done:
            if answer.status in {_UNAUTHORIZED, 403}:
                source = credentials.source if credentials else ""
                what = "the credentials are refused" if source else "the registry wants credentials"
                raise RegistryError.one(what, place(request), login_fix(self.registry.origin, source))
            raise self.error(request, answer)
        return _token_of(request, answer)

    def _realm(self, challenge: Challenge) -> str:
        realm = challenge.parameters.get("realm", "")
        try:
            scheme, host, _ = origin_of(realm)
        except ValueError:
            what = "the registry names no address at which tokens are to be had"
            raise RegistryError.one(what, self.registry.origin, "") from None
        if scheme != "https" and not self.registry.plain and not is_loopback(host):
            what = f"the registry wants the credentials sent to `{host}` without TLS"
            raise RegistryError.one(what, self.registry.origin, "correct the realm in the registry's configuration")
        return realm


def _basic(credentials: Credentials) -> str:
    pair = f"{credentials.user}:{credentials.secret}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


def _token_request(
    realm: str, service: str | None, scopes: tuple[str, ...], credentials: Credentials | None
) -> Request:
    named = [("service", service)] if service else []
    if credentials is not None and credentials.identity_token:
        secret = [("grant_type", "refresh_token"), ("refresh_token", credentials.identity_token)]
        form = [*secret, ("client_id", _CLIENT), *named, ("scope", " ".join(scopes))]
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request("POST", realm, headers, urlencode(form).encode("ascii"))
    query = urlencode([*named, *(("scope", scope) for scope in scopes)])
    url = f"{realm}{'&' if urlsplit(realm).query else '?'}{query}"
    return Request("GET", url, {"Authorization": _basic(credentials)} if credentials else {})


def _token_of(request: Request, answer: Answer) -> tuple[str, float]:
    """Return the token and for how many seconds it is good."""
    try:
        value: Any = json.loads(answer.body)
        token = value.get("token") or value.get("access_token")
        seconds = float(value.get("expires_in") or _SHORTEST)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        token, seconds = None, 0.0
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise RegistryError.one("there is no token in the answer to a request for one", place(request), "")
    return token, seconds
