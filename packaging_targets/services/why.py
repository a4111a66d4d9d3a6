"""Why a target would run now, or why it ran last time: the reasons as they were recorded when it was decided."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from packaging_targets.build.explain import NEVER_BUILT, Difference
from packaging_targets.build.session import Session, planned
from packaging_targets.build.staleness import Makers
from packaging_targets.errors import BuildError, RequestError, near_miss
from packaging_targets.model.label import Label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def why(text: str) -> str:
    """Return what there is to say about a label, or about one of its actions (`//pkg:name#action`).

    Raises RequestError where there is no such target.
    """
    with planned(os.getcwd()) as session:
        ids = _actions(session, text.removeprefix("build:"), session.package)
        makers = Makers(session.candidates())
        if not ids:
            return f"{text} makes nothing: its rule gave it no actions."
        return "\n".join(line for name in ids for line in _told(session, name, makers))


def _actions(session: Session, text: str, package: str) -> list[str]:
    name, _, action = text.partition("#")
    try:
        label = str(Label.parse(name, package))
    except ValueError as error:
        raise RequestError.one(f"`{text}` is no label: {error}", "", "write //folder:name") from None
    actions = session.records.actions
    ids = [one.id for one in actions.of_target(label) if not action or one.id == f"{label}#{action}"]
    labels = session.records.targets.labels()
    if not ids and (action or label not in labels):
        every = actions.ids() if action else labels
        raise RequestError.one(f"there is no target `{text}`", "", near_miss(text, every))
    return ids


def _told(session: Session, name: str, makers: Makers) -> Iterator[str]:
    first = _waits_for(session, name, makers)
    reasons = _reasons(session, name, waits=bool(first))
    if reasons:
        yield f"{name} would run:"
        yield from _listed(reasons)
    elif first:
        yield f"{name} may run, after what it uses is made:"
        yield from (f"  {maker}" for maker in first)
    else:
        yield f"{name} is up to date."
    yield from _last_time(session, name)


def _waits_for(session: Session, name: str, makers: Makers) -> list[str]:
    """Return what makes something that the action uses, and would run or may run itself."""
    found = makers.of(session.records.actions[name])
    return [maker for maker in found if _may_run(session, maker, makers)]


def _may_run(session: Session, name: str, makers: Makers) -> bool:
    waits = bool(_waits_for(session, name, makers))
    return waits or bool(_reasons(session, name, waits=False))


def _reasons(session: Session, name: str, *, waits: bool) -> Sequence[Difference]:
    """Return why an action would run now; one that `waits` for what is to be made cannot always tell."""
    if waits and session.records.actions[name].result is None:
        return (NEVER_BUILT,)
    try:
        return session.check(name).reasons
    except BuildError:
        if waits:
            return ()
        raise


def _last_time(session: Session, name: str) -> Iterator[str]:
    actions = session.records.actions
    result = actions[name].result
    if result is None:
        return
    at = datetime.fromtimestamp(result.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    how = "came from the cache" if result.outcome == "restored" else f"was built in {result.seconds:.2f} s"
    yield f"{name} {how} last time ({at}), because:"
    yield from _listed(Difference(*one) for one in actions.reasons(name))


def _listed(reasons: Iterable[Difference]) -> Iterator[str]:
    return (f"  {reason}" for reason in reasons)
