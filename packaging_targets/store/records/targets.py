"""The targets of a workspace, as the last analysis found them, and which depends on which."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import Problem
from packaging_targets.model.label import Label
from packaging_targets.model.target import Target, Where
from packaging_targets.store.layout import target_file_of
from packaging_targets.store.records.database import dumps, loads
from packaging_targets.store.states import MISSING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from packaging_targets.store.records.database import Database

_SELECT = "select label, rule, line, fields, globs, deps, sources, reads, provided from target where"


@dataclass(slots=True)
class KnownTarget:
    """A target with what the last analysis found.

    `sources` are all paths that it could learn of, `reads` the states of what its rule read, and `provided` is what the
    rule offers to dependants.
    """

    target: Target
    sources: tuple[str, ...] = ()
    reads: dict[str, str] = field(default_factory=dict)
    provided: dict[str, Any] = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)


class Targets:
    """The tables `target`, `edge` and `foreign_use`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, label: Label) -> KnownTarget | None:
        """Return a target, without its warnings, or None where there is none of this label."""
        row = self._database.row(f"{_SELECT} label = ?", str(label))
        return None if row is None else _known(row)

    def of_package(self, package: str) -> list[KnownTarget]:
        """Return the targets of a package, without their warnings."""
        return [_known(row) for row in self._database.rows(f"{_SELECT} package = ?", package)]

    def every(self) -> Iterator[Target]:
        """Yield all targets."""
        for row in self._database.rows("select label, rule, line, fields, globs, deps from target"):
            yield _target(*row)

    def outlines(self) -> Iterator[Target]:
        """Yield all targets as a graph needs them: without their fields, which take longest to read."""
        for label, rule, line, deps in self._database.rows("select label, rule, line, deps from target"):
            yield _target(label, rule, line, "{}", "[]", deps)

    def labels(self) -> list[str]:
        """Return the labels of all targets, as texts."""
        return self._database.column("select label from target")

    def labels_in(self, package: str) -> list[str]:
        """Return the labels of a package's targets, as texts."""
        return self._database.column("select label from target where package = ?", package)

    def labels_of(self, rule: str) -> list[Label]:
        """Return the labels of a rule's targets."""
        return [_label(text) for text in self._database.column("select label from target where rule = ?", rule)]

    def idle(self) -> list[str]:
        """Return the labels of the targets without any action, as texts."""
        return self._database.column("select label from target where label not in (select label from action)")

    def packages_using(self, rule: str) -> list[str]:
        """Return the packages that have targets of a rule."""
        return self._database.column("select distinct package from target where rule = ?", rule)

    def count(self) -> int:
        """Return how many targets there are. This reads the whole table."""
        return int(self._database.column("select count(*) from target")[0])

    def identities(self, package: str) -> dict[str, tuple[str, str]]:
        """Return identity and rule of each target of a package, by label as text."""
        rows = self._database.rows("select label, identity, rule from target where package = ?", package)
        return {label: (identity, rule) for label, identity, rule in rows}

    def rule_of(self, label: str) -> tuple[str, str]:
        """Return name and digest of a target's rule; two empty texts where there is no such target."""
        query = "select rule.name, rule.digest from rule, target where label = ? and rule = name"
        row = self._database.row(query, label)
        return (row[0], row[1]) if row else ("", "")

    def reading(self, path: str, package: str | None) -> set[Label]:
        """Return the targets whose rules read the file `path` of a package, or asked for it, to analyse them."""
        rows = self._database.rows(
            "select label, reads from target"
            " where (package = ? or label in (select label from foreign_use where path = ?)) and instr(reads, ?)",
            package,
            path,
            dumps(path),
        )
        return {_label(label) for label, reads in rows if path in loads(reads)}

    def is_read(self, path: str) -> bool:
        """Tell whether the rule of any target names or reads the file `path`, and did not find it missing."""
        texts = self._database.column("select reads from target where instr(reads, ?)", dumps(path))
        return any(loads(reads).get(path, MISSING) != MISSING for reads in texts)

    def reads(self) -> Iterator[tuple[str, Collection[str]]]:
        """Yield each target's label, as text, and the files that its rule read."""
        for label, reads in self._database.rows("select label, reads from target"):
            yield label, loads(reads)

    def sources(self) -> Iterator[tuple[str, Collection[str]]]:
        """Yield each target's label, as text, and its sources, whether or not an action reads them."""
        for label, sources in self._database.rows("select label, sources from target"):
            yield label, loads(sources)

    def provided(self, label: str) -> dict[str, Any] | None:
        """Return what a target's rule offers to dependants, or None where there is no such target."""
        row = self._database.row("select provided from target where label = ?", label)
        return None if row is None else loads(row[0])

    def all_provided(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each target's label, as text, and what its rule offers, by label."""
        for label, provided in self._database.rows("select label, provided from target order by label"):
            yield label, loads(provided)

    def warnings(self) -> list[Problem]:
        """Return what rules warned of."""
        texts = self._database.column("select warnings from target where warnings != '[]'")
        return [Problem(*one) for text in texts for one in loads(text)]

    def dependants(self, label: str) -> list[str]:
        """Return the targets that name a target among their deps, as texts."""
        return self._database.column("select label from edge where dep = ?", label)

    def deps(self, label: str) -> list[str]:
        """Return the targets that a target names among its deps, as texts."""
        return self._database.column("select dep from edge where label = ?", label)

    def move(self, target: Target) -> None:
        """Note the line of a target that is the same but for where it stands."""
        self._database.run("update target set line = ? where label = ?", target.where.line, str(target.label))

    def store(self, analysed: Collection[KnownTarget]) -> None:
        """Write targets, new or analysed again."""
        self._database.run_many(
            "insert or replace into target values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(_row, analysed)
        )
        labels = ((str(known.target.label),) for known in analysed)
        self._database.run_many("delete from edge where label = ?", labels)
        edges = ((str(dep), str(known.target.label)) for known in analysed for dep in known.target.deps)
        self._database.run_many("insert or ignore into edge values (?, ?)", edges)

    def remove(self, label: str) -> None:
        """Forget a target."""
        self._database.run("delete from target where label = ?", label)
        self._database.run("delete from edge where label = ?", label)
        self._database.run("delete from foreign_use where label = ?", label)

    def users(self, path: str) -> list[str]:
        """Return the targets that use a file which is neither a source of theirs nor made by anybody."""
        return self._database.column("select label from foreign_use where path = ?", path)

    def set_foreign(self, label: str, paths: Iterable[str]) -> None:
        """Write what a target uses that is neither a source of its own nor made by anybody."""
        self._database.run("delete from foreign_use where label = ?", label)
        self._database.run_many("insert into foreign_use values (?, ?)", ((path, label) for path in paths))


def _label(text: str) -> Label:
    package, _, name = text[2:].rpartition(":")
    return Label(package, name)


def _target(text: str, rule: str, line: int, fields: str, globs: str, deps: str) -> Target:
    label = _label(text)
    where = Where(target_file_of(label.package), line)
    return Target(label, rule, loads(fields), tuple(map(_label, loads(deps))), where, tuple(map(tuple, loads(globs))))


def _known(row: tuple[Any, ...]) -> KnownTarget:
    *declared, sources, reads, provided = row
    return KnownTarget(_target(*declared), tuple(loads(sources)), loads(reads), loads(provided))


def _row(known: KnownTarget) -> tuple[object, ...]:
    target = known.target
    return (
        str(target.label),
        target.label.package,
        target.rule,
        target.where.line,
        target.identity,
        dumps(target.fields),
        dumps(target.globs),
        dumps([str(dep) for dep in target.deps]),
        dumps(known.sources),
        dumps(known.reads),
        dumps(known.provided),
        dumps(list(map(astuple, known.warnings))),
    )
