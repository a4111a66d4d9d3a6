"""Bundles as they look, for tests that verify nothing: signed by nobody."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.signature import SignedArchive
from packaging_targets.model.digest import Digest


def about(data: bytes, name: str = "@acme/review", version: str = "1.0.0") -> SignedArchive:
    return SignedArchive(PackageName.parse(name), version, Digest.of(data))


def statement(archive: SignedArchive, **members: Any) -> dict[str, Any]:
    """The value of a statement about an archive, with other members where they are given."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": archive.file, "digest": {"sha256": archive.digest.hex}}],
        "predicateType": "urn:example:release:v1",
        "predicate": {},
        **members,
    }


def bundle(archive: SignedArchive, **members: Any) -> dict[str, Any]:
    """The value of a bundle about an archive; `members` are those of the statement."""
    payload = json.dumps(statement(archive, **members)).encode()
    return {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"certificate": {"rawBytes": text(b"a certificate")}, "tlogEntries": [{}]},
        "dsseEnvelope": {
            "payload": text(payload),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": text(b"a signature")}],
        },
    }


def signature(data: bytes, name: str = "@acme/review", version: str = "1.0.0", **members: Any) -> bytes:
    """The bytes of a bundle about an archive."""
    return json.dumps(bundle(about(data, name, version), **members)).encode()


def text(data: bytes) -> str:
    return b64encode(data).decode()
