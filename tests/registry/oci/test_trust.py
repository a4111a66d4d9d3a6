"""A client believes nothing: other bytes than were meant, huge answers, lists without end."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from registries.client import DATA, DIGEST, Told, failure, fill
from registries.fake import FakeRegistry, Fault

from packaging_targets.errors import IntegrityError, RegistryError
from packaging_targets.model.digest import Digest
from packaging_targets.registry.oci.blobs.upload import Blob


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
