"""What a client tries again, how long it waits, and what it tells at once because it does not pass."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Iterator

import pytest
from registries.client import DATA, DIGEST, Told, failure, fill
from registries.fake import FakeRegistry, Fault

from packaging_targets.model.digest import Digest
from packaging_targets.registry.http.transport import Patience
from packaging_targets.registry.oci.blobs.upload import Blob
from packaging_targets.registry.oci.client import OciClient
from packaging_targets.registry.oci.reference import Registry, Repository


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


def cut_after(*lengths: int) -> Iterator[Fault]:
    """Yield answers of a download that break off after so many bytes of the whole."""
    for length in lengths:
        headers = {"Content-Length": str(len(DATA)), "Connection": "close"}
        yield Fault(status=200, body=DATA[:length], headers=headers)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_that_is_cut_goes_on(home: FakeRegistry, ranges: bool) -> None:
    home.ranges = ranges
    told = Told(home)
    told.push()
    for fault in cut_after(0, 100, 5000):
        home.fail("GET", "/blobs/", fault)
    into = io.BytesIO()
    told.client.read_blob(told.place, DIGEST, len(DATA), into)
    assert into.getvalue() == DATA
    asked = [one.headers.get("range") for one in home.log if one.method == "GET"]
    assert asked == [None, None, "bytes=100-", "bytes=5000-"]
    assert len(told.waits) == 3


def test_a_download_that_breaks_again_and_again_ends(home: FakeRegistry) -> None:
    told = Told(home)
    told.push()
    for fault in cut_after(*[100] * 9):
        home.fail("GET", "/blobs/", fault)
    error = failure(told.client.read_blob, told.place, DIGEST, len(DATA), io.BytesIO())
    assert str(error).startswith(f"error: the connection to `{home.host}` broke off\n")
    assert len(told.waits) == 3


def test_a_download_that_comes_on_may_be_cut_often(home: FakeRegistry) -> None:
    data = bytes(range(256)) * 40_000  # 10 MB, of which each try brings more than the least that counts
    digest = Digest.of(data)
    told = Told(home)
    home.blobs["acme/color", str(digest)] = data
    for end in range(1, 9):
        headers = {"Content-Length": str(len(data)), "Connection": "close"}
        start = 1_200_000 * (end - 1)
        home.fail("GET", "/blobs/", Fault(status=206, body=data[start : 1_200_000 * end], headers=headers))
    into = io.BytesIO()
    told.client.read_blob(told.place, digest, len(data), into)
    assert into.getvalue() == data
    assert len(told.waits) == 8


def test_a_blob_of_no_bytes(home: FakeRegistry) -> None:
    told = Told(home)
    empty = Digest.of(b"")
    home.blobs["acme/color", str(empty)] = b""
    into = io.BytesIO()
    told.client.read_blob(told.place, empty, 0, into)
    assert into.getvalue() == b""


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
