"""Which targets a change affects: those whose inputs differ between a git revision and the work tree.

The target files of both sides are compared by what they say, and the files by which target uses them, or used them, so
that a new comment in a target file affects nothing and a deleted source affects what packed it. Dependants are
included: they are what may have to run; whether their inputs come out different is known only once these are built.
"""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.build.session import Session, planned
from packaging_targets.model.glob import match_any
from packaging_targets.services.git import GitTree
from packaging_targets.services.graph.opening import graph_of
from packaging_targets.store.layout import TARGET_FILE, target_file_of
from packaging_targets.workspace.declarations import Declarations
from packaging_targets.workspace.rules.folder import is_part
from packaging_targets.workspace.target_file import parse_target_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
        found = _Finder(session, tree, graph).find(tree.changed())
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
        self._by_package: dict[str, list[Target]] = {}
        for node in graph.values():
            self._by_package.setdefault(node.label.package, []).append(node)

    def find(self, changed: Iterable[str]) -> set[Label]:
        found: set[Label] = set()
        for path in changed:
            found |= self._uses.get(path, set())
            if path == TARGET_FILE or path.endswith(f"/{TARGET_FILE}"):
                found |= self._declared_differently(path)
            elif not os.path.lexists(path):
                found.update(self._used_before(path))
            elif self._tree.content(path) is None:
                found |= self._holders.get(path, set())
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

    def _used_before(self, path: str) -> Iterator[Label]:
        """Yield the targets whose globs match a file that is gone."""
        package = self._package_of(path)
        relative = path[len(package) + 1 :] if package else path
        for node in self._by_package.get(package or "", ()):
            fields = node.fields
            if match_any(node.patterns)(relative) and not match_any(fields["exclude"])(relative):
                yield node.label

    def _declared_differently(self, path: str) -> set[Label]:
        """Return the targets that the two sides of a target file declare differently."""
        package = path.removesuffix(TARGET_FILE).rstrip("/")
        before = self._tree.content(path)
        old = self._identities(package, before) if before is not None else {}
        new = self._session.records.targets.identities(package)
        found = {self._by_text[label] for label, (stamp, _) in new.items() if old.get(label) != stamp}
        if before is None or not os.path.lexists(path):
            found |= self._around(package, came=before is None)
        if not package and before is not None and self._settings_changed(before):
            return set(self._graph)
        return found

    def _identities(self, package: str, text: bytes) -> dict[str, str]:
        declarations = Declarations(self._session.settings, self._session.rulebook)
        declared = declarations.of_text(package, text)
        over = {str(node.label) for node in self._graph.values() if self._session.rulebook.over(node.rule)}
        # A target over all of a rule has its dependencies from the others: these are compared on their own.
        now = self._session.records.targets.identities(package)
        old = {str(target.label): target.identity for target in declared}
        return {label: now.get(label, ("",))[0] if label in over else identity for label, identity in old.items()}

    def _around(self, package: str, *, came: bool) -> set[Label]:
        """Return the targets of the package around one that came or went, which hold other files now.

        They lost those that stood there before a package came, and have those that stand there since one went.
        """
        around = self._package_of(f"{package}/") if package else None
        if around is None:
            return set()
        now = (path for path in self._uses if path.startswith(f"{package}/"))
        files = list(self._tree.files_below(package) if came else now)
        cut = len(around) + 1 if around else 0
        nodes = self._by_package.get(around, ())
        return {node.label for node in nodes if any(map(match_any(node.patterns), (path[cut:] for path in files)))}

    def _settings_changed(self, before: bytes) -> bool:
        old = parse_target_file(TARGET_FILE, before).workspace or {}
        settings = self._session.settings
        return (old.get("out", "dist"), tuple(old.get("ignore", ()))) != (settings.out, settings.ignore)

    def _rule_changed(self, path: str) -> set[Label]:
        home, _, rest = path.partition("/")
        changed, _, file = rest.partition("/")
        if home != "rules" or not file or not is_part(file):
            return set()
        rulebook = self._session.rulebook
        rules = {node.rule for node in self._graph.values()}
        using = {rule for rule in rules if any(one.startswith(f"@{changed}/") for one in rulebook.files(rule))}
        return {node.label for node in self._graph.values() if node.rule in using}

    def _package_of(self, path: str) -> str | None:
        folder = path.rpartition("/")[0] if not path.endswith("/") else path.rstrip("/").rpartition("/")[0]
        while True:
            if folder in self._by_package or os.path.lexists(target_file_of(folder)):
                return folder
            if not folder:
                return None
            folder = folder.rpartition("/")[0]
