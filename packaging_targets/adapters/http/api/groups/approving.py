"""Requests for approval, and the log."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.types import ASGIApp

from packaging_targets.adapters.http.api import examples
from packaging_targets.adapters.http.api.endpoint import body_of
from packaging_targets.adapters.http.api.groups.archives import BYTES
from packaging_targets.adapters.http.api.groups.changing import REASON
from packaging_targets.adapters.http.api.lists import list_answered
from packaging_targets.adapters.http.api.operation import SENT, Operation, Reply
from packaging_targets.adapters.http.api.queries import ACTION, LISTS, PACKAGE, STATE
from packaging_targets.adapters.http.api.values import approval_value, entry_value, published_value
from packaging_targets.adapters.http.bodies.downloads import Sending, Stored, pieces_of_stream
from packaging_targets.adapters.http.call import Call
from packaging_targets.adapters.http.messages.answers import done
from packaging_targets.formats.aam.integrity import parse_integrity
from packaging_targets.services.aam.hosting import approving, auditing

_UNKNOWN = ("FORBIDDEN", "APPROVAL_NOT_FOUND")
_DECIDED = (*_UNKNOWN, "CONFLICT")


async def approvals(call: Call) -> ASGIApp:
    """Answer with a part of the requests that somebody may see, the newest first."""
    return await list_answered(call, approving.approvals, "approvals", approval_value, "state")


async def approval(call: Call) -> ASGIApp:
    """Answer with a request."""
    found = await call.site.in_thread(approving.approval, call.site.host, call.who, call.parameters["id"])
    return done(approval_value(found), call.headers)


async def waiting(call: Call) -> ASGIApp:
    """Answer with the archive that waits, for whoever is to say a word about it."""
    host, number = call.site.host, call.parameters["id"]
    found = await call.site.in_thread(approving.approval, host, call.who, number)

    def pieces(start: int, end: int) -> Iterator[bytes]:
        with approving.open_aside(host, call.who, number) as file:
            yield from pieces_of_stream(file, start, end)

    digest = parse_integrity(found.integrity).hex
    return Sending(call, Stored(digest, found.size, found.name.archive(found.version), pieces, is_public=False))


async def approve(call: Call) -> ASGIApp:
    """Let what waits be published."""
    found, published = await call.site.validated(approving.approve, call.site.host, call.who, call.parameters["id"])
    return done({"approval": approval_value(found), "published": published_value(published)}, call.headers)


async def reject(call: Call) -> ASGIApp:
    """Let what waits not be published."""
    sent = await body_of(call, REASON) or {}
    found = await call.site.in_thread(
        approving.reject, call.site.host, call.who, call.parameters["id"], sent.get("reason", "")
    )
    return done(approval_value(found), call.headers)


async def audit(call: Call) -> ASGIApp:
    """Answer with a part of the log, the newest entry first."""
    return await list_answered(call, auditing.entries, "entries", entry_value, "package", "action")


_PARTS = ("Link", "X-Total-Count")
_ONE = Reply(200, "The request.", "Approval", examples.APPROVAL)
OPERATIONS = (
    Operation(
        "GET",
        "/approvals",
        "listApprovals",
        "Requests for approval: one's own, and those that one may decide",
        approvals,
        (Reply(200, "A part of them, the newest first.", "ApprovalList", examples.APPROVAL_LIST, headers=_PARTS),),
        "approvals",
        "people",
        ("FORBIDDEN",),
        (STATE, *LISTS),
    ),
    Operation(
        "GET",
        "/approvals/{id}",
        "getApproval",
        "A request for approval",
        approval,
        (_ONE,),
        "approvals",
        "people",
        _UNKNOWN,
    ),
    Operation(
        "GET",
        "/approvals/{id}/tarball",
        "getWaitingArchive",
        "The archive that waits",
        waiting,
        (
            Reply(200, "The archive.", types=BYTES, headers=("Accept-Ranges", "Content-Disposition")),
            Reply(206, "The part that `Range` names.", types=BYTES, headers=("Accept-Ranges", "Content-Range")),
            Reply(304, "It is what `If-None-Match` names."),
        ),
        "approvals",
        "people",
        (*_UNKNOWN, "GONE", "CONFLICT", "RANGE_NOT_SATISFIABLE"),
    ),
    Operation(
        "POST",
        "/approvals/{id}/approve",
        "approve",
        "Publish what waits; nobody approves their own",
        approve,
        (Reply(200, "What it came to.", "Decision", examples.DECISION),),
        "approvals",
        "people",
        (*_DECIDED, "VERSION_CONFLICT", "MANIFEST_INVALID", "GONE"),
    ),
    Operation(
        "POST",
        "/approvals/{id}/reject",
        "reject",
        "Do not publish what waits; nobody rejects their own",
        reject,
        (_ONE,),
        "approvals",
        "people",
        (*_DECIDED, *SENT),
        body=REASON,
    ),
    Operation(
        "GET",
        "/audit",
        "listAudit",
        "The log of all that was done, each entry with the digest of the one before",
        audit,
        (Reply(200, "A part of it, the newest first.", "AuditList", examples.AUDIT_LIST, headers=_PARTS),),
        "audit",
        "people",
        ("FORBIDDEN", "PACKAGE_NOT_FOUND"),
        (*LISTS, PACKAGE, ACTION),
    ),
)
