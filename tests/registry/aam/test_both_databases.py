"""A server answers the same on PostgreSQL as on SQLite, whatever odd text or number it is asked with."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from agents import packed
from asking import GZIP, Asking, Got
from hosts import Hosted, hosted
from serving import Server
from sqlalchemy import Engine

from packaging_targets.adapters.http.api.operation import Operation
from packaging_targets.adapters.http.api.table import OPERATIONS
from packaging_targets.adapters.http.application import make_app
from packaging_targets.registry.aam.served.objects.folder import FolderObjects
from packaging_targets.registry.aam.served.stored import StoredRegistry
from packaging_targets.services.aam.hosting.host import Host

pytestmark = pytest.mark.service

# In a URL: null characters, what is no UTF-8, no character at all, patterns, another case, long ones, large numbers.
TEXTS = ("%00", "a%00b", "%ED%A0%80", "%FF", "%5C", "%25", "_", "'", "%C4%B0", "%F4%8F%BF%BF", "x" * 64, "9" * 18)
STRINGS = ("\0", "a\0b", "\ud800", "\U0010ffff", "%", "\\", "x" * 5000, "")


@contextmanager
def _asking(path: Path, engine: Engine) -> Iterator[Asking]:
    """A server over an empty registry in a database, with its archives in a folder."""
    settings: dict[str, Any] = {"write_rate": 0, "needs_approval": ("@slow/*",), "audience": "https://registry.test"}
    with hosted(path, **settings) as made:
        url = "https://registry.test"
        holdings = StoredRegistry(engine, FolderObjects(str(path / "objects")), made.host.clock, url)
        host = Host(database=engine, settings=made.host.settings, clock=made.host.clock, holdings=holdings)
        app = make_app(host, uploads=str(path))
        with Server(app) as server:
            found = Asking(server, Hosted(host, made.folder), app.site)
            yield found
            found.pool.clear()


def _told(got: Got) -> tuple[int, Any]:
    """What has to be the same: the status, and what is wrong."""
    return got.status, got.value["error"]["details"] if got.status >= 400 and got.body else None


class Both:
    """The two servers, of which each question is asked; `differences` are those that they do not answer alike."""

    def __init__(self, servers: Sequence[Asking]) -> None:
        self.servers = servers
        self.differences: list[Any] = []
        self._tokens = [ask.hosted.bearer("root", "admin") for ask in servers]
        for ask, token in zip(servers, self._tokens, strict=True):
            assert ask.publish("plain", **token).status == 201

    def ask(self, method: str, path: str, body: bytes | None = None, /, **headers: str) -> None:
        found = []
        for ask, token in zip(self.servers, self._tokens, strict=True):
            found.append(_told(ask(method, path, body, **token | headers)))
        if found[0] != found[1] or found[0][0] >= 500:
            self.differences.append((method, path, body, found))


@pytest.fixture
def both(tmp_path: Path, a_sqlite: Engine, an_empty_database: Engine) -> Iterator[Both]:
    with ExitStack() as stack:
        found = []
        for name, engine in (("sqlite", a_sqlite), ("postgresql", an_empty_database)):
            (tmp_path / name).mkdir()
            found.append(stack.enter_context(_asking(tmp_path / name, engine)))
        yield Both(found)


def _paths(operation: Operation) -> Iterator[str]:
    parts = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    for text in TEXTS:
        for odd in parts:
            path = operation.path
            for part in parts:
                usual = {"name": "plain", "version": "1.0.0"}.get(part, "0123")
                path = path.replace(f"{{{part}}}", text if part == odd else usual)
            yield path
        if not parts:
            yield from (f"{operation.path}?{one.name}={text}" for one in operation.queries)


def test_odd_texts_in_paths_and_queries(both: Both) -> None:
    for operation in OPERATIONS:
        for path in _paths(operation):
            both.ask(operation.method, path)
    assert both.differences == []


def test_odd_texts_in_bodies(both: Both) -> None:
    for operation in OPERATIONS:
        if operation.body is None:
            continue
        path = operation.path.replace("{name}", "plain").replace("{version}", "1.0.0").replace("{tag}", "t")
        for key in operation.body.example:
            for odd in (*STRINGS, *([text] for text in STRINGS[:4]), {"\0": "\0"}, 1 << 63, -1):
                sent = json.dumps({**operation.body.example, key: odd}).encode()
                both.ask(operation.method, path, sent, Content_Type="application/json")
    assert both.differences == []


def test_odd_credentials(both: Both) -> None:
    for text in STRINGS:
        pair = base64.b64encode(f"{text}:{text}".encode("utf-8", "surrogatepass")).decode()
        both.ask("GET", "/whoami", Authorization=f"Basic {pair}")
        both.ask("GET", "/whoami", Authorization=f"Bearer aam_{pair}")
    assert both.differences == []


@pytest.mark.parametrize("name", ["odd", "@slow/odd"])
def test_odd_texts_in_packages(both: Both, name: str) -> None:
    for number, text in enumerate(STRINGS):
        for key in ("description", "license", "author"):
            given: dict[str, Any] = {key: f"a{text}"}
            both.ask("POST", "/packages", packed(f"{name}{number}", "1.0.0", **given), **GZIP)
    both.ask("POST", "/packages", packed(name, f"1.0.0-{'x' * 240}"), **GZIP)
    assert both.differences == []
