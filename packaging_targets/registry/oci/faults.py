"""What an OCI registry refuses, in words: what, where, and what a person can do about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from packaging_targets.errors import RegistryError
from packaging_targets.registry.http.faults import FAILED, meaning_of, place

if TYPE_CHECKING:
    from packaging_targets.registry.http.messages import Answer, Request

_SHOWN = 200
_FIXES = {
    403: "let whoever the credentials are of write there; where the registry makes no repositories, make it first",
    404: "look at the registry's host and the namespace; some registries want a repository to be made first",
    405: "look at whether the registry takes uploads at all",
    413: "raise the limit of the registry, or of the proxy before it",
    429: "try again later, or with credentials, for which limits are often higher",
}


def refused(request: Request, answer: Answer, *, credentials: str = "") -> RegistryError:
    """Return the error of an answer that is none of success. `credentials` is where the credentials came from."""
    meaning = meaning_of(answer.status)
    told = _told(answer.body)
    what = f"{meaning} ({answer.status}{f': {told}' if told else ''})"
    fix = _FIXES.get(answer.status, "try again later, or ask who runs it" if answer.status >= FAILED else "")
    if answer.status == 401:  # noqa: PLR2004  # the one status whose fix depends on what was sent
        fix = login_fix(request.url, credentials)
    elif answer.status == 403 and not credentials:  # noqa: PLR2004  # likewise
        fix = login_fix(request.url, "")
    return RegistryError.one(what, place(request), fix)


def login_fix(url: str, credentials: str) -> str:
    """Return what to do where credentials are missing, or those from the place `credentials` are refused."""
    host = urlsplit(url).netloc
    if credentials:
        return f"renew the credentials for `{host}`, which came from {credentials}"
    return f"run `docker login {host}`, or set DEVCONTAINERS_OCI_AUTH='{host}|USER|TOKEN'"


def _told(body: bytes) -> str:
    """Return what a registry's error says, in one line of printable text."""
    try:
        errors = json.loads(body)["errors"]
        told = "; ".join(_one(error) for error in errors[:3])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    return "".join(char if char.isprintable() else " " for char in told)[:_SHOWN]


def _one(error: Any) -> str:
    code, message = str(error.get("code", "")), str(error.get("message", ""))
    return f"{code}: {message}" if code and message else code or message
