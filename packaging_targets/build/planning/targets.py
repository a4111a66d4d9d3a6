"""The targets of a workspace: as the records have them, and as a plan has found them to be now.

A plan looks at few of them. What it found stands above what the records say, until it is stored there.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING, Any

from packaging_targets.build.planning.analysis import Analysis, Offered
from packaging_targets.build.planning.packages import Declared, target_file_of
from packaging_targets.model.label import Label
from packaging_targets.model.target import Target, Where
from packaging_targets.store.records import Records, dumps, loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SELECT = "select label, rule, line, identity, fields, deps, sources, reads, provided from target where"


@dataclass(slots=True)
class Known:
    """A target with what the last analysis found."""

    declared: Declared
    sources: tuple[str, ...] = ()
    reads: dict[str, str] = field(default_factory=dict)
    provided: dict[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> Target:
        """The target itself."""
        return self.declared.target


class Targets:
    """The target and edge tables of the records, and what one plan found: `seen` by it, and `analysed` anew."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.seen: dict[Label, Known] = {}
        self.analysed: dict[Label, tuple[Known, Analysis]] = {}

    def __getitem__(self, label: Label) -> Known:
        if label not in self.seen:
            row = self._records.row(f"{_SELECT} label = ?", str(label))
            if row is None:
                raise KeyError(label)
            self.seen[label] = _known(row)
        return self.seen[label]

    def of_package(self, package: str) -> list[Known]:
        """Return the targets that the records have of a package, as they were declared then."""
        found = [_known(row) for row in self._records.rows(f"{_SELECT} package = ?", package)]
        for known in found:
            self.seen.setdefault(known.target.label, known)
        return found

    def of_rules(self, rules: Iterable[str]) -> tuple[Label, ...]:
        """Return the targets of some rules, sorted."""
        names = set(rules)
        stored = self._records.column_of("select label from target where rule = ?", sorted(names))
        labels = {stored_label(text) for text in stored}
        labels.update(label for label, known in self.seen.items() if known.target.rule in names)
        return tuple(sorted(labels))

    def reading(self, path: str, package: str) -> set[Label]:
        """Return the targets of a package whose rules read the file `path` to analyse them."""
        rows = self._records.rows("select label, reads from target where package = ?", package)
        return {stored_label(label) for label, reads in rows if path in loads(reads)}

    def sources(self) -> dict[Label, tuple[str, ...]]:
        """Return the sources of the targets that were analysed."""
        return {label: known.sources for label, (known, _) in self.analysed.items()}

    def offered(self, label: Label) -> Offered:
        """Return what a target offers to those that depend on it, after this plan."""
        if label in self.analysed:
            _, found = self.analysed[label]
            return Offered(_results((action.inputs, action.outputs) for action in found.actions), found.provided)
        return self.offered_before(label) or Offered((), {})

    def offered_before(self, label: Label) -> Offered | None:
        """Return what a target offered before this plan, or None where there was no such target."""
        row = self._records.row("select provided from target where label = ?", str(label))
        if row is None:
            return None
        bodies = map(loads, self._records.column("select body from action where label = ? order by place", str(label)))
        return Offered(_results((body["inputs"], body["outputs"]) for body in bodies), loads(row[0]))

    def store(self) -> None:
        """Write what was analysed to the records."""
        self._records.run_many(
            "insert or replace into target values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (_row(known, analysis) for known, analysis in self.analysed.values()),
        )
        self._records.run_many("delete from edge where label = ?", ((str(label),) for label in self.analysed))
        self._records.run_many(
            "insert or ignore into edge values (?, ?)",
            ((str(dep), str(label)) for label, (known, _) in self.analysed.items() for dep in known.target.deps),
        )


def stored_target(row: Mapping[str, Any]) -> Target:
    """Return the target of a row of the records; `deps` and `fields` are read from JSON already."""
    label = stored_label(row["label"])
    deps = tuple(stored_label(text) for text in row["deps"])
    return Target(label, row["rule"], row["fields"], deps, Where(target_file_of(label.package), row["line"]))


def stored_label(text: str) -> Label:
    """Return the label that the records have as this text."""
    package, _, name = text[2:].rpartition(":")
    return Label(package, name)


def _known(row: tuple[Any, ...]) -> Known:
    label, rule, line, stamp, fields, deps, sources, reads, provided = row
    values, given = loads(fields)
    target = stored_target({"label": label, "rule": rule, "fields": values, "deps": loads(deps), "line": line})
    return Known(Declared(target, given, stamp), tuple(loads(sources)), loads(reads), loads(provided))


def _row(known: Known, analysis: Analysis) -> tuple[object, ...]:
    target = known.target
    return (
        str(target.label),
        target.label.package,
        target.rule,
        target.where.line,
        known.declared.identity,
        dumps([target.fields, known.declared.given]),
        dumps([str(dep) for dep in target.deps]),
        dumps(known.sources),
        dumps(known.reads),
        dumps(known.provided),
        dumps(list(map(astuple, analysis.warnings))),
    )


def _results(actions: Iterable[tuple[Iterable[str], Iterable[str]]]) -> tuple[str, ...]:
    """Return what the actions (inputs, outputs) of a target make and none of them uses: the others are steps."""
    steps = list(actions)
    used = {path for inputs, _ in steps for path in inputs}
    return tuple(path for _, outputs in steps for path in outputs if path not in used)
