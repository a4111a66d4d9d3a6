"""Versions that wait for a second person, and what became of them.

    pending ──▶ approving ──▶ approved
       │  ▲         │  └────▶ failed: the registry would not have it any more
       │  └─────────┘ it could not be published just now
       └──▶ rejected

One change of a row decides each step, so each happens once, whoever comes at the same moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, false, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from packaging_targets.formats.aam.documents.transitions import plainest
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.registry.aam.database import tables
from packaging_targets.registry.aam.desk import audit
from packaging_targets.registry.aam.desk.access import Identity
from packaging_targets.registry.aam.desk.audit import Event
from packaging_targets.registry.aam.desk.listing import Part, Span, is_number, part_of

State = Literal["pending", "approving", "approved", "failed", "rejected"]
NOTE = "approval"  # the action of notes that somebody is at the archive of a request
STATES: tuple[State, ...] = ("pending", "approving", "approved", "failed", "rejected")


@dataclass(frozen=True, slots=True)
class Approval:
    """A request for approval. `publisher` and `decided_by` are persons; times are seconds since 1970, None for not yet.

    `reason` is why it was rejected, or what the registry said where publishing it failed.
    """

    number: str
    name: PackageName
    version: str
    tag: str
    integrity: str
    size: int
    description: str
    publisher: str
    created_at: int
    state: State = "pending"
    decided_by: str = ""
    decided_at: int | None = None
    reason: str = ""
    signature: bytes = field(default=b"", repr=False)

    @property
    def is_open(self) -> bool:
        """Whether nothing is decided yet, so that its archive is kept."""
        return self.state in {"pending", "approving"}


def numbered(connection: Connection, number: str) -> Approval | None:
    """Return the request of a number, or None."""
    if not is_number(number):
        return None
    row = connection.execute(select(tables.approvals).where(tables.approvals.c.number == number)).one_or_none()
    return None if row is None else _approval(row)


def waiting_for(connection: Connection, name: PackageName, version: str) -> Approval | None:
    """Return the request that waits for a version, whatever build metadata that has, or None."""
    waiting = tables.approvals.c.waiting == _waiting(name, version)
    row = connection.execute(select(tables.approvals).where(waiting)).one_or_none()
    return None if row is None else _approval(row)


def open_among(connection: Connection, numbers: Sequence[str]) -> set[str]:
    """Return those of some numbers whose requests nobody has decided, so that their archives are needed."""
    column = tables.approvals.c
    wanted = select(column.number).where(column.number.in_(numbers), column.state.in_(("pending", "approving")))
    return set(connection.execute(wanted).scalars())


def listed(connection: Connection, who: Identity, states: Sequence[State], span: Span) -> Part[Approval]:
    """Return a part of the requests that somebody may see, in some of the states, the newest first."""
    chosen = and_(_seen_by(who), tables.approvals.c.state.in_(states))
    return part_of(connection, tables.approvals, chosen, span, _approval)


def noted(connection: Connection, about: Approval, at: int) -> str:
    """Note that somebody is at the archive of a request; return the number of the note."""
    actor = about.decided_by or about.publisher
    return audit.begin(connection, Event(actor, NOTE, str(about.name), about.version, {"number": about.number}), at)


def asked(connection: Connection, request: Approval, note: str) -> bool:
    """Let a request stand whose archive is there; tell whether none waits, and nobody gave the archive up meanwhile."""
    if not _added(connection, request):
        return False
    if not audit.forget(connection, note):
        connection.execute(delete(tables.approvals).where(tables.approvals.c.number == request.number))
        return False
    audit.append(connection, _event(request.publisher, "approval.asked", request), request.created_at)
    return True


def taken(connection: Connection, request: Approval) -> str:
    """Let a request that waits be as `request` is; return the number of a note, or nothing where it does not wait."""
    return noted(connection, request, request.decided_at or 0) if _moved(connection, ("pending",), request) else ""


def rejected(connection: Connection, done: Approval) -> str:
    """Let a request that waits end; return the number of a note about its archive, or nothing as `taken` does."""
    note = taken(connection, done)
    if note:
        event = _event(done.decided_by, "approval.rejected", done, {"reason": done.reason})
        audit.append(connection, event, done.decided_at or 0)
    return note


def finished(connection: Connection, done: Approval, besides: Mapping[str, Any]) -> bool:
    """Let a request be approved whose version is published, and tell of both; tell whether it was not yet."""
    if not _moved(connection, ("pending", "approving"), done):
        return False
    at = done.decided_at or 0
    audit.append(connection, _event(done.decided_by, "approval.approved", done, besides), at)
    published = _event(done.publisher, "publish", done, {"size": done.size, "signed": bool(done.signature), **besides})
    if not audit.is_told(connection, published):
        audit.append(connection, published, at)
    return True


def failed(connection: Connection, done: Approval) -> None:
    """Let a request that was being published end, and tell why."""
    if _moved(connection, ("approving",), done):
        event = _event(done.decided_by, "approval.failed", done, {"reason": done.reason})
        audit.append(connection, event, done.decided_at or 0)


def waits_again(connection: Connection, request: Approval, note: str) -> bool:
    """Let a request that was being published wait again, and forget the note; tell whether it was being published."""
    waiting = replace(request, state="pending", decided_by="", decided_at=None)
    audit.forget(connection, note)
    return _moved(connection, ("approving",), waiting)


def _added(connection: Connection, approval: Approval) -> bool:
    """Add a request; tell whether there was none that waits for the same version."""
    values = {
        "number": approval.number,
        "name": str(approval.name),
        "version": approval.version,
        "waiting": _waiting(approval.name, approval.version),
        "tag": approval.tag,
        "integrity": approval.integrity,
        "size": approval.size,
        "description": approval.description,
        "signature": approval.signature or None,
        "publisher": approval.publisher,
        "created_at": approval.created_at,
        "state": approval.state,
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(tables.approvals).values(values))
    except IntegrityError:
        return False
    return True


def _moved(connection: Connection, sources: Sequence[State], target: Approval) -> bool:
    """Let a request be as `target` says, if its state is one of `sources`; tell whether it was."""
    column = tables.approvals.c
    values: dict[str, Any] = {"state": target.state, "decided_by": target.decided_by or None}
    values |= {"decided_at": target.decided_at, "reason": target.reason or None}
    if not target.is_open:
        values["waiting"] = None
    done = connection.execute(
        update(tables.approvals).where(column.number == target.number, column.state.in_(sources)).values(values)
    )
    return done.rowcount == 1


def _event(actor: str, action: str, about: Approval, besides: Mapping[str, Any] | None = None) -> Event:
    details = {"approval": about.number, "integrity": about.integrity, **(besides or {})}
    return Event(actor, action, str(about.name), about.version, details)


def _seen_by(who: Identity) -> ColumnElement[bool]:
    """Return what is theirs, or lies in their care."""
    name = tables.approvals.c.name
    patterns = {one for grant in who.grants if "admin" in grant.actions for one in grant.patterns}
    cared_for = true() if "*" in patterns else or_(false(), *(name.like(_like(one), escape="\\") for one in patterns))
    return or_(tables.approvals.c.publisher == who.person, cared_for) if who.person else cared_for


def _like(pattern: str) -> str:
    return pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")


def _waiting(name: PackageName, version: str) -> str:
    """Return what requests share of which one alone could be published: build metadata makes no other version."""
    return f"{name}@{plainest(version)}"


def _approval(row: Row[Any]) -> Approval:
    return Approval(
        row.number,
        PackageName.parse(row.name),
        row.version,
        row.tag,
        row.integrity,
        row.size,
        row.description,
        row.publisher,
        row.created_at,
        cast("State", row.state),
        row.decided_by or "",
        row.decided_at,
        row.reason or "",
        row.signature or b"",
    )
