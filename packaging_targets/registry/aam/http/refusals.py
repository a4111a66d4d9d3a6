"""What a registry on a server refuses, as the errors that the folder kind raises, with the same codes and texts.

An answer that is no such JSON is told by its status. Nobody believes who answers: texts are cut, and few are told.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from packaging_targets.errors import PackagingError, Problem, RegistryError, RequestError
from packaging_targets.formats.aam.documents.reading import load_object
from packaging_targets.formats.aam.refusals import CODES, RefusalError
from packaging_targets.formats.aam.times import time_text
from packaging_targets.registry.aam.http.credentials import TYPED_IDENTITY, TYPED_PASSWORD, TYPED_TOKEN, Credentials
from packaging_targets.registry.http.faults import FAILED, meaning_of, place
from packaging_targets.registry.http.messages import Answer, Request

_MAX_BODY = 1 << 16
_MAX_TEXT = 2000
_MAX_PROBLEMS = 50
_STORED = "aam login"
# What somebody gives to `aam login` lies nowhere that they could renew it.
_TYPED = {
    TYPED_TOKEN: "give the whole token, or ask who runs the registry for another",
    TYPED_PASSWORD: "look at the name and the password; who runs the registry makes accounts",
    TYPED_IDENTITY: "give a token that is just issued, for the audience that the registry wants",
}


def refusal_of(request: Request, answer: Answer, url: str) -> PackagingError:
    """Return the error that an answer of a registry at `url` is, which is none of success."""
    told = _told(answer.body)
    if told is None:
        return _plain(request, answer, url)
    code, problems = told
    if code == "NOT_FOUND":  # a path that the registry does not know: the one who asks has its address, and no paths
        problems = tuple(replace(one, fix=_is_it(url)) for one in problems)
    if code == "BAD_REQUEST":  # the request is wrong whatever the registry holds
        return RequestError(*problems)
    return RefusalError(*(replace(one, where=one.where or url) for one in problems), code=code)


def refused_access(error: PackagingError, url: str, credentials: Credentials | None) -> RefusalError:
    """Return the error of an answer 401, with what to do about it."""
    login = f"aam login --registry {url}"
    if credentials is None:
        return _unauthorized(error.problems, url, _login(url))
    source = credentials.source or _STORED
    kept = f"renew what came from {source}, or take it away and run: {login}"
    fix = _TYPED.get(source, login if source == _STORED else kept)
    if credentials.expires_at is not None and credentials.expires_at <= time.time():
        what = f"the token for `{url}` expired at {time_text(credentials.expires_at)}"
        return RefusalError.of("UNAUTHORIZED", what, url, fix)
    return _unauthorized(error.problems, url, fix)


def _is_it(url: str) -> str:
    return f"look at the address: is `{url}` a registry of agent packages?"


def _login(url: str) -> str:
    """Return how somebody signs in who sent nothing; what lies in the environment for no registry is told of."""
    unused = next((name for name in ("AAM_TOKEN", "AAM_IDENTITY_TOKEN") if os.environ.get(name)), "")
    login = f"aam login --registry {url}"
    return f"{login}, or set AAM_TOKEN_URL to {url}: {unused} goes to that registry alone" if unused else login


def _unauthorized(problems: tuple[Problem, ...], url: str, fix: str) -> RefusalError:
    return RefusalError(*(Problem(url, one.what, fix) for one in problems), code="UNAUTHORIZED")


def _told(body: bytes) -> tuple[str, tuple[Problem, ...]] | None:
    """Return code and problems of an error's body, or None where it is none."""
    try:
        error = load_object(body, "", _MAX_BODY).get("error")
    except RegistryError:
        return None
    if not isinstance(error, dict) or error.get("code") not in CODES:
        return None
    found = tuple(_details(error.get("details")))
    return error["code"], found or (Problem("", _text(error, "message") or CODES[error["code"]][1]),)


def _details(details: Any) -> Iterator[Problem]:
    for one in details[:_MAX_PROBLEMS] if isinstance(details, list) else ():
        if isinstance(one, dict) and _text(one, "what"):
            yield Problem(_text(one, "where"), _text(one, "what"), _text(one, "fix"), field=_text(one, "field"))


def _text(holder: Mapping[str, Any], key: str) -> str:
    value = holder.get(key)
    return value[:_MAX_TEXT] if isinstance(value, str) else ""


def _plain(request: Request, answer: Answer, url: str) -> RegistryError:
    fixes = {
        401: f"aam login --registry {url}",
        403: "look at what the credentials allow: aam whoami",
        404: _is_it(url),
        413: "make the package smaller, or raise the limit of the registry, or of the proxy before it",
        429: "try again later",
    }
    fix = fixes.get(answer.status, "try again later, or ask who runs it" if answer.status >= FAILED else "")
    return RegistryError.one(f"{meaning_of(answer.status)} ({answer.status})", place(request), fix)
