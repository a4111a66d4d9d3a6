"""Errors as answers: a code of the closed list, what is wrong for people, and every problem in `details`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException

from packaging_targets.adapters.http.messages.ranges import OutsideError
from packaging_targets.errors import IntegrityError, PackagingError, Problem, RegistryError, plain
from packaging_targets.formats.aam.refusals import CODES, RefusalError

_BY_STATUS = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 400: "BAD_REQUEST", 413: "ARCHIVE_TOO_LARGE"}
_RETRY = 5  # seconds, where we cannot know better
_MAX_DETAILS = 100
Headers = list[tuple[bytes, bytes]]


class LimitedError(RefusalError):
    """Too many requests; `seconds` is how long to wait."""

    def __init__(self, what: str, seconds: int) -> None:
        super().__init__(Problem("", what), code="RATE_LIMITED")
        self.seconds = seconds


class MethodError(RefusalError):
    """A path that does not know a method; `allowed` are those that it knows."""

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        super().__init__(Problem("", f"this path does not know {plain(method[:40])}"), code="METHOD_NOT_ALLOWED")
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class Telling:
    """What an error's text needs: `own` are addresses of ours that nobody is told, `docs` is where codes are told."""

    own: tuple[str, ...]
    docs: str
    realm: str


def error_of(error: Exception, telling: Telling) -> tuple[int, Headers, bytes]:
    """Return the status, headers and body that tell an error; what is no error of ours is told without its text."""
    code = _code(error)
    status = CODES[code][0]
    problems = [_clean(one, telling.own) for one in getattr(error, "problems", ())[:_MAX_DETAILS]]
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *_headers(error, code, telling)]
    details = [_detail(one) for one in problems]
    message = _message(code, problems)
    value = {"error": {"code": code, "message": message, "docs": f"{telling.docs}{code}", "details": details}}
    return status, headers, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _code(error: Exception) -> str:
    if isinstance(error, RefusalError):
        return error.code
    if isinstance(error, IntegrityError):
        return "MANIFEST_INVALID"
    if isinstance(error, RegistryError):
        return "REGISTRY_UNAVAILABLE"
    if isinstance(error, PackagingError):
        return "BAD_REQUEST"
    if isinstance(error, HTTPException):
        return _BY_STATUS.get(error.status_code, "BAD_REQUEST")
    return "INTERNAL_ERROR"


def _headers(error: Exception, code: str, telling: Telling) -> Headers:
    if isinstance(error, MethodError):
        return [(b"allow", ", ".join(error.allowed).encode())]
    if isinstance(error, OutsideError):
        return [(b"content-range", b"bytes */%d" % error.size)]
    if code == "UNAUTHORIZED":
        return [(b"www-authenticate", f'Bearer realm="{telling.realm}"'.encode("latin-1", "replace"))]
    if CODES[code][0] in {429, 503}:
        seconds = error.seconds if isinstance(error, LimitedError) else _RETRY
        return [(b"retry-after", b"%d" % seconds)]
    return []


def _message(code: str, problems: Sequence[Problem]) -> str:
    if not problems:
        return CODES[code][1]
    more = len(problems) - 1
    rest = f"; and {more:,} more problem{'' if more == 1 else 's'}, in `details`" if more else ""
    return f"{problems[0].what}{rest}"


def _clean(problem: Problem, own: tuple[str, ...]) -> Problem:
    """Return a problem without our own addresses: `where` is about what was sent, not about where we keep it."""
    what, where, fix = problem.what, problem.where, problem.fix
    for address in own:
        what = what.replace(address, "the registry")
        where = "" if address in where else where
        fix = "" if address in fix else fix
    return Problem(plain(where), what, fix, field=problem.field)


def _detail(problem: Problem) -> dict[str, str]:
    return {"what": problem.what, "where": problem.where, "fix": problem.fix, "field": problem.field}
