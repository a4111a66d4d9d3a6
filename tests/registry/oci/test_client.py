"""The client against a registry in this process, which answers as it should or as it is told to."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oci_registry import FakeRegistry, Fault

from packaging_targets.errors import IntegrityError, PackagingError, RegistryError, RequestError
from packaging_targets.formats.oci.manifest import Descriptor, OciManifest
from packaging_targets.model.digest import Digest
from packaging_targets.registry.oci.auth import Session
from packaging_targets.registry.oci.client import OciClient
from packaging_targets.registry.oci.credentials import Credentials
from packaging_targets.registry.oci.messages import Answer, Request
from packaging_targets.registry.oci.reference import Registry, Repository
from packaging_targets.registry.oci.transport import Patience, Transport, redirected
from packaging_targets.registry.oci.upload import Blob, Upload

DATA = bytes(range(256)) * 40  # 10 KiB
DIGEST = Digest.of(DATA)
EMPTY = Digest.of(b"{}")


@pytest.fixture
def home() -> Iterator[FakeRegistry]:
    with FakeRegistry() as registry:
        yield registry


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may be behind a proxy; these talk to this machine."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Told:
    """A client, where it works, and how long it waited."""

    def __init__(self, home: FakeRegistry, **settings: Any) -> None:
        self.waits: list[float] = []
        patience = Patience(attempts=4, first=1.0, connect=5, read=settings.pop("read", 5), sleep=self.waits.append)
        registry = Registry.parse(home.host)
        settings.setdefault("credentials", lambda _: Credentials(home.user, home.secret, source="the test"))
        self.client = OciClient(registry, patience=patience, **settings)
        self.place = Repository.of(registry, "acme/color")
        self.other = Repository.of(registry, "acme/paint")

    def push(self, mount_from: Repository | None = None) -> str:
        return self.client.push_blob(self.place, Blob.of(DIGEST, DATA), mount_from)


def manifest() -> bytes:
    layer = Descriptor("application/octet-stream", DIGEST, len(DATA))
    return OciManifest(Descriptor("application/json", EMPTY, 2), (layer,)).to_bytes()


def fill(told: Told) -> bytes:
    """Push a config and a layer, and return a manifest of them."""
    told.client.push_blob(told.place, Blob.of(EMPTY, b"{}"))
    told.push()
    return manifest()


# What it is for


def test_a_blob_is_uploaded_once(home: FakeRegistry) -> None:
    told = Told(home)
    assert told.push() == "uploaded"
    assert home.blobs["acme/color", str(DIGEST)] == DATA
    assert told.push() == "present"
    assert home.asked() == [
        f"HEAD /v2/acme/color/blobs/{DIGEST}",
        "POST /v2/acme/color/blobs/uploads/",
        "PUT /v2/acme/color/blobs/uploads/s0",
        f"HEAD /v2/acme/color/blobs/{DIGEST}",
    ]
    assert home.log[2].path == f"/v2/acme/color/blobs/uploads/s0?digest=sha256%3A{DIGEST.hex}&_state=x"


def test_a_large_blob_travels_in_chunks(home: FakeRegistry) -> None:
    told = Told(home, chunk=4096)
    assert told.push() == "uploaded"
    assert home.blobs["acme/color", str(DIGEST)] == DATA
    assert [one.headers["content-range"] for one in home.log if one.method == "PATCH"] == [
        "0-4095",
        "4096-8191",
        "8192-10239",
    ]


def test_a_registry_may_want_longer_chunks(home: FakeRegistry) -> None:
    home.chunk_min = 6000
    Told(home, chunk=1000).push()
    assert [one.size for one in home.log if one.method == "PATCH"] == [6000, 4240]


def test_a_registry_without_chunks_gets_one_piece(home: FakeRegistry) -> None:
    home.fail("PATCH", "uploads", Fault(status=405))
    Told(home, chunk=4096).push()
    assert home.blobs["acme/color", str(DIGEST)] == DATA
    assert len(home.asked("PATCH")) == 1


def test_a_blob_is_mounted_from_where_it_is(home: FakeRegistry) -> None:
    told = Told(home)
    home.blobs["acme/paint", str(DIGEST)] = DATA
    assert told.push(told.other) == "mounted"
    assert home.asked("PUT") == []
    assert home.blobs["acme/color", str(DIGEST)] == DATA


def test_a_mount_that_is_not_granted_becomes_an_upload(home: FakeRegistry) -> None:
    told = Told(home)
    assert told.push(told.other) == "uploaded"
    assert home.blobs["acme/color", str(DIGEST)] == DATA


def test_manifests_and_tags(home: FakeRegistry) -> None:
    told = Told(home)
    data = fill(told)
    digest = told.client.put_manifest(told.place, "1.2.3", data)
    assert told.client.put_manifest(told.place, str(digest), data) == digest
    assert told.client.manifest_digest(told.place, "1.2.3") == digest
    assert told.client.manifest(told.place, str(digest)) == data
    assert told.client.tags(told.place) == ("1.2.3",)
    assert told.client.manifest_digest(told.place, "2") is None
    assert told.client.manifest(told.place, "2") is None
    assert told.client.tags(told.other) == ()


def test_a_registry_that_keeps_the_digest_to_itself(home: FakeRegistry) -> None:
    told = Told(home)
    digest = told.client.put_manifest(told.place, "1", fill(told))
    home.fail("HEAD", "/manifests/", Fault(drop_header="Docker-Content-Digest"))
    assert told.client.manifest_digest(told.place, "1") == digest


def test_tags_come_in_pages(home: FakeRegistry) -> None:
    home.page = 7
    told = Told(home)
    data = fill(told)
    for number in range(20):
        told.client.put_manifest(told.place, f"t{number:02}", data)
    assert told.client.tags(told.place) == tuple(f"t{number:02}" for number in range(20))
    assert len(home.asked("GET", "/tags/list")) == 3


def test_blobs_come_down_whole(home: FakeRegistry) -> None:
    told = Told(home)
    told.push()
    into = io.BytesIO(b"before")
    into.seek(6)
    told.client.read_blob(told.place, DIGEST, len(DATA), into)
    assert into.getvalue() == b"before" + DATA
    told.client.close()


# Who may


def test_basic_credentials_go_with_each_request_once_they_are_asked_for(home: FakeRegistry) -> None:
    home.auth = "basic"
    assert Told(home).push() == "uploaded"
    assert ["authorization" in one.headers for one in home.log] == [False, True, True, True]


def test_a_token_is_got_for_the_scopes_and_kept(home: FakeRegistry) -> None:
    home.auth = "bearer"
    told = Told(home)
    data = fill(told)
    told.client.put_manifest(told.place, "1", data)
    told.client.tags(told.place)
    scopes = [form["scope"] for form in home.token_requests]
    assert scopes == [["repository:acme/color:pull,push"], ["repository:acme/color:pull"]]
    assert home.token_requests[0]["service"] == ["fake"]


def test_who_is_going_to_write_asks_for_one_token(home: FakeRegistry) -> None:
    home.auth = "bearer"
    told = Told(home, pushing=True)
    assert told.client.manifest_digest(told.place, "1") is None
    told.client.put_manifest(told.place, "1", fill(told))
    told.client.tags(told.place)
    assert [form["scope"] for form in home.token_requests] == [["repository:acme/color:pull,push"]]


def test_who_asks_for_a_blob_alone_needs_not_write(home: FakeRegistry) -> None:
    home.auth = "bearer"
    told = Told(home)
    assert not told.client.has_blob(told.place, DIGEST)
    assert [form["scope"] for form in home.token_requests] == [["repository:acme/color:pull"]]


def test_tokens_may_be_had_elsewhere(home: FakeRegistry) -> None:
    with FakeRegistry() as elsewhere:
        home.auth, home.realm, home.tokens = "bearer", f"http://127.0.0.1:{elsewhere.port}/token", elsewhere.tokens
        assert Told(home).push() == "uploaded"
        assert [str(one) for one in elsewhere.log] == ["GET /token"]
        assert elsewhere.log[0].headers["authorization"].startswith("Basic ")
        given = {one.headers.get("authorization", "").partition(" ")[0] for one in home.log}
        assert given == {"", "Bearer"}


def test_a_mount_asks_for_both_repositories(home: FakeRegistry) -> None:
    home.auth = "bearer"
    told = Told(home)
    home.blobs["acme/paint", str(DIGEST)] = DATA
    assert told.push(told.other) == "mounted"
    assert home.token_requests[-1]["scope"] == ["repository:acme/color:pull,push", "repository:acme/paint:pull"]


def test_a_token_that_is_no_longer_good_is_got_again(home: FakeRegistry) -> None:
    home.auth = "bearer"
    told = Told(home, chunk=4096)
    told.client.push_blob(told.place, Blob.of(EMPTY, b"{}"))
    home.tokens.clear()
    assert told.push() == "uploaded"
    home.expires_in = 5  # less than the margin: every request gets one of its own
    told.client.tags(told.place)
    count = len(home.token_requests)
    told.client.tags(told.place)
    assert len(home.token_requests) == count + 1


def test_a_token_that_ends_in_the_middle_of_an_upload(home: FakeRegistry) -> None:
    home.auth = "bearer"
    told = Told(home)
    home.fail(
        "PUT", "uploads", Fault(status=401, headers={"WWW-Authenticate": f'Bearer realm="http://{home.host}/token"'})
    )
    assert told.push() == "uploaded"
    assert home.blobs["acme/color", str(DIGEST)] == DATA


def test_an_identity_token_is_exchanged(home: FakeRegistry) -> None:
    home.auth, home.identity_token = "bearer", "refresh-me"
    told = Told(home, credentials=lambda _: Credentials("", "", "refresh-me", "the test"))
    assert told.push() == "uploaded"
    form = home.token_requests[0]
    assert (form["grant_type"], form["client_id"], form["scope"]) == (
        ["refresh_token"],
        ["packaging-targets"],
        ["repository:acme/color:pull,push"],
    )


def test_credentials_are_looked_for_once_and_only_where_they_are_wanted(home: FakeRegistry) -> None:
    calls = []

    def find(registry: Registry) -> Credentials:
        calls.append(registry.host)
        return Credentials(home.user, home.secret, source="the test")

    told = Told(home, credentials=find)
    told.push()
    assert calls == []
    home.auth = "basic"
    threads = [threading.Thread(target=told.client.tags, args=(told.place,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == [home.host]


def failure(work: Any, *arguments: Any) -> PackagingError:
    """Return what a call raises, and make sure that it says no secret."""
    with pytest.raises(PackagingError) as caught:
        work(*arguments)
    assert "s3cret" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_without_credentials(home: FakeRegistry, auth: str) -> None:
    home.auth = auth
    told = Told(home, credentials=lambda _: None)
    error = failure(told.push)
    place = (
        f"GET http://{home.host}/token" if auth == "bearer" else f"HEAD http://{home.host}/v2/acme/color/blobs/{DIGEST}"
    )
    status = "" if auth == "bearer" else " (401)"
    assert str(error) == (
        f"error: the registry wants credentials{status}\n  at {place}\n"
        f"  fix: run `docker login {home.host}`, or set DEVCONTAINERS_OCI_AUTH='{home.host}|USER|TOKEN'"
    )


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_with_wrong_credentials(home: FakeRegistry, auth: str) -> None:
    home.auth = auth
    told = Told(home, credentials=lambda _: Credentials("ana", "s3cret-wrong", source="`config.json`"))
    error = failure(told.client.tags, told.place)
    assert str(error).endswith(f"  fix: renew the credentials for `{home.host}`, which came from `config.json`")
    assert isinstance(error, RegistryError)


def test_a_way_of_asking_that_nobody_knows(home: FakeRegistry) -> None:
    home.fail("GET", "/tags/", Fault(status=401, headers={"WWW-Authenticate": "Negotiate, NTLM"}))
    told = Told(home)
    assert str(failure(told.client.tags, told.place)) == (
        "error: the registry wants credentials in a way that is not known here: it names `negotiate`, `ntlm`\n"
        f"  at GET http://{home.host}/v2/acme/color/tags/list\n  fix: Bearer and Basic are known"
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"token": 5}',
        b'{"token": "a\\r\\nX: y"}',
        b'{"token": "t", "expires_in": "x"}',
        b'{"token": "t", "expires_in": ' + b"9" * 4000 + b"}",
        b'{"token": "t", "expires_in": ' + b"9" * 5000 + b"}",
        b"[" * 50_000,
    ],
)
def test_what_is_no_token(home: FakeRegistry, answer: bytes) -> None:
    home.auth, home.token_answer = "bearer", answer
    told = Told(home)
    assert str(failure(told.push)) == (
        f"error: there is no token in the answer to a request for one\n  at GET http://{home.host}/token"
    )


def test_credentials_go_to_no_realm_without_tls(home: FakeRegistry) -> None:
    class Asks(Transport):
        """A registry that wants credentials for a realm."""

        def __init__(self, realm: str) -> None:
            super().__init__()
            self.challenge = {"www-authenticate": f'Bearer realm="{realm}"'}

        def send(self, request: Request) -> Answer:
            return Answer(401, self.challenge, b"", request.url)

    def let_in(realm: str) -> RegistryError:
        session = Session(Registry("ghcr.io"), Asks(realm), lambda _: Credentials("ana", "s3cret"))
        with pytest.raises(RegistryError) as caught:
            session.send(Request("GET", "https://ghcr.io/v2/"))
        return caught.value

    assert str(let_in("http://evil.example/token")) == (
        "error: the registry wants the credentials sent to `evil.example` without TLS\n  at https://ghcr.io\n"
        "  fix: correct the realm in the registry's configuration"
    )
    assert "names no address at which tokens are to be had" in str(let_in("file:///etc/passwd"))


# What may pass, and what does not


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(home: FakeRegistry, status: int) -> None:
    for method, part in (("HEAD", "/blobs/"), ("POST", "/uploads/"), ("PUT", "/uploads/"), ("GET", "/tags/")):
        home.fail(method, part, Fault(status=status), times=2)
    told = Told(home)
    assert told.push() == "uploaded"
    told.client.tags(told.place)
    assert home.blobs["acme/color", str(DIGEST)] == DATA
    assert len(told.waits) == 8
    assert all(0.5 <= wait <= 2 for wait in told.waits)


@pytest.mark.parametrize(
    ("header", "least", "most"), [("7", 7, 7), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.5, 1), ("soon", 0.5, 1)]
)
def test_a_wait_that_is_asked_for_is_kept(home: FakeRegistry, header: str, least: float, most: float) -> None:
    home.fail("GET", "/tags/", Fault(status=429, headers={"Retry-After": header}))
    told = Told(home)
    told.client.tags(told.place)
    assert least <= told.waits[0] <= most


@pytest.mark.parametrize("chunk", [4096, 1 << 20])
def test_a_wait_that_is_too_long_is_not_in_an_upload(home: FakeRegistry, chunk: int) -> None:
    method = "PUT" if chunk > len(DATA) else "PATCH"
    home.fail(method, "/uploads/", Fault(status=503, headers={"Retry-After": "86400"}))
    told = Told(home, chunk=chunk)
    assert str(failure(told.push)).startswith(f"error: the registry has failed (503)\n  at {method} ")
    assert told.waits == []


def test_an_upload_does_not_try_again_what_cannot_pass(home: FakeRegistry) -> None:
    home.fail("PUT", "/uploads/", Fault(status=307, headers={"Location": "ftp://x/y"}), times=9)
    told = Told(home)
    assert "the registry redirects to what is no address of the web" in str(failure(told.push))
    assert told.waits == []
    assert len(home.asked("PUT")) == 1


def test_a_wait_that_is_too_long_is_not(home: FakeRegistry) -> None:
    home.fail("GET", "/tags/", Fault(status=429, headers={"Retry-After": "86400"}))
    told = Told(home)
    assert str(failure(told.client.tags, told.place)) == (
        f"error: the registry has been asked too often (429)\n  at GET http://{home.host}/v2/acme/color/tags/list\n"
        "  fix: try again later, or with credentials, for which limits are often higher"
    )
    assert told.waits == []


def test_an_answer_that_is_lost_does_no_harm(home: FakeRegistry) -> None:
    told = Told(home)
    data = fill(told)
    home.fail("PUT", "/manifests/", Fault(after=True))
    assert told.client.put_manifest(told.place, "1", data) == Digest.of(data)
    home.fail("PUT", "/uploads/", Fault(after=True))
    small = b"small"
    assert told.client.push_blob(told.place, Blob.of(Digest.of(small), small)) == "uploaded"
    assert home.blobs["acme/color", str(Digest.of(small))] == small


def test_the_last_answer_of_a_chunked_upload_is_lost(home: FakeRegistry) -> None:
    home.fail("PUT", "/uploads/", Fault(after=True))
    assert Told(home, chunk=4096).push() == "uploaded"
    assert home.blobs["acme/color", str(DIGEST)] == DATA


@pytest.mark.parametrize("cut", [0, 1, 2, 1000, 4095])
def test_a_chunk_that_is_cut_goes_on_where_the_registry_is(home: FakeRegistry, cut: int) -> None:
    told = Told(home, chunk=4096)
    home.fail("PATCH", "/uploads/", Fault(cut=cut), times=2)
    assert told.push() == "uploaded"
    assert home.blobs["acme/color", str(DIGEST)] == DATA
    sent = sum(one.size for one in home.log if one.method == "PATCH")
    assert sent < len(DATA) + 3 * 4096


def test_a_registry_that_forgot_the_session_gets_the_blob_anew(home: FakeRegistry) -> None:
    told = Told(home, chunk=4096)
    home.fail("PATCH", "/s0", Fault(status=404, body=b"{}"), times=0)
    home.fail("PATCH", "/s0", Fault(cut=100))
    home.fail("GET", "/s0", Fault(status=404))
    assert told.push() == "uploaded"
    assert home.blobs["acme/color", str(DIGEST)] == DATA
    assert len(home.asked("POST")) == 2


@pytest.mark.parametrize("cut", [0, 5000])
def test_an_upload_in_one_piece_that_is_cut_begins_again(home: FakeRegistry, cut: int) -> None:
    told = Told(home)
    home.fail("PUT", "/uploads/", Fault(cut=cut), times=2)
    assert told.push() == "uploaded"
    assert home.blobs["acme/color", str(DIGEST)] == DATA
    assert len(home.asked("POST")) == 3


def test_who_waits_gives_up_when_the_client_is_closed(home: FakeRegistry) -> None:
    home.fail("GET", "/tags/", Fault(status=503, headers={"Retry-After": "60"}), times=9)
    client = OciClient(Registry.parse(home.host))
    threading.Timer(0.2, client.close).start()
    assert str(failure(client.tags, Repository(client.registry, "a/b"))) == (
        f"error: there was no time left for this\n  at GET http://{home.host}/v2/a/b/tags/list\n  fix: try again"
    )
    assert len(home.log) == 1


def test_a_download_that_is_cut_begins_again(home: FakeRegistry) -> None:
    told = Told(home)
    told.push()
    short = Fault(status=200, body=DATA[:100], headers={"Content-Length": str(len(DATA)), "Connection": "close"})
    home.fail("GET", "/blobs/", short, times=2)
    into = io.BytesIO()
    told.client.read_blob(told.place, DIGEST, len(DATA), into)
    assert into.getvalue() == DATA


def test_a_registry_that_does_not_answer(home: FakeRegistry) -> None:
    home.fail("GET", "/tags/", Fault(wait=0.5), times=9)
    told = Told(home, read=0.05)
    assert str(failure(told.client.tags, told.place)) == (
        f"error: `{home.host}` did not answer in time\n  at GET http://{home.host}/v2/acme/color/tags/list\n"
        "  fix: try again; look at the network and its proxies"
    )
    assert len(told.waits) == 3


def test_a_registry_that_fails_for_good(home: FakeRegistry) -> None:
    body = json.dumps({"errors": [{"code": "UNKNOWN", "message": "disk\x1b[31m full"}]}).encode()
    home.fail("POST", "/uploads/", Fault(status=500, body=body), times=9)
    told = Told(home)
    assert str(failure(told.push)) == (
        "error: the registry has failed (500: UNKNOWN: disk [31m full)\n"
        f"  at POST http://{home.host}/v2/acme/color/blobs/uploads/\n  fix: try again later, or ask who runs it"
    )
    assert len(told.waits) == 3


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (400, "the registry does not understand the request (400)"),
        (404, "the registry knows no such thing (404)"),
        (413, "the registry finds this too large (413)"),
        (418, "the registry gives an unexpected answer (418)"),
    ],
)
def test_what_does_not_pass_is_told_at_once(home: FakeRegistry, status: int, told: str) -> None:
    home.fail("POST", "/uploads/", Fault(status=status, body=b"<html>what</html>"))
    one = Told(home)
    assert str(failure(one.push)).startswith(f"error: {told}\n  at POST ")
    assert one.waits == []


def test_access_that_is_refused(home: FakeRegistry) -> None:
    home.auth = "basic"
    home.fail("POST", "/uploads/", Fault(status=403, body=b'{"errors":[{"code":"DENIED"}]}'))
    told = Told(home)
    assert str(failure(told.push)) == (
        "error: the registry refuses access (403: DENIED)\n"
        f"  at POST http://{home.host}/v2/acme/color/blobs/uploads/\n"
        "  fix: let whoever the credentials are of write there; where the registry makes no repositories, make it first"
    )


def test_nothing_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    waits: list[float] = []
    client = OciClient(Registry.parse(f"localhost:{port}"), patience=Patience(attempts=3, sleep=waits.append))
    error = failure(client.tags, Repository(client.registry, "a/b"))
    assert str(error) == (
        f"error: nothing answers at `localhost:{port}`\n  at GET http://localhost:{port}/v2/a/b/tags/list\n"
        "  fix: look at the port, and whether the registry runs"
    )
    assert len(waits) == 2


def test_a_host_without_an_address() -> None:
    client = OciClient(Registry.parse("registry.invalid"), patience=Patience(attempts=2, sleep=lambda _: None))
    error = failure(client.tags, Repository(client.registry, "a/b"))
    assert str(error) == (
        "error: the host `registry.invalid` has no address\n  at GET https://registry.invalid/v2/a/b/tags/list\n"
        "  fix: look at how it is written, and at the network"
    )


def test_a_registry_without_tls_where_tls_is_meant(home: FakeRegistry) -> None:
    client = OciClient(Registry.parse(f"https://{home.host}"), patience=Patience(sleep=lambda _: None))
    error = failure(client.tags, Repository(client.registry, "a/b"))
    assert str(error) == (
        f"error: `{home.host}` does not speak TLS\n  at GET https://{home.host}/v2/a/b/tags/list\n"
        "  fix: look at the port; `--insecure` speaks plain HTTP, to be read by anyone"
    )


# What is not believed


def test_a_manifest_that_is_another(home: FakeRegistry) -> None:
    told = Told(home)
    digest = told.client.put_manifest(told.place, "1", fill(told))
    home.corrupt = True
    error = failure(told.client.manifest, told.place, "1")
    assert isinstance(error, IntegrityError)
    assert f"the bytes are not those of their digest: {digest} was expected, and sha256:" in str(error)
    assert isinstance(failure(told.client.manifest, told.place, str(digest)), IntegrityError)


def test_a_registry_that_stores_something_else(home: FakeRegistry) -> None:
    told = Told(home)
    data = fill(told)
    home.fail("PUT", "/manifests/", Fault(status=201, headers={"Docker-Content-Digest": f"sha256:{'0' * 64}"}))
    assert isinstance(failure(told.client.put_manifest, told.place, "1", data), IntegrityError)


def test_a_blob_that_is_another(home: FakeRegistry) -> None:
    told = Told(home)
    told.push()
    home.corrupt = True
    error = failure(told.client.read_blob, told.place, DIGEST, len(DATA), io.BytesIO())
    assert isinstance(error, IntegrityError)


def test_a_blob_that_is_longer_than_it_should(home: FakeRegistry) -> None:
    told = Told(home)
    told.push()
    error = failure(told.client.read_blob, told.place, DIGEST, 100, io.BytesIO())
    assert str(error) == (
        "error: the answer is longer than the 100 bytes that it may have\n"
        f"  at GET http://{home.host}/v2/acme/color/blobs/{DIGEST}"
    )


def test_bytes_that_do_not_arrive_as_they_were_sent(home: FakeRegistry) -> None:
    told = Told(home)
    error = failure(told.client.push_blob, told.place, Blob.of(Digest.of(b"other"), b"data"))
    assert isinstance(error, IntegrityError)
    assert "what arrived is not what was sent" in str(error)


@pytest.mark.parametrize("length", [None, 1 << 40])
def test_huge_answers_are_not_read(home: FakeRegistry, length: int | None) -> None:
    headers = {"Content-Length": str(length)} if length else {}
    home.fail("GET", "/manifests/", Fault(status=200, body=b"x" * (5 << 20), headers=headers))
    told = Told(home)
    assert str(failure(told.client.manifest, told.place, "1")) == (
        "error: the answer is longer than the 4,194,304 bytes that it may have\n"
        f"  at GET http://{home.host}/v2/acme/color/manifests/1"
    )


def test_of_a_huge_error_little_is_read(home: FakeRegistry) -> None:
    home.fail("GET", "/manifests/", Fault(status=400, body=b'{"errors":[' + b" " * (5 << 20)))
    told = Told(home)
    assert str(failure(told.client.manifest, told.place, "1")).startswith(
        "error: the registry does not understand the request (400)\n"
    )


@pytest.mark.parametrize("body", [b"", b"[]", b'{"tags": 5}', b'{"tags": [5]}', b"[" * 50_000, b'{"name": "x"}'])
def test_what_is_no_list_of_tags(home: FakeRegistry, body: bytes) -> None:
    home.fail("GET", "/tags/", Fault(status=200, body=body))
    told = Told(home)
    assert str(failure(told.client.tags, told.place)).startswith("error: the answer is no list of tags\n")


def test_no_tags_may_be_null(home: FakeRegistry) -> None:
    home.fail("GET", "/tags/", Fault(status=200, body=b'{"name": "x", "tags": null}'))
    told = Told(home)
    assert told.client.tags(told.place) == ()


def test_a_list_of_tags_that_goes_round_in_a_circle(home: FakeRegistry) -> None:
    again = {"Link": '</v2/acme/color/tags/list?n=1000>; rel="next"'}
    home.fail("GET", "/tags/", Fault(status=200, body=b'{"tags": ["a"]}', headers=again), times=9)
    told = Told(home)
    assert "the list of tags does not end" in str(failure(told.client.tags, told.place))


@pytest.mark.parametrize("target", ["ftp://x/y", "http://[bad", "http://a.example:99999/"])
def test_a_list_of_tags_that_goes_on_nowhere(home: FakeRegistry, target: str) -> None:
    on = {"Link": f'<{target}>; rel="next"'}
    home.fail("GET", "/tags/", Fault(status=200, body=b'{"tags": ["a"]}', headers=on))
    told = Told(home)
    assert str(failure(told.client.tags, told.place)) == (
        "error: the list of tags goes on at what is no address of the web\n"
        f"  at GET http://{home.host}/v2/acme/color/tags/list"
    )


@pytest.mark.parametrize("location", ["ftp://x/y", "http://[bad", "http://a.example:99999/"])
@pytest.mark.parametrize("chunk", [4096, 1 << 20])
def test_an_upload_that_goes_on_nowhere(home: FakeRegistry, location: str, chunk: int) -> None:
    method = "POST" if chunk > len(DATA) else "PATCH"
    home.fail(method, "/uploads/", Fault(status=202, headers={"Location": location}), times=9)
    error = failure(Told(home, chunk=chunk).push)
    assert isinstance(error, RegistryError)
    assert str(error).startswith(f"error: the registry gives no address for the upload\n  at {method} ")


def test_numbers_that_nobody_can_mean(home: FakeRegistry) -> None:
    many = "9" * 5000
    start = {"Location": "/v2/acme/color/blobs/uploads/s0", "OCI-Chunk-Min-Length": many}
    home.uploads["s0"] = b""
    home.fail("POST", "/uploads/", Fault(status=202, headers=start))
    home.fail("PATCH", "/uploads/s0", Fault(cut=100))
    home.fail("GET", "/uploads/s0", Fault(status=204, headers={**start, "Range": f"0-{many}"}))
    told = Told(home, chunk=4096)
    next(home.sessions)
    assert told.push() == "uploaded"
    assert [one.size for one in home.log if one.method == "PATCH"] == [4096, 4096, 4096, 2048]
    home.fail("GET", "/tags/", Fault(status=429, headers={"Retry-After": many}))
    told.client.tags(told.other)
    assert all(wait < 10 for wait in told.waits)


def test_bytes_that_are_no_longer_there(home: FakeRegistry, tmp_path: Path) -> None:
    told = Told(home)
    gone = tmp_path / "color.tgz"
    error = failure(told.client.push_blob, told.place, Blob(DIGEST, len(DATA), lambda: gone.open("rb")))
    assert isinstance(error, RegistryError)
    assert told.waits == []
    assert str(error) == (
        "error: what is to be sent cannot be read: no such file or directory\n"
        f"  at {gone}\n  fix: make it again, and leave it alone until it is published"
    )


def test_a_list_of_tags_that_goes_on_elsewhere(home: FakeRegistry) -> None:
    away = {"Link": '<http://evil.example/tags>; rel="next"'}
    home.fail("GET", "/tags/", Fault(status=200, body=b'{"tags": ["a"]}', headers=away))
    told = Told(home)
    assert "the list of tags goes on at another host" in str(failure(told.client.tags, told.place))


# Where a redirect leads


def test_a_redirect_to_another_host_carries_no_credentials(home: FakeRegistry) -> None:
    home.auth = "basic"
    told = Told(home)
    told.push()
    with FakeRegistry() as storage:
        storage.blobs["acme/color", str(DIGEST)] = DATA
        away = {"Location": f"http://127.0.0.1:{storage.port}/v2/acme/color/blobs/{DIGEST}"}
        home.fail("GET", "/blobs/", Fault(status=307, headers=away))
        into = io.BytesIO()
        told.client.read_blob(told.place, DIGEST, len(DATA), into)
        assert into.getvalue() == DATA
        assert ["authorization" in one.headers for one in storage.log] == [False]
    assert home.log[-1].headers["authorization"].startswith("Basic ")


def test_a_redirect_on_the_same_host_keeps_them(home: FakeRegistry) -> None:
    home.auth = "basic"
    told = Told(home)
    told.push()
    home.fail("GET", "/blobs/", Fault(status=302, headers={"Location": f"/v2/acme/color/blobs/{DIGEST}"}))
    told.client.read_blob(told.place, DIGEST, len(DATA), io.BytesIO())


def test_an_upload_at_another_host_carries_no_credentials(home: FakeRegistry) -> None:
    home.auth = "basic"
    told = Told(home)
    with FakeRegistry() as storage:
        storage.uploads["s0"] = b""
        away = {"Location": f"http://127.0.0.1:{storage.port}/v2/acme/color/blobs/uploads/s0?signed=1"}
        home.fail("POST", "/uploads/", Fault(status=401, headers={"WWW-Authenticate": "Basic"}))
        home.fail("POST", "/uploads/", Fault(status=202, headers=away))
        assert told.push() == "uploaded"
        assert storage.blobs["acme/color", str(DIGEST)] == DATA
        assert ["authorization" in one.headers for one in storage.log] == [False]


def test_an_upload_may_be_redirected_with_its_bytes(home: FakeRegistry) -> None:
    home.auth = "basic"
    told = Told(home)
    with FakeRegistry() as storage:
        storage.uploads["s0"] = b""
        away = f"http://127.0.0.1:{storage.port}/v2/acme/color/blobs/uploads/s0?digest={DIGEST}"
        home.fail("PUT", "/uploads/", Fault(status=307, headers={"Location": away}))
        assert told.push() == "uploaded"
        assert storage.blobs["acme/color", str(DIGEST)] == DATA
        assert ["authorization" in one.headers for one in storage.log] == [False]


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("ftp://a.example/x", "the registry redirects to what is no address of the web"),
        ("http://:80/", "the registry redirects to what is no address of the web"),
        ("http://a.example:99999/", "the registry redirects to what is no address of the web"),
        ("http://[bad", "the registry redirects to what is no address of the web"),
    ],
)
def test_redirects_to_nowhere(home: FakeRegistry, location: str, told: str) -> None:
    home.fail("GET", "/tags/", Fault(status=307, headers={"Location": location}))
    one = Told(home)
    assert str(failure(one.client.tags, one.place)).startswith(f"error: {told}\n")


def test_redirects_without_end(home: FakeRegistry) -> None:
    home.fail("GET", "/tags/", Fault(status=307, headers={"Location": "/v2/acme/color/tags/list"}), times=99)
    told = Told(home)
    assert "the registry redirects more than 5 times" in str(failure(told.client.tags, told.place))
    assert len(home.log) == 6


def test_a_redirect_never_leads_from_tls_to_plain_http() -> None:
    request = Request("GET", "https://ghcr.io/v2/a/blobs/x", {"Authorization": "Bearer s3cret"})
    with pytest.raises(RegistryError) as caught:
        redirected(request, Answer(307, {}, b"", request.url), "http://ghcr.io/v2/a/blobs/x")
    assert "redirects from TLS to plain HTTP, to `ghcr.io`" in str(caught.value)
    with pytest.raises(RegistryError, match="redirects a PUT to `b"):
        redirected(Request("PUT", "https://ghcr.io/x"), Answer(302, {}, b"", ""), "https://b.example/")


def test_an_upload_address_that_forgot_the_tls_before_it() -> None:
    class Begins(Transport):
        """A registry that begins uploads at a location, and takes what is put there."""

        def __init__(self, location: str) -> None:
            super().__init__()
            self.location = location
            self.put = ""

        def send(self, request: Request) -> Answer:
            if request.method == "POST":
                return Answer(202, {"location": self.location}, b"", request.url)
            self.put = request.url
            return Answer(201, {}, b"", request.url)

    def located(text: str) -> str:
        registry, begins = Registry("r.example:8443"), Begins(text)
        session = Session(registry, begins, lambda _: None)
        Upload(session, Repository(registry, "a"), Blob.of(DIGEST, DATA), lambda: False).run()
        digest = str(DIGEST).replace(":", "%3A")
        return begins.put.replace(f"?digest={digest}&", "?").removesuffix(f"?digest={digest}")

    assert located("http://r.example/v2/a/blobs/uploads/1?x=y") == "https://r.example:8443/v2/a/blobs/uploads/1?x=y"
    assert located("/v2/a/blobs/uploads/1") == "https://r.example:8443/v2/a/blobs/uploads/1"
    assert located("https://storage.example/1") == "https://storage.example/1"
    with pytest.raises(RegistryError, match="wants the upload sent to `evil"):
        located("http://evil.example/1")


# What is asked for


def test_what_is_no_tag(home: FakeRegistry) -> None:
    told = Told(home)
    with pytest.raises(RequestError) as caught:
        told.client.put_manifest(told.place, "1.0+x", b"{}")
    assert str(caught.value) == (
        f"error: `1.0+x` is no tag\n  at {home.host}/acme/color\n"
        "  fix: use letters, digits, `_`, `.` and `-`, at most 128"
    )
    assert home.log == []


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "urllib3", None)
    with pytest.raises(RequestError) as caught:
        OciClient(Registry("ghcr.io"))
    assert str(caught.value) == (
        "error: talking to registries needs `urllib3`, which is not installed\n"
        "  fix: pip install 'packaging-targets[publish]'"
    )


def test_a_proxy_is_used_where_the_environment_names_one(home: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://ana:p%40ss@{home.host}")
    monkeypatch.setenv("no_proxy", "kept.example")
    quick = Patience(attempts=1, connect=0.5)
    registry = Registry.parse("registry.example", insecure=True)
    client = OciClient(registry, patience=quick)
    assert client.tags(Repository(registry, "a/b")) == ()
    assert home.log[-1].path.startswith("http://registry.example/v2/a/b/tags/list")
    assert home.log[-1].headers["proxy-authorization"] == "Basic YW5hOnBAc3M="
    home.fail("GET", "/tags/", Fault(cut=0), times=9)
    assert "p%40ss" not in str(failure(client.tags, Repository(registry, "a/b")))


def test_errors_cross_processes() -> None:
    import pickle

    error = RegistryError.one("what", "where", "fix")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (RegistryError, str(error))
