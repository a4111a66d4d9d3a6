"""Asking a server as tests do: answers as values, and JSON sent as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
from agents import packed
from hosts import Hosted, hosted
from serving import Server

from packaging_targets.adapters.http.application import make_app
from packaging_targets.adapters.http.site import Site

GZIP = {"Content-Type": "application/gzip"}


@dataclass(frozen=True)
class Got:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def value(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of an error."""
        return str(self.value["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.value["error"]["message"])


@dataclass
class Asking:
    """A server, its host, and asking it."""

    server: Server
    hosted: Hosted
    site: Site
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=16, retries=False))

    def __call__(self, method: str, path: str, body: bytes | None = None, /, **headers: str) -> Got:
        """Ask; the names of headers have `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.pool.request(method, self.server.url + path, body=body, headers=named, decode_content=False)
        return Got(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.data)

    def get(self, path: str, /, **headers: str) -> Got:
        return self("GET", path, **headers)

    def send(self, method: str, path: str, value: Any = None, /, **headers: str) -> Got:
        """Send JSON, or nothing for None."""
        if value is None:
            return self(method, path, **headers)
        return self(method, path, json.dumps(value).encode(), Content_Type="application/json", **headers)

    def publish(self, name: str, version: str = "1.0.0", /, **headers: str) -> Got:
        """Publish a package, as ann where nobody is named."""
        headers = headers or self.hosted.bearer("ann")
        return self("POST", "/packages", packed(name, version), Content_Type="application/gzip", **headers)


@contextmanager
def asking(path: Path, **settings: Any) -> Iterator[Asking]:
    """A server over an empty registry."""
    with hosted(path, **settings) as host:
        app = make_app(host.host, uploads=str(path))
        with Server(app) as server:
            found = Asking(server, host, app.site)
            yield found
            found.pool.clear()
