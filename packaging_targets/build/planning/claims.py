"""Who makes what: every output belongs to one action, and outputs that nobody claims any longer are orphans.

An orphan is removed at the end of a build, if it is still as its action made it; what somebody changed stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.build.keys import kind_of
from packaging_targets.build.orphans import left_by
from packaging_targets.errors import PackagingError, Problem, RequestError
from packaging_targets.model.action import RULE_FILE
from packaging_targets.store.records import Records, dumps

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from packaging_targets.model.action import Action
    from packaging_targets.model.label import Label
    from packaging_targets.model.target import Target
    from packaging_targets.workspace.settings import Settings


def action_id(label: Label | str, action: Action) -> str:
    """Return what names an action among all: the label, and the action's name where it has one."""
    return f"{label}#{action.name}" if action.name else str(label)


def program_files(action: Action) -> list[str]:
    """Return the programs that an action calls; one that is missing is told when the action runs."""
    kind = kind_of(action.kind)
    try:
        return list(kind.program_paths(action).values())
    except PackagingError:
        return []


class Claims:
    """The action and output tables of the records, and what one plan adds to them."""

    def __init__(self, settings: Settings, records: Records) -> None:
        self._out = f"{settings.out}/"
        self._records = records
        self._new: dict[str, Target] = {}
        self._in_tree: set[str] | None = None

    @property
    def outputs_in_tree(self) -> set[str]:
        """Outputs that lie outside the `out` folder, among sources: no glob matches them."""
        if self._in_tree is None:
            low, high = self._out, f"{self._out[:-1]}0"
            self._in_tree = set(self._records.column("select path from output where path < ? or path >= ?", low, high))
        return self._in_tree

    def claim(self, target: Target, actions: Iterable[Action]) -> list[Problem]:
        """Note what a target's actions make; return the problems of outputs that are somebody else's."""
        problems = []
        for action in actions:
            for path in action.outputs:
                other = self._new.setdefault(path, target)
                if other.label != target.label:
                    problems.append(_contested(path, target, f"`{other.label}` at {other.where}"))
                if not path.startswith(self._out):
                    self.outputs_in_tree.add(path)
        return problems

    def swallowed(self, sources: Mapping[Label, Collection[str]]) -> list[Label]:
        """Return the targets among whose sources there are outputs, which came to light after they were found."""
        in_tree = self.outputs_in_tree
        return [label for label, paths in sources.items() if in_tree and not in_tree.isdisjoint(paths)]

    def all_outputs(self, paths: Iterable[str]) -> set[str]:
        """Return which of `paths` are outputs."""
        asked = set(paths)
        claimed = asked & self._new.keys()
        return claimed.union(self._records.among("select path from output where path in", asked - claimed))

    def remove_targets(self, labels: Iterable[str]) -> None:
        """Forget targets that are gone, and make orphans of their outputs."""
        for label in labels:
            self._release(label)
            self._records.run("delete from action where label = ?", label)
            self._records.run("delete from target where label = ?", label)
            self._records.run("delete from edge where label = ?", label)
            self._records.run("delete from foreign_use where label = ?", label)

    def store(
        self,
        actions: Mapping[Label, tuple[Action, ...]],
        sources: Mapping[Label, Collection[str]],
        stale_anyway: Collection[Label],
    ) -> list[Problem]:
        """Write the actions of analysed targets; new and changed ones are stale. Returns contested outputs."""
        before = {label: self._release(str(label)) for label in actions}
        problems: list[Problem] = []
        for label, made in actions.items():
            results = self._results(label)
            self._records.run("delete from action where label = ?", str(label))
            rows = []
            for place, action in enumerate(made):
                name, body = action_id(label, action), self._body(action)
                old_body, stale, result, reason = results.get(name, ("", 1, None, None))
                is_stale = int(bool(stale or old_body != body or label in stale_anyway))
                rows.append((name, str(label), body, place, is_stale, result, reason))
                for path in action.outputs:
                    problems += self._take(path, name, before[label].get(path, ""))
            self._records.run_many("insert into action values (?, ?, ?, ?, ?, ?, ?)", rows)
            self._store_foreign(str(label), made, sources[label])
        return problems

    def _body(self, action: Action) -> str:
        try:
            return dumps(action.to_json())
        except (TypeError, ValueError) as error:
            target = self._new[action.outputs[0]]
            what = f"the rule `{target.rule}` gave an action parameters that are no JSON: {error}"
            raise RequestError(Problem(str(target.where), what, label=str(target.label))) from error

    def _results(self, label: Label) -> dict[str, tuple[str, int, str | None, str | None]]:
        rows = self._records.rows("select id, body, stale, result, reason from action where label = ?", str(label))
        return {name: (body, stale, result, reason) for name, body, stale, result, reason in rows}

    def _release(self, label: str) -> dict[str, str]:
        """Take a target's outputs away from it; those that were made become orphans until somebody claims them."""
        made: dict[str, str] = {}
        # An action's JSON begins with its kind, and may be long.
        for name, body in self._records.rows("select id, substr(body, 1, 99) from action where label = ?", label):
            outputs = dict(self._records.rows("select path, state from output where id = ?", name))
            self._records.run("delete from output where id = ?", name)
            self._records.run_many("insert or replace into orphan values (?, ?)", left_by(body, outputs).items())
            made |= outputs
        return made

    def _take(self, path: str, name: str, state: str) -> list[Problem]:
        row = self._records.row("select id from output where path = ?", path)
        if row is not None and row[0] != name:
            other = row[0].partition("#")[0]
            return [_contested(path, self._new[path], f"`{other}`")]
        self._records.run("insert or replace into output values (?, ?, ?)", path, name, state)
        self._records.run("delete from orphan where path = ?", path)
        return []

    def _store_foreign(self, label: str, actions: Iterable[Action], sources: Collection[str]) -> None:
        own = set(sources)
        inputs = {path for action in actions for path in action.inputs if path[0] != RULE_FILE and path not in own}
        foreign = inputs - self.all_outputs(inputs)
        foreign.update(path for action in actions for path in program_files(action))
        self._records.run("delete from foreign_use where label = ?", label)
        self._records.run_many("insert into foreign_use values (?, ?)", ((path, label) for path in foreign))


def _contested(path: str, target: Target, other: str) -> Problem:
    return Problem(
        str(target.where),
        f"two targets make `{path}`",
        f"give one of them another name; the other is {other}",
        str(target.label),
    )
