"""The registry itself: what it is, whether it lives, what it counts, what its answers mean."""

from __future__ import annotations

from typing import Any

from starlette.types import ASGIApp

from packaging_targets.adapters.http.api import examples
from packaging_targets.adapters.http.api.operation import PLAIN, Operation, Reply
from packaging_targets.adapters.http.call import Call
from packaging_targets.adapters.http.messages.answers import NO_STORE, Answer, dumped
from packaging_targets.adapters.http.messages.negotiation import JSON, prefers_html
from packaging_targets.adapters.http.watching.metrics import TYPE
from packaging_targets.formats.aam.refusals import CODES, RefusalError

PROTOCOL = "uaaps/1"


async def root(call: Call) -> ASGIApp:
    """Answer with what the registry is; people are sent to its pages."""
    site = call.site
    if site.has_pages and prefers_html(call.headers.get(b"accept", b"")):
        return Answer(303, [(b"location", f"{site.base}/browse".encode()), (b"vary", b"accept"), NO_STORE])
    return await site.documents.answer(call.headers, dumped(_capabilities(call)), is_public=True)


def _capabilities(call: Call) -> dict[str, Any]:
    settings = call.site.host.settings
    signs_in = {"issuer": settings.oidc_issuer, "client_id": settings.oidc_client}
    return {
        "protocol": PROTOCOL,
        "title": settings.title,
        "url": settings.url,
        "auth": ["none", "token", "basic", *(["oidc"] if settings.audience else [])],
        "oidc": signs_in if settings.oidc_issuer and settings.oidc_client else None,
        "audience": settings.audience,
        "open_publishing": settings.open_publishing,
        "max_archive": settings.max_archive,
        "pages": f"{call.site.base}/browse" if call.site.has_pages else None,
    }


async def health(_call: Call) -> ASGIApp:
    """Answer that the process lives."""
    return _plain({"status": "ok"})


async def ready(call: Call) -> ASGIApp:
    """Answer whether requests can be answered: not before all is there, and not once we are about to end."""
    if call.site.is_ending:
        raise RefusalError.of("REGISTRY_UNAVAILABLE", "the server is about to end")
    await call.site.in_thread(call.site.host.holdings.demand)
    return _plain({"status": "ok"})


async def metrics(call: Call) -> ASGIApp:
    """Answer with metrics as Prometheus reads them."""
    return Answer(200, [(b"content-type", TYPE.encode()), NO_STORE], call.site.metrics.text())


async def openapi(call: Call) -> ASGIApp:
    """Answer with the OpenAPI document."""
    document = call.site.openapi
    return await call.site.documents.answer(call.headers, document.data, document.digest, is_public=True)


async def errors(call: Call) -> ASGIApp:
    """Answer with all codes that answers can have."""
    return await call.site.documents.answer(call.headers, _CODES, is_public=True)


async def error(call: Call) -> ASGIApp:
    """Answer with what a code means."""
    code = call.parameters["code"]
    if code not in CODES:
        raise RefusalError.of("NOT_FOUND", "there is no such code", "", "GET /errors")
    return await call.site.documents.answer(call.headers, dumped(_told(code)), is_public=True)


def _told(code: str) -> dict[str, Any]:
    status, meaning = CODES[code]
    return {"code": code, "status": status, "meaning": meaning}


def _plain(value: Any) -> Answer:
    return Answer(200, [(b"content-type", JSON.encode()), NO_STORE], dumped(value))


_CODES = dumped({"errors": [_told(code) for code in CODES]})
_SAME = Reply(304, "It is what `If-None-Match` names.")
_ALIVE = {"status": "ok"}
OPERATIONS = (
    Operation(
        "GET",
        "/",
        "getRegistry",
        "What the registry is, and what it can do",
        root,
        (
            Reply(200, "The registry.", "Registry", examples.REGISTRY),
            Reply(303, "The pages for people, for who asks for HTML.", headers=("Location",)),
            _SAME,
        ),
        "registry",
    ),
    Operation(
        "GET",
        "/openapi.json",
        "getOpenApi",
        "This document",
        openapi,
        (Reply(200, "The document.", "Document"), _SAME),
        "registry",
    ),
    Operation(
        "GET",
        "/errors",
        "listErrors",
        "The closed list of codes that errors have",
        errors,
        (Reply(200, "The codes.", "ErrorCodes", examples.CODES_LISTED), _SAME),
        "registry",
    ),
    Operation(
        "GET",
        "/errors/{code}",
        "getError",
        "What a code means",
        error,
        (Reply(200, "The code.", "ErrorCode", examples.CODE), _SAME),
        "registry",
        refusals=("NOT_FOUND",),
    ),
    Operation(
        "GET",
        "/healthz",
        "getHealth",
        "That the process lives",
        health,
        (Reply(200, "It lives.", "Status", _ALIVE, PLAIN),),
        "operation",
        "anybody",
    ),
    Operation(
        "GET",
        "/readyz",
        "getReadiness",
        "That requests can be answered; 503 where not",
        ready,
        (Reply(200, "They can.", "Status", _ALIVE, PLAIN),),
        "operation",
        "anybody",
    ),
    Operation(
        "GET",
        "/metrics",
        "getMetrics",
        "Metrics, as Prometheus reads them",
        metrics,
        (Reply(200, "The metrics.", types=("text/plain",)),),
        "operation",
        "anybody",
    ),
)
