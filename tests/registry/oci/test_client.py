"""The client against a registry in this process, which answers as it should: what goes there and comes back."""

from __future__ import annotations

import io

import pytest
from registries.client import DATA, DIGEST, Told, failure, fill
from registries.fake import FakeRegistry, Fault

from packaging_targets.errors import RegistryError, RequestError
from packaging_targets.registry.http.transport import Patience
from packaging_targets.registry.oci.client import OciClient
from packaging_targets.registry.oci.reference import Registry, Repository


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
