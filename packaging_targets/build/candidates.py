"""Which actions a run has to look at: those marked stale, and those that could become so while they run.

Among them, an action comes after those that make what it uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from packaging_targets.model.label import Label
    from packaging_targets.store.records import Records
    from packaging_targets.store.records.actions import KnownAction


class Makers:
    """Who makes what, among some actions."""

    def __init__(self, actions: Iterable[KnownAction]) -> None:
        self._maker = {path: one.id for one in actions for path in one.action.outputs}

    def of(self, pending: KnownAction) -> list[str]:
        """Return the ids of those that make what an action uses, sorted."""
        return sorted({self._maker[path] for path in pending.action.inputs if path in self._maker} - {pending.id})


def candidates(records: Records, labels: Collection[Label] | None = None) -> list[KnownAction]:
    """Return the actions that are stale or depend on such, sorted by id.

    `labels` limits the result to these targets and what they depend on.
    """
    reached = records.actions.stale_targets()
    pending = list(reached)
    while pending:
        for dependant in records.targets.dependants(pending.pop()):
            if dependant not in reached:
                reached.add(dependant)
                pending.append(dependant)
    if labels is not None:
        reached &= _dependencies(records, map(str, labels))
    found = [one for label in reached for one in _of_target(records, label, reached)]
    return sorted(found, key=lambda one: one.id)


def _of_target(records: Records, label: str, reached: set[str]) -> list[KnownAction]:
    actions = records.actions.of_target(label)
    if len(actions) == 1 or any(dep in reached for dep in records.targets.deps(label)):
        return actions
    return _stale_within(actions)


def _stale_within(actions: Collection[KnownAction]) -> list[KnownAction]:
    """Return the stale actions of a target, and those that use what they make."""
    found = [one for one in actions if one.stale]
    rest = [one for one in actions if not one.stale]
    made = {path for one in found for path in one.action.outputs}
    while True:
        more = [one for one in rest if not made.isdisjoint(one.action.inputs)]
        if not more:
            return found
        found += more
        rest = [one for one in rest if one not in more]
        made.update(path for one in more for path in one.action.outputs)


def _dependencies(records: Records, labels: Iterable[str]) -> set[str]:
    """Return the given targets and all that they depend on, as texts."""
    found = set(labels)
    pending = list(found)
    while pending:
        for dep in records.targets.deps(pending.pop()):
            if dep not in found:
                found.add(dep)
                pending.append(dep)
    return found
