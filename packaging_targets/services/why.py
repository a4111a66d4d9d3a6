"""Why a target would run now, or why it ran last time: the reasons as they were recorded when it was decided."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from packaging_targets.build.explain import Difference
from packaging_targets.build.session import Session, planned
from packaging_targets.errors import RequestError, near_miss
from packaging_targets.model.label import Label
from packaging_targets.store.records import loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def why(text: str) -> str:
    """Return what there is to say about a label, or about one of its actions (`//pkg:name#action`).

    Raises RequestError where there is no such target.
    """
    with planned(os.getcwd()) as session:
        ids = _actions(session, text.removeprefix("build:"), session.package)
        stale = set(session.candidates())
        if not ids:
            return f"{text} makes nothing: its rule gave it no actions."
        return "\n".join(line for name in ids for line in _told(session, name, stale))


def _actions(session: Session, text: str, package: str) -> list[str]:
    name, _, action = text.partition("#")
    try:
        label = str(Label.parse(name, package))
    except ValueError as error:
        raise RequestError.one(f"`{text}` is no label: {error}", "", "write //folder:name") from None
    ids: list[str] = session.records.column("select id from action where label = ? order by place", label)
    ids = [one for one in ids if not action or one == f"{label}#{action}"]
    labels = session.records.column("select label from target")
    if not ids and (action or label not in labels):
        every = session.records.column("select id from action") if action else labels
        raise RequestError.one(f"there is no target `{text}`", "", near_miss(text, every))
    return ids


def _told(session: Session, name: str, stale: set[str]) -> Iterator[str]:
    first = _waits_for(session, name, stale)
    decision = session.check(name)
    if decision.job is not None:
        yield f"{name} would run:"
        yield from _listed(decision.reasons)
    elif first:
        yield f"{name} may run, after what it uses is made:"
        yield from (f"  {maker}" for maker in first)
    else:
        yield f"{name} is up to date."
    yield from _last_time(session, name)


def _waits_for(session: Session, name: str, stale: set[str]) -> list[str]:
    """Return what makes something that the action uses, and would run or may run itself."""
    makers = [maker for maker in session.actions.makers_of(session.actions[name]) if maker in stale]
    return [maker for maker in makers if session.check(maker).job is not None or _waits_for(session, maker, stale)]


def _last_time(session: Session, name: str) -> Iterator[str]:
    row = session.records.row("select result, reason from action where id = ?", name)
    if row is None or row[0] is None:
        return
    result = loads(row[0])
    at = datetime.fromtimestamp(result["at"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    how = "came from the cache" if result["outcome"] == "restored" else f"was built in {result['seconds']:.2f} s"
    yield f"{name} {how} last time ({at}), because:"
    yield from _listed(Difference(*one) for one in loads(row[1] or "[]"))


def _listed(reasons: Iterable[Difference]) -> Iterator[str]:
    return (f"  {reason}" for reason in reasons)
