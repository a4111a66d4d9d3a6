"""The shapes of answers, as JSON Schema. Members that a package's author made up may stand where the text says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packaging_targets.formats.aam.refusals import CODES

_TEXT = {"type": "string"}
_TEXT_OR_NONE = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_FLAG = {"type": "boolean"}
_TIME = {"type": "string", "format": "date-time"}
_TIME_OR_NONE = {"type": ["string", "null"], "format": "date-time"}
_TEXTS = {"type": "array", "items": _TEXT}
_RANGES = {"type": "object", "additionalProperties": _TEXT}
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def ref(name: str) -> dict[str, str]:
    """Return a reference to one of the schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(optional: tuple[str, ...] = (), **members: Any) -> dict[str, Any]:
    """Return an object that has all of its members but the optional ones, and no others."""
    return _closed(members, optional)


def _closed(members: Mapping[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return {**_open(optional, members), "additionalProperties": False}


def _open(optional: tuple[str, ...], members: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object that may have other members besides."""
    schema: dict[str, Any] = {"type": "object", "properties": members}
    schema["required"] = [name for name in members if name not in optional]
    return schema


def _list(name: str, of: str) -> dict[str, Any]:
    return _closed({name: {"type": "array", "items": ref(of)}, "next": _TEXT_OR_NONE, "total": _COUNT})


_RELEASE = {
    "version": _TEXT,
    "description": _TEXT,
    "author": _TEXT,
    "publishedAt": _TIME,
    "integrity": {"type": "string", "pattern": "^sha256-"},
    "tarball": _TEXT,
    "size": _COUNT,
    "dependencies": _RANGES,
    "optionalDependencies": _RANGES,
    "peerDependencies": _RANGES,
    "yanked": {"anyOf": [_open(("at", "reason", "tags"), {"at": _TIME, "reason": _TEXT, "tags": _TEXTS}), _FLAG]},
    "deprecated": _TEXT,
    "missing": _FLAG,
}
_MAYBE = ("dependencies", "optionalDependencies", "peerDependencies", "yanked", "deprecated", "missing")
_PROBLEM = _object(what=_TEXT, where=_TEXT, fix=_TEXT, field=_TEXT)
_GRANT = _object(actions={"type": "array", "items": {"enum": ["read", "publish", "yank", "admin"]}}, patterns=_TEXTS)
_TOKEN = {
    "id": _TEXT,
    "person": _TEXT,
    "label": _TEXT,
    "grants": {"type": "array", "items": ref("Grant")},
    "created_at": _TIME,
    "expires_at": _TIME_OR_NONE,
    "revoked_at": _TIME_OR_NONE,
}
_ERROR = _object(
    code={"type": "string", "enum": list(CODES)},
    message=_TEXT,
    docs=_TEXT,
    details={"type": "array", "items": ref("Problem")},
)

# A meta.json that a folder has may lack what its author left out, and have members that we do not know.
_STORED = ("description", "author", "publishedAt", "size", "version", *_MAYBE)
SCHEMAS: dict[str, Any] = {
    "Problem": _PROBLEM,
    "Error": _object(error=_ERROR),
    "Tags": {"type": "object", "additionalProperties": _TEXT},
    "Release": _open(_STORED, _RELEASE),
    "Package": _open(
        ("dist-tags", "modifiedAt"),
        {
            "name": _TEXT,
            "versions": {"type": "object", "additionalProperties": ref("Release")},
            "dist-tags": ref("Tags"),
            "modifiedAt": _TIME,
        },
    ),
    "Version": _open(_MAYBE, {"name": _TEXT, **_RELEASE, "tags": _TEXTS}),
    "Summary": _object(name=_TEXT, latest=_TEXT, versions=_TEXTS, description=_TEXT),
    "PackageList": _list("packages", "Summary"),
    "Signature": {"type": "object"},
    "Published": _object(
        ("approval_status", "id"),
        name=_TEXT,
        version=_TEXT,
        release=ref("Release"),
        tags=_TEXTS,
        warnings={"type": "array", "items": ref("Problem")},
        approval_status={"const": "pending"},
        id=_TEXT,
    ),
    "Approval": _object(
        id=_TEXT,
        name=_TEXT,
        version=_TEXT,
        tag=_TEXT,
        integrity=_TEXT,
        size=_COUNT,
        description=_TEXT,
        publisher=_TEXT,
        created_at=_TIME,
        state={"enum": ["pending", "approving", "approved", "failed", "rejected"]},
        decided_by=_TEXT_OR_NONE,
        decided_at=_TIME_OR_NONE,
        reason=_TEXT,
    ),
    "ApprovalList": _list("approvals", "Approval"),
    "Decision": _object(approval=ref("Approval"), published=ref("Published")),
    "AuditEntry": _object(
        number={"type": "integer", "minimum": 1},
        at=_TIME,
        actor=_TEXT,
        action=_TEXT,
        package=_TEXT,
        version=_TEXT,
        details={"type": "object"},
        previous=_DIGEST,
        digest=_DIGEST,
    ),
    "AuditList": _list("entries", "AuditEntry"),
    "Grant": _GRANT,
    "Token": _closed(_TOKEN),
    "NewToken": _closed({**_TOKEN, "token": _TEXT}),
    "TokenList": _list("tokens", "Token"),
    "Exchanged": _object(token=_TEXT, expires_at=_TIME_OR_NONE, person=_TEXT),
    "Publisher": _object(
        id=_TEXT,
        label=_TEXT,
        issuer=_TEXT,
        subject=_TEXT,
        claims={"type": "object"},
        grants={"type": "array", "items": ref("Grant")},
        created_at=_TIME,
        created_by=_TEXT,
    ),
    "PublisherList": _list("publishers", "Publisher"),
    "Whoami": _object(
        person=_TEXT,
        token=_TEXT_OR_NONE,
        grants={"type": "array", "items": ref("Grant")},
        expires_at=_TIME_OR_NONE,
    ),
    "Registry": _object(
        protocol=_TEXT,
        title=_TEXT,
        url=_TEXT,
        auth={"type": "array", "items": {"enum": ["none", "token", "basic", "oidc"]}},
        oidc={"anyOf": [_object(issuer=_TEXT, client_id=_TEXT), {"type": "null"}]},
        audience=_TEXT,
        open_publishing=_FLAG,
        max_archive=_COUNT,
        pages=_TEXT_OR_NONE,
    ),
    "Document": {"type": "object"},
    "ErrorCode": _object(code={"enum": list(CODES)}, status={"type": "integer"}, meaning=_TEXT),
    "ErrorCodes": _object(errors={"type": "array", "items": ref("ErrorCode")}),
    "Status": _object(status={"const": "ok"}),
}
