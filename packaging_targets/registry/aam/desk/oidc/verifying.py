"""What has to be true of an identity token, before it says who somebody is.

Its signature is by a key of the issuer that it names, by an algorithm with public keys; it is meant for this registry;
and it holds now. Providers' clocks may be off by a minute. What an identity token says is believed only after all that.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key

from packaging_targets.errors import plain
from packaging_targets.formats.aam.refusals import RefusalError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
LEEWAY = 60  # seconds
MAX_AGE = 3600
_MAX_TOKEN = 16 << 10  # characters
_MAX_PERSON = 512
_PARTS = 3
_LATEST = 1 << 40  # a time, in seconds, that nobody means


@dataclass(frozen=True, slots=True)
class Presented:
    """An identity token of which nothing is proven: what it says about itself. `signed` is what its signature is of."""

    text: str
    issuer: str
    kid: str | None
    signed: bytes


def presented(text: str) -> Presented:
    """Return what an identity token says about itself; raises RefusalError (UNAUTHORIZED) where it is none."""
    parts = text.split(".")
    if len(text) > _MAX_TOKEN or len(parts) != _PARTS or not text.isascii():
        _refuse("is none: a JSON Web Token of three parts is wanted")
    header, claims = _decoded(parts[0]), _decoded(parts[1])
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        told = plain(str(algorithm)[:40])
        fix = f"sign by one of {', '.join(ALGORITHMS)}"
        _refuse(f"is signed by the algorithm `{told}`, which is not taken here", fix)
    if "crit" in header or "b64" in header or (kid is not None and not isinstance(kid, str)):
        _refuse("has a header that is not understood here")
    issuer = claims.get("iss")
    if not isinstance(issuer, str):
        _refuse("does not say who issued it")
    return Presented(text, issuer, kid, text.rpartition(".")[0].encode())


def verified(token: Presented, key: Key | None, audience: str, at: int) -> Mapping[str, Any]:
    """Return what an identity token says, if all is in order at a time in seconds since 1970.

    Raises RefusalError (UNAUTHORIZED) with all that is wrong; where it was not signed by `key`, with that alone.
    """
    claims = _proven(token, key)
    faults = [*_time_faults(claims, at), *_audience_faults(claims, audience), *_subject_faults(claims, token.issuer)]
    if faults:
        _refuse(", and ".join(faults))
    return claims


def _proven(token: Presented, key: Key | None) -> Mapping[str, Any]:
    if key is None:
        _refuse("is signed by a key that its issuer does not have")
    try:
        found = jws.deserialize_compact(token.text, key, algorithms=list(ALGORITHMS))
        claims = json.loads(found.payload or b"")
    except (JoseError, ValueError, TypeError, RecursionError):
        _refuse("is not signed by its issuer")
    return claims if isinstance(claims, dict) and claims.get("iss") == token.issuer else {}


def _time_faults(claims: Mapping[str, Any], at: int) -> list[str]:
    expires, issued, starts = (_time(claims.get(name)) for name in ("exp", "iat", "nbf"))
    faults = []
    if expires is None:
        faults.append("does not say until when it holds")
    elif expires <= at - LEEWAY:
        faults.append("has expired")
    if issued is None:
        faults.append("does not say when it was issued")
    elif issued > at + LEEWAY:
        faults.append("was issued in the future")
    elif issued < at - LEEWAY - MAX_AGE:
        faults.append(f"was issued more than {MAX_AGE // 60} minutes ago")
    if "nbf" in claims and (starts is None or starts > at + LEEWAY):
        faults.append("does not hold yet")
    return faults


def _audience_faults(claims: Mapping[str, Any], audience: str) -> list[str]:
    meant = claims.get("aud")
    meant = meant if isinstance(meant, list) else [meant]
    return [] if audience and audience in meant else ["is not meant for this registry"]


def _subject_faults(claims: Mapping[str, Any], issuer: str) -> list[str]:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        return ["does not say who it is about"]
    if plain(subject) != subject or len(issuer) + 1 + len(subject) > _MAX_PERSON:
        return ["is about somebody whose name is too long, or not in one line"]
    return []


def _time(value: Any) -> int | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _LATEST
    return int(value) if fits else None


def _decoded(part: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        _refuse("is none: its parts are not JSON")
    return value


def _refuse(what: str, fix: str = "") -> NoReturn:
    raise RefusalError.of("UNAUTHORIZED", f"the identity token {what}", "", fix)
