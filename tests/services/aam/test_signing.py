"""Signing and verifying against a Sigstore of our own: what holds, and all that must not."""

from __future__ import annotations

import io
import json
import socket
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from agents import packed
from signatures import about
from sigstore_service import ALICE, ISSUER, WORKFLOW, SigstoreService, sigstore_service

from packaging_targets.errors import IntegrityError, PackagingError, RegistryError, RequestError
from packaging_targets.formats.aam.signature import SignedArchive, Signer, check_signature
from packaging_targets.services.aam.signing.signing import identity_token, sign
from packaging_targets.services.aam.signing.statements import provenance, publication
from packaging_targets.services.aam.signing.trust import Trust, read_trust
from packaging_targets.services.aam.signing.verifying import Expected, fits, verify

DATA = packed("@acme/review")
THIS = about(DATA)
ANYBODY: tuple[Expected, ...] = ()
ALICE_ALONE = (Expected(ALICE, ISSUER),)
Tamper = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def service() -> Iterator[SigstoreService]:
    with sigstore_service() as found:
        yield found


@pytest.fixture(scope="module")
def trust(service: SigstoreService, tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return read_trust(str(service.write(tmp_path_factory.mktemp("trust"))[1]))


@pytest.fixture(scope="module")
def signed(service: SigstoreService, trust: Trust) -> bytes:
    """The archive, signed by Alice."""
    return sign(publication(THIS), service.token(), trust)


def refused(
    data: bytes, trust: Trust, archive: SignedArchive = THIS, expected: tuple[Expected, ...] = ALICE_ALONE
) -> str:
    with pytest.raises(IntegrityError) as error:
        verify(data, archive, expected, trust, "the registry")
    assert all(one.where == "the registry" for one in error.value.problems)
    return "\n".join(one.what for one in error.value.problems)


# What holds


@pytest.mark.uaaps("P70", "P73")
def test_what_was_signed_is_verified_with_nothing_but_the_trusted_root(
    service: SigstoreService, signed: bytes, tmp_path: Path
) -> None:
    root = read_trust(str(service.write(tmp_path)[0]))
    asked = list(service.asked)
    found = verify(signed, THIS, ALICE_ALONE, root)
    assert service.asked == asked
    assert found.signer == Signer(ALICE, ISSUER)
    assert found.statement["subject"] == [{"name": "acme--review-1.0.0.aam", "digest": {"sha256": THIS.digest.hex}}]
    assert json.loads(signed)["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    check_signature(signed, THIS)


@pytest.mark.uaaps("P72")
def test_what_was_published_as_an_archive_says_no_more(signed: bytes, trust: Trust) -> None:
    said = verify(signed, THIS, ANYBODY, trust).statement
    assert said["predicateType"] == "urn:packaging-targets:aam-publish:v1"
    assert said["predicate"] == {"package": "@acme/review", "version": "1.0.0"}


@pytest.mark.uaaps("P72")
def test_the_provenance_of_what_was_packed_names_every_file_that_went_in(
    service: SigstoreService, trust: Trust, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    said = verify(sign(provenance(THIS, io.BytesIO(DATA)), service.token(), trust), THIS, ALICE_ALONE, trust).statement
    assert said["predicateType"] == "https://slsa.dev/provenance/v1"
    definition = said["predicate"]["buildDefinition"]
    assert definition["buildType"] == "urn:packaging-targets:aam-pack:v1"
    assert definition["externalParameters"] == {"package": "@acme/review", "version": "1.0.0"}
    assert definition["internalParameters"] == {"sourceDateEpoch": 86400}
    files = [one["name"] for one in definition["resolvedDependencies"]]
    assert files == ["package.agent.json", "skills/review/SKILL.md"]
    assert said["predicate"]["runDetails"]["builder"]["id"] == "urn:packaging-targets:builder:packaging-targets"


def test_files_that_are_too_many_for_a_signature_are_not_listed() -> None:
    data = packed("@acme/review", files={f"docs/{'long' * 20}/{number}.md": "" for number in range(3_000)})
    said = json.loads(provenance(about(data), io.BytesIO(data)))
    assert said["predicate"]["buildDefinition"]["resolvedDependencies"] == []
    assert said["subject"] == [{"name": "acme--review-1.0.0.aam", "digest": {"sha256": about(data).digest.hex}}]


def test_a_workflow_signs_under_any_version_of_itself(service: SigstoreService, trust: Trust) -> None:
    data = sign(publication(THIS), service.token(WORKFLOW), trust)
    found = verify(data, THIS, (Expected(f"{WORKFLOW.partition('@')[0]}@*", ISSUER),), trust)
    assert found.signer == Signer(WORKFLOW, ISSUER)


@pytest.mark.parametrize(
    ("text", "pattern", "does"),
    [
        ("@acme/review", "@acme/*", True),
        ("@acme/review", "*", True),
        ("@acme/review", "@acme/review", True),
        ("@acme-evil/review", "@acme/*", False),
        ("x@acme/review", "@acme/*", False),
        ("review", "revie?", False),
        ("reviews", "review", False),
        ("a\nb", "a*b", True),
        ("aXc", "a.c", False),
    ],
)
def test_only_a_star_is_a_pattern(text: str, pattern: str, does: bool) -> None:
    assert fits(text, pattern) is does


# What must not hold


@pytest.mark.uaaps("P73")
@pytest.mark.parametrize(
    ("expected", "told"),
    [
        (Expected("mallory@acme.example", ISSUER), "mallory@acme.example (https://issuer.example)"),
        (Expected(ALICE, "https://other.example"), "alice@acme.example (https://other.example)"),
        (Expected(ALICE.upper(), ISSUER), "ALICE@ACME.EXAMPLE (https://issuer.example)"),
    ],
)
def test_another_has_signed(signed: bytes, trust: Trust, expected: Expected, told: str) -> None:
    with pytest.raises(IntegrityError) as error:
        verify(signed, THIS, (expected,), trust, "file:///registry")
    assert str(error.value) == (
        f"error: @acme/review@1.0.0 is signed by alice@acme.example (https://issuer.example), and not by {told}\n"
        "  at file:///registry\n"
        "  fix: trust it by a policy in config.yaml if that is right, and else tell whoever publishes it"
    )


@pytest.mark.uaaps("P70", "P73")
@pytest.mark.parametrize(
    ("other", "told"),
    [
        (about(packed("@acme/review", files={"x": ""})), "it was made for the SHA-256"),
        (about(DATA, version="1.0.1"), "its subject is `acme--review-1.0.0.aam`, not `acme--review-1.0.1.aam`"),
        (about(DATA, "@acme/reviews"), "its subject is `acme--review-1.0.0.aam`, not `acme--reviews-1.0.0.aam`"),
        (about(packed("plain"), "plain"), "its subject is `acme--review-1.0.0.aam`, not `plain-1.0.0.aam`"),
    ],
    ids=["digest", "version", "name", "replayed"],
)
def test_a_signature_of_another_archive_is_none_of_this(
    signed: bytes, trust: Trust, other: SignedArchive, told: str
) -> None:
    assert told in refused(signed, trust, other)


def _payload(bundle: dict[str, Any]) -> None:
    said = json.loads(b64decode(bundle["dsseEnvelope"]["payload"]))
    said["predicate"]["package"] = "@acme/other"
    bundle["dsseEnvelope"]["payload"] = b64encode(json.dumps(said).encode()).decode()


def _signature(bundle: dict[str, Any]) -> None:
    found = bytearray(b64decode(bundle["dsseEnvelope"]["signatures"][0]["sig"]))
    found[-1] ^= 1
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = b64encode(found).decode()


def _entry(bundle: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = bundle["verificationMaterial"]["tlogEntries"][0]
    return found


def _body(bundle: dict[str, Any]) -> None:
    said = json.loads(b64decode(_entry(bundle)["canonicalizedBody"]))
    said["spec"]["payloadHash"]["value"] = "0" * 64
    _entry(bundle)["canonicalizedBody"] = b64encode(json.dumps(said).encode()).decode()


def _time(bundle: dict[str, Any]) -> None:
    _entry(bundle)["integratedTime"] = str(int(_entry(bundle)["integratedTime"]) + 1)


def _root_hash(bundle: dict[str, Any]) -> None:
    _entry(bundle)["inclusionProof"]["rootHash"] = b64encode(bytes(32)).decode()


def _hashes(bundle: dict[str, Any]) -> None:
    _entry(bundle)["inclusionProof"]["hashes"] = []


def _checkpoint(bundle: dict[str, Any]) -> None:
    proof = _entry(bundle)["inclusionProof"]
    proof["checkpoint"]["envelope"] = proof["checkpoint"]["envelope"].replace("log.example - 1", "log.example - 2")


def _promise(bundle: dict[str, Any]) -> None:
    del _entry(bundle)["inclusionPromise"]


def _certificate(bundle: dict[str, Any]) -> None:
    bundle["verificationMaterial"]["certificate"]["rawBytes"] = b64encode(b"no certificate").decode()


def _deep(bundle: dict[str, Any]) -> None:
    value: Any = 1
    for _ in range(900):
        value = [value]
    bundle["verificationMaterial"]["timestampVerificationData"] = value


@pytest.mark.uaaps("P73")
@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (_payload, "DSSE: invalid signature"),
        (_signature, "DSSE: invalid signature"),
        (_body, "invalid log entry"),
        (_time, "invalid log entry: SET: invalid inclusion promise: keyring: invalid signature"),
        (_root_hash, "invalid log entry"),
        (_hashes, "invalid log entry"),
        (_checkpoint, "invalid log entry: checkpoint: invalid signature"),
        (_promise, "bundle must contain an inclusion promise or signed timestamp(s)"),
        (_certificate, "the signature of @acme/review@1.0.0 does not verify"),
        (_deep, "the signature of @acme/review@1.0.0 does not verify"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_bundle_that_was_tampered_with_does_not_verify(
    signed: bytes, trust: Trust, tamper: Tamper, told: str
) -> None:
    bundle = json.loads(signed)
    tamper(bundle)
    found = refused(json.dumps(bundle).encode(), trust)
    assert found.startswith("the signature of @acme/review@1.0.0 does not verify: ")
    assert told in found


def test_the_entry_of_another_signature_proves_nothing(service: SigstoreService, trust: Trust, signed: bytes) -> None:
    bundle, other = json.loads(signed), json.loads(sign(publication(THIS), service.token(), trust))
    bundle["verificationMaterial"]["tlogEntries"] = other["verificationMaterial"]["tlogEntries"]
    assert refused(json.dumps(bundle).encode(), trust).endswith("log entry signatures do not match bundle")


def test_without_an_entry_of_a_log_nothing_is_verified(signed: bytes, trust: Trust) -> None:
    bundle = json.loads(signed)
    bundle["verificationMaterial"]["tlogEntries"] = []
    told = "the signature of @acme/review@1.0.0 must have one entry of a transparency log"
    assert refused(json.dumps(bundle).encode(), trust) == told


@pytest.mark.uaaps("P73")
@pytest.mark.parametrize("ago", [3600, -3600], ids=["ended", "not yet begun"])
def test_a_certificate_that_did_not_hold_when_the_log_had_the_entry(
    service: SigstoreService, trust: Trust, ago: int
) -> None:
    service.certified_ago = ago
    try:
        data = _signed_with_any_certificate(service, trust)
    finally:
        service.certified_ago = 0
    assert "failed to build timestamp certificate chain" in refused(data, trust)


def _signed_with_any_certificate(service: SigstoreService, trust: Trust) -> bytes:
    """Sign with what the library's client would not use any more."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from sigstore._internal.rekor.client import RekorClient
    from sigstore.dsse import Statement, _sign
    from sigstore.models import Bundle

    key = ec.generate_private_key(ec.SECP256R1())
    certificate = service._certificate(key.public_key(), ALICE)
    envelope = _sign(key, Statement(publication(THIS)))
    log = RekorClient(service.url)
    entry = log.create_entry(log._build_dsse_request(envelope=envelope, certificate=certificate))
    return Bundle._from_parts(certificate, envelope, entry).to_json().encode()


@pytest.mark.uaaps("P73")
@pytest.mark.parametrize("key", ["authority", "certificates_log", "log"])
def test_what_is_foreign_to_the_trusted_root_is_not_believed(
    tmp_path: Path, signed: bytes, service: SigstoreService, key: str
) -> None:
    stranger = SigstoreService(service.url)
    for one in ("authority", "certificates_log", "log"):
        if one != key:
            setattr(stranger, one, getattr(service, one))
    assert "does not verify" in refused(signed, read_trust(str(stranger.write(tmp_path)[0])))


@pytest.mark.uaaps("P70")
def test_a_statement_about_several_archives_is_about_none(service: SigstoreService, trust: Trust) -> None:
    said = json.loads(publication(THIS))
    said["subject"] += said["subject"]
    data = sign(json.dumps(said).encode(), service.token(), trust)
    assert refused(data, trust) == "the signature is not one of @acme/review@1.0.0: it must have one subject"


# Trust roots


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "the trust root cannot be read: no such file or directory"),
        ("", "the document is no JSON: expecting value"),
        ("{}", "the trust root cannot be used: 4 validation errors for TrustedRoot"),
        ("[" * 100_000, "the document nests too deep"),
        (" " * (5 << 20), "the document has 4,194,305 bytes, and the limit is 4,194,304"),
    ],
)
def test_what_is_no_trust_root_is_told(tmp_path: Path, text: str | None, told: str) -> None:
    path = tmp_path / "trusted_root.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(PackagingError) as error:
        read_trust(str(path))
    assert [one.what for one in error.value.problems] == [told]


def test_an_identity_token_goes_through_https_alone(tmp_path: Path, service: SigstoreService) -> None:
    config = service.trust_config()
    for kind, url in (("caUrls", "http://127.0.0.1.evil.example"), ("rekorTlogUrls", "http://127.0.0.1@evil.example/")):
        config["signingConfig"][kind][0] = {**config["signingConfig"][kind][0], "url": url}
    path = tmp_path / "trust.json"
    path.write_text(json.dumps(config))
    with pytest.raises(RequestError) as error:
        read_trust(str(path))
    assert [one.field for one in error.value.problems] == [
        "$.signingConfig.caUrls[0].url",
        "$.signingConfig.rekorTlogUrls[0].url",
    ]
    assert str(error.value).splitlines()[0] == (
        "error: `http://127.0.0.1.evil.example` is no address of a service that signs: identity tokens go through https alone"
    )


# Signing


@pytest.mark.uaaps("P74")
def test_a_trusted_root_names_nobody_who_signs(service: SigstoreService, tmp_path: Path) -> None:
    root = service.write(tmp_path)[0]
    with pytest.raises(RequestError) as error:
        sign(publication(THIS), service.token(), read_trust(str(root)))
    assert str(error.value) == (
        "error: a trusted root says what to believe, and not who signs\n"
        f"  at {root}\n"
        "  fix: name a client's trust configuration, which has addresses: --trust-config PATH"
    )


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"aud": "another"}, "Identity token is malformed or missing claims"),
        ({"exp": 1}, "Identity token is malformed or missing claims"),
    ],
)
def test_a_token_that_is_none_for_signing_is_told(
    service: SigstoreService, trust: Trust, claims: dict[str, Any], told: str
) -> None:
    token = service.token(**claims)
    with pytest.raises(RequestError) as error:
        sign(publication(THIS), token, trust)
    assert str(error.value) == (
        f"error: the identity token cannot be used: {told}\n"
        "  fix: name a file with one (--identity-token FILE), or set AAM_IDENTITY_TOKEN"
    )


def test_a_token_of_another_issuer_gets_no_certificate(service: SigstoreService, trust: Trust) -> None:
    token = service.token(iss="https://other.example")
    with pytest.raises(RegistryError) as error:
        sign(publication(THIS), token, trust)
    assert str(error.value) == (
        f"error: nothing was signed, nor published: {service.url}/api/v2/signingCert answered 401,"
        f" the token is not one of this issuer\n  at {trust.where}"
    )
    assert token not in str(error.value)


def test_a_service_that_cannot_be_reached_is_told_without_the_token(service: SigstoreService, tmp_path: Path) -> None:
    nobody = SigstoreService("http://127.0.0.1:9")
    trust, token = read_trust(str(nobody.write(tmp_path)[1])), service.token()
    with pytest.raises(RegistryError) as error:
        sign(publication(THIS), token, trust)
    assert str(error.value) == (
        f"error: nothing was signed, nor published: http://127.0.0.1:9/api/v2/signingCert cannot be reached\n  at {trust.where}"
    )


def test_a_service_that_says_nothing_is_not_waited_for_for_ever(
    service: SigstoreService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packaging_targets.services.aam.signing.signing._PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = SigstoreService(f"http://127.0.0.1:{silent.getsockname()[1]}")
        trust = read_trust(str(mute.write(tmp_path)[1]))
        with pytest.raises(RegistryError) as error:
            sign(publication(THIS), service.token(), trust)
    assert str(error.value) == (
        f"error: nothing was signed, nor published: there was no answer within 0.2 seconds\n  at {trust.where}"
    )


def test_the_token_comes_from_a_file_or_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AAM_IDENTITY_TOKEN", "SIGSTORE_ID_TOKEN", "GITHUB_ACTIONS", "CIRCLECI", "GITLAB_CI", "BUILDKITE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("id.detect_credential", lambda _: None)
    with pytest.raises(RequestError) as error:
        identity_token()
    assert str(error.value) == (
        "error: signing needs an identity token, and there is none\n"
        "  fix: name a file with one (--identity-token FILE), or set AAM_IDENTITY_TOKEN"
    )
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", "theirs")
    assert identity_token() == "theirs"
    monkeypatch.setenv("AAM_IDENTITY_TOKEN", " ours\n")
    assert identity_token() == "ours"
    path = tmp_path / "token"
    path.write_text("filed\n")
    assert identity_token(str(path)) == "filed"
    with pytest.raises(RequestError, match="the identity token cannot be read: no such file or directory"):
        identity_token(str(tmp_path / "none"))
    path.write_text("")
    with pytest.raises(RequestError, match="signing needs an identity token, and there is none"):
        identity_token(str(path))
