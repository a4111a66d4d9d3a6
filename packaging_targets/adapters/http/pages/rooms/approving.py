"""What waits for a second person, what it would change, and the decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from packaging_targets.adapters.http.pages.showing.changes import MAX_FILES, change_rows, summary_of
from packaging_targets.adapters.http.pages.showing.marks import mark_of
from packaging_targets.adapters.http.pages.showing.package import package_path
from packaging_targets.adapters.http.pages.visiting import Visit
from packaging_targets.errors import IntegrityError
from packaging_targets.formats.aam.metadata import Release
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.model.versions.semver import SemanticVersion
from packaging_targets.registry.aam.desk.approvals import Approval
from packaging_targets.services.aam.browsing.contents import read_contents, read_texts
from packaging_targets.services.aam.browsing.differences import (
    MAX_TEXT,
    Difference,
    differences,
    former_of,
    wanted_paths,
)
from packaging_targets.services.aam.hosting import approving

_LIMIT = 30
_STATES = {"pending": "Waiting", "approved": "Approved", "rejected": "Rejected", "failed": "Failed", "all": "All"}
_UNREADABLE = {"unreadable": "the archive is not in order, so nothing of it is shown"}


def approvals(visit: Visit) -> Response:
    """List requests for approval."""
    state = visit.asked("state")
    state = state if state in _STATES else "pending"
    after = visit.asked("after")
    part = approving.approvals(visit.host, visit.who, state, after, _LIMIT)
    here = "/browse/approvals"
    return visit.page(
        "approvals.html",
        approvals=part.entries,
        total=part.total,
        state=state,
        states=[
            {"text": text, "href": visit.link(here, state=one), "here": one == state} for one, text in _STATES.items()
        ],
        next=visit.link(here, state=state, after=part.next) if part.next else "",
        first=visit.link(here, state=state) if after else "",
    )


def approval(visit: Visit) -> Response:
    """Show a request, and what it would change."""
    return _shown(visit, approving.approval(visit.host, visit.who, _number(visit)))


def approve(visit: Visit) -> Response:
    """Publish what waits."""
    number = _number(visit)
    return _decided(visit, number, lambda: approving.approve(visit.host, visit.who, number))


def reject(visit: Visit) -> Response:
    """Let a request end; people have to say why."""
    number, reason = _number(visit), " ".join(visit.sent("reason").split())
    if not reason:
        found = approving.approval(visit.host, visit.who, number)
        return _shown(visit, found, 400, "say why: the publisher reads it, and it stays in the log")
    return _decided(visit, number, lambda: approving.reject(visit.host, visit.who, number, reason))


def _decided(visit: Visit, number: str, decide: Any) -> Response:
    """Decide, and show the request as it is then; what could not be done is told beside it."""
    try:
        decide()
    except RefusalError as error:
        if error.code in {"APPROVAL_NOT_FOUND", "UNAUTHORIZED"}:
            raise
        found = approving.approval(visit.host, visit.who, number)
        return _shown(visit, found, 409, "; ".join(one.what for one in error.problems))
    return visit.to(f"/browse/approvals/{number}")


def _number(visit: Visit) -> str:
    return visit.path.split("/")[3]


def _shown(visit: Visit, found: Approval, status: int = 200, fault: str = "") -> Response:
    own = found.publisher == visit.who.person
    may = visit.who.may("admin", str(found.name))
    return visit.page(
        "approval.html",
        status,
        approval=found,
        mark=mark_of(str(found.name)),
        fault=fault,
        reason=visit.sent("reason"),
        may_decide=found.state == "pending" and may and not own,
        why_not=_why_not(found, own=own),
        **_changes(visit, found),
    )


def _why_not(found: Approval, *, own: bool) -> str:
    if found.state != "pending":
        return "Somebody is deciding it just now."
    return "You sent this, so another person has to decide." if own else f"To decide needs admin on {found.name}."


def _changes(visit: Visit, found: Approval) -> dict[str, Any]:
    """Return what a page says of the archive that waits, compared with the version that it would follow."""
    empty: dict[str, Any] = {"unreadable": "", "compared": None, "summary": "", "rows": (), "more": 0}
    if not found.is_open:
        return {**empty, "unreadable": f"the request is {found.state}: its archive is not kept here any more"}
    former = _former(visit, found)
    try:
        with visit.room.shelf.reading(), approving.open_aside(visit.host, visit.who, found.number) as archive:
            after = read_contents(archive, f"{found.name}@{found.version}")
        before = visit.room.shelf.shown(found.name, former).contents if former else None
        changed = differences(before, after)
        rows = change_rows(changed, *_texts(visit, found, former, changed))
    except IntegrityError:
        return {**empty, **_UNREADABLE}
    compared = former and {
        "version": str(former.version),
        "href": visit.prefix + package_path(str(found.name), str(former.version)),
    }
    return {
        **empty,
        "compared": compared,
        "summary": summary_of(changed),
        "rows": rows,
        "more": max(len(changed) - MAX_FILES, 0),
    }


def _former(visit: Visit, found: Approval) -> Release | None:
    return former_of(visit.host.holdings.metadata(found.name), SemanticVersion.parse(found.version))


def _texts(
    visit: Visit, found: Approval, former: Release | None, changed: tuple[Difference, ...]
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the texts of files that differ, as they are published, and as they wait."""
    wanted = wanted_paths(changed)
    where = f"{found.name}@{found.version}"
    with visit.room.shelf.reading():
        before: Mapping[str, str] = {}
        if former:
            with visit.host.holdings.open(found.name, former) as archive:
                before = read_texts(archive, where, wanted, MAX_TEXT)
        with approving.open_aside(visit.host, visit.who, found.number) as archive:
            return before, read_texts(archive, where, wanted, MAX_TEXT)
