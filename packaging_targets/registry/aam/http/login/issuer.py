"""A provider of identities, as OpenID Connect has it: where it is, and a code that becomes an identity token.

A registry names the provider, and whoever runs a registry may be anybody: no address but of TLS is asked, or of this
machine where the registry itself is on it, and nothing goes there that the provider has not to see.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from packaging_targets.errors import RegistryError
from packaging_targets.formats.aam.documents.reading import Reading, load_object
from packaging_targets.registry.aam.http.address import Address
from packaging_targets.registry.http.addresses import is_loopback, origin_of
from packaging_targets.registry.http.faults import meaning_of, place
from packaging_targets.registry.http.messages import Request
from packaging_targets.registry.http.transport import Transport

_MAX_DOCUMENT = 1 << 18
_KNOWN = ".well-known/openid-configuration"
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Issuer:
    """A provider: its name, which is a URL, and where people and programs go."""

    name: str
    authorization: str
    token: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What one sign-in is known by: a public client, and secrets of this process."""

    client: str
    redirect: str
    state: str
    nonce: str
    verifier: str


def discover(transport: Transport, name: str, registry: Address) -> Issuer:
    """Return the provider that a registry names; raises RegistryError where that is none, or cannot be trusted."""
    _demand_safe(name, registry)
    where = f"{name.rstrip('/')}/{_KNOWN}"
    value = _asked(transport, Request("GET", where, {"Accept": "application/json"}, stays=True))
    reading = Reading(where)
    told = reading.text(value, "issuer", "$", needed=True)
    found = Issuer(
        name,
        reading.text(value, "authorization_endpoint", "$", needed=True),
        reading.text(value, "token_endpoint", "$", needed=True),
    )
    if told.rstrip("/") != name.rstrip("/"):
        reading.wrong("$.issuer", f"the provider is called `{told[:200]}`, and not as the registry says")
    reading.done()
    for url in (found.authorization, found.token):
        _demand_safe(url, registry)
    return Issuer(told, found.authorization, found.token)


def redeem(transport: Transport, issuer: Issuer, asked: Asked, code: str) -> str:
    """Return the identity token that a code becomes; raises RegistryError where there is none for this sign-in."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": asked.redirect,
        "client_id": asked.client,
        "code_verifier": asked.verifier,
    }
    headers = {"Accept": "application/json", "Content-Type": _FORM}
    request = Request("POST", issuer.token, headers, urlencode(form).encode(), repeatable=False, stays=True)
    token = _asked(transport, request).get("id_token")
    claims = _claims(token) if isinstance(token, str) else None
    audience = claims.get("aud") if claims else None
    fits = claims and claims.get("nonce") == asked.nonce and claims.get("iss") == issuer.name
    if not isinstance(token, str) or not fits or asked.client not in (audience, *_items(audience)):
        raise RegistryError.one("the provider gives no identity token for this sign-in", issuer.name, "try again")
    return token


def _asked(transport: Transport, request: Request) -> dict[str, Any]:
    answer = transport.send(request)
    if not answer.done:
        what = f"the provider of identities refuses: {meaning_of(answer.status)} ({answer.status})"
        raise RegistryError.one(what.replace("the registry ", "it "), place(request), "ask who runs the registry")
    return load_object(answer.body, place(request), _MAX_DOCUMENT)


def _demand_safe(url: str, registry: Address) -> None:
    try:
        scheme, host, _ = origin_of(url)
    except ValueError:
        raise RegistryError.one(
            "the registry names a provider of identities that has no address", registry.url
        ) from None
    local = is_loopback(host)
    if (scheme != "https" and not local) or (local and not is_loopback(origin_of(registry.url)[1])):
        what = f"the registry wants people to sign in at `{scheme}://{host}`, which nobody should"
        raise RegistryError.one(
            what, registry.url, "its provider of identities has to be on TLS, and not on this machine"
        )


def _claims(token: str) -> dict[str, Any] | None:
    """Return what an identity token says; whether it is true, the registry finds out."""
    try:
        middle = token.split(".")[1]
        value = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (ValueError, IndexError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _items(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list) else ()
