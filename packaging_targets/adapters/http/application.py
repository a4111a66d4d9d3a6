"""The application: the API's operations as routes, the pages for people beside them, and the front before all."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import Receive, Scope, Send

from packaging_targets.adapters.http.api.endpoint import Endpoint
from packaging_targets.adapters.http.api.operation import Operation
from packaging_targets.adapters.http.api.table import OPERATIONS
from packaging_targets.adapters.http.front import Front
from packaging_targets.adapters.http.messages.answers import Answer
from packaging_targets.adapters.http.messages.errors import MethodError
from packaging_targets.adapters.http.openapi.document import document_of
from packaging_targets.adapters.http.site import Site
from packaging_targets.errors import plain
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.services.aam.hosting.host import Host

_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")


class _PackageConvertor(Convertor[str]):
    """A package's name in a path: one part, or two where there is a scope."""

    regex = "(?:@[^/]+/[^/@][^/]*|[^/@][^/]*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("package", _PackageConvertor())


def make_app(host: Host, *, pages: Sequence[Route] = (), uploads: str | None = None) -> Front:
    """Return the ASGI application of a host; `pages` are routes for people, below `/browse`.

    These count their requests themselves, to refuse what is too much with a page.
    Archives lie in the folder `uploads` while they come in, or in the system's for transient files.
    """
    site = Site(host, uploads, document_of(OPERATIONS, host.settings.url), has_pages=bool(pages))
    routes: list[BaseRoute] = [*map(_route, OPERATIONS), *pages]
    router = Router([*routes, _Otherwise(routes)], redirect_slashes=False, lifespan=_lifespan_of(site))
    return Front(site, router)


def _lifespan_of(site: Site) -> Any:
    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        site.sweep(time.time())
        with site.host.holdings.kept_up():
            yield
            site.close()

    return lifespan


def _route(operation: Operation) -> Route:
    path = operation.path.replace("{name}", "{name:package}")
    return Route(path, Endpoint(operation), methods=[operation.method], name=operation.name)


class _Otherwise(BaseRoute):
    """What no route knows: a path that is none, a method that a path does not know, or a question about methods."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = routes

    def matches(self, _scope: Scope) -> tuple[Match, Scope]:
        """Match everything: this is the last route."""
        return Match.FULL, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer it, or refuse."""
        allowed = [
            method
            for method in _METHODS
            if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in self._routes)
        ]
        if not allowed:
            path = plain(scope["path"][:200])
            raise RefusalError.of("NOT_FOUND", f"there is nothing at {path}", "", "GET /openapi.json tells all paths")
        allowed.append("OPTIONS")
        if scope["method"] != "OPTIONS":
            raise MethodError(scope["method"], allowed)
        answer = Answer(204, [(b"allow", ", ".join(allowed).encode())])
        await answer(scope, receive, send)
