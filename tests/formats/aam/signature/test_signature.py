"""What is told of a bundle by looking at it alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signatures import about, bundle, statement, text
from sigstore_service import ALICE, ISSUER, WORKFLOW, SigstoreService

from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.formats.aam.signature import (
    MAX_SIGNATURE,
    SignedArchive,
    Signer,
    check_signature,
    signature_problems,
    signer_of,
    signer_of_certificate,
)

DATA = b"an archive"
THIS = about(DATA)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def wrong(value: Any, archive: SignedArchive = THIS) -> list[str]:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return [f"{one.field} {one.what}".strip() for one in signature_problems(data, archive)]


def changed(path: str, value: Any, **members: Any) -> dict[str, Any]:
    """A bundle with another member."""
    whole = bundle(THIS, **members)
    holder: Any = whole
    *names, last = path.split(".")
    for name in names:
        holder = holder[name]
    holder[last] = value
    return whole


@pytest.mark.uaaps("P70")
def test_a_bundle_about_the_archive_is_in_order() -> None:
    check_signature(json.dumps(bundle(THIS)).encode(), THIS)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (
            "mediaType",
            "application/vnd.dev.sigstore.bundle+json;version=0.1",
            "must be a Sigstore bundle of version 0.3, but is `application/vnd.dev.sigstore.bundle+json;version=0.1`",
        ),
        ("verificationMaterial.certificate", {"rawBytes": "%"}, "has no certificate"),
        ("verificationMaterial.tlogEntries", [], "must have one entry of a transparency log"),
        ("verificationMaterial.tlogEntries", [{}, {}], "must have one entry of a transparency log"),
        (
            "dsseEnvelope.payloadType",
            "text/plain",
            "must hold an in-toto statement (application/vnd.in-toto+json), but holds `text/plain`",
        ),
        ("dsseEnvelope.payload", 5, "holds no statement"),
        ("dsseEnvelope.signatures", [{"sig": ""}], "must be signed once"),
        ("dsseEnvelope.signatures", [{"sig": "AA=="}, {"sig": "AA=="}], "must be signed once"),
    ],
)
def test_a_bundle_lacks_something(path: str, value: Any, told: str) -> None:
    assert wrong(changed(path, value)) == [f"$.{path} the signature of @acme/review@1.0.0 {told}"]


def test_a_signature_of_a_message_is_no_statement() -> None:
    plain = bundle(THIS)
    del plain["dsseEnvelope"]
    plain["messageSignature"] = {"signature": "AA=="}
    assert [one.partition(" ")[0] for one in wrong(plain)] == [
        "$.dsseEnvelope.payloadType",
        "$.dsseEnvelope.payload",
        "$.dsseEnvelope.signatures",
    ]


@pytest.mark.uaaps("P70")
@pytest.mark.parametrize(
    ("members", "told"),
    [
        (
            {"_type": "https://in-toto.io/Statement/v0.1"},
            "it is no in-toto statement of version 1, but `https://in-toto.io/Statement/v0.1`",
        ),
        ({"predicateType": None}, "it says nothing of its subject: it has no predicate with a type"),
        ({"subject": []}, "it must have one subject"),
        ({"subject": statement(THIS)["subject"] * 2}, "it must have one subject"),
        (
            {"subject": statement(about(DATA, "plain"))["subject"]},
            "its subject is `plain-1.0.0.aam`, not `acme--review-1.0.0.aam`",
        ),
        (
            {"subject": statement(about(DATA, version="1.0.1"))["subject"]},
            "its subject is `acme--review-1.0.1.aam`, not `acme--review-1.0.0.aam`",
        ),
        (
            {"subject": [{"name": THIS.file, "digest": {"sha512": "00"}}]},
            f"it was made for the SHA-256 nothing, and that of the archive is {THIS.digest.hex}",
        ),
    ],
)
def test_a_statement_is_about_something_else(members: dict[str, Any], told: str) -> None:
    assert wrong(bundle(THIS, **members)) == [f"the signature is not one of @acme/review@1.0.0: {told}"]


def test_a_payload_is_no_statement() -> None:
    assert wrong(changed("dsseEnvelope.payload", text(b"[]"))) == [
        "the statement that is signed for @acme/review@1.0.0 cannot be read: the document must be an object, but is []"
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "the document is no JSON: expecting value"),
        (b"\xff", "the document is not UTF-8"),
        (b"[" * 100_000, "the document nests too deep"),
        (b'{"a":' * 100_000, "the document nests too deep"),
        (b" " * (MAX_SIGNATURE + 1), "the document has 1,048,577 bytes, and the limit is 1,048,576"),
        (
            b'{"mediaType": 1, "mediaType": 2}',
            "the document is no JSON: the member `mediaType` stands twice in one object",
        ),
    ],
)
def test_what_is_no_bundle_is_told(data: bytes, told: str) -> None:
    with pytest.raises(RefusalError) as error:
        check_signature(data, THIS)
    assert error.value.code == "SIGNATURE_INVALID"
    assert error.value.problems[0].what == f"the signature of @acme/review@1.0.0 cannot be read: {told}"
    assert signer_of(data) is None


@given(
    VALUES,
    st.sampled_from(
        ["mediaType", "verificationMaterial", "dsseEnvelope", "dsseEnvelope.payload", "dsseEnvelope.signatures"]
    ),
)
def test_whatever_stands_there_is_refused_without_a_crash(value: Any, path: str) -> None:
    assert wrong(changed(path, value))
    signer_of(json.dumps(changed("verificationMaterial.certificate.rawBytes", value)).encode())


@given(VALUES)
def test_whatever_is_signed_is_refused_without_a_crash(value: Any) -> None:
    assert wrong(changed("dsseEnvelope.payload", text(json.dumps(value).encode())))
    assert wrong(bundle(THIS, subject=value))


@given(st.binary(max_size=200))
def test_whatever_is_no_certificate_names_nobody(data: bytes) -> None:
    assert signer_of_certificate(data) is None


@pytest.mark.parametrize("identity", [ALICE, WORKFLOW])
def test_a_certificate_names_who_it_was_issued_to(identity: str) -> None:
    certificate = SigstoreService().issued(identity)
    assert signer_of_certificate(certificate) == Signer(identity, ISSUER)
    named = changed("verificationMaterial.certificate.rawBytes", text(certificate))
    assert signer_of(json.dumps(named).encode()) == Signer(identity, ISSUER)
    assert str(Signer(identity, ISSUER)) == f"{identity} ({ISSUER})"


@pytest.mark.parametrize("issuer", ["https://i.example", f"https://{'long.' * 30}example"])
def test_the_issuer_is_read_from_the_new_extension_alone_too(issuer: str) -> None:
    certificate = SigstoreService(issuer=issuer, is_new=True).issued(ALICE)
    assert signer_of_certificate(certificate) == Signer(ALICE, issuer)


@given(st.data())
def test_a_certificate_that_was_tampered_with_does_not_crash(data: st.DataObject) -> None:
    certificate = bytearray(_CERTIFICATE)
    at = data.draw(st.integers(0, len(certificate) - 1))
    certificate[at] ^= data.draw(st.integers(1, 255))
    signer_of_certificate(bytes(certificate))


_CERTIFICATE = SigstoreService().issued(ALICE)
