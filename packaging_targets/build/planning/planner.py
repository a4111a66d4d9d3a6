"""Planning: from what changed on disk to the actions that may have to run.

    changed paths ──▶ folders, target files ──▶ targets ──▶ sources ──▶ analysis ──▶ actions marked stale

Each step looks only at what the one before it found changed, and compares before it passes anything on: a touched
file, a reformatted target file or an analysis that gives the same actions ends there. What is found is written to
the records in one transaction; a problem anywhere undoes it all, so that the next run finds the same again.
"""

from __future__ import annotations

import heapq
import os
import time
from typing import TYPE_CHECKING, NoReturn

from packaging_targets.build.planning.analysis import analyse
from packaging_targets.build.planning.claims import Claims, program_files
from packaging_targets.build.planning.context import ADOPTED, AnalysisContext
from packaging_targets.build.planning.discovery import Discovered, Discovery
from packaging_targets.build.planning.refusal import Places, merged
from packaging_targets.build.planning.sources import Sources, find_sources
from packaging_targets.build.planning.targets import Targets, graph_of
from packaging_targets.build.staleness import mark_changed
from packaging_targets.build.world import World, folder_path
from packaging_targets.errors import PackagingError, Problem, RequestError, raise_all
from packaging_targets.store.layout import TARGET_FILE, target_file_of
from packaging_targets.store.records.rules import StoredRule
from packaging_targets.store.records.targets import KnownTarget
from packaging_targets.store.states import MISSING, may_differ
from packaging_targets.workspace.declarations import Declarations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from packaging_targets.model.label import Label
    from packaging_targets.model.target import Target
    from packaging_targets.store.records import Records
    from packaging_targets.workspace.graph import TargetGraph
    from packaging_targets.workspace.rules.rulebook import Rulebook
    from packaging_targets.workspace.settings import Settings

_ODD = frozenset({"l", "o"})  # in the states of what may lead outside the workspace, or is no file


class Planner:
    """Brings the records in step with the disk. The current folder is the workspace root."""

    def __init__(self, settings: Settings, rulebook: Rulebook, records: Records, world: World) -> None:
        self._settings = settings
        self._rulebook = rulebook
        self._records = records
        self._world = world
        self._discovery = Discovery(settings, records)
        self._declarations = Declarations(settings, rulebook)
        self._claims = Claims(settings, records, rulebook)
        self._problems: list[Problem] = []
        self._targets = Targets(records)
        self._new_rules: set[str] = set()
        self._gone: set[str] = set()
        self.watched: set[str] = set()

    def run(self, changed: Mapping[str, tuple[str, str]], *, full: bool) -> None:
        """Plan. `changed` are paths with old and new state; `full` looks at everything, whatever is known.

        Raises RequestError with every problem of every target file, or with every problem of the analyses.
        """
        began = time.time_ns()
        with self._records.transaction():
            folders = self._discovery.everything() if full else self._changed_folders(changed)
            self._new_rules = self._changed_rules(changed, full=full)
            todo = self._declare(folders)
            todo |= set(self._targets.seen) if full else self._again(folders, changed)
            if self._declarations.problems:
                self._refuse(list(self._targets.seen))
            if todo or self._gone:
                todo |= self._index_targets()
            self._analyse_all(todo)
            if self._problems:
                raise RequestError(*merged(map(Places(self._rulebook).placed, self._problems)))
            self._store()
            self._mark_changed_files(changed)
            if full:
                self._records.actions.mark_all_stale()
            if full or changed:
                # The index on disk is older than what is written here: until the build is closed, nobody may
                # believe that a file which is as the index says is as the records say.
                self._records.remember("open", "1")
            self._watch(folders, began)

    @property
    def changed_targets(self) -> bool:
        """Whether any target was analysed or is gone."""
        return bool(self._targets.analysed or self._gone)

    def _changed_folders(self, changed: Mapping[str, tuple[str, str]]) -> Discovered:
        listings = [path for path, (old, new) in changed.items() if old[0] == "d" or new[0] == "d"]
        folders = ["" if path == "." else path for path in listings]
        known = [path for path in folders if self._records.folders.has(path)]
        files = [path for path in changed if path == TARGET_FILE or path.endswith(f"/{TARGET_FILE}")]
        return self._discovery.changes(known, files)

    def _changed_rules(self, changed: Mapping[str, tuple[str, str]], *, full: bool) -> set[str]:
        """Return the rules whose files are other than when their targets were analysed."""
        found = set()
        for rule in self._records.rules.every():
            touched = full or any(path in changed for path in rule.files)
            if touched and (rule.name not in self._rulebook or self._rulebook.digest(rule.name) != rule.digest):
                found.add(rule.name)
        return found

    def _declare(self, folders: Discovered) -> set[Label]:
        """Read the target files that changed; return the targets to be analysed because of what they say."""
        parse = set(folders.parse)
        for rule in self._new_rules:
            parse.update(self._records.targets.packages_using(rule))
        todo: set[Label] = set()
        gone: set[str] = set()
        for package in folders.gone:
            gone.update(self._records.targets.labels_in(package))
        for package in sorted(parse - folders.gone):
            known = self._records.targets.identities(package)
            for target in self._declarations.of(package):
                self._targets.seen[target.label] = KnownTarget(target)
                identity, rule = known.pop(str(target.label), ("", ""))
                if identity != target.identity or rule in self._new_rules:
                    todo.add(target.label)
                else:
                    self._records.targets.move(target)
            gone.update(known)
        self._gone = gone
        if not self._declarations.problems:
            self._claims.remove_targets(gone)
        return todo

    def _reads(self, label: Label) -> Iterator[tuple[str, str]]:
        reads = self._targets[label].reads.items()
        return ((path, state) for path, state in reads if state != ADOPTED)

    def _planned_from(self, folders: Discovered) -> list[str]:
        """Return the folders and files of which this plan looked at the content."""
        read = [folder_path(folder) for folder in folders.added]
        read += [target_file_of(package) for package in folders.parse]
        for label in self._targets.analysed:
            read += [path for path, _ in self._reads(label)]
        if self._targets.analysed or self._new_rules:
            read += [path for rule in self._records.rules.every() for path in rule.files]
        return read

    def _again(self, folders: Discovered, changed: Mapping[str, tuple[str, str]]) -> set[Label]:
        """Return the targets to be analysed because their sources, or what their rules read, may be others now."""
        todo: set[Label] = set()
        touched = set(folders.touched)
        for path, (old, new) in changed.items():
            package = self._discovery.package_of(path)
            if package is not None and (old[0] == "d" or not _ODD.isdisjoint((old[0], new[0]))):
                touched.add(package)
                # It may be no source any longer, and a rule may have asked where it leads.
                todo |= self._targets.holding(path, package)
            todo |= self._records.targets.reading(path, package)
        for package in touched - folders.gone:
            for known in self._targets.of_package(package):
                if self._sources(known.target).seen != known.sources:
                    todo.add(known.target.label)
        return todo

    def _index_targets(self) -> set[Label]:
        """Return the targets of rules that are *over* others whose set of targets changed, with their new deps."""
        over = {rule.name: rule.over for rule in self._records.rules.every() if rule.over}
        used = {known.target.rule for known in self._targets.seen.values()}
        self._rulebook.load(used)
        over.update({name: self._rulebook.over(name) for name in used})
        return self._targets.follow({name: rules for name, rules in over.items() if rules and name in self._rulebook})

    def _analyse_all(self, todo: set[Label]) -> None:
        """Analyse targets after what they depend on, and with them those that see other outputs now."""
        if not todo and not self._gone:
            return
        graph = self._graph()
        if graph.check():
            self._refuse(todo)
        rank = {label: place for place, label in enumerate(graph.order(list(graph)))}
        dependants: dict[Label, list[Label]] = {}
        for label, node in graph.items():
            for dep in node.deps:
                dependants.setdefault(dep, []).append(label)
        self._settle(todo, rank, dependants)
        # What one target makes another may have taken for a source, before it was known to be made.
        self._settle(self._swallowed(), rank, dependants)

    def _settle(
        self, todo: Collection[Label], rank: Mapping[Label, int], dependants: Mapping[Label, Sequence[Label]]
    ) -> None:
        heap = [(rank[label], label) for label in todo]
        heapq.heapify(heap)
        seen = set(todo)
        while heap:
            _, label = heapq.heappop(heap)
            before = self._targets.offered_so_far(label) if label in dependants else None
            if self._analyse(label) and before != self._targets.offered(label):
                for dependant in dependants.get(label, ()):
                    if dependant not in seen:
                        seen.add(dependant)
                        heapq.heappush(heap, (rank[dependant], dependant))

    def _swallowed(self) -> set[Label]:
        """Return the targets among whose sources there are outputs."""
        found = set(self._claims.swallowed(self._targets.sources()))
        for path in self._claims.appeared:
            package = self._discovery.package_of(path)
            if package is not None:
                found.update(self._targets.holding(path, package))
        return {label for label in found if str(label) not in self._gone}

    def _refuse(self, labels: Iterable[Label]) -> NoReturn:
        """Raise what is wrong with target files, with labels, and with the sources of these targets: all at once."""
        places = Places(self._rulebook)
        dangling = self._graph().check(places.of_label)
        sources = (problem for label in labels for problem in self._sources(self._targets[label].target).problems)
        raise RequestError(*self._declarations.problems, *dangling, *map(places.placed, sources))

    def _graph(self) -> TargetGraph:
        targets = (known.target for known in self._targets.seen.values())
        return graph_of(self._records, targets, self._declarations, self._gone)

    def _analyse(self, label: Label) -> bool:
        target = self._targets[label].target
        sources = self._sources(target)
        if sources.problems:
            self._problems.extend(sources.problems)
            return False
        rule = self._rulebook.rule(target.rule)
        found = (self._targets.offered, self._rulebook.has_file, self._file_state)
        context = AnalysisContext(self._settings, target, sources, *found)
        try:
            analysis = analyse(context, rule)
        except PackagingError as error:
            self._problems.extend(error.problems)
            return False
        self._targets.found(label, analysis, sources.seen)
        self._problems.extend(self._claims.claim(target, analysis.actions))
        return True

    def _file_state(self, path: str) -> str:
        """Return the state of what people keep at a path, as the world will remember it."""
        state = self._world.state(path)
        return MISSING if state != MISSING and self._claims.all_outputs([path]) else state

    def _sources(self, target: Target) -> Sources:
        return find_sources(self._settings, target, self._claims.outputs_in_tree)

    def _store(self) -> None:
        used = {self._targets[label].target.rule for label in self._targets.analysed}
        known = set(self._rulebook.names)
        self._records.rules.store(map(self._stored, used | (self._new_rules & known)))
        self._records.rules.remove(self._new_rules - known)
        self._targets.store()
        raise_all(self._claims.store(self._targets.analysed, self._targets.sources(), self._stale_anyway()))

    def _stored(self, name: str) -> StoredRule:
        book = self._rulebook
        files = set(book.files(name).values())
        folders = {os.path.dirname(path) for path in files}  # a file that comes may count too
        # Watched as other files are: by a relative path in the workspace.
        paths = sorted(path.removeprefix(f"{self._settings.root}/") for path in files | folders)
        return StoredRule(name, book.digest(name), tuple(paths), book.over(name))

    def _stale_anyway(self) -> set[Label]:
        """Return the targets whose actions are stale whatever they look like: their rule is another one now."""
        return {label for label in self._targets.analysed if self._targets[label].target.rule in self._new_rules}

    def _mark_changed_files(self, changed: Mapping[str, tuple[str, str]]) -> None:
        """Mark the actions stale that a change reaches; what is gone, and used by none, is watched no longer."""
        states = {path: new for path, (_, new) in changed.items()}
        for path in mark_changed(self._records, states, self._discovery.package_of, self._rulebook.on_disk):
            if states[path] == MISSING:
                self._world.drop(path)

    def _watch(self, folders: Discovered, began: int) -> None:
        """Tell the world which paths decide staleness from now on, and which of them changed since planning began."""
        read = self._planned_from(folders)
        used = list(read)
        for label, analysis in self._targets.analysed.items():
            used += self._targets[label].sources
            for action in analysis.actions:
                used += map(self._rulebook.on_disk, action.inputs)
                used += program_files(action)
        for path in (*map(folder_path, folders.removed), *map(target_file_of, folders.gone)):
            self._world.drop(path)  # a file may stand there now, and be watched again
        made = self._claims.all_outputs(used)
        self.watched = {path for path in used if path not in made}
        self._world.watch(self.watched)
        # Which of two contents the plan was made from, nobody can tell any longer; of what is still absent, one can.
        absent = {path for label in self._targets.analysed for path, state in self._reads(label) if state == MISSING}
        sure = {path for path in absent if self._world.state(path) == MISSING}
        watched = self.watched - sure
        self._world.doubt(path for path in read if path in watched and may_differ(path, began))
