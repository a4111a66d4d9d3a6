"""A person signs in with a browser: authorization code and PKCE, of OpenID Connect, for a client that has no secret."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from packaging_targets.errors import RegistryError
from packaging_targets.registry.aam.http.access import Session
from packaging_targets.registry.aam.http.answers import greeting_of
from packaging_targets.registry.aam.http.login.issuer import Asked, Issuer, discover, redeem
from packaging_targets.registry.aam.http.login.landing import Landing
from packaging_targets.registry.http.messages import Request

_SECONDS = 300.0


def identity_by_browser(session: Session, show: Callable[[str], None], seconds: float = _SECONDS) -> str:
    """Return the identity token of whoever signs in; `show` gets the address that a browser is to open.

    Raises RegistryError where the registry names no provider of identities, or nobody signs in.
    """
    told = greeting_of(session.done(Request("GET", session.address.to())).body, session.address.url)
    if not told.issuer or not told.client:
        fix = f"with a token: aam login --registry {session.address.url}"
        raise RegistryError.one("the registry names no place where people sign in", session.address.url, fix)
    issuer = discover(session.transport, told.issuer, session.address)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    with Landing(state) as landing:
        asked = Asked(told.client, landing.url, state, nonce, verifier)
        show(_address(issuer, asked))
        code = landing.code(seconds)
    return redeem(session.transport, issuer, asked, code)


def _address(issuer: Issuer, asked: Asked) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "scope": "openid",
        "client_id": asked.client,
        "redirect_uri": asked.redirect,
        "state": asked.state,
        "nonce": asked.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{issuer.authorization}{'&' if urlsplit(issuer.authorization).query else '?'}{urlencode(query)}"
