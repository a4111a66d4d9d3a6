"""Signs a statement with the identity that a token tells: a certificate, a signature, an entry of a public log."""

from __future__ import annotations

import os

from packaging_targets.errors import RegistryError, RequestError, legible, reason
from packaging_targets.services.aam.signing.library import failures, library, within
from packaging_targets.services.aam.signing.trust import Trust
from packaging_targets.store.aam.regular_file import open_regular

_VARIABLES = ("AAM_IDENTITY_TOKEN", "SIGSTORE_ID_TOKEN")
_MAX_TOKEN = 1 << 16
_PATIENCE = 60.0  # seconds, for all services together
_NEEDS = f"name a file with one (--identity-token FILE), or set {_VARIABLES[0]}"


def identity_token(path: str = "") -> str:
    """Return an identity token: from a file, a variable, or the CI service that this runs on.

    Raises RequestError where there is none.
    """
    if path:
        try:
            with open_regular(path) as file:
                found = file.read(_MAX_TOKEN).decode("ascii", "replace").strip()
        except OSError as error:
            what = f"the identity token cannot be read: {reason(error)}"
            raise RequestError.one(what, legible(path)) from error
    else:
        found = next((text.strip() for name in _VARIABLES if (text := os.environ.get(name))), "") or _ambient()
    if not found:
        raise RequestError.one("signing needs an identity token, and there is none", path and legible(path), _NEEDS)
    return found


def sign(statement: bytes, token: str, trust: Trust) -> bytes:
    """Return the bundle of a statement that the services of a trust configuration let be signed, as JSON.

    Raises RequestError where the token cannot be used, or no service is named, and RegistryError where one refuses.
    """
    if trust.services is None:
        fix = "name a client's trust configuration, which has addresses: --trust-config PATH"
        raise RequestError.one("a trusted root says what to believe, and not who signs", trust.where, fix)
    with library():
        from sigstore.dsse import Statement
        from sigstore.oidc import IdentityToken
        from sigstore.sign import SigningContext
    with failures(RequestError, "the identity token cannot be used", "", _NEEDS, token):
        identity = IdentityToken(token)
    with failures(RegistryError, "nothing was signed, nor published", trust.where, "", token):
        context = SigningContext.from_trust_config(trust.services)

        def signed() -> bytes:
            with context.signer(identity) as signer:  # who enters it waits for a certificate
                return signer.sign_dsse(Statement(statement)).to_json().encode()

        return within(_PATIENCE, signed)


def _ambient() -> str:
    """Return the identity token that a CI service has for whoever asks, or nothing."""
    with library():
        from sigstore.oidc import detect_credential
    with failures(RequestError, "the CI service has no identity token for this job", "", _NEEDS):
        return within(_PATIENCE, detect_credential) or ""
