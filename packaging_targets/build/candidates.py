"""Which actions a run has to look at: those marked stale, and those that could become so while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.store.records import Records, loads

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from packaging_targets.model.label import Label


def candidates(records: Records, labels: Collection[Label] | None = None) -> list[str]:
    """Return the ids of actions that are stale or depend on such, sorted.

    `labels` limits the result to these targets and what they depend on.
    """
    stale = set(records.column("select label from action where stale = 1"))
    reached, pending = set(stale), list(stale)
    while pending:
        for dependant in records.column("select label from edge where dep = ?", pending.pop()):
            if dependant not in reached:
                reached.add(dependant)
                pending.append(dependant)
    if labels is not None:
        reached &= dependencies(records, map(str, labels))
    return sorted(action for label in reached for action in _of_target(records, label, reached))


def _of_target(records: Records, label: str, reached: set[str]) -> Iterable[str]:
    rows = records.rows("select id, stale, body from action where label = ? order by place", label)
    if len(rows) == 1:
        return [rows[0][0]]
    if any(dep in reached for dep in records.column("select dep from edge where label = ?", label)):
        return [row[0] for row in rows]
    return _stale_within(rows)


def _stale_within(rows: list[tuple[str, int, str]]) -> list[str]:
    """Return the stale actions of a target, and those that use what they make."""
    bodies = {name: loads(body) for name, _, body in rows}
    found = {name for name, stale, _ in rows if stale}
    made = {path for name in found for path in bodies[name]["outputs"]}
    while True:
        more = [name for name in bodies if name not in found and not made.isdisjoint(bodies[name]["inputs"])]
        if not more:
            return list(found)
        found.update(more)
        made.update(path for name in more for path in bodies[name]["outputs"])


def dependencies(records: Records, labels: Iterable[str]) -> set[str]:
    """Return the given targets and all that they depend on, as texts."""
    found = set(labels)
    pending = list(found)
    while pending:
        for dep in records.column("select dep from edge where label = ?", pending.pop()):
            if dep not in found:
                found.add(dep)
                pending.append(dep)
    return found
