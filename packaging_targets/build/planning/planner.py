"""Planning: from what changed on disk to the actions that may have to run.

    changed paths ──▶ folders, target files ──▶ targets ──▶ sources ──▶ analysis ──▶ actions marked stale

Each step looks only at what the one before it found changed, and compares before it passes anything on: a touched
file, a reformatted target file or an analysis that gives the same actions ends there. What is found is written to
the records in one transaction; a problem anywhere undoes it all, so that the next run finds the same again.
"""

from __future__ import annotations

import heapq
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from packaging_targets.build.planning.analysis import analyse
from packaging_targets.build.planning.claims import Claims, program_files
from packaging_targets.build.planning.context import ADOPTED, AnalysisContext
from packaging_targets.build.planning.discovery import Discovered, Discovery
from packaging_targets.build.planning.refusal import Places, graph_of, merged
from packaging_targets.build.planning.sources import Sources, find_sources
from packaging_targets.build.planning.targets import Targets
from packaging_targets.build.world import World, folder_path
from packaging_targets.errors import PackagingError, Problem, RequestError, raise_all
from packaging_targets.model.action import RULE_FILE
from packaging_targets.store.layout import TARGET_FILE, target_file_of
from packaging_targets.store.records.rules import StoredRule
from packaging_targets.store.records.targets import Known
from packaging_targets.store.states import MISSING
from packaging_targets.workspace.declarations import Declarations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging_targets.model.label import Label
    from packaging_targets.model.target import Target
    from packaging_targets.store.records import Records
    from packaging_targets.workspace.graph import TargetGraph
    from packaging_targets.workspace.rules.rulebook import Rulebook
    from packaging_targets.workspace.settings import Settings


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
        self._targets = Targets(records)
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
            todo |= set(self._targets.seen) if full else self._again(folders, changed)
            if self._declarations.problems:
                self._refuse(list(self._targets.seen))
            if todo or self._gone:
                todo |= self._index_targets()
            self._analyse_all(todo)
            raise_all(merged(map(Places(self._rulebook).placed, self._problems)))
            self._store()
            self._mark_changed_files(changed)
            if full:
                self._records.actions.mark_all_stale()
            if full or changed:
                # The index on disk is older than what is written here: until the build is closed, nobody may
                # believe that a file which is as the index says is as the records say.
                self._records.remember("open", "1")
            self._watch(folders)

    @property
    def changed_targets(self) -> bool:
        """Whether any target was analysed or is gone."""
        return bool(self._targets.analysed or self._gone)

    # Folders, rules, declarations ---------------------------------------------------------------------------------

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
                self._targets.seen[target.label] = Known(target)
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

    def _again(self, folders: Discovered, changed: Mapping[str, tuple[str, str]]) -> set[Label]:
        """Return the targets to be analysed because their sources, or what their rules read, may be others now."""
        todo: set[Label] = set()
        touched = set(folders.touched)
        for path, (old, new) in changed.items():
            package = self._discovery.package_of(path)
            if package is not None and ("l" in (old[0], new[0]) or old[0] == "d"):
                touched.add(package)
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
        over.update({name: rules for name in used if (rules := self._rulebook.over(name))})
        found = set()
        for name, rules in over.items():
            if name not in self._rulebook:
                continue
            deps = self._targets.of_rules(rules)
            for label in self._targets.of_rules([name]):
                known = self._targets[label]
                if known.target.deps != deps:
                    known.target = replace(known.target, deps=deps)
                    found.add(label)
        return found

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
            before = self._targets.offered_before(label) if label in dependants else None
            if self._analyse(label) and before != self._targets.offered(label):
                for dependant in dependants.get(label, ()):
                    if dependant not in seen:
                        seen.add(dependant)
                        heapq.heappush(heap, (rank[dependant], dependant))
        for label in self._claims.swallowed(self._targets.sources()):
            self._analyse(label)

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

    # Records ------------------------------------------------------------------------------------------------------

    def _store(self) -> None:
        used = {self._targets[label].target.rule for label in self._targets.analysed}
        known = set(self._rulebook.names)
        self._records.rules.store(map(self._stored, used | (self._new_rules & known)))
        self._records.rules.remove(self._new_rules - known)
        self._targets.store()
        raise_all(self._claims.store(self._targets.analysed, self._targets.sources(), self._stale_anyway()))

    def _stored(self, name: str) -> StoredRule:
        book = self._rulebook
        # Watched as other files are: by a relative path in the workspace.
        files = sorted(path.removeprefix(f"{self._settings.root}/") for path in book.files(name).values())
        return StoredRule(name, book.digest(name), tuple(files), book.over(name))

    def _stale_anyway(self) -> set[Label]:
        """Return the targets whose actions are stale whatever they look like: their rule is another one now."""
        return {label for label in self._targets.analysed if self._targets[label].target.rule in self._new_rules}

    def _mark_changed_files(self, changed: Mapping[str, tuple[str, str]]) -> None:
        """Mark the actions stale that use a changed file, or whose output is not what they made."""
        for path, (_, new) in changed.items():
            maker = self._records.outputs.maker(path)
            if maker is None:
                users = list(self._users(path))
                self._records.actions.mark_stale(users)
                if not users and new == "-":
                    self._world.drop(path)
            elif maker[1] != new:
                self._records.actions.mark_stale(maker[:1])

    def _users(self, path: str) -> Iterator[str]:
        """Yield the actions that use a file that nobody makes."""
        package = self._discovery.package_of(path)
        labels = set(self._records.targets.users(path))
        if package is not None:
            labels.update(self._records.targets.labels_in(package))
        for label in labels:
            for name, action in self._records.actions.plain(label):
                # A path outside the workspace is a program that an action calls.
                if path[0] == "/" or path in action.inputs:
                    yield name

    def _watch(self, folders: Discovered) -> None:
        """Tell the world which paths decide staleness from now on."""
        wanted = [folder_path(folder) for folder in folders.added]
        wanted += [target_file_of(package) for package in folders.parse]
        for label, analysis in self._targets.analysed.items():
            known = self._targets[label]
            wanted += known.sources
            wanted += [path for path, state in known.reads.items() if state != ADOPTED]
            for action in analysis.actions:
                wanted += [path for path in action.inputs if path[0] != RULE_FILE]
                wanted += program_files(action)
        if self._targets.analysed or self._new_rules:
            for rule in self._records.rules.every():
                wanted += rule.files
        made = self._claims.all_outputs(wanted)
        self.watched = {path for path in wanted if path not in made}
        self._world.watch(self.watched)
        for folder in folders.removed:
            self._world.drop(folder_path(folder))
        for package in folders.gone:
            self._world.drop(target_file_of(package))
