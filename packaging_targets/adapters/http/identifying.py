"""Who asks, by the `Authorization` header. Credentials are taken from nowhere else, and never over plain HTTP."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl

from packaging_targets.adapters.http.call import Call
from packaging_targets.adapters.http.limits import counted_as
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.desk.access import Identity
from packaging_targets.registry.aam.desk.tokens import IssuedToken
from packaging_targets.services.aam.hosting.people import authenticating

_TOKEN = re.compile(rb"[A-Za-z0-9._~+/-]{1,16384}=*")
_IN_URL = frozenset({"token", "access_token", "authorization", "api_key", "password"})
_MAX_BASIC = 2048
_MAX_QUERY = 8192
_WRITE = "send `Authorization: Bearer TOKEN`"


async def identify(call: Call) -> None:
    """Find out who asks; raises RefusalError for credentials that are not valid."""
    sent = call.headers.get(b"authorization")
    if sent is None:
        return
    if not call.is_secure:
        raise _in_the_open()
    call.who = await checked(call, sent)


async def checked(call: Call, sent: bytes) -> Identity:
    """Return who has the credentials of an `Authorization` header; failures are counted by address."""
    with _failures_counted(call):
        way, given = _way(sent)
    if way == "token":
        return await call.site.in_thread(_counted, call, authenticating.identity_of_token, *given)
    return await call.site.with_password(_counted, call, authenticating.identity_of_basic, *given)


async def exchanged(call: Call, identity_token: str) -> IssuedToken:
    """Return a token of ours for an identity token; failures are counted by address."""
    if not call.is_secure:
        raise _in_the_open()
    with _failures_counted(call):
        return await call.site.exchanged(authenticating.exchange, call.site.host, identity_token)


@contextmanager
def _failures_counted(call: Call) -> Iterator[None]:
    who = counted_as(call.address)
    call.site.rates.demand("failure", who)
    try:
        yield
    except RefusalError as error:
        if error.code == "UNAUTHORIZED":
            call.site.rates.fail(who)
        raise


def _counted(call: Call, act: Callable[..., Identity], *given: str) -> Identity:
    """Look into credentials when it is their turn: who sends many at once fails no more often than one by one."""
    with _failures_counted(call):
        return act(call.site.host, *given)


def _way(sent: bytes) -> tuple[str, tuple[str, ...]]:
    """Return what kind of credentials came, and what they are."""
    scheme, _, rest = sent.strip().partition(b" ")
    rest = rest.strip()
    if scheme.lower() == b"bearer" and _TOKEN.fullmatch(rest):
        return "token", (rest.decode(),)
    if scheme.lower() == b"basic" and len(rest) <= _MAX_BASIC:
        return "password", _basic(rest)
    raise RefusalError.of("UNAUTHORIZED", "the credentials are of no kind that is known here", "", _WRITE)


def _basic(text: bytes) -> tuple[str, str]:
    try:
        name, colon, password = b64decode(text, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if not colon:
        raise RefusalError.of("UNAUTHORIZED", "the name and password cannot be read", "", _WRITE)
    return name, password


def query_of(call: Call) -> list[tuple[str, str]]:
    """Return the parameters of a query; raises RefusalError for a token among them, and for what is no query."""
    text = call.scope["query_string"]
    if len(text) > _MAX_QUERY:
        raise RefusalError.of("BAD_REQUEST", f"the query has {len(text):,} bytes, and {_MAX_QUERY:,} is the most")
    try:
        found = parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise RefusalError.of("BAD_REQUEST", "the query cannot be read: it must be UTF-8, percent-encoded") from None
    for name, _ in found:
        if name.lower() in _IN_URL:
            what = f"`{name.lower()}` stands in the URL, which others keep and see: take it for known"
            raise RefusalError.of("BAD_REQUEST", what, "", f"revoke it, and {_WRITE}")
    return found


def _in_the_open() -> RefusalError:
    what = "credentials came over plain HTTP, where anybody on the way can read them"
    fix = "use https; behind a proxy, let AAM_REGISTRY_TRUSTED_PROXIES name it, and it send X-Forwarded-Proto"
    return RefusalError.of("BAD_REQUEST", what, "", fix)
