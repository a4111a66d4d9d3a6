"""Who makes what: every output belongs to one action, and outputs that nobody claims any longer are orphans.

An orphan is removed at the end of a build, if it is still as its action made it; what somebody changed stays.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from packaging_targets.build.kinds import kind_of
from packaging_targets.build.orphans import left_by
from packaging_targets.errors import PackagingError, Problem, RequestError
from packaging_targets.model.action import FOLDER, RULE_FILE, folders_around
from packaging_targets.store.records.actions import action_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from packaging_targets.build.planning.analysis import Analysis
    from packaging_targets.model.action import Action
    from packaging_targets.model.label import Label
    from packaging_targets.model.target import Target
    from packaging_targets.store.records import Records
    from packaging_targets.workspace.rules.rulebook import Rulebook
    from packaging_targets.workspace.settings import Settings


def program_files(action: Action) -> list[str]:
    """Return the programs that an action calls; one that is missing is told when the action runs."""
    try:
        return list(kind_of(action.kind).program_paths(action).values())
    except PackagingError:
        return []


class Claims:
    """Who makes what: as the records have it, and what one plan adds to that."""

    def __init__(self, settings: Settings, records: Records, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._out = f"{settings.out}/"
        self._records = records
        self._new: dict[str, Target] = {}
        self._in_tree: set[str] | None = None
        self.appeared: set[str] = set()
        """Outputs among sources that were none before this plan."""

    @property
    def outputs_in_tree(self) -> set[str]:
        """Outputs that lie outside the `out` folder, among sources: no glob matches them."""
        if self._in_tree is None:
            self._in_tree = self._records.outputs.outside(self._out[:-1])
        return self._in_tree

    def claim(self, target: Target, actions: Iterable[Action]) -> list[Problem]:
        """Note what a target's actions make; return the problems of outputs that are somebody else's."""
        problems = []
        for action in actions:
            for path in action.outputs:
                other = self._new.setdefault(path, target)
                if other.label != target.label:
                    problems.append(_contested(path, target, f"`{other.label}` at {other.where}"))
                if not path.startswith(self._out) and path not in self.outputs_in_tree:
                    self.outputs_in_tree.add(path)
                    self.appeared.add(path)
        return problems

    def swallowed(self, sources: Mapping[Label, Collection[str]]) -> list[Label]:
        """Return the targets among whose sources there are outputs, which came to light after they were found."""
        in_tree = self.outputs_in_tree
        return [label for label, paths in sources.items() if in_tree and not in_tree.isdisjoint(paths)]

    def all_outputs(self, paths: Iterable[str]) -> set[str]:
        """Return which of `paths` are outputs."""
        asked = set(paths)
        claimed = asked & self._new.keys()
        return claimed.union(self._records.outputs.among(asked - claimed))

    def remove_targets(self, labels: Iterable[str]) -> None:
        """Forget targets that are gone, and make orphans of their outputs."""
        for label in labels:
            self._release(label)
            self._records.actions.remove(label)
            self._records.targets.remove(label)

    def store(
        self,
        analysed: Mapping[Label, Analysis],
        sources: Mapping[Label, Collection[str]],
        stale_anyway: Collection[Label],
    ) -> list[Problem]:
        """Write the actions of analysed targets; new and changed ones are stale. Returns contested outputs."""
        before = {label: self._release(str(label)) for label in analysed}
        problems: list[Problem] = []
        for label, analysis in analysed.items():
            self._replace(label, analysis.actions, stale=label in stale_anyway)
            states = {path: state for made in before[label].values() for path, state in made.items()}
            for action in analysis.actions:
                name = action_id(label, action)
                problems += self._take(name, action, states, before[label].get(name, {}))
            problems += self._store_foreign(str(label), analysis, sources[label])
        return [*problems, *self._crowded()]

    def _replace(self, label: Label, actions: tuple[Action, ...], *, stale: bool) -> None:
        try:
            self._records.actions.replace(label, actions, stale=stale)
        except (TypeError, ValueError) as error:
            target = self._new[actions[0].outputs[0]]
            what = f"the rule `{target.rule}` gave an action {_unwritable(actions)} that JSON cannot hold: {error}"
            raise RequestError(Problem(str(target.where), what, label=str(target.label))) from error

    def _release(self, label: str) -> dict[str, dict[str, str]]:
        """Take a target's outputs away from it; those that were made become orphans until somebody claims them."""
        made: dict[str, dict[str, str]] = {}
        for name, kind in self._records.actions.kinds(label):
            made[name] = self._records.outputs.of_action(name)
            self._records.outputs.release(name)
            self._records.outputs.add_orphans(left_by(kind, made[name]))
        return made

    def _take(self, name: str, action: Action, states: Mapping[str, str], own: Mapping[str, str]) -> Iterator[Problem]:
        """Let an action be the maker of its outputs.

        `states` are those of what the actions of its target had made, `own` of what this one had.
        """
        label = name.partition("#")[0]
        for path in action.outputs:
            others = {maker.partition("#")[0] for maker in self._records.outputs.makers(path)} - {label}
            if others:
                yield _contested(path, self._new[path], f"`{min(others)}`")
                continue
            self._records.outputs.take(path, name, states.get(path, ""))
            if path.endswith(FOLDER):
                for inner, state in own.items():
                    if inner.startswith(path) and inner != path:
                        self._records.outputs.take(inner, name, state)

    def _crowded(self) -> Iterator[Problem]:
        """Yield the problems of outputs in folders that other targets make."""
        folders = self._records.outputs.folders()
        if not folders:
            return
        for path, target in self._new.items():
            around = [*folders_around(path, folders), *([path] if path in folders else ())]
            makers = {maker for folder in around for maker in self._records.outputs.makers_within(folder)}
            others = {maker.partition("#")[0] for maker in makers} - {str(target.label)}
            if others:
                yield _contested(path, target, f"`{min(others)}`")

    def _store_foreign(self, label: str, analysis: Analysis, sources: Collection[str]) -> list[Problem]:
        """Note what a target uses that is not its own; return the problems of what others make and it does not name."""
        target = self._new[analysis.actions[0].outputs[0]] if analysis.actions else None
        inputs = {path for action in analysis.actions for path in action.inputs}
        of_rules = {path for path in inputs if path[0] == RULE_FILE}
        used = (inputs - of_rules).union(analysis.reads).difference(sources)
        made = self.all_outputs(used)
        foreign = used - made
        foreign.update(path for action in analysis.actions for path in program_files(action))
        own = self._rulebook.files(target.rule) if target else {}
        foreign.update(map(self._rulebook.on_disk, of_rules.difference(own)))
        self._records.targets.set_foreign(label, foreign)
        return [] if target is None else list(self._undeclared(target, made & inputs))

    def _undeclared(self, target: Target, paths: Iterable[str]) -> Iterator[Problem]:
        known = {str(target.label), *map(str, target.deps)}
        for path in sorted(paths):
            other = self._new.get(path)
            makers = self._records.outputs.makers(path)
            label = str(other.label) if other else min(makers, default="").partition("#")[0]
            if label not in known and label not in (known := known | self._below(known)):
                what = f"`{path}` is made by `{label}`, which `{target.label}` does not depend on"
                yield Problem(str(target.where), what, f'write deps = ["{label}"]', str(target.label))

    def _below(self, labels: Iterable[str]) -> set[str]:
        """Return what targets depend on through others: a dependency may have told where that is."""
        found: set[str] = set()
        pending = list(labels)
        while pending:
            new = set(self._records.targets.deps(pending.pop())) - found
            pending += new
            found |= new
        return found


def _unwritable(actions: Iterable[Action]) -> str:
    """Return in words what of some actions JSON cannot hold."""
    for action in actions:
        for name, value in (*action.params.items(), *action.to_json().items()):
            try:
                json.dumps(value)
            except (TypeError, ValueError):
                return f"`{name}`"
    return "a value"


def _contested(path: str, target: Target, other: str) -> Problem:
    return Problem(
        str(target.where),
        f"two targets make `{path}`",
        f"give one of them another name, or whatever the output is named by; the other is {other}",
        str(target.label),
    )
