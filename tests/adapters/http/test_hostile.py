"""Requests that lie, that stop half way, or that try to get where nothing is."""

from __future__ import annotations

import io
import json
import logging
import os
import random
import socket
import threading
import time
from base64 import b64encode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from agents import packed
from asking import GZIP, Asking, asking
from hosts import hosted
from serving import Server, received

from packaging_targets.adapters.http.application import make_app
from packaging_targets.adapters.http.limits import FAILURES
from packaging_targets.adapters.http.listening import Listening
from packaging_targets.adapters.http.pages.routes import routes
from packaging_targets.adapters.http.watching.access import ACCESS
from packaging_targets.registry.aam.desk import accounts
from packaging_targets.registry.aam.desk.oidc import providers


def head(ask: Asking, *lines: str, path: str = "/packages", method: str = "POST") -> bytes:
    """The head of a request of somebody who may publish."""
    token = ask.hosted.token("ann")
    kind = "Content-Type: application/gzip"
    own = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", kind, *lines]
    return "\r\n".join([*own, "", ""]).encode()


def status(answer: bytes) -> int:
    return int(answer.split()[1]) if answer else 0


def leftovers(tmp_path: Path) -> list[str]:
    return [name for name in os.listdir(tmp_path) if name not in {"registry", "server"}]


def test_a_body_that_is_shorter_than_it_says_is_no_archive(ask: Asking, tmp_path: Path) -> None:
    data = packed("plain")
    with ask.server.connect() as connection:
        connection.sendall(head(ask, f"Content-Length: {len(data) + 10}") + data)
        time.sleep(0.2)
    time.sleep(0.2)
    assert ask.get("/packages").value["total"] == 0
    assert leftovers(tmp_path) == []


def test_a_body_that_is_longer_than_it_says_is_cut_there(ask: Asking) -> None:
    data = packed("plain")
    answer = ask.server.raw(head(ask, f"Content-Length: {len(data) - 20}", "Connection: close") + data)
    assert status(answer) == 422
    assert ask.get("/packages").value["total"] == 0


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 5"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: -5"],
        ["Content-Length: 5, 5"],
        ["Content-Length: +5"],
        ["Content-Length: 0x5"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Content-Length : 5"],
        ["X: a\x00b"],
        ["X: a\rb"],
        ["Transfer-Encoding: chunked\x0b"],
    ],
)
def test_heads_that_mean_two_things_are_no_requests(ask: Asking, lines: list[str]) -> None:
    data = head(ask, *lines) + b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = ask.server.raw(data, 1)
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert status(answer) in {0, 400}
    assert b"smuggled" not in answer


@pytest.mark.parametrize("chunks", [b"zz\r\n", b"5\r\nabc\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n", b"-1\r\n"])
def test_chunks_that_are_none(ask: Asking, chunks: bytes) -> None:
    answer = ask.server.raw(head(ask, "Transfer-Encoding: chunked") + chunks, 1)
    assert status(answer) in {0, 400, 422}
    assert ask.get("/packages").value["total"] == 0


PATHS = [
    "/packages/..",
    "/packages/../../etc/passwd",
    "/packages/%2e%2e",
    "/packages/%2e%2e%2fpasswd",
    "/packages/@acme/..%2f..%2findex.json",
    "/packages/plain/..%2f..%2findex.json/tarball",
    "/packages/plain/%2e%2e/tarball",
    "/packages/plain/1.0.0%00/tarball",
    "/packages/plain%00",
    "/packages//plain",
    "//packages/plain",
    "/packages/plain\\..\\..",
    "/packages/plain/",
    "/packages/PLAIN",
    "/packages/@acme",
    "/packages/%ff%fe",
    "/packages/" + "a" * 5000,
    "/packages/plain/" + "9" * 5000,
    "/packages/" + "a/" * 500,
    "/browse/../packages",
    "/openapi.json/",
    "/.aam-server/registry.sqlite3",
    "*",
]


def test_paths_lead_nowhere_but_to_packages(ask: Asking) -> None:
    ask.publish("plain")
    for path in PATHS:
        answer = ask.server.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode(), 2)
        assert status(answer) in {400, 404}, path
        assert ask.hosted.folder.tree.root.encode() not in answer


def test_absolute_urls_are_paths(ask: Asking) -> None:
    answer = ask.server.raw(b"GET http://elsewhere/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert status(answer) == 200


def test_a_half_upload_leaves_nothing(ask: Asking, tmp_path: Path) -> None:
    with ask.server.connect() as connection:
        connection.sendall(head(ask, "Content-Length: 40000000") + bytes(1 << 20))
    time.sleep(0.3)
    assert leftovers(tmp_path) == []
    assert ask.get("/packages").value["total"] == 0


def test_leftovers_of_a_killed_server_go_when_the_next_one_starts(tmp_path: Path) -> None:
    for name, age in ((".aam-upload-old", 7200), (".aam-upload-new", 10), ("other", 7200)):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    with asking(tmp_path):
        pass
    assert sorted(leftovers(tmp_path)) == [".aam-upload-new", "other"]


def test_slow_bodies_are_cut(tmp_path: Path) -> None:
    with asking(tmp_path, body_seconds=0.3) as ask:
        for lines in (["Content-Length: 1000"], ["Transfer-Encoding: chunked"]):
            with ask.server.connect() as connection:
                connection.sendall(head(ask, *lines) + b"5\r\nab")
                answer = b""
                while b"}]}}" not in answer:
                    answer += connection.recv(65536)
                assert status(answer) == 408
        with ask.server.connect() as connection:
            connection.sendall(head(ask, "Content-Length: 9", path="/tokens").replace(b"gzip", b"json") + b"{")
            assert status(connection.recv(65536)) == 408


def test_slow_forms_are_cut(tmp_path: Path) -> None:
    with hosted(tmp_path, body_seconds=0.3) as host:
        app = make_app(host.host, pages=routes(host.host), uploads=str(tmp_path))
        with Server(app) as server, server.connect(3) as connection:
            kind = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9"
            connection.sendall(b"POST /browse/sign-in HTTP/1.1\r\nHost: x\r\n" + kind + b"\r\n\r\na")
            assert status(received(connection)) == 408


def test_slow_heads_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Listening, "head_seconds", 0.2)
    with asking(tmp_path) as ask, ask.server.connect(3) as slow, ask.server.connect(3) as silent:
        begun = time.monotonic()
        slow.sendall(b"GET /healthz HT")
        assert received(slow) == received(silent) == b""
        assert time.monotonic() - begun < 2
        with ask.server.connect(3) as again:
            again.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert status(again.recv(65536)) == 200
            again.sendall(b"GET /hea")
            assert received(again) == b"", "the second head is expected in time too"


def test_endless_heads_are_cut(ask: Asking) -> None:
    for data in (b"X: y\r\n" * 20_000, b"X: " + b"y" * 100_000):
        answer = ask.server.raw(b"GET /healthz HTTP/1.1\r\n" + data, 2)
        assert status(answer) in {0, 400}
    whole = ask.server.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 40_000 + b"\r\n\r\n", 2)
    assert status(whole) == 400


def swallowed(connection: socket.socket, data: bytes, most: int) -> int:
    """How many of `most` bytes a server takes before it ends the connection, or stops reading."""
    size = 0
    try:
        while size < most:
            connection.sendall(data)
            size += len(data)
    except OSError:
        pass
    return size


def publish_large(ask: Asking) -> int:
    """Publish a package that is more than a connection takes by itself; its size."""
    noise = random.Random(8).randbytes(8 << 20).hex()
    data = packed("large", files={"skills/work/assets/noise.txt": noise})
    assert ask("POST", "/packages", data, **GZIP, **ask.hosted.bearer("ann")).status == 201
    return len(data)


def test_who_does_not_take_an_answer_loses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Listening, "write_seconds", 0.3)
    with asking(tmp_path) as ask:
        size = publish_large(ask)
        with ask.server.connect(2) as connection:
            connection.sendall(b"GET /packages/large/1.0.0/tarball HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(1)
            assert len(received(connection)) < size


def test_endless_heads_behind_an_answer_that_nobody_reads_are_cut(ask: Asking) -> None:
    publish_large(ask)
    with ask.server.connect(2) as connection:
        connection.sendall(b"GET /packages/large/1.0.0/tarball HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.recv(1000)
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert swallowed(connection, bytes(1 << 20).replace(b"\0", b"y"), 40 << 20) < 30 << 20
        assert b"400 Bad Request" not in received(connection), "an answer has nothing of another in its middle"


def test_endless_fields_behind_a_body_are_cut(ask: Asking) -> None:
    for field in (b"X: y\r\n" * 10_000, b"y" * 60_000):
        with ask.server.connect(2) as connection:
            connection.sendall(head(ask, "Transfer-Encoding: chunked") + b"2\r\nab\r\n0\r\nX: ")
            assert swallowed(connection, field, 40 << 20) < 30 << 20


def test_who_is_refused_early_is_told_so_though_it_sends_on(ask: Asking) -> None:
    """Many clients read nothing before they have sent everything."""
    got = ask("POST", "/packages", bytes(8 << 20), **GZIP)
    assert (got.status, got.code, got.headers["connection"]) == (401, "UNAUTHORIZED", "close")


# Credentials


def test_tokens_in_urls_are_refused_and_never_logged(ask: Asking, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    lines = io.StringIO()
    ACCESS.write_to(lines)
    secret = ask.hosted.token("ann")
    for name in ("token", "access_token", "Token"):
        got = ask.get(f"/packages?{name}={secret}")
        assert (got.status, got.code) == (400, "BAD_REQUEST")
        assert secret not in got.body.decode()
    ask.get(f"/packages/{secret}?x={secret}")
    assert ask.get(f"/packages?q={secret}").status == 200
    ask.server.stop()
    ACCESS.write_to(None)
    ours = [str(record.__dict__) for record in caplog.records if not record.name.startswith("urllib3")]
    assert secret not in lines.getvalue() + "".join(ours)
    assert '"path": "/packages/aam_\\u2026", "status": 404' in lines.getvalue()


@pytest.mark.uaaps("S12.6.https")
def test_credentials_over_plain_http_are_refused_unless_a_trusted_proxy_had_them_over_tls(tmp_path: Path) -> None:
    with asking(tmp_path, trusted_proxies=("127.0.0.1",)) as ask:
        ann = ask.hosted.bearer("ann")
        plain = ask.get("/whoami", **ann, X_Forwarded_For="203.0.113.7", X_Forwarded_Proto="http")
        assert (plain.status, plain.code) == (400, "BAD_REQUEST")
        secure = ask.get("/whoami", **ann, X_Forwarded_For="203.0.113.7", X_Forwarded_Proto="https", X_Request_Id="r-1")
        assert (secure.status, secure.headers["x-request-id"]) == (200, "r-1")
        assert "strict-transport-security" in secure.headers


def test_nobody_else_is_believed_about_who_asks(ask: Asking) -> None:
    got = ask.get("/", X_Forwarded_For="203.0.113.7", X_Forwarded_Proto="https", X_Request_Id="mine")
    assert got.headers["x-request-id"] != "mine"
    assert "strict-transport-security" not in got.headers


@pytest.mark.parametrize(
    "sent", ["Bearer", "Bearer ", "Bearer a b", "Basic", "Basic !", "Basic YQ==", "Digest x", "\xe9"]
)
def test_credentials_that_are_none(ask: Asking, sent: str) -> None:
    got = ask.get("/packages", Authorization=sent)
    assert (got.status, got.code) == (401, "UNAUTHORIZED")


def test_wrong_credentials_are_limited_by_address(tmp_path: Path) -> None:
    with asking(tmp_path) as ask:
        ann = ask.hosted.bearer("ann")
        found = [ask.get("/packages", Authorization=f"Bearer aam_{number}").status for number in range(25)]
        assert found[:20] == [401] * 20
        assert set(found[20:]) == {429}
        limited = ask.get("/packages", **ann)
        assert (limited.status, limited.code) == (429, "RATE_LIMITED")
        assert 0 < int(limited.headers["retry-after"]) <= 61
        assert ask.get("/packages").status == 200, "who says nothing still may read"


def test_wrong_passwords_at_once_are_limited_as_those_one_by_one_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def fits(password: str, _: str) -> bool:
        tried.append(password)
        time.sleep(0.01)
        return False

    monkeypatch.setattr(accounts, "fits", fits)
    with asking(tmp_path) as ask, ThreadPoolExecutor(50) as threads:
        sent = b64encode(b"ann:wrong").decode()
        every = threads.map(lambda _: ask.get("/whoami", Authorization=f"Basic {sent}").status, range(100))
        assert set(every) == {401, 429}
        assert len(tried) <= FAILURES + 2


def test_a_provider_that_hangs_keeps_nobody_else_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    end = threading.Event()

    def hangs(_: str) -> bytes:
        end.wait(10)
        raise TimeoutError

    monkeypatch.setattr(providers, "fetched", hangs)
    issuer = "https://issuer.example"
    parts: tuple[dict[str, str], ...] = ({"alg": "RS256", "kid": "x"}, {"iss": issuer}, {})
    token = ".".join(urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts)
    with asking(tmp_path, audience="here") as ask, ThreadPoolExecutor(24) as threads:
        admin = ask.hosted.bearer("ann", "admin")
        trust = {"label": "x", "issuer": issuer, "subject": "x", "actions": ["read"], "patterns": ["*"]}
        assert ask.send("POST", "/publishers", trust, **admin).status == 201
        waiting = [threads.submit(ask.send, "POST", "/auth/oidc", {"token": token}) for _ in range(24)]
        time.sleep(0.3)
        try:
            whoami = b"GET /whoami HTTP/1.1\r\nHost: x\r\nAuthorization: "
            assert status(ask.server.raw(whoami + admin["Authorization"].encode() + b"\r\n\r\n", 2)) == 200
        finally:
            end.set()
        assert {one.result().status for one in waiting} == {503}


def test_no_site_that_somebody_visits_publishes_for_nobody(tmp_path: Path) -> None:
    with asking(tmp_path, open_publishing=True) as ask:
        for origin in ("https://evil.example", "null"):
            got = ask("POST", "/packages", packed("plain"), **GZIP, Origin=origin)
            assert (got.status, got.message) == (401, "a page in a browser publishes nothing without credentials")
        assert ask("POST", "/packages", packed("plain"), **GZIP).status == 201


def test_numbers_with_a_point_are_no_whole_numbers(ask: Asking) -> None:
    wish = {"label": "x", "actions": ["read"], "patterns": ["*"], "expires_in": 3600.0}
    got = ask.send("POST", "/tokens", wish, **ask.hosted.bearer("ann"))
    assert (got.status, got.message) == (400, "`expires_in` must be a whole number or `null`")


def test_reads_and_writes_are_limited_apart_and_by_token(tmp_path: Path) -> None:
    with asking(tmp_path, read_rate=5, write_rate=3) as ask:
        ann, bob = ask.hosted.bearer("ann"), ask.hosted.bearer("bob")
        assert [ask.get("/packages", **ann).status for _ in range(7)] == [200] * 5 + [429] * 2
        assert [ask.get("/packages", **bob).status for _ in range(2)] == [200] * 2
        assert [ask.get("/packages").status for _ in range(7)] == [200] * 5 + [429] * 2
        tags = [ask.send("PUT", "/packages/x/dist-tags/y", "1.0.0", **ann).status for _ in range(5)]
        assert tags == [404] * 3 + [429] * 2
        assert ask.get("/healthz").status == 200, "who looks whether it lives is not counted"


# What does not go wrong loudly


def test_what_nobody_thought_of_is_a_500_with_an_id_and_no_more(
    ask: Asking, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("hunter2")

    monkeypatch.setattr(type(ask.hosted.host.holdings), "document", fail)
    got = ask.get("/packages/plain")
    assert (got.status, got.code, got.message) == (500, "INTERNAL_ERROR", "The registry has failed; its log says why.")
    assert got.headers["x-request-id"]
    record = next(one for one in caplog.records if one.exc_info)
    assert record.__dict__["fields"]["request"] == got.headers["x-request-id"]


def test_a_server_that_cannot_serve_says_so(ask: Asking) -> None:
    assert ask.get("/readyz").status == 200
    os.unlink(ask.hosted.folder.tree.index)
    got = ask.get("/readyz")
    assert (got.status, got.code, got.headers["retry-after"]) == (503, "REGISTRY_UNAVAILABLE", "5")
    assert ask.hosted.folder.tree.root not in got.body.decode()
    assert ask.get("/healthz").status == 200


def test_a_server_that_is_about_to_end_is_not_ready(tmp_path: Path) -> None:
    with asking(tmp_path) as ask:
        app = make_app(ask.hosted.host)
        with Server(app) as server:
            other = Asking(server, ask.hosted, app.site)
            assert other.get("/readyz").status == 200
            app.site.is_ending = True
            assert other.get("/readyz").status == 503
            other.pool.clear()


def test_methods_that_a_path_does_not_know(ask: Asking) -> None:
    got = ask("PATCH", "/packages/plain")
    assert (got.status, got.code, got.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "GET, HEAD, OPTIONS")
    assert ask("OPTIONS", "/packages").headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert ask("OPTIONS", "/packages/plain/1.0.0/yank").headers["allow"] == "PUT, DELETE, OPTIONS"
    assert ask("OPTIONS", "/nowhere").status == 404
    assert ask("TRACE", "/packages").status == 405


def test_every_answer_has_headers_that_keep_browsers_safe(ask: Asking) -> None:
    for path in ("/", "/packages", "/nowhere", "/metrics"):
        got = ask.get(path)
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert got.headers["referrer-policy"] == "no-referrer"


def test_metrics_count_operations_and_not_paths(ask: Asking) -> None:
    for number in range(5):
        ask.get(f"/packages/p{number}")
        ask.get(f"/nowhere/{number}")
    told = ask.get("/metrics").body.decode()
    assert 'aam_requests_total{operation="getPackage",status="404"} 5.0' in told
    assert 'aam_requests_total{operation="unknown",status="404"} 5.0' in told
    assert "/nowhere" not in told
