"""The rulebook: every rule there is, from three sources through one door.

Built-in rules, the workspace's own `rules/` folder, and folders that installed distributions name in the entry point
group `packaging_targets.rules` are read the same way: built-in rules have no privilege. A rule is a folder with
`rule.py` and `schema.json`; it is found by listing folders, and imported only when one of its targets is analysed.

Each folder of rules becomes a package of its own under a private name, so that `from ._layers import x` works inside
a rule's folder and `from ..service.rule import analyse` between rules, whatever else is called `rules`.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import os
import sys
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import PackagingError, Problem, RequestError, near_miss, raise_all
from packaging_targets.model.rule import Rule
from packaging_targets.store.states import is_junk
from packaging_targets.workspace.installed import installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ROOT_NAME = "_packaging_rules_"


@dataclass(frozen=True, slots=True)
class RuleFolder:
    """Where a rule lives: its folder, and the folder of rules that holds it."""

    name: str
    folder: str
    home: str


def builtin_home() -> str | None:
    """Return the folder of the built-in rules.

    In a checkout it stands beside the package, and is only looked for where `pyproject.toml` stands there too, so
    that a broken wheel never picks up somebody else's `rules`.
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(package, "rules")
    if os.path.isdir(inside):
        return inside
    checkout = os.path.dirname(package)
    beside = os.path.join(checkout, "rules")
    return beside if os.path.exists(os.path.join(checkout, "pyproject.toml")) and os.path.isdir(beside) else None


def rule_homes(root: str, brought: Iterable[str]) -> list[str]:
    """Return every folder of rules: built-in, `brought` by distributions, of the workspace at `root`; each once."""
    homes = [home for home in (builtin_home(), *brought, os.path.join(root, "rules")) if home]
    return list({os.path.realpath(home): home for home in homes if os.path.isdir(home)}.values())


class Rulebook:
    """The rules of a workspace, by name. Listing them costs a few folders; a rule is loaded when it is asked for."""

    def __init__(self, root: str, brought: Iterable[str] | None = None) -> None:
        """Find the rules of the workspace at `root`; `brought` are installed folders of rules, if they are known."""
        self.homes = rule_homes(root, installed()[0].homes if brought is None else brought)
        self.folders: dict[str, RuleFolder] = {}
        self._rules: dict[str, Rule] = {}
        self._schemas: dict[str, dict[str, Any]] = {}
        self._files: dict[str, dict[str, str]] = {}
        problems = []
        for home in self.homes:
            for name in sorted(os.listdir(home)):
                folder = os.path.join(home, name)
                if not os.path.isfile(os.path.join(folder, "rule.py")):
                    continue
                if name in self.folders:
                    problems.append(
                        Problem(
                            folder,
                            f"there are two rules `{name}`",
                            f"rename one; the other is {self.folders[name].folder}",
                        )
                    )
                self.folders[name] = RuleFolder(name, folder, home)
        if problems:
            raise RequestError(*problems)

    def __contains__(self, name: str) -> bool:
        return name in self.folders

    @property
    def names(self) -> list[str]:
        """The names of all rules, sorted."""
        return sorted(self.folders)

    def unknown(self, name: str, where: str) -> Problem:
        """Return the problem that a target file names a rule which does not exist."""
        hint = near_miss(name, self.names)
        listing = f"(rules: {', '.join(self.names)})"
        return Problem(where, f"there is no rule `{name}`", f"{hint}  {listing}" if hint else listing)

    def schema(self, name: str) -> dict[str, Any]:
        """Return the JSON Schema of a rule's fields, as its folder has it."""
        if name not in self._schemas:
            path = os.path.join(self.folders[name].folder, "schema.json")
            try:
                with open(path, "rb") as file:
                    schema = json.load(file)
                if not isinstance(schema, dict):
                    raise ValueError("it is no object")  # noqa: TRY004, TRY301  # reported with the other form errors
            except FileNotFoundError:
                raise RequestError.one(f"the rule `{name}` has no schema", path, "describe its fields there") from None
            except ValueError as error:
                raise RequestError.one(f"the schema of the rule `{name}` is not JSON: {error}", path) from None
            self._schemas[name] = schema
        return self._schemas[name]

    def over(self, name: str) -> tuple[str, ...]:
        """Return the rules whose every target a target of this rule depends on."""
        return self.rule(name).over

    def rule(self, name: str) -> Rule:
        """Load a rule; raises RequestError that names its file when that cannot be done."""
        if name not in self._rules:
            self._rules[name] = self._load(self.folders[name])
        return self._rules[name]

    def _load(self, where: RuleFolder) -> Rule:
        path = os.path.join(where.folder, "rule.py")
        try:
            module = importlib.import_module(f"{self._package(where.home)}.{where.name}.rule")
        except (Exception, SystemExit) as error:
            what = f"the rule `{where.name}` cannot be loaded: {type(error).__name__}: {error}"
            raise RequestError.one(what, _last_line(error, path)) from error
        analyse = getattr(module, "analyse", None)
        if not callable(analyse):
            raise RequestError.one(
                f"the rule `{where.name}` has no function `analyse`", path, "def analyse(context): return [Action(…)]"
            )
        over = self._over(where.name, getattr(module, "OVER", ()), path)
        return Rule(where.name, self.schema(where.name), analyse, where.folder, self.digest(where.name), over)

    def _over(self, name: str, names: Any, path: str) -> tuple[str, ...]:
        if not isinstance(names, list | tuple):
            raise RequestError.one(f"`OVER` of the rule `{name}` must be a tuple of rules", path, 'OVER = ("service",)')
        raise_all(self.unknown(str(one), path) for one in names if one not in self)
        return tuple(names)

    def _package(self, home: str) -> str:
        """Return the name of the package whose only folder is `home`, so that rules are imported as its modules."""
        name = _ROOT_NAME + hashlib.sha256(os.path.realpath(home).encode()).hexdigest()[:16]
        if name not in sys.modules:
            package = types.ModuleType(name)
            package.__path__ = [home]
            sys.modules[name] = package
        return name

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
        if name not in self._files:
            self._files[name] = self._find_files(name)
        return self._files[name]

    def _find_files(self, name: str) -> dict[str, str]:
        found: dict[str, str] = {}
        pending = [name]
        seen: set[str] = set()
        while pending:
            rule = pending.pop()
            if rule in seen or rule not in self.folders:
                continue
            seen.add(rule)
            for relative, path in _files_below(self.folders[rule].folder):
                found[f"@{rule}/{relative}"] = path
                if relative.endswith(".py"):
                    pending.extend(_neighbours(path))
        return found

    def has_file(self, logical: str) -> bool:
        """Tell whether a rule has the file `@rule/file`."""
        return logical in self.files(logical[1:].partition("/")[0])

    def path_of(self, logical: str) -> str:
        """Return the path on disk of `@rule/file`."""
        rule, _, relative = logical[1:].partition("/")
        return os.path.join(self.folders[rule].folder, relative)


def _files_below(folder: str) -> Iterable[tuple[str, str]]:
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_junk(name))
        for name in sorted(names):
            if not is_junk(name):
                path = os.path.join(base, name)
                yield os.path.relpath(path, folder), path


def _neighbours(path: str) -> list[str]:
    """Return the rules that a file imports from: `from ..service.rule import analyse`."""
    with open(path, "rb") as file:
        try:
            tree = ast.parse(file.read())
        except (SyntaxError, ValueError):
            return []  # loading it will say what is wrong
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level > 1]
    return [node.module.split(".")[0] for node in imports if node.module]


def _last_line(error: BaseException, path: str) -> str:
    """Return `file:line` of the innermost frame in the rule's folder, or of a syntax error."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    line = 0
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{path}:{line}" if line else path


def call_rule(analyse: Callable[..., Any], *args: Any) -> Any:
    """Call a rule's function; what it lets escape becomes a RequestError that names the line."""
    try:
        return analyse(*args)
    except PackagingError:
        raise
    except (Exception, SystemExit) as error:
        trace = error.__traceback__
        where = ""
        while trace:
            where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
            trace = trace.tb_next
        raise RequestError.one(f"the rule failed: {type(error).__name__}: {error}", where) from error
