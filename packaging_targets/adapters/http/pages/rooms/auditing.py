"""The log of all that was done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from packaging_targets.adapters.http.pages.showing.package import package_path
from packaging_targets.adapters.http.pages.showing.words import minute_text
from packaging_targets.adapters.http.pages.visiting import Visit
from packaging_targets.registry.aam.desk.audit import Entry
from packaging_targets.services.aam.hosting import auditing
from packaging_targets.services.aam.hosting.refusing import demand_admin

_LIMIT = 50
_LONGEST = 300
_DIGEST = 19  # the start of an integrity, by which people know it
_WITH_PAGES = {"publish", "yank", "unyank", "deprecate", "tag.set", "tag.removed", "approval.approved"}


def audit(visit: Visit) -> Response:
    """List what was done, newest first."""
    return _shown(visit)


def check(visit: Visit) -> Response:
    """Read the whole log, and tell whether its chain holds."""
    demand_admin(visit.who, "check the log")
    return _shown(visit, {"problems": auditing.check_chain(visit.host), "head": auditing.head(visit.host)})


def _shown(visit: Visit, found: Mapping[str, Any] | None = None) -> Response:
    package, action, after = visit.asked("package"), visit.asked("action"), visit.asked("after")
    part = auditing.entries(visit.host, visit.who, after, _LIMIT, package, action)
    here = {"package": package, "action": action}
    return visit.page(
        "audit.html",
        check=found,
        package=package,
        action=action,
        entries=[_entry(visit, one) for one in part.entries],
        total=part.total,
        next=visit.link("/browse/audit", **here, after=part.next) if part.next else "",
        first=visit.link("/browse/audit", **here) if after else "",
    )


def _entry(visit: Visit, one: Entry) -> dict[str, Any]:
    event = one.event
    leads = event.package and event.action in _WITH_PAGES
    return {
        "number": one.number,
        "at": one.at,
        "actor": event.actor,
        "action": event.action,
        "package": event.package,
        "version": event.version,
        "told": _told(event.details),
        "request": visit.link(f"/browse/approvals/{request}") if (request := event.details.get("approval")) else "",
        "digest": one.digest,
        "href": visit.prefix + package_path(event.package, event.version) if leads else "",
    }


def _told(details: Mapping[str, Any]) -> str:
    """Return the details of an entry on a line: names and values, without those that say nothing."""
    told = (f"{name}: {_value(name, value)}" for name, value in details.items() if value and name != "approval")
    return ", ".join(told)[:_LONGEST]


def _value(name: str, value: Any) -> str:
    if name == "grants" and isinstance(value, list):
        return "; ".join(f"{' '.join(one['actions'])} on {' '.join(one['patterns'])}" for one in value)
    if name.endswith("_at") and isinstance(value, int):
        return minute_text(value)
    if name == "integrity":
        return f"{str(value)[:_DIGEST]}…"
    if value is True:
        return "yes"
    return value if isinstance(value, str) else json.dumps(value)
