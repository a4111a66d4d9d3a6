"""Which targets a change affects: those whose inputs differ between a git revision and the work tree.

The target files of both sides are compared by what they say, and the files by which target uses them, or used them, so
that a new comment in a target file affects nothing and a deleted source affects what packed it. Dependants are
included: they are what may have to run; whether their inputs come out different is known only once these are built.
"""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging_targets.build.session import Session, planned
from packaging_targets.errors import RequestError
from packaging_targets.model.glob import match_any
from packaging_targets.services.git import GitTree
from packaging_targets.services.graph.opening import graph_of
from packaging_targets.store.layout import TARGET_FILE, target_file_of
from packaging_targets.workspace.declarations import Declarations
from packaging_targets.workspace.rules.folder import is_part
from packaging_targets.workspace.settings import read_settings
from packaging_targets.workspace.target_file import parse_target_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from packaging_targets.model.label import Label
    from packaging_targets.model.target import Target
    from packaging_targets.workspace.graph import TargetGraph


@dataclass(frozen=True, slots=True)
class Affected:
    """A target that a change affects: directly, or because it depends on one that is."""

    label: Label
    rule: str
    directly: bool


def affected(revision: str) -> tuple[Affected, ...]:
    """Return the targets that the change since `revision` affects, sorted.

    The current folder lies in the workspace, which lies in a git work tree. Raises RequestError where git does not know
    the revision, or where a target file has problems.
    """
    with planned(os.getcwd()) as session:
        tree = GitTree(revision)
        graph = graph_of(session)
        found = _Finder(session, tree, graph).find()
        return tuple(Affected(label, graph[label].rule, label in found) for label in sorted(graph.rdeps(found)))


def render(found: Sequence[Affected], form: str) -> str:
    """Return affected targets as `lines`, as `json`, or as a CI job `matrix`."""
    if form == "lines":
        return "".join(f"{one.label}\n" for one in found)
    rows = [{"target": str(one.label), "rule": one.rule, "directly": one.directly} for one in found]
    if form == "json":
        return json.dumps(rows, indent=2) + "\n"
    return json.dumps({"include": [{"target": row["target"], "rule": row["rule"]} for row in rows]}) + "\n"


class _Finder:
    """Maps changed files to targets, through what the records know of the work tree's side."""

    def __init__(self, session: Session, tree: GitTree, graph: TargetGraph) -> None:
        self._session = session
        self._tree = tree
        self._graph = graph
        self._by_text = {str(label): label for label in graph}
        self._uses = self._all_uses()
        self._holders = self._all_holders()
        self._over = self._all_over()
        self._changed = frozenset(tree.changed())
        self._by_package: dict[str, list[Target]] = {}
        for node in graph.values():
            self._by_package.setdefault(node.label.package, []).append(node)

    def find(self) -> set[Label]:
        found: set[Label] = set()
        for path in self._changed:
            found |= self._uses.get(path, set())
            if _is_target_file(path):
                found |= self._declared_differently(path)
            elif not os.path.lexists(path):
                found.update(self._used_before(path), self._listed(path))
            elif self._tree.content(path) is None:
                found.update(self._holders.get(path, ()), self._listed(path))
            found |= self._rule_changed(path)
        return found

    def _all_uses(self) -> dict[str, set[Label]]:
        uses: dict[str, set[Label]] = {}
        records = self._session.records
        for text, paths in itertools.chain(records.targets.reads(), records.actions.inputs()):
            for path in paths:
                uses.setdefault(path, set()).add(self._by_text[text])
        return uses

    def _all_holders(self) -> dict[str, set[Label]]:
        """Return which targets list a file among their sources, whether or not an action reads it."""
        held: dict[str, set[Label]] = {}
        for text, sources in self._session.records.targets.sources():
            for path in sources:
                held.setdefault(path, set()).add(self._by_text[text])
        return held

    def _all_over(self) -> dict[str, set[Label]]:
        """Return which targets are over all of a rule, by that rule."""
        over: dict[str, set[Label]] = {}
        for node in self._graph.values():
            for rule in self._session.rulebook.over(node.rule):
                over.setdefault(rule, set()).add(node.label)
        return over

    def _used_before(self, path: str) -> Iterator[Label]:
        """Yield the targets whose globs match a file that is gone."""
        package = self._package_before(path)
        relative = path[len(package) + 1 :] if package else path
        for node in self._by_package.get(package or "", ()):
            fields = node.fields
            if match_any(node.patterns)(relative) and not match_any(fields["exclude"])(relative):
                yield node.label

    def _listed(self, path: str) -> set[Label]:
        """Return the targets whose rules looked into the folder of a file that came or went."""
        return self._uses.get(os.path.dirname(path) or ".", set())

    def _declared_differently(self, path: str) -> set[Label]:
        """Return the targets that the two sides of a target file declare differently, and those over what came or went.

        A target over all of a rule says nothing of the others, and yet depends on every one that there is.
        """
        package = os.path.dirname(path)
        before = self._tree.content(path)
        old = self._declared_before(package, before) if before is not None else {}
        new = self._session.records.targets.identities(package)
        found = {self._by_text[label] for label, (stamp, _) in new.items() if old.get(label, ("", ""))[0] != stamp}
        ruled_then, ruled_now = ({(label, rule) for label, (_, rule) in side.items()} for side in (old, new))
        for _, rule in ruled_then ^ ruled_now:
            found |= self._over.get(rule, set())
        if before is None or not os.path.lexists(path):
            found |= self._around(package, came=before is None)
        if not package and before is not None and self._settings_changed(before):
            return set(self._graph)
        return found

    def _declared_before(self, package: str, text: bytes) -> dict[str, tuple[str, str]]:
        """Return identity and rule of each target that a target file declared, by label as text."""
        declared = Declarations(self._session.settings, self._session.rulebook).of_text(package, text)
        return {str(one.label): (self._as_if_now(one).identity, one.rule) for one in declared}

    def _as_if_now(self, target: Target) -> Target:
        """Return a target of the revision; one over all of a rule with what it depends on now: no entry names that."""
        now = self._graph.get(target.label)
        is_over = now is not None and any(now.label in labels for labels in self._over.values())
        return replace(target, deps=now.deps) if now is not None and is_over else target

    def _around(self, package: str, *, came: bool) -> set[Label]:
        """Return the targets of the package around one that came or went, which hold other files now.

        They lost those that stood there before a package came, and have those that stand there since one went.
        """
        around = self._package_around(package) if package else None
        if around is None:
            return set()
        now = (path for path in {*self._uses, *self._holders} if path.startswith(f"{package}/"))
        files = list(self._tree.files_below(package) if came else now)
        cut = len(around) + 1 if around else 0
        nodes = self._by_package.get(around, ())
        return {node.label for node in nodes if any(map(match_any(node.patterns), (path[cut:] for path in files)))}

    def _settings_changed(self, before: bytes) -> bool:
        now = self._session.settings
        try:
            then = read_settings(now.root, parse_target_file(TARGET_FILE, before))
        except RequestError:  # nothing could be built then
            return True
        return (then.out, then.ignore) != (now.out, now.ignore)

    def _rule_changed(self, path: str) -> set[Label]:
        home, _, rest = path.partition("/")
        changed, _, file = rest.partition("/")
        if home != "rules" or not file or not is_part(file):
            return set()
        rulebook = self._session.rulebook
        rules = {node.rule for node in self._graph.values()}
        using = {rule for rule in rules if any(one.startswith(f"@{changed}/") for one in rulebook.files(rule))}
        return {node.label for node in self._graph.values() if node.rule in using}

    def _package_around(self, path: str) -> str | None:
        """Return the package that a path lies in now, or None."""
        around = (folder for folder in _folders_above(path) if os.path.lexists(target_file_of(folder)))
        return next(around, None)

    def _package_before(self, path: str) -> str | None:
        """Return the package that a path lay in at the revision, or None."""
        for folder in _folders_above(path):
            file = target_file_of(folder)
            if self._tree.content(file) is not None if file in self._changed else os.path.lexists(file):
                return folder
        return None


def _is_target_file(path: str) -> bool:
    return os.path.basename(path) == TARGET_FILE


def _folders_above(path: str) -> Iterator[str]:
    """Yield the folders that a path lies in, from the innermost; the last one is the root, as an empty text."""
    while path:
        path = os.path.dirname(path)
        yield path
