"""The targets of a workspace, as the records have them, and as a plan has found them to be now.

A plan looks at few of them. What it found stands above what the records say, until it is stored there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from packaging_targets.build.planning.context import Offered
from packaging_targets.workspace.graph import TargetGraph

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from packaging_targets.build.planning.analysis import Analysis
    from packaging_targets.model.action import Action
    from packaging_targets.model.label import Label
    from packaging_targets.model.target import Target
    from packaging_targets.store.records import Records
    from packaging_targets.store.records.targets import KnownTarget
    from packaging_targets.workspace.declarations import Declarations


class Targets:
    """The targets of the records, and what one plan found: `seen` by it, and `analysed` anew."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.seen: dict[Label, KnownTarget] = {}
        self.analysed: dict[Label, Analysis] = {}

    def __getitem__(self, label: Label) -> KnownTarget:
        if label not in self.seen:
            known = self._records.targets.get(label)
            if known is None:
                raise KeyError(label)
            self.seen[label] = known
        return self.seen[label]

    def of_package(self, package: str) -> list[KnownTarget]:
        """Return the targets that the records have of a package, as they were declared then."""
        found = self._records.targets.of_package(package)
        for known in found:
            self.seen.setdefault(known.target.label, known)
        return found

    def holding(self, path: str, package: str) -> set[Label]:
        """Return the targets of a package that have a path among their sources, as the records have them."""
        return {known.target.label for known in self.of_package(package) if path in known.sources}

    def of_rules(self, rules: Iterable[str]) -> tuple[Label, ...]:
        """Return the targets of some rules, sorted."""
        names = set(rules)
        labels = {label for name in names for label in self._records.targets.labels_of(name)}
        labels.update(label for label, known in self.seen.items() if known.target.rule in names)
        return tuple(sorted(labels))

    def follow(self, over: Mapping[str, Collection[str]]) -> set[Label]:
        """Let the targets of rules that are `over` others depend on all of these; return those whose deps changed."""
        found = set()
        for name, rules in over.items():
            deps = self.of_rules(rules)
            for known in map(self.__getitem__, self.of_rules([name])):
                if known.target.deps != deps:
                    known.target = replace(known.target, deps=deps)
                    found.add(known.target.label)
        return found

    def found(self, label: Label, analysis: Analysis, sources: tuple[str, ...]) -> None:
        """Note what the analysis of a target found, which could learn of `sources`."""
        known = self[label]
        known.sources, known.reads, known.provided = sources, analysis.reads, analysis.provided
        known.warnings = analysis.warnings
        self.analysed[label] = analysis

    def sources(self) -> dict[Label, tuple[str, ...]]:
        """Return the sources of the targets that were analysed."""
        return {label: self.seen[label].sources for label in self.analysed}

    def offered(self, label: Label) -> Offered:
        """Return what a target offers to those that depend on it, after this plan."""
        return self.offered_so_far(label) or Offered((), {}, frozenset())

    def offered_so_far(self, label: Label) -> Offered | None:
        """Return what a target offered until now, in this plan or before it; None where there was no such target."""
        found = self.analysed.get(label)
        return _offered(found.actions, found.provided) if found else self._offered_before(label)

    def _offered_before(self, label: Label) -> Offered | None:
        """Return what a target offered before this plan, or None where there was no such target."""
        provided = self._records.targets.provided(str(label))
        if provided is None:
            return None
        return _offered([action for _, action in self._records.actions.plain(str(label))], provided)

    def store(self) -> None:
        """Write what was analysed to the records."""
        self._records.targets.store([self.seen[label] for label in self.analysed])


def _offered(actions: Sequence[Action], provided: Mapping[str, Any]) -> Offered:
    """Return what a target offers: as its outputs what its actions make and none of them uses; the others are steps."""
    used = {path for action in actions for path in action.inputs}
    made = dict.fromkeys(path for action in actions for path in action.outputs)
    return Offered(tuple(path for path in made if path not in used), provided, frozenset(made))


def graph_of(
    records: Records, targets: Iterable[Target], declarations: Declarations, gone: Collection[str]
) -> TargetGraph:
    """Return the graph of the targets that were looked at, and of those in the records that are not `gone`.

    Entries with problems are in it, so that labels of them are no problems too.
    """
    found = {one.label: one for one in targets}
    found.update(declarations.broken)
    for target in records.targets.outlines():
        if target.label not in found and str(target.label) not in gone:
            found[target.label] = target
    if declarations.problems:
        over = {rule.name for rule in records.rules.every() if rule.over}
        found = {
            label: _judged(target, gone if target.rule in over else (), declarations.unread)
            for label, target in found.items()
        }
    return TargetGraph(found)


def _judged(target: Target, gone: Collection[str], unread: Collection[str]) -> Target:
    """Return a target without deps that nobody can judge now.

    These are deps in packages of which nothing is known, and of targets over all of a rule those that went: what such
    a target depends on is found anew with every set of targets.
    """
    return replace(target, deps=tuple(dep for dep in target.deps if dep.package not in unread and str(dep) not in gone))
