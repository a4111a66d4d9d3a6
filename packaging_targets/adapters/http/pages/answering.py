"""From a request to a page: who asks is found out, a form is read and looked at, and a refusal is a page too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from packaging_targets.adapters.http.bodies.json_body import MAX_SECONDS, overdue
from packaging_targets.adapters.http.call import CALL, Call
from packaging_targets.adapters.http.limits import counted_as
from packaging_targets.adapters.http.pages.visiting import FORM, SESSION, Given, Room, Visit
from packaging_targets.adapters.http.watching.logs import LOG
from packaging_targets.formats.aam.refusals import CODES, RefusalError
from packaging_targets.services.aam.hosting.people.sessions import session_of

MAX_FORM = 32 << 10
_MAX_FIELDS = 40
_FORM_TYPE = "application/x-www-form-urlencoded"
_RETRY = 5  # seconds
_TITLES = {
    400: "This cannot be understood",
    401: "Sign in first",
    403: "This is not allowed",
    404: "There is nothing here",
    408: "This took too long",
    409: "This cannot be done",
    410: "This is gone",
    413: "This is too much",
    415: "This is no form",
    422: "This is not in order",
    429: "Too many requests",
    500: "The registry has failed",
    503: "The registry cannot do this now",
}

Act = Callable[[Visit], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(room: Room, act: Act) -> Endpoint:
    """Return what answers requests for a page with `act`, which is called in a thread."""

    async def answer(request: Request) -> Response:
        call: Call = request.scope[CALL]
        call.operation = f"page:{act.__name__}"
        visit = Visit(room, call, request.url, {}, {})
        try:
            query = _pairs(request.scope["query_string"])
            form = await _form(request) if request.method == "POST" else {}
            return await run_in_threadpool(_answered, visit, act, request, (query, form))
        except RefusalError as error:
            return await run_in_threadpool(refusal, visit, error)

    return answer


def refusal(visit: Visit, error: RefusalError) -> Response:
    """Return the page that tells a refusal."""
    status = CODES[error.code][0]
    sign_in = visit.link("/browse/sign-in", next=_here(visit)) if status in {401, 404} and not visit.session else ""
    response = visit.page(
        "error.html",
        status,
        number=status,
        title=_TITLES.get(status, _TITLES[400]),
        problems=error.problems,
        sign_in=sign_in,
    )
    if status in {429, 503}:
        response.headers["Retry-After"] = str(getattr(error, "seconds", _RETRY))
    return response


def _answered(visit: Visit, act: Act, request: Request, given: tuple[Given, Given]) -> Response:
    query, form = given
    visit = _known(replace(visit, query=query, form=form), request)
    try:
        who = visit.who.token or visit.who.person or counted_as(visit.call.address)
        visit.call.site.rates.count("write" if request.method == "POST" else "read", who)
        if request.method == "POST":
            visit.demand_guard()
        return act(visit)
    except RefusalError as error:
        if error.code == "UNAUTHORIZED" and request.method != "POST" and not visit.session:
            return visit.to("/browse/sign-in", next=_here(visit))
        return refusal(visit, error)
    except Exception as error:  # noqa: BLE001  # whatever it is, people get a page, and operators the log
        LOG.error("a page failed", exc_info=error, extra={"fields": {"request": visit.call.id}})
        return refusal(visit, RefusalError.of("INTERNAL_ERROR", f"its log says why, at the request {visit.call.id}"))


def _known(visit: Visit, request: Request) -> Visit:
    """Return the visit of whoever is signed in, and what their forms have to carry."""
    secret = visit.cookie(request.cookies, SESSION)
    session = session_of(visit.host, secret) if secret else None
    if session is None:
        return replace(visit, guard=visit.cookie(request.cookies, FORM))
    visit.call.who = session.identity
    return replace(visit, secret=secret, session=session, guard=session.csrf)


def _here(visit: Visit) -> str:
    """Return where somebody goes on when they have signed in."""
    query = f"?{visit.url.query}" if visit.url.query else ""
    return f"{visit.path}{query}"


async def _form(request: Request) -> Given:
    """Return what was sent; raises RefusalError where it is no form of a page, or too much."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM_TYPE:
        raise RefusalError.of(
            "UNSUPPORTED_MEDIA_TYPE", "forms of pages are sent as `application/x-www-form-urlencoded`"
        )
    call: Call = request.scope[CALL]
    data = bytearray()
    try:
        async with asyncio.timeout(min(call.site.host.settings.body_seconds, MAX_SECONDS)):
            async for piece in request.stream():
                data += piece
                if len(data) > MAX_FORM:
                    raise RefusalError.of("ARCHIVE_TOO_LARGE", f"a form has more than {MAX_FORM:,} bytes")
    except TimeoutError:
        raise overdue() from None
    return _pairs(bytes(data))


def _pairs(data: bytes) -> Given:
    """Return the names and values of a query or a form, in the order in which they came."""
    try:
        pairs = parse_qsl(data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:  # bytes that are no text, too
        raise RefusalError.of("BAD_REQUEST", "the query or the form cannot be read") from None
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        found[name] = (*found.get(name, ()), value)
    return found
