"""The targets of a workspace, as the records have them, and as a plan has found them to be now.

A plan looks at few of them. What it found stands above what the records say, until it is stored there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.build.planning.context import Offered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging_targets.build.planning.analysis import Analysis
    from packaging_targets.model.action import Action
    from packaging_targets.model.label import Label
    from packaging_targets.store.records import Records
    from packaging_targets.store.records.targets import Known


class Targets:
    """The targets of the records, and what one plan found: `seen` by it, and `analysed` anew."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.seen: dict[Label, Known] = {}
        self.analysed: dict[Label, Analysis] = {}

    def __getitem__(self, label: Label) -> Known:
        if label not in self.seen:
            known = self._records.targets.get(label)
            if known is None:
                raise KeyError(label)
            self.seen[label] = known
        return self.seen[label]

    def of_package(self, package: str) -> list[Known]:
        """Return the targets that the records have of a package, as they were declared then."""
        found = self._records.targets.of_package(package)
        for known in found:
            self.seen.setdefault(known.target.label, known)
        return found

    def of_rules(self, rules: Iterable[str]) -> tuple[Label, ...]:
        """Return the targets of some rules, sorted."""
        names = set(rules)
        labels = {label for name in names for label in self._records.targets.labels_of(name)}
        labels.update(label for label, known in self.seen.items() if known.target.rule in names)
        return tuple(sorted(labels))

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
        if label in self.analysed:
            found = self.analysed[label]
            return Offered(_results(found.actions), found.provided)
        return self.offered_before(label) or Offered((), {})

    def offered_before(self, label: Label) -> Offered | None:
        """Return what a target offered before this plan, or None where there was no such target."""
        provided = self._records.targets.provided(str(label))
        if provided is None:
            return None
        return Offered(_results([action for _, action in self._records.actions.plain(str(label))]), provided)

    def store(self) -> None:
        """Write what was analysed to the records."""
        self._records.targets.store([self.seen[label] for label in self.analysed])


def _results(actions: Iterable[Action]) -> tuple[str, ...]:
    """Return what the actions of a target make and none of them uses: the others are steps."""
    steps = list(actions)
    used = {path for action in steps for path in action.inputs}
    return tuple(path for action in steps for path in action.outputs if path not in used)
