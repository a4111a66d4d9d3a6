"""`aam approvals`: ls, show, approve and reject."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.granting import moment
from packaging_targets.adapters.cli.aam.login import add_server
from packaging_targets.adapters.cli.aam.telling import add_group, add_verb, as_json
from packaging_targets.adapters.output import counted, table, tell, warn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging_targets.registry.aam.http.desk.values import AskedApproval
    from packaging_targets.services.aam.browsing.differences import Change, Changes, Difference
    from packaging_targets.services.aam.people.approvals import Proposal

_STATES = ("pending", "approved", "rejected", "failed", "all")
_MAX_FILES = 200  # that are told to people; JSON has all


def add_parsers(verbs: Any) -> None:
    """Add the verbs of this module to subparsers."""
    own = add_group(verbs, "approvals", "list, look at and decide what waits for a second person")
    listing = add_verb(own, "ls", "list what you sent, or may decide", _list)
    listing.add_argument("--state", choices=_STATES, default="pending", help="default: pending")
    showing = add_verb(own, "show", "tell what a version would change: its files, what it gives, what it needs", _show)
    showing.add_argument("--diff", action="store_true", help="tell the lines that differ, too")
    approving = add_verb(own, "approve", "publish what waits", _approve)
    rejecting = add_verb(own, "reject", "let what waits not be published", _reject)
    rejecting.add_argument("--reason", required=True, metavar="TEXT", help="why: the publisher reads it, and the log")
    for parser in (showing, approving, rejecting):
        parser.add_argument("number", metavar="NUMBER", help="which one, as `ls` shows it")
    for parser in (listing, showing, approving, rejecting):
        add_server(parser)


def _list(options: Namespace) -> int:
    from packaging_targets.services.aam.people.approvals import approvals

    found = approvals(options.registry, options.state)
    rows = [
        (one.number, f"{one.name}@{one.version}", one.publisher, moment(one.created_at), one.state) for one in found
    ]
    none = "nothing waits for approval" if options.state == "pending" else "no requests for approval"
    lines = table([("NUMBER", "VERSION", "PUBLISHER", "SINCE", "STATE"), *rows]) if rows else [none]
    return tell(options, {"ok": True, "approvals": [_value(one) for one in found]}, lines)


def _show(options: Namespace) -> int:
    from packaging_targets.services.aam.people.approvals import proposal

    found = proposal(options.registry, options.number, with_lines=options.diff)
    value = {"ok": True, **_value(found.asked), "follows": found.former or None, "changes": _changes_value(found)}
    return tell(options, value, [*_head(found.asked), *_changed(found)])


def _approve(options: Namespace) -> int:
    from packaging_targets.services.aam.people.approvals import approve

    asked, published = approve(options.registry, options.number)
    warn(options, published.warnings)
    tags = ", ".join(published.tags)
    line = f"published {asked.name}@{asked.version}{f' ({tags})' if tags else ''}"
    value = {"ok": True, **_value(asked), "tags": list(published.tags), "warnings": as_json(published.warnings)}
    return tell(options, value, [line])


def _reject(options: Namespace) -> int:
    from packaging_targets.services.aam.people.approvals import reject

    asked = reject(options.registry, options.number, options.reason)
    return tell(options, {"ok": True, **_value(asked)}, [f"{asked.name}@{asked.version} is {asked.state}"])


def _head(asked: AskedApproval) -> Iterator[str]:
    yield f"{asked.name}@{asked.version}: {asked.state}"
    yield f"  {asked.description or 'no description'}"
    yield f"  sent by {asked.publisher}, {moment(asked.created_at)}"
    yield f"  tag {asked.tag or 'as usual'}, {asked.size:,} bytes, {asked.integrity}"
    if asked.decided_by:
        yield f"  decided by {asked.decided_by}, {moment(asked.decided_at)}"
    if asked.reason:
        yield f"  reason: {asked.reason}"


def _changed(found: Proposal) -> Iterator[str]:
    if found.changes is None:
        yield "  its archive is not kept any more"
        return
    files = found.changes.files
    yield ""
    yield f"compared with {found.former}:" if found.former else "no version is published yet, so all is new:"
    yield from _section("files", [_file(one) for one in files[:_MAX_FILES]])
    if len(files) > _MAX_FILES:
        yield f"  and {counted(len(files) - _MAX_FILES, 'more file')}"
    yield from _section("gives", [_change(one) for one in found.changes.gives])
    yield from _section("needs", [_change(one) for one in found.changes.needs])
    for path, lines in (found.lines or {}).items():
        yield ""
        yield f"{path}:"
        yield from lines


def _section(title: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"  {title}: no change" if not rows else f"  {title}:"
    yield from (f"    {line}" for line in (table(rows) if rows else ()))


def _file(one: Difference) -> tuple[str, str, str]:
    sizes = dict.fromkeys(f"{side.size:,}" for side in (one.before, one.after) if side)
    runs = ", can be run" if one.becomes_executable else ""
    return one.state, one.path, f"{' -> '.join(sizes)} bytes{runs}"


def _change(one: Change) -> tuple[str, str, str]:
    said = " -> ".join(side for side in (one.before, one.after) if side)
    return one.state, f"{one.kind} {one.name}".strip(), said


def _changes_value(found: Proposal) -> dict[str, Any] | None:
    changes: Changes | None = found.changes
    if changes is None:
        return None
    files = [
        {
            "path": one.path,
            "state": one.state,
            "sizes": [side.size if side else None for side in (one.before, one.after)],
            "becomesExecutable": one.becomes_executable,
            **({"lines": found.lines[one.path]} if found.lines and one.path in found.lines else {}),
        }
        for one in changes.files
    ]
    told = {"gives": changes.gives, "needs": changes.needs}
    return {"files": files, **{name: [_change_value(one) for one in held] for name, held in told.items()}}


def _change_value(one: Change) -> dict[str, Any]:
    return {"kind": one.kind, "name": one.name, "state": one.state, "before": one.before, "after": one.after}


def _value(one: AskedApproval) -> dict[str, Any]:
    return {
        "id": one.number,
        "name": str(one.name),
        "version": str(one.version),
        "tag": one.tag,
        "integrity": one.integrity,
        "size": one.size,
        "description": one.description,
        "publisher": one.publisher,
        "created_at": moment(one.created_at),
        "state": one.state,
        "decided_by": one.decided_by or None,
        "decided_at": moment(one.decided_at),
        "reason": one.reason,
    }
