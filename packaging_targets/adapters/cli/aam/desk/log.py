"""`aam registry audit`: ls, verify and head."""

from __future__ import annotations

import os
from argparse import Namespace
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.desk.operating import add_operator, opened
from packaging_targets.adapters.cli.aam.granting import moment
from packaging_targets.adapters.cli.aam.telling import as_json
from packaging_targets.adapters.output import complain, counted, table, tell
from packaging_targets.errors import Problem, RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging_targets.registry.aam.desk.audit import Entry

_SHOWN = 50


def add_audit(verbs: Any) -> None:
    """Add the verbs behind `audit`."""
    listing = add_operator(verbs, "ls", "print the log, the newest entry first", _list_entries)
    listing.add_argument("--package", default="", metavar="NAME", help="what is about one package")
    listing.add_argument("--action", default="", help="what is of one kind, such as publish or token.created")
    listing.add_argument("--limit", type=int, default=_SHOWN, help=f"how many entries; default: {_SHOWN}")
    checking = add_operator(verbs, "verify", "tell whether the log was changed", _verify)
    checking.add_argument("--pinned", default="", metavar="DIGEST", help="the digest of an entry that has to be there")
    add_operator(verbs, "head", "print the digest of the last entry, to keep elsewhere", _head)


@dataclass(frozen=True, slots=True)
class CheckedLog:
    """What became of checking the log of a server at a folder; `entries` is None where there is none to check."""

    entries: int | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def log_of(root: str, server: str) -> CheckedLog:
    """Check the log of the server that keeps its own folder in a registry's, if one does, and we may look into it."""
    if not os.access(os.path.join(server, "registry.sqlite3"), os.R_OK | os.W_OK):
        return CheckedLog()
    try:
        with opened(Namespace(registry=root, data=server, database="")) as (desk, _):
            from packaging_targets.services.aam.hosting.auditing import check_chain, head

            return CheckedLog(head(desk).number, check_chain(desk))
    except RequestError as error:
        return CheckedLog(warnings=error.problems)


def _list_entries(options: Namespace) -> int:
    with opened(options) as (desk, operator):
        from packaging_targets.services.aam.hosting.auditing import entries

        part = entries(desk, operator, "", options.limit, options.package, options.action)
    rows = [(one.number, moment(one.at), one.event.actor or "-", one.event.action, _about(one)) for one in part.entries]
    lines = table([("ENTRY", "TIME", "WHO", "DID", "WHAT"), *rows], right=(0,)) if rows else ["no entries"]
    return tell(options, {"ok": True, "entries": list(map(_entry_value, part.entries)), "total": part.total}, lines)


def _verify(options: Namespace) -> int:
    with opened(options) as (desk, _):
        from packaging_targets.services.aam.hosting.auditing import check_chain, head

        problems, last = check_chain(desk, options.pinned), head(desk)
    if options.format != "json":
        complain(problems)
    verdict = counted(len(problems), "problem") if problems else "all in order"
    value = {"ok": not problems, "number": last.number, "digest": last.digest, "problems": as_json(problems)}
    tell(options, value, [f"{last.number:,} entries: {verdict}"])
    return 1 if problems else 0


def _head(options: Namespace) -> int:
    with opened(options) as (desk, _):
        from packaging_targets.services.aam.hosting.auditing import head

        last = head(desk)
    return tell(options, {"ok": True, "number": last.number, "digest": last.digest}, [last.digest])


def _entry_value(one: Entry) -> dict[str, Any]:
    event = one.event
    value: Mapping[str, Any] = {
        "number": one.number,
        "at": moment(one.at),
        "actor": event.actor,
        "action": event.action,
    }
    about = {"package": event.package, "version": event.version, "details": dict(event.details)}
    return {**value, **about, "previous": one.previous, "digest": one.digest}


def _about(one: Entry) -> str:
    event = one.event
    named = f"{event.package}@{event.version}" if event.version else event.package
    said = (event.details.get(name) for name in ("tag", "reason", "message", "person", "account", "subject"))
    return "  ".join([*([named] if named else []), *(str(text) for text in said if text)])
