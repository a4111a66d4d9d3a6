"""A Sigstore of our own on loopback: a certificate authority, a log of certificates, and a log of signatures.

It says the truth in all that a client verifies (chain, SCT, inclusion proof, signed checkpoint, signed time), so that
the library's own client signs with it and the library's own verifier verifies. Identity tokens are its own too.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ISSUER = "https://issuer.example"
ALICE = "alice@acme.example"
WORKFLOW = "https://git.example/acme/review/.ci/release.yml@refs/heads/main"

_SECRET = "of this issuer, and long enough for its algorithm"
_ORIGIN = "log.example - 1"
_ISSUER_V1 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_ISSUER_V2 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_SCTS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_START = "2020-01-01T00:00:00Z"


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _id(key: ec.EllipticCurvePrivateKey) -> bytes:
    return hashlib.sha256(_public(key)).digest()


def _signed(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _der(tag: int, data: bytes) -> bytes:
    """A value in DER, of up to 255 bytes."""
    return bytes([tag]) + (b"\x81" if len(data) > 127 else b"") + bytes([len(data)]) + data


@dataclass
class SigstoreService:
    """The keys and the log. `url` is where it listens; `issuer` stands in its certificates.

    `certified_ago` lets certificates have been issued, and have ended, before an entry reaches the log. Those that are
    `is_new` name their issuer in the newer of the two extensions alone.
    """

    url: str = ""
    issuer: str = ISSUER
    certified_ago: int = 0
    is_new: bool = False
    authority: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    certificates_log: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    log: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    leaves: list[bytes] = field(default_factory=lambda: [hashlib.sha256(b"\0earlier").digest() for _ in range(2)])
    asked: list[str] = field(default_factory=list)

    def token(self, identity: str = ALICE, **claims: Any) -> str:
        """An identity token of the issuer."""
        now = int(time.time())
        said = {"iss": self.issuer, "sub": identity, "aud": "sigstore", "iat": now, "exp": now + 300, **claims}
        return jwt.encode(said, _SECRET, "HS256")

    def trusted_root(self) -> dict[str, Any]:
        """The value of trusted_root.json."""
        root = {"rawBytes": _text(self._root.public_bytes(Encoding.DER))}
        authority = {
            "subject": {"organization": "example", "commonName": "root"},
            "certChain": {"certificates": [root]},
            "validFor": {"start": _START},
        }
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self._instance(self.log)],
            "certificateAuthorities": [authority],
            "ctlogs": [self._instance(self.certificates_log)],
            "timestampAuthorities": [],
        }

    def trust_config(self) -> dict[str, Any]:
        """The value of a client's trust configuration: what to believe, and whom to ask."""
        service = {"url": self.url, "majorApiVersion": 1, "validFor": {"start": _START}, "operator": "example"}
        signing = {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [service],
            "oidcUrls": [],
            "rekorTlogUrls": [service],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": [],
            "tsaConfig": {"selector": "ANY"},
        }
        return {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": self.trusted_root(),
            "signingConfig": signing,
        }

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write both documents into a folder; return the paths of the trusted root and of the trust configuration."""
        root, config = folder / "trusted_root.json", folder / "trust_config.json"
        root.write_text(json.dumps(self.trusted_root()))
        config.write_text(json.dumps(self.trust_config()))
        return root, config

    def issued(self, identity: str) -> bytes:
        """A certificate for an identity, in DER."""
        return self._certificate(_key().public_key(), identity).public_bytes(Encoding.DER)

    def certified(self, request: dict[str, Any], token: str) -> list[str]:
        """Answer a request for a certificate: the certificate and the root, in PEM."""
        said = jwt.decode(token, _SECRET, ["HS256"], audience="sigstore", issuer=self.issuer)
        csr = x509.load_pem_x509_csr(base64.b64decode(request["certificateSigningRequest"]))
        assert csr.is_signature_valid
        certificate = self._certificate(csr.public_key(), said["sub"])
        return [one.public_bytes(Encoding.PEM).decode() for one in (certificate, self._root)]

    def logged(self, proposed: dict[str, Any]) -> dict[str, Any]:
        """Answer the proposal of an entry: put it into the log, and prove that it is there."""
        assert (proposed["kind"], proposed["apiVersion"]) == ("dsse", "0.0.1")
        content = proposed["spec"]["proposedContent"]
        envelope = json.loads(content["envelope"])
        spec = {
            "envelopeHash": _hash(content["envelope"].encode()),
            "payloadHash": _hash(base64.b64decode(envelope["payload"])),
            "signatures": [{"signature": envelope["signatures"][0]["sig"], "verifier": content["verifiers"][0]}],
        }
        body = _canonical({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})
        self.leaves.append(hashlib.sha256(b"\0" + body).digest())
        index = len(self.leaves) - 1
        entry = {
            "body": _text(body),
            "integratedTime": int(time.time()),
            "logID": _id(self.log).hex(),
            "logIndex": index,
        }
        promise = _text(_signed(self.log, _canonical(entry)))
        proof = {
            "checkpoint": self._checkpoint(),
            "hashes": [one.hex() for one in _path(index, self.leaves)],
            "logIndex": index,
            "rootHash": _root(self.leaves).hex(),
            "treeSize": len(self.leaves),
        }
        verification = {"inclusionProof": proof, "signedEntryTimestamp": promise}
        return {self.leaves[-1].hex(): {**entry, "verification": verification}}

    @cached_property
    def _root(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")])
        start = datetime(2020, 1, 1, tzinfo=UTC)
        key = self.authority.public_key()
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = _builder(name, name, key, start, start + timedelta(days=36500))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(usage, critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        root: x509.Certificate = builder.sign(self.authority, hashes.SHA256())
        return root

    def _certificate(self, key: Any, identity: str) -> x509.Certificate:
        now = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=self.certified_ago)
        issuer = self.issuer.encode()
        named = x509.RFC822Name(identity) if "://" not in identity else x509.UniformResourceIdentifier(identity)
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        builder = _builder(self._root.subject, x509.Name([]), key, now, now + timedelta(minutes=10))
        for extension, critical in (
            (usage, True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False),
            (x509.SubjectKeyIdentifier.from_public_key(key), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.public_key()), False),
            (x509.SubjectAlternativeName([named]), True),
            (x509.UnrecognizedExtension(_ISSUER_V2, _der(0x0C, issuer)), False),
            *([] if self.is_new else [(x509.UnrecognizedExtension(_ISSUER_V1, issuer), False)]),
        ):
            builder = builder.add_extension(extension, critical)
        unlogged = builder.sign(self.authority, hashes.SHA256())
        scts = x509.UnrecognizedExtension(_SCTS, _der(0x04, self._scts(unlogged.tbs_certificate_bytes, now)))
        logged: x509.Certificate = builder.add_extension(scts, critical=False).sign(self.authority, hashes.SHA256())
        return logged

    def _scts(self, certificate: bytes, at: datetime) -> bytes:
        """The list of one signed timestamp of a certificate, as RFC 6962 has it."""
        when = struct.pack("!Q", int(at.timestamp()) * 1000)
        size = struct.pack("!I", len(certificate))[1:]
        entry = b"\0\0" + when + struct.pack("!H", 1) + _id(self.authority) + size + certificate + b"\0\0"
        signature = _signed(self.certificates_log, entry)
        sct = b"\0" + _id(self.certificates_log) + when + b"\0\0\4\3" + struct.pack("!H", len(signature)) + signature
        return struct.pack("!HH", len(sct) + 2, len(sct)) + sct

    def _checkpoint(self) -> str:
        note = f"{_ORIGIN}\n{len(self.leaves)}\n{_text(_root(self.leaves))}\n"
        signature = _id(self.log)[:4] + _signed(self.log, note.encode())
        return f"{note}\n\u2014 log.example {_text(signature)}\n"

    def _instance(self, key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
        public = {
            "rawBytes": _text(_public(key)),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": _START},
        }
        log = {"keyId": _text(_id(key))}
        return {"baseUrl": self.url, "hashAlgorithm": "SHA2_256", "publicKey": public, "logId": log}


@contextmanager
def sigstore_service() -> Iterator[SigstoreService]:
    """Let a service listen on loopback."""
    service = SigstoreService()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(service))
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answering(service: SigstoreService) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.asked.append(self.path)
            if self.path == "/api/v2/signingCert":
                self._certify(asked)
            elif self.path == "/api/v1/log/entries":
                self._tell(201, service.logged(asked))
            else:
                self._tell(404, {})

        def _certify(self, asked: dict[str, Any]) -> None:
            try:
                chain = service.certified(asked, self.headers["Authorization"].removeprefix("Bearer "))
            except jwt.InvalidTokenError:
                self._tell(401, {"message": "the token is not one of this issuer"})
            else:
                self._tell(200, {"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}})

        def _tell(self, status: int, value: dict[str, Any]) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Answering


def _builder(issuer: x509.Name, subject: x509.Name, key: Any, start: datetime, end: datetime) -> Any:
    builder = x509.CertificateBuilder().issuer_name(issuer).subject_name(subject).public_key(key)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)


def _hash(data: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}


def _canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _split(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1


def _root(leaves: list[bytes]) -> bytes:
    """The root of a Merkle tree over hashes of leaves, as RFC 6962 has it."""
    if len(leaves) == 1:
        return leaves[0]
    at = _split(len(leaves))
    return hashlib.sha256(b"\1" + _root(leaves[:at]) + _root(leaves[at:])).digest()


def _path(index: int, leaves: list[bytes]) -> list[bytes]:
    """The hashes that prove that a leaf is in the tree."""
    if len(leaves) == 1:
        return []
    at = _split(len(leaves))
    if index < at:
        return [*_path(index, leaves[:at]), _root(leaves[at:])]
    return [*_path(index - at, leaves[at:]), _root(leaves[:at])]
