"""`aam approvals`: what waits for a second person, what it would change, and the decision.

What it would change is found out here, from the archives: whoever decides need not believe the server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packaging_targets.formats.aam.metadata import Release
from packaging_targets.registry.aam.http.desk import approvals as desk
from packaging_targets.registry.aam.http.desk.values import AskedApproval
from packaging_targets.registry.aam.http.registry import HttpRegistry
from packaging_targets.registry.aam.protocol import Published
from packaging_targets.services.aam.browsing.contents import Contents, read_contents, read_texts
from packaging_targets.services.aam.browsing.differences import (
    MAX_TEXT,
    Changes,
    changes,
    former_of,
    lines_of_difference,
    wanted_paths,
)
from packaging_targets.services.aam.credentials.signing_in import server_of, visited

_LACK = "where nothing waits for approval: whoever can write there publishes"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A request for approval, and what it would change in `former`, the version that it follows, empty for none.

    `changes` is None where the request is decided, so that its archive is not kept. `lines` are those that differ,
    by path, of small texts; a sign stands before each: `+`, `-`, a blank, or `@@`.
    """

    asked: AskedApproval
    former: str = ""
    changes: Changes | None = None
    lines: Mapping[str, Sequence[str]] | None = None


def approvals(registry: str, state: str = "") -> tuple[AskedApproval, ...]:
    """Return the requests that somebody made, or may decide, the newest first; without a state those that wait."""
    with visited(server_of(registry, _LACK)) as known:
        return tuple(desk.approvals(known.session, state))


def proposal(registry: str, number: str, *, with_lines: bool = False) -> Proposal:
    """Return a request, and what it would change.

    Raises RefusalError (APPROVAL_NOT_FOUND), and IntegrityError where an archive is not in order.
    """
    with visited(server_of(registry, _LACK)) as known:
        asked = desk.approval(known.session, number)
        if not asked.is_open:
            return Proposal(asked)
        former = former_of(known.metadata(asked.name), asked.version)
        found = changes(_before(known, asked, former), _after(known, asked))
        lines = _lines(known, asked, former, found) if with_lines else None
        return Proposal(asked, str(former.version) if former else "", found, lines)


def approve(registry: str, number: str) -> tuple[AskedApproval, Published]:
    """Publish what waits; return the request as it is then, and what was published.

    Raises RefusalError: FORBIDDEN for its own publisher, and who has not the package in their care; CONFLICT where it
    is decided; and what publishing raises.
    """
    with visited(server_of(registry, _LACK)) as known:
        return desk.approve(known.session, number)


def reject(registry: str, number: str, reason: str) -> AskedApproval:
    """Let a request end without a publishing; raises RefusalError as `approve` does."""
    with visited(server_of(registry, _LACK)) as known:
        return desk.reject(known.session, number, reason)


def _before(known: HttpRegistry, asked: AskedApproval, former: Release | None) -> Contents | None:
    if former is None:
        return None
    with known.open(asked.name, former) as archive:
        return read_contents(archive, f"{asked.name}@{former.version}")


def _after(known: HttpRegistry, asked: AskedApproval) -> Contents:
    with desk.waiting(known.session, asked) as archive:
        return read_contents(archive, f"{asked.name}@{asked.version}")


def _lines(
    known: HttpRegistry, asked: AskedApproval, former: Release | None, found: Changes
) -> dict[str, Sequence[str]]:
    """Return the lines that differ, of the files of which both sides are texts."""
    wanted, where = wanted_paths(found.files), f"{asked.name}@{asked.version}"
    before: Mapping[str, str] = {}
    if former is not None:
        with known.open(asked.name, former) as archive:
            before = read_texts(archive, where, wanted, MAX_TEXT)
    with desk.waiting(known.session, asked) as archive:
        after = read_texts(archive, where, wanted, MAX_TEXT)
    lines = {}
    for one in found.files:
        sides = [(one.before, before), (one.after, after)]
        if one.path in wanted and all(one.path in texts for side, texts in sides if side):
            lines[one.path] = lines_of_difference(before.get(one.path, ""), after.get(one.path, ""))
    return lines
