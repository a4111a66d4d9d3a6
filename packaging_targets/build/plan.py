"""Planning: from what changed on disk to the actions that may have to run.

    changed paths ──▶ folders, target files ──▶ targets ──▶ sources ──▶ analysis ──▶ actions marked stale

Each step looks only at what the one before it found changed, and compares before it passes anything on: a touched
file, a reformatted target file or an analysis that gives the same actions ends there. What is found is written to
the records in one transaction; a problem anywhere undoes it all, so that the next run finds the same again.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from packaging_targets.build.analysis import ADOPTED, Analysis, AnalysisContext, Offered, analyse
from packaging_targets.build.claims import Claims, program_files
from packaging_targets.build.packages import (
    Declarations,
    Declared,
    Discovery,
    identity,
    stored_label,
    stored_target,
    target_file_of,
)
from packaging_targets.build.refusal import Places, graph_of
from packaging_targets.build.sources import Sources, find_sources
from packaging_targets.build.world import World, folder_path
from packaging_targets.errors import PackagingError, Problem, RequestError, raise_all
from packaging_targets.model.action import RULE_FILE
from packaging_targets.model.label import Label
from packaging_targets.model.target import Target
from packaging_targets.store.layout import TARGET_FILE
from packaging_targets.store.records import Records, dumps, loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging_targets.workspace.graph import TargetGraph
    from packaging_targets.workspace.rulebook import Rulebook
    from packaging_targets.workspace.settings import Settings

_TARGET_COLUMNS = "label, package, rule, line, identity, fields, deps, sources, reads, provided"


@dataclass(slots=True)
class Known:
    """A target with what the last analysis found."""

    declared: Declared
    sources: tuple[str, ...] = ()
    reads: dict[str, str] = field(default_factory=dict)
    provided: dict[str, Any] = field(default_factory=dict)


class Planner:
    """Brings the records in step with the disk. The current folder is the workspace root."""

    def __init__(self, settings: Settings, rulebook: Rulebook, records: Records, world: World) -> None:
        self._settings = settings
        self._rulebook = rulebook
        self._records = records
        self._world = world
        self._discovery = Discovery(settings, records)
        self._declarations = Declarations(settings, rulebook)
        self._claims = Claims(settings, records)
        self._problems: list[Problem] = []
        self._done: dict[Label, tuple[Known, Analysis]] = {}
        self._regarded: dict[Label, Known] = {}
        self._new_rules: set[str] = set()
        self._gone: set[str] = set()
        self.watched: set[str] = set()

    def run(self, changed: Mapping[str, tuple[str, str]], *, full: bool) -> None:
        """Plan. `changed` are paths with old and new state; `full` looks at everything, whatever is known.

        Raises RequestError with every problem of every target file, or with every problem of the analyses.
        """
        with self._records.transaction():
            folders = self._discovery.everything() if full else self._changed_folders(changed)
            self._new_rules = self._changed_rules(changed, full=full)
            todo = self._declare(folders)
            todo |= set(self._regarded) if full else self._again(folders, changed)
            if self._declarations.problems:
                self._refuse(self._regarded)
            if todo or self._gone:
                todo |= self._index_targets()
            self._analyse_all(todo)
            raise_all(map(Places(self._rulebook).placed, self._problems))
            self._store()
            self._mark_changed_files(changed)
            if full:
                self._records.run("update action set stale = 1")
            if full or changed:
                # The index on disk is older than what is written here: until the build is closed, nobody may
                # believe that a file which is as the index says is as the records say.
                self._records.set_meta("open", "1")
            self._watch(folders)

    @property
    def changed_targets(self) -> bool:
        """Whether any target was analysed or is gone."""
        return bool(self._done or self._gone)

    # Folders, rules, declarations ---------------------------------------------------------------------------------

    def _changed_folders(self, changed: Mapping[str, tuple[str, str]]) -> Any:
        listings = [path for path, (old, new) in changed.items() if old[0] == "d" or new[0] == "d"]
        folders = ["" if path == "." else path for path in listings]
        known = [path for path in folders if self._records.row("select 1 from folder where path = ?", path)]
        files = [path for path in changed if path == TARGET_FILE or path.endswith(f"/{TARGET_FILE}")]
        return self._discovery.changes(known, files)

    def _changed_rules(self, changed: Mapping[str, tuple[str, str]], *, full: bool) -> set[str]:
        """Return the rules whose files are other than when their targets were analysed."""
        found = set()
        for name, digest, files in self._records.rows("select name, digest, files from rule"):
            touched = full or any(path in changed for path in loads(files))
            if touched and (name not in self._rulebook or self._rulebook.digest(name) != digest):
                found.add(name)
        return found

    def _declare(self, folders: Any) -> set[Label]:
        """Read the target files that changed; return the targets to be analysed because of what they say."""
        parse = set(folders.parse)
        for rule in self._new_rules:
            parse.update(self._records.column("select distinct package from target where rule = ?", rule))
        todo: set[Label] = set()
        gone: set[str] = set()
        for package in folders.gone:
            gone.update(self._records.column("select label from target where package = ?", package))
        for package in sorted(parse - folders.gone):
            rows = self._records.rows("select label, identity, rule from target where package = ?", package)
            known = {label: (stamp, rule) for label, stamp, rule in rows}
            for declared in self._declarations.of(package):
                label = str(declared.target.label)
                self._regarded[declared.target.label] = Known(declared)
                before = known.pop(label, ("", ""))
                if before[0] != declared.identity or before[1] in self._new_rules:
                    todo.add(declared.target.label)
                else:
                    where = declared.target.where
                    self._records.run("update target set line = ? where label = ?", where.line, label)
            gone.update(known)
        self._gone = gone
        if not self._declarations.problems:
            self._claims.remove_targets(gone)
        return todo

    def _again(self, folders: Any, changed: Mapping[str, tuple[str, str]]) -> set[Label]:
        """Return the targets to be analysed because their sources, or what their rules read, may be others now."""
        todo: set[Label] = set()
        touched = set(folders.touched)
        for path, (old, new) in changed.items():
            package = self._discovery.package_of(path)
            if package is not None and ("l" in (old[0], new[0]) or old[0] == "d"):
                touched.add(package)
            elif package is not None:
                rows = self._records.rows("select label, reads from target where package = ?", package)
                todo.update(stored_label(label) for label, reads in rows if path in loads(reads))
        for package in touched - folders.gone:
            for row in self._records.rows(f"select {_TARGET_COLUMNS} from target where package = ?", package):  # noqa: S608  # a constant
                known = self._known(row)
                if known.declared.target.label not in self._regarded:
                    self._regarded[known.declared.target.label] = known
                if self._sources(known).seen != known.sources:
                    todo.add(known.declared.target.label)
        return todo

    def _index_targets(self) -> set[Label]:
        """Return the targets of rules that are *over* others whose set of targets changed, with their new deps."""
        over = {name: loads(rules) for name, rules in self._records.rows("select name, over from rule") if loads(rules)}
        used = {known.declared.target.rule for known in self._regarded.values()}
        over.update({name: rules for name in used if (rules := self._rulebook.over(name))})
        found = set()
        for name, rules in over.items():
            if name not in self._rulebook:
                continue
            deps = self._targets_of(rules)
            for label in self._targets_of([name]):
                known = self._regard(label)
                target = known.declared.target
                if target.deps != deps:
                    fresh = Target(label, target.rule, target.fields, deps, target.where)
                    known.declared = Declared(fresh, known.declared.given, identity(fresh, given=known.declared.given))
                    found.add(label)
        return found

    def _targets_of(self, rules: Iterable[str]) -> tuple[Label, ...]:
        names = set(rules)
        stored = self._records.column_of("select label from target where rule = ?", sorted(names))
        labels = {stored_label(text) for text in stored}
        labels.update(label for label, known in self._regarded.items() if known.declared.target.rule in names)
        return tuple(sorted(labels))

    # Analysis -----------------------------------------------------------------------------------------------------

    def _analyse_all(self, todo: set[Label]) -> None:
        """Analyse targets after what they depend on, and with them those that see other outputs now."""
        if not todo:
            return
        graph = self._graph()
        if graph.check():
            self._refuse(todo)
        rank = {label: place for place, label in enumerate(graph.order(list(graph)))}
        dependants: dict[Label, list[Label]] = {}
        for label, node in graph.items():
            for dep in node.deps:
                dependants.setdefault(dep, []).append(label)
        heap = [(rank[label], label) for label in todo]
        heapq.heapify(heap)
        seen = set(todo)
        while heap:
            _, label = heapq.heappop(heap)
            before = self._stored_offer(label) if label in dependants else None
            if self._analyse(label) and before != self._offered(label):
                for dependant in dependants.get(label, ()):
                    if dependant not in seen:
                        seen.add(dependant)
                        heapq.heappush(heap, (rank[dependant], dependant))
        for label in self._claims.swallowed({label: known.sources for label, (known, _) in self._done.items()}):
            self._analyse(label)

    def _refuse(self, labels: Iterable[Label]) -> NoReturn:
        """Raise what is wrong with target files, with labels, and with the sources of these targets: all at once."""
        places = Places(self._rulebook)
        dangling = self._graph().check(places.of_label)
        sources = (problem for label in labels for problem in self._sources(self._regard(label)).problems)
        raise RequestError(*self._declarations.problems, *dangling, *map(places.placed, sources))

    def _graph(self) -> TargetGraph:
        targets = (known.declared.target for known in self._regarded.values())
        return graph_of(self._records, targets, self._declarations, self._gone)

    def _analyse(self, label: Label) -> bool:
        known = self._regard(label)
        target = known.declared.target
        sources = self._sources(known)
        if sources.problems:
            self._problems.extend(sources.problems)
            return False
        rule = self._rulebook.rule(target.rule)
        context = AnalysisContext(self._settings, target, sources, self._offered, self._is_rule_file)
        try:
            analysis = analyse(context, rule)
        except PackagingError as error:
            self._problems.extend(error.problems)
            return False
        known.sources, known.reads, known.provided = sources.seen, analysis.reads, analysis.provided
        self._done[label] = (known, analysis)
        self._problems.extend(self._claims.claim(target, analysis.actions))
        return True

    def _sources(self, known: Known) -> Sources:
        return find_sources(
            self._settings, known.declared.target, self._claims.outputs_in_tree, given=known.declared.given
        )

    def _offered(self, label: Label) -> Offered:
        if label in self._done:
            _, analysis = self._done[label]
            return Offered(
                _offered_outputs((action.inputs, action.outputs) for action in analysis.actions), analysis.provided
            )
        return self._stored_offer(label) or Offered((), {})

    def _stored_offer(self, label: Label) -> Offered | None:
        row = self._records.row("select provided from target where label = ?", str(label))
        if row is None:
            return None
        bodies = map(loads, self._records.column("select body from action where label = ? order by place", str(label)))
        return Offered(_offered_outputs((body["inputs"], body["outputs"]) for body in bodies), loads(row[0]))

    def _is_rule_file(self, logical: str) -> bool:
        return logical in self._rulebook.files(logical[1:].partition("/")[0])

    def _regard(self, label: Label) -> Known:
        if label not in self._regarded:
            row = self._records.row(f"select {_TARGET_COLUMNS} from target where label = ?", str(label))  # noqa: S608  # a constant
            if row is None:
                raise KeyError(label)
            self._regarded[label] = self._known(row)
        return self._regarded[label]

    @staticmethod
    def _known(row: tuple[Any, ...]) -> Known:
        label, _, rule, line, stamp, fields, deps, sources, reads, provided = row
        values, given = loads(fields)
        target = stored_target({"label": label, "rule": rule, "fields": values, "deps": loads(deps), "line": line})
        return Known(Declared(target, given, stamp), tuple(loads(sources)), loads(reads), loads(provided))

    # Records ------------------------------------------------------------------------------------------------------

    def _store(self) -> None:
        rules = {known.declared.target.rule for known, _ in self._done.values()}
        for name in rules | (self._new_rules & set(self._rulebook.names)):
            files = sorted(map(self._watched, self._rulebook.files(name).values()))
            over = dumps(list(self._rulebook.over(name)))
            row = (name, self._rulebook.digest(name), dumps(files), over)
            self._records.run("insert or replace into rule values (?, ?, ?, ?)", *row)
        for name in self._new_rules - set(self._rulebook.names):
            self._records.run("delete from rule where name = ?", name)
        self._records.run_many(
            "insert or replace into target values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (_target_row(known, analysis) for known, analysis in self._done.values()),
        )
        self._records.run_many("delete from edge where label = ?", ((str(label),) for label in self._done))
        self._records.run_many(
            "insert or ignore into edge values (?, ?)",
            ((str(dep), str(label)) for label, (known, _) in self._done.items() for dep in known.declared.target.deps),
        )
        contested = self._claims.store(
            {label: analysis.actions for label, (_, analysis) in self._done.items()},
            {label: known.sources for label, (known, _) in self._done.items()},
            self._stale_anyway(),
        )
        raise_all(contested)

    def _stale_anyway(self) -> set[Label]:
        """Return the targets whose actions are stale whatever they look like: their rule is another one now."""
        return {label for label, (known, _) in self._done.items() if known.declared.target.rule in self._new_rules}

    def _mark_changed_files(self, changed: Mapping[str, tuple[str, str]]) -> None:
        """Mark the actions stale that use a changed file, or whose output is not what they made."""
        for path, (_, new) in changed.items():
            row = self._records.row("select id, state from output where path = ?", path)
            if row is not None:
                if row[1] != new:
                    self._records.run("update action set stale = 1 where id = ?", row[0])
                continue
            package = self._discovery.package_of(path)
            labels = set(self._records.column("select label from foreign_use where path = ?", path))
            if package is not None:
                labels.update(self._records.column("select label from target where package = ?", package))
            used = self._mark_users(path, labels)
            if not used and new == "-":
                self._world.drop(path)

    def _mark_users(self, path: str, labels: Iterable[str]) -> bool:
        used = False
        for label in labels:
            for action, body in self._records.rows("select id, body from action where label = ?", label):
                # A path outside the workspace is a program that an action calls.
                if path[0] == "/" or path in loads(body)["inputs"]:
                    self._records.run("update action set stale = 1 where id = ?", action)
                    used = True
        return used

    def _watch(self, folders: Any) -> None:
        """Tell the world which paths decide staleness from now on."""
        wanted = [folder_path(folder) for folder in folders.added]
        wanted += [target_file_of(package) for package in folders.parse]
        for known, analysis in self._done.values():
            wanted += known.sources
            wanted += [path for path, state in known.reads.items() if state != ADOPTED]
            for action in analysis.actions:
                wanted += [path for path in action.inputs if path[0] != RULE_FILE]
                wanted += program_files(action)
        if self._done or self._new_rules:
            for (files,) in self._records.rows("select files from rule"):
                wanted += loads(files)
        made = self._claims.all_outputs(wanted)
        self.watched = {path for path in wanted if path not in made}
        self._world.watch(self.watched)
        for folder in folders.removed:
            self._world.drop(folder_path(folder))
        for package in folders.gone:
            self._world.drop(target_file_of(package))

    def _watched(self, path: str) -> str:
        """Return the path under which a rule's file is watched: relative where it lies in the workspace."""
        prefix = f"{self._settings.root}/"
        return path.removeprefix(prefix)


def _target_row(known: Known, analysis: Analysis) -> tuple[object, ...]:
    target = known.declared.target
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
        dumps([[problem.where, problem.what, problem.fix] for problem in analysis.warnings]),
    )


def _offered_outputs(actions: Iterable[tuple[Iterable[str], Iterable[str]]]) -> tuple[str, ...]:
    """Return what the actions (inputs, outputs) of a target make and none of them uses: the others are steps."""
    steps = list(actions)
    used = {path for inputs, _ in steps for path in inputs}
    return tuple(path for _, outputs in steps for path in outputs if path not in used)
