"""Staleness: which actions a change reaches, and which a run has to look at.

These are the ones marked stale, and those that could become so while they run; among them, an action comes after those
that make what it uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from packaging_targets.model.label import Label
    from packaging_targets.store.records import Records
    from packaging_targets.store.records.actions import KnownAction


def mark_changed(
    records: Records,
    states: Mapping[str, str],
    package_of: Callable[[str], str | None],
    on_disk: Callable[[str], str],
) -> set[str]:
    """Mark the actions stale that use a changed file, or whose output is not what they made; return what is unused.

    `states` are the new states of what changed; `on_disk` tells where an input is. Each action is read once, however
    many of its files changed.
    """
    unmade = set()
    for path, state in states.items():
        makers = records.outputs.makers(path)
        if not makers:
            unmade.add(path)
        records.actions.mark_stale(maker for maker, made in makers.items() if made != state)
    used: set[str] = set()
    for label, paths in _by_label(records, unmade, package_of).items():
        for name, action in records.actions.plain(label):
            # A path outside the workspace is a program that an action calls, or a file of a rule.
            hit = paths.intersection(map(on_disk, action.inputs)) | {path for path in paths if path[0] == "/"}
            if hit:
                records.actions.mark_stale([name])
                used |= hit
    return unmade - used


def _by_label(records: Records, paths: Iterable[str], package_of: Callable[[str], str | None]) -> dict[str, set[str]]:
    """Return which of `paths` a target may use, by label: those in its package, and those it uses from afar."""
    by_package: dict[str, set[str]] = {}
    by_label: dict[str, set[str]] = {}
    for path in paths:
        package = package_of(path)
        if package is not None:
            by_package.setdefault(package, set()).add(path)
        for label in records.targets.users(path):
            by_label.setdefault(label, set()).add(path)
    for package, own in by_package.items():
        for label in records.targets.labels_in(package):
            by_label.setdefault(label, set()).update(own)
    return by_label


class Makers:
    """Who makes what, among some actions."""

    def __init__(self, actions: Iterable[KnownAction]) -> None:
        self._makers: dict[str, list[str]] = {}
        for one in actions:
            for path in one.action.outputs:
                self._makers.setdefault(path, []).append(one.id)

    def of(self, pending: KnownAction) -> list[str]:
        """Return the ids of those that make what an action uses, sorted."""
        makers = self._makers
        found = {name for path in pending.action.inputs if path in makers for name in makers[path]}
        return sorted(found - {pending.id})


def candidates(records: Records, labels: Collection[Label] | None = None) -> list[KnownAction]:
    """Return the actions that are stale or depend on such, sorted by id.

    `labels` limits the result to these targets and what they depend on.
    """
    reached = _reach(records.actions.stale_targets(), records.targets.dependants)
    if labels is not None:
        reached &= _reach(map(str, labels), records.targets.deps)
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


def _reach(labels: Iterable[str], edges: Callable[[str], Iterable[str]]) -> set[str]:
    """Return the given targets and all that `edges` lead to from them, as texts."""
    found = set(labels)
    pending = list(found)
    while pending:
        for other in edges(pending.pop()):
            if other not in found:
                found.add(other)
                pending.append(other)
    return found
