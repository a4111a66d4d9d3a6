"""The rulebook: every rule there is, from three sources through one door.

Built-in rules, the workspace's own `rules/` folder, and folders that installed distributions name in the entry point
group `packaging_targets.rules` are read the same way: built-in rules have no privilege. A rule is a folder with
`rule.py` and `schema.json`; it is found by listing folders, and read and imported only when one of its targets is
analysed.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import Problem, RequestError, near_miss, raise_all
from packaging_targets.model.action import RULE_FILE
from packaging_targets.model.rule import Rule
from packaging_targets.workspace.rules.folder import RuleFolder, files_below, rule_homes, shown_path
from packaging_targets.workspace.rules.installed import installed
from packaging_targets.workspace.rules.loading import ANALYSE, load
from packaging_targets.workspace.rules.purity import Findings, Place, examine
from packaging_targets.workspace.rules.schema import REFERENCE, Checker, on_top, read_schema
from packaging_targets.workspace.rules.soundness import Fault, faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


@dataclass(slots=True)
class _Text:
    """What a rule consists of: files of its folder and of those that it imports from, and what is wrong in them."""

    files: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class Rulebook:
    """The rules of a workspace, by name. Listing them costs a few folders; a rule is loaded when it is asked for."""

    def __init__(self, root: str, brought: Iterable[str] | None = None) -> None:
        """Find the rules of the workspace at `root`; `brought` are installed folders of rules, if they are known."""
        self._root = root
        self.homes = rule_homes(root, installed()[0].homes if brought is None else brought)
        self.folders: dict[str, RuleFolder] = {}
        self._rules: dict[str, Rule] = {}
        self._schemas: dict[str, dict[str, Any]] = {}
        self._checkers: dict[str, Checker] = {}
        self._texts: dict[str, _Text] = {}
        self._listings: dict[str, dict[str, str]] = {}
        self._findings: dict[str, Findings] = {}
        problems = []
        for home in self.homes:
            for name in sorted(os.listdir(home)):
                rule = RuleFolder(name, os.path.join(home, name), home)
                if not os.path.isfile(rule.code):
                    continue
                if name in self.folders:
                    fix = f"rename one; the other is {self.folders[name].folder}"
                    problems.append(Problem(rule.folder, f"there are two rules `{name}`", fix))
                self.folders[name] = rule
        if problems:
            raise RequestError(*problems)

    def __contains__(self, name: str) -> bool:
        return name in self.folders

    @property
    def names(self) -> list[str]:
        """The names of all rules, sorted."""
        return sorted(self.folders)

    def unknown(self, name: str, where: str) -> Problem:
        """Return the problem that a rule is named which does not exist."""
        for home in self.homes:
            rule = RuleFolder(name, os.path.join(home, name), home)
            if os.path.isfile(rule.schema):
                what = f"the folder {shown_path(rule.folder, self._root)} has no rule.py"
                return Problem(where, f"there is no rule `{name}`: {what}", f"write {ANALYSE} there")
        listing, hint = ", ".join(self.names), near_miss(name, self.names)
        fix = f"{hint}  (rules: {listing})" if hint else f"write rules/{name}/rule.py, or choose one of: {listing}"
        return Problem(where, f"there is no rule `{name}`", fix)

    # Schemas ------------------------------------------------------------------------------------------------------

    def checker(self, name: str) -> Checker:
        """Return what checks the targets of a rule; raises RequestError with all that is wrong with its schema."""
        if name not in self._checkers:
            schema, base = self._schema(name), self._stands_on(name)
            below = [] if base is None else faults(self._own_schema(base))
            own = [fault for fault in faults(schema) if fault not in below]
            raise_all([*(self._fault(base or name, one) for one in below), *(self._fault(name, one) for one in own)])
            self._checkers[name] = Checker(name, schema, shown_path(self.folders[name].schema, self._root))
        return self._checkers[name]

    def _fault(self, name: str, fault: Fault) -> Problem:
        path, what, fix = fault
        return Problem(shown_path(self.folders[name].schema, self._root), what, fix, field=path)

    def schemas(self) -> dict[str, Mapping[str, Any]]:
        """Return the JSON Schema of each rule's targets; raises RequestError with all that is wrong with any."""
        _all_of(self.checker, self.names)
        return {name: self.checker(name).schema for name in self.names}

    def _schema(self, name: str) -> dict[str, Any]:
        """Return the schema of a rule, on top of that of the rule beside it which it refers to."""
        own, base = self._own_schema(name), self._stands_on(name)
        return own if base is None else on_top(own, self._own_schema(base))

    def _own_schema(self, name: str) -> dict[str, Any]:
        if name not in self._schemas:
            rule = self.folders[name]
            self._schemas[name] = read_schema(name, rule.schema, shown_path(rule.schema, self._root))
        return self._schemas[name]

    def _stands_on(self, name: str) -> str | None:
        """Return the rule whose schema that of a rule refers to."""
        reference = self._own_schema(name).get("$ref")
        match = REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
        if match is None:
            return None
        rule, base = self.folders[name], self.folders.get(match[1])
        if base is None or base.home != rule.home or "$ref" in self._own_schema(match[1]):
            what = f"`{reference}` is not the schema of a rule beside `{name}` that stands on its own"
            where = shown_path(rule.schema, self._root)
            raise RequestError(Problem(where, what, "name another one, or write the fields here", field="$.$ref"))
        return match[1]

    # Loading ------------------------------------------------------------------------------------------------------

    def over(self, name: str) -> tuple[str, ...]:
        """Return the rules whose every target a target of this rule depends on."""
        return self.rule(name).over

    def load(self, names: Iterable[str]) -> None:
        """Load rules; raises RequestError with what is wrong with any of them."""
        _all_of(self.rule, names)

    def rule(self, name: str) -> Rule:
        """Load a rule; raises RequestError that names its file when that cannot be done."""
        if name not in self._rules:
            self._rules[name] = self._load(self.folders[name])
        return self._rules[name]

    def _load(self, rule: RuleFolder) -> Rule:
        raise_all(self._read(rule.name).problems)
        module = load(rule, self._root)
        path = shown_path(rule.code, self._root)
        analyse = getattr(module, "analyse", None)
        if not callable(analyse):
            raise RequestError.one(f"the rule `{rule.name}` has no function `analyse`", path, ANALYSE)
        over = self._over(rule.name, getattr(module, "OVER", ()), path)
        return Rule(rule.name, self._schema(rule.name), analyse, rule.folder, self.digest(rule.name), over)

    def _over(self, name: str, names: Any, path: str) -> tuple[str, ...]:
        if not isinstance(names, list | tuple):
            raise RequestError.one(f"`OVER` of the rule `{name}` must be a tuple of rules", path, 'OVER = ("service",)')
        raise_all(self.unknown(str(one), path) for one in names if one not in self)
        return tuple(names)

    # Files --------------------------------------------------------------------------------------------------------

    def digest(self, name: str) -> str:
        """Return the SHA-256 of all files of a rule, and of the rules beside it that it imports from."""
        digest = hashlib.sha256()
        for logical, path in sorted(self.files(name).items()):
            with open(path, "rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{logical} {content}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def files(self, name: str) -> dict[str, str]:
        """Return the files that make a rule: `@rule/path` to the path on disk."""
        return self._read(name).files if name in self.folders else {}

    def _read(self, name: str) -> _Text:
        """Read a rule's code, and what that imports. What lies beside it, such as a script, is only a file."""
        if name not in self._texts:
            home, text = self.folders[name].home, _Text()
            pending, seen = [(name, "rule.py"), (name, "__init__.py")], set()
            while pending:
                one = pending.pop()
                listing = self._listing(home, one[0])
                if one not in seen and one[1] in listing:
                    seen.add(one)
                    text.files.update({f"@{one[0]}/{relative}": path for relative, path in listing.items()})
                    findings = self._examined(home, *one)
                    text.problems.extend(findings.problems)
                    pending.extend(findings.imports)
            base = self._stands_on(name)
            if base is not None:
                text.files[f"@{base}/schema.json"] = self.folders[base].schema
            self._texts[name] = text
        return self._texts[name]

    def _listing(self, home: str, name: str) -> dict[str, str]:
        folder = os.path.join(home, name)
        if folder not in self._listings:
            self._listings[folder] = files_below(folder)
        return self._listings[folder]

    def _examined(self, home: str, name: str, relative: str) -> Findings:
        path = self._listing(home, name)[relative]
        if path not in self._findings:
            with open(path, "rb") as file:
                place = Place(name, relative, shown_path(path, self._root), partial(self._listing, home))
                self._findings[path] = examine(file.read(), place)
        return self._findings[path]

    def has_file(self, logical: str) -> bool:
        """Tell whether a rule has the file `@rule/file`."""
        return logical in self.files(logical[1:].partition("/")[0])

    def on_disk(self, path: str) -> str:
        """Return where an input of an action is: a file of a rule as a workspace path too, if it lies there."""
        if path[0] != RULE_FILE or path[1:].partition("/")[0] not in self.folders:
            return path
        return self.path_of(path).removeprefix(f"{self._root}/")

    def path_of(self, logical: str) -> str:
        """Return the path on disk of `@rule/file`."""
        rule, _, relative = logical[1:].partition("/")
        return os.path.join(self.folders[rule].folder, relative)


def _all_of(ask: Callable[[str], Any], names: Iterable[str]) -> None:
    """Ask for each name; raises RequestError with all problems that were met."""
    problems: list[Problem] = []
    for name in names:
        try:
            ask(name)
        except RequestError as error:
            problems.extend(error.problems)
    raise_all(problems)
