"""What is about an image: where a registry lists it, and where clients do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from registries.client import DATA, DIGEST, EMPTY, Told, failure, fill
from registries.fake import FakeRegistry, Fault

from packaging_targets.errors import IntegrityError, RegistryError
from packaging_targets.formats.oci.manifest import MANIFEST_TYPE, Descriptor, OciManifest
from packaging_targets.model.digest import Digest
from packaging_targets.registry.oci.referrers import attach, referrers

NOTE = "application/vnd.example.note+json"


@pytest.fixture
def told(home: FakeRegistry) -> Told:
    return Told(home)


@pytest.fixture
def subject(told: Told) -> Descriptor:
    data = fill(told)
    told.client.put_manifest(told.place, "1", data)
    return Descriptor.of(MANIFEST_TYPE, data)


def note(subject: Descriptor, text: str = "a") -> OciManifest:
    layer = Descriptor("application/octet-stream", DIGEST, len(DATA))
    config = Descriptor("application/json", EMPTY, 2)
    return OciManifest(config, (layer,), {"note": text}, artifact_type=NOTE, subject=subject)


@pytest.mark.parametrize("listed", [True, False])
def test_what_is_attached_is_found(home: FakeRegistry, told: Told, subject: Descriptor, listed: bool) -> None:
    home.referrers = listed
    assert referrers(told.client, told.place, subject.digest) == frozenset()
    notes = [note(subject, text) for text in ("a", "b")]
    for one in notes:
        attach(told.client, told.place, one, subject.digest)
    assert referrers(told.client, told.place, subject.digest) == {one.digest for one in notes}
    tag = str(subject.digest).replace(":", "-")
    assert home.tags("acme/color") == (["1"] if listed else ["1", tag])
    if not listed:
        entries = json.loads(home.manifests["acme/color", tag])["manifests"]
        assert [(one["artifactType"], one["annotations"]) for one in entries] == [
            (NOTE, {"note": "a"}),
            (NOTE, {"note": "b"}),
        ]


def test_attaching_again_writes_no_list(home: FakeRegistry, told: Told, subject: Descriptor) -> None:
    attach(told.client, told.place, note(subject), subject.digest)
    before = len(home.asked("PUT", "sha256-"))
    attach(told.client, told.place, note(subject), subject.digest)
    assert len(home.asked("PUT", "sha256-")) == before == 1


@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_registries_say_in_many_ways_that_they_keep_no_lists(
    home: FakeRegistry, told: Told, subject: Descriptor, status: int
) -> None:
    attach(told.client, told.place, note(subject), subject.digest)
    home.fail("GET", "/referrers/", Fault(status=status))
    assert referrers(told.client, told.place, subject.digest) == {note(subject).digest}


def test_a_registry_that_fails_is_no_registry_without_lists(
    home: FakeRegistry, told: Told, subject: Descriptor
) -> None:
    home.fail("GET", "/referrers/", Fault(status=403))
    error = failure(referrers, told.client, told.place, subject.digest)
    assert isinstance(error, RegistryError)
    assert "the registry refuses access (403)" in str(error)


@pytest.mark.parametrize(
    "value",
    [
        b"<html>",
        b"[]",
        b"{}",
        b'{"schemaVersion":2,"manifests":5}',
        b'{"schemaVersion":2,"manifests":[{"digest":"x"}]}',
        b"[" * 9999,
    ],
)
def test_a_list_that_is_none(home: FakeRegistry, told: Told, subject: Descriptor, value: Any) -> None:
    home.fail("GET", "/referrers/", Fault(status=200, body=value))
    error = failure(referrers, told.client, told.place, subject.digest)
    assert str(error).startswith("error: the registry's list of what is about an image cannot be read: ")
    assert error.problems[0].where == f"{told.place} {subject.digest}"


def test_documents_of_a_repository(told: Told, subject: Descriptor) -> None:
    documents = told.client.documents(told.place)
    data = documents.read(subject, subject.size)
    assert Digest.of(data) == subject.digest
    assert documents.read(Descriptor("application/json", EMPTY, 2), 2) == b"{}"
    gone = Descriptor(MANIFEST_TYPE, Digest("5" * 64), 7)
    error = failure(documents.read, gone, 7)
    assert isinstance(error, IntegrityError)
    assert str(error) == (
        f"error: the registry has no `{gone.digest}`\n  at {told.place}\n"
        "  fix: look at the digest and the repository: registries drop what no tag leads to"
    )
