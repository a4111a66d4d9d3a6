"""Where the pages are."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from packaging_targets.adapters.http.call import CALL
from packaging_targets.adapters.http.pages.answering import Act, endpoint
from packaging_targets.adapters.http.pages.files import static_files
from packaging_targets.adapters.http.pages.rooms import approving, auditing, browsing, signing, tokens
from packaging_targets.adapters.http.pages.shelf import Shelf
from packaging_targets.adapters.http.pages.visiting import Room, Visit
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.services.aam.hosting.host import Host

_FOR_EVER = "public, max-age=31536000, immutable"


def routes(host: Host) -> list[Route]:
    """Return the pages of a registry, and what they load, as routes of Starlette's."""
    room = Room(host, Shelf(host.holdings))
    found = [
        Route(path, endpoint(room, act), methods=[method], name=f"page:{act.__name__}")
        for path, method, act in _pages()
    ]
    return [*found, Route("/static/{name}", _static, methods=["GET"], name="page:static")]


def _pages() -> tuple[tuple[str, str, Act], ...]:
    return (
        ("/browse", "GET", browsing.browse),
        ("/browse/packages/{rest:path}", "GET", browsing.package),
        ("/browse/approvals", "GET", approving.approvals),
        ("/browse/approvals/{number}", "GET", approving.approval),
        ("/browse/approvals/{number}/approve", "POST", approving.approve),
        ("/browse/approvals/{number}/reject", "POST", approving.reject),
        ("/browse/audit", "GET", auditing.audit),
        ("/browse/audit/check", "POST", auditing.check),
        ("/browse/sign-in", "GET", signing.signing_in),
        ("/browse/sign-in", "POST", signing.sign),
        ("/browse/sign-out", "POST", signing.signing_out),
        ("/browse/tokens", "GET", tokens.tokens),
        ("/browse/tokens", "POST", tokens.create),
        ("/browse/tokens/{number}/revoke", "POST", tokens.revoke),
        ("/browse/{rest:path}", "GET", _nothing),
    )


def _nothing(visit: Visit) -> Response:
    raise RefusalError.of("NOT_FOUND", f"there is no page `{visit.path[:200]}`")


async def _static(request: Request) -> Response:
    """Answer with a file, which may be kept for ever: another one has another name."""
    request.scope[CALL].operation = "page:static"
    name = request.path_params["name"]
    file = next((one for one in static_files().values() if one.name == name), None)
    if file is None:
        return Response("there is no such file\n", 404, media_type="text/plain")
    return Response(file.data, headers={"Cache-Control": _FOR_EVER}, media_type=file.media_type)
