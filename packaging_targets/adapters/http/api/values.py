"""What the desk and the holdings know, as JSON."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from packaging_targets.adapters.http.call import Call
from packaging_targets.errors import Problem
from packaging_targets.formats.aam.documents.meta import release_value
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.times import time_text
from packaging_targets.registry.aam.desk.access import grants_value
from packaging_targets.registry.aam.desk.approvals import Approval
from packaging_targets.registry.aam.desk.audit import Entry
from packaging_targets.registry.aam.desk.publishers import Publisher
from packaging_targets.registry.aam.desk.tokens import Token
from packaging_targets.registry.aam.protocol import Published, Summary


def moment(seconds: int | None) -> str | None:
    """Return a time as text, or None where there is none."""
    return None if seconds is None else time_text(seconds)


def summary_value(one: Summary) -> dict[str, Any]:
    """Return a line of the list."""
    return {
        "name": str(one.name),
        "latest": one.latest,
        "versions": list(one.versions),
        "description": one.description,
    }


def version_value(metadata: PackageMetadata, release: Release) -> dict[str, Any]:
    """Return one version: its object of meta.json, with the package's name, and the tags that lead to it."""
    text = str(release.version)
    tags = sorted(tag for tag, version in metadata.leading.items() if version == text)
    return {"name": str(metadata.name), **release_value(release), "tags": tags}


def published_value(done: Published) -> dict[str, Any]:
    """Return what a publishing came to."""
    value: dict[str, Any] = {
        "name": str(done.name),
        "version": str(done.release.version),
        "release": release_value(done.release),
        "tags": list(done.tags),
        "warnings": [problem_value(one) for one in done.warnings],
    }
    return value | ({"approval_status": "pending", "id": done.pending} if done.pending else {})


def problem_value(problem: Problem) -> dict[str, str]:
    """Return a problem, without a place: that would be one of ours."""
    return {"what": problem.what, "where": "", "fix": problem.fix, "field": problem.field}


def approval_value(one: Approval) -> dict[str, Any]:
    """Return a request for approval."""
    return {
        "id": one.number,
        "name": str(one.name),
        "version": one.version,
        "tag": one.tag,
        "integrity": one.integrity,
        "size": one.size,
        "description": one.description,
        "publisher": one.publisher,
        "created_at": time_text(one.created_at),
        "state": one.state,
        "decided_by": one.decided_by or None,
        "decided_at": moment(one.decided_at),
        "reason": one.reason,
    }


def entry_value(one: Entry) -> dict[str, Any]:
    """Return an entry of the log."""
    event = one.event
    return {
        "number": one.number,
        "at": time_text(one.at),
        "actor": event.actor,
        "action": event.action,
        "package": event.package,
        "version": event.version,
        "details": dict(event.details),
        "previous": one.previous,
        "digest": one.digest,
    }


def token_value(one: Token) -> dict[str, Any]:
    """Return a token, without its secret."""
    return {
        "id": one.number,
        "person": one.person,
        "label": one.label,
        "grants": grants_value(one.grants),
        "created_at": time_text(one.created_at),
        "expires_at": moment(one.expires_at),
        "revoked_at": moment(one.revoked_at),
    }


def publisher_value(one: Publisher) -> dict[str, Any]:
    """Return a trusted publisher."""
    return {
        "id": one.number,
        "label": one.label,
        "issuer": one.issuer,
        "subject": one.subject,
        "claims": dict(one.claims),
        "grants": grants_value(one.grants),
        "created_at": time_text(one.created_at),
        "created_by": one.created_by,
    }


def path_of(call: Call, *parts: str) -> str:
    """Return a path of ours, from the root of the server, as headers have it."""
    return call.site.base + "".join(f"/{quote(part, safe='@/+')}" for part in parts)
