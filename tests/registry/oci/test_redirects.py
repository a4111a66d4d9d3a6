"""Where a redirect leads, and what goes along."""

from __future__ import annotations

import io

import pytest
from registries.client import DATA, DIGEST, Told, failure
from registries.fake import FakeRegistry, Fault

from packaging_targets.errors import RegistryError
from packaging_targets.registry.http.messages import Answer, Request
from packaging_targets.registry.http.transport import Transport, redirected
from packaging_targets.registry.oci.auth import Session
from packaging_targets.registry.oci.blobs.upload import Blob, Upload
from packaging_targets.registry.oci.reference import Registry, Repository


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
