"""What answers look like: the examples of the OpenAPI document, which a test holds to its schemas."""

from __future__ import annotations

from typing import Any

from packaging_targets.formats.aam.refusals import CODES

_INTEGRITY = "sha256-6sfzkqcU6e0VrgkwQhVTrVnQ3a7O5FjqS6ZGAqGPRrk="
_AT = "2026-02-22T14:00:00Z"
_DIGEST = "0d5be2ecb7b0dbe0b0a5de4d1b1cf6a0d4b7a6a9c9c4f1d8bb3a1f4c0f5c1a2e"
_ID = "00699b0c20a1b2c3d4e5f60718"
_GRANTS = [{"actions": ["read", "publish"], "patterns": ["@acme/*"]}]
_RELEASE: dict[str, Any] = {
    "version": "1.2.0",
    "description": "Reviews code.",
    "author": "acme",
    "publishedAt": _AT,
    "integrity": _INTEGRITY,
    "tarball": "versions/1.2.0.aam",
    "size": 4711,
    "dependencies": {"@acme/core": "^1.0.0"},
}
TAGS = {"latest": "1.2.0"}
PACKAGE = {"name": "@acme/review", "versions": {"1.2.0": _RELEASE}, "dist-tags": TAGS, "modifiedAt": _AT}
VERSION = {"name": "@acme/review", **_RELEASE, "tags": ["latest"]}
PACKAGE_LIST = {
    "packages": [
        {"name": "@acme/review", "latest": "1.2.0", "versions": ["1.1.0", "1.2.0"], "description": "Reviews code."}
    ],
    "next": None,
    "total": 1,
}
SIGNATURE = {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "messageSignature": {}}
PUBLISHED: dict[str, Any] = {
    "name": "@acme/review",
    "version": "1.2.0",
    "release": _RELEASE,
    "tags": ["latest"],
    "warnings": [],
}
PENDING = {**PUBLISHED, "tags": [], "approval_status": "pending", "id": _ID}
APPROVAL: dict[str, Any] = {
    "id": _ID,
    "name": "@acme/review",
    "version": "1.2.0",
    "tag": "",
    "integrity": _INTEGRITY,
    "size": 4711,
    "description": "Reviews code.",
    "publisher": "ann",
    "created_at": _AT,
    "state": "pending",
    "decided_by": None,
    "decided_at": None,
    "reason": "",
}
APPROVAL_LIST = {"approvals": [APPROVAL], "next": None, "total": 1}
DECISION = {
    "approval": {**APPROVAL, "state": "approved", "decided_by": "bob", "decided_at": _AT},
    "published": PUBLISHED,
}
AUDIT_LIST = {
    "entries": [
        {
            "number": 1,
            "at": _AT,
            "actor": "ann",
            "action": "publish",
            "package": "@acme/review",
            "version": "1.2.0",
            "details": {"integrity": _INTEGRITY},
            "previous": "0" * 64,
            "digest": _DIGEST,
        }
    ],
    "next": None,
    "total": 1,
}
TOKEN = {
    "id": _ID,
    "person": "ann",
    "label": "CI",
    "grants": _GRANTS,
    "created_at": _AT,
    "expires_at": "2026-05-23T14:00:00Z",
    "revoked_at": None,
}
NEW_TOKEN = {**TOKEN, "token": "aam_" + "x" * 49}
TOKEN_LIST = {"tokens": [TOKEN], "next": None, "total": 1}
EXCHANGED = {"token": "aam_" + "x" * 49, "expires_at": _AT, "person": "https://issuer.example|repo:acme/review"}
PUBLISHER = {
    "id": _ID,
    "label": "acme's CI",
    "issuer": "https://issuer.example",
    "subject": "repo:acme/review:*",
    "claims": {"environment": "release"},
    "grants": _GRANTS,
    "created_at": _AT,
    "created_by": "ann",
}
PUBLISHER_LIST = {"publishers": [PUBLISHER], "next": None, "total": 1}
WHOAMI = {"person": "ann", "token": _ID, "grants": _GRANTS, "expires_at": None}
REGISTRY = {
    "protocol": "uaaps/1",
    "title": "Agent packages",
    "url": "https://registry.example",
    "auth": ["none", "token", "basic", "oidc"],
    "oidc": {"issuer": "https://issuer.example", "client_id": "aam"},
    "audience": "https://registry.example",
    "open_publishing": False,
    "max_archive": 52428800,
    "pages": "/browse",
}
CODE = {
    "code": "VERSION_CONFLICT",
    "status": CODES["VERSION_CONFLICT"][0],
    "meaning": CODES["VERSION_CONFLICT"][1],
}
CODES_LISTED = {"errors": [CODE]}


def error(code: str) -> dict[str, Any]:
    """Return what an error with a code looks like."""
    problem = {"what": CODES[code][1], "where": "", "fix": "", "field": ""}
    docs = f"https://registry.example/errors/{code}"
    return {"error": {"code": code, "message": CODES[code][1], "docs": docs, "details": [problem]}}
