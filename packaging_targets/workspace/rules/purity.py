"""Purity: what the text of a rule may import and call, read before the rule is loaded.

A result of `analyse` is kept until an answer of its context changes. What a rule learns in another way is stale from
then on, and nobody is told. So a file of a rule imports our public names, files of rules beside it, and what is pure
of the standard library. This keeps from accidents: it is no sandbox, and whoever wants to get around it can.
"""

from __future__ import annotations

import ast
import posixpath
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import packaging_targets
from packaging_targets.errors import Problem, near_miss
from packaging_targets.workspace.rules.executed import executed, is_there, statements
from packaging_targets.workspace.rules.folder import is_part

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_OURS = "packaging_targets"

# Not `configparser`: it reads files by name, and passes over those that are not there. Nor a parser of `xml`.
PURE = frozenset({
    "__future__", "abc", "array", "ast", "base64", "binascii", "bisect", "collections", "contextlib", "copy", "csv",
    "dataclasses", "datetime", "decimal", "difflib", "email.message", "email.parser", "email.policy", "enum", "fnmatch",
    "fractions", "functools", "graphlib", "hashlib", "heapq", "hmac", "html", "ipaddress", "itertools", "json",
    "keyword", "math", "numbers", "operator", "pprint", "re", "shlex", "statistics", "string", "struct", "textwrap",
    "tomllib", "types", "typing", "unicodedata", "urllib.parse", "zlib",
})  # fmt: skip
"""Modules of the standard library that read nothing but what they are given."""

PARTLY = {
    "calendar": ("timegm",),
    "email.utils": ("format_datetime", "parsedate_to_datetime"),
    "io": ("BytesIO", "StringIO"),
    "pathlib": ("PurePath", "PurePosixPath", "PureWindowsPath"),
    "posixpath": (
        "basename", "commonpath", "commonprefix", "dirname", "isabs", "join", "normpath", "relpath", "sep", "split",
        "splitext",
    ),
    "sys": ("version_info",),
    "uuid": ("NAMESPACE_DNS", "NAMESPACE_OID", "NAMESPACE_URL", "NAMESPACE_X500", "UUID", "uuid3", "uuid5"),
    "xml.sax.saxutils": ("escape", "quoteattr", "unescape"),
}  # fmt: skip
"""Modules of which some names are pure."""
_PARTS = {**PARTLY, "xml": ("sax",), "xml.sax": ("saxutils",)}
"""The same with what `import xml.sax.saxutils` binds on the way."""

_MORE = "which sees more than its targets declare"
_ASKS = "ask the context (context.read, context.sources, …)"
_PATHS = f"write posixpath: pure of it are {', '.join(PARTLY['posixpath'])}"
_CALLS = {
    "open": (_MORE, f"{_ASKS}; a file of the rule's folder is an input: context.template(…)"),
    "input": ("which waits for a person", "let a field of the target say it"),
    "breakpoint": ("which waits for a person", "take it out; print is fine"),
    **dict.fromkeys(("eval", "exec", "compile", "__import__"), ("which hides what it runs", "write the code itself")),
}
_EPOCH = "datetime.fromtimestamp(context.source_date_epoch, timezone.utc)"
_CLOCKS = {
    "datetime.date.fromtimestamp", "datetime.date.today", "datetime.datetime.now", "datetime.datetime.today",
    "datetime.datetime.utcnow",
}  # fmt: skip
_WATCHED = {_OURS, "datetime", "datetime.date", "datetime.datetime", "email", *_PARTS}
_SUSPECT = re.compile(rf"(?<![.\w])(?:{'|'.join(_CALLS)})\b".encode())
"""A name of `_CALLS` that is no attribute."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file of a rule is: the rule, the file's path in its folder, and its path for people.

    `files` gives the files of a folder beside the rule, or of its own, by relative path.
    """

    rule: str
    relative: str
    shown: str
    files: Callable[[str], Collection[str]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Findings:
    """What the text of a file says: which files of rules it imports, by folder and path, and what is wrong with it."""

    imports: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()


def examine(text: bytes, place: Place) -> Findings:
    """Read the text of a file of a rule; what is no Python is left to tell for loading it."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return Findings()
    reader = _Reader(place)
    reader.read(tree)
    if _SUSPECT.search(text) or not _WATCHED.isdisjoint(reader.names.values()):
        reader.look(tree)
    return Findings(tuple(reader.imports), tuple(reader.problems))


def pure_list() -> str:
    """Return what a rule may import of the standard library, for people."""
    return ", ".join(sorted([*PURE, *PARTLY]))


class _Reader:
    """Gathers what one file imports and calls."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.names: dict[str, str] = {}
        self._bound: set[str | None] = set()
        self.imports: list[tuple[str, str]] = []
        self.problems: list[Problem] = []

    def read(self, tree: ast.Module) -> None:
        """Read the imports."""
        for node in executed(tree, statements, self._works):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._read_one(node)

    def look(self, tree: ast.Module) -> None:
        """Look at what is done with them, and at calls: that takes as long as parsing the file."""
        nodes = list(executed(tree, ast.iter_child_nodes, self._works))
        self._bound = {_bound_by(node) for node in nodes}
        for node in nodes:
            self._use(node)

    def _tell(self, node: ast.expr | ast.stmt, what: str, fix: str) -> None:
        where = f"{self._place.shown}:{node.lineno}"
        who = "rule" if "rule.py" in self._place.files(self._place.rule) else "folder"
        self.problems.append(Problem(where, f"the {who} `{self._place.rule}` {what}", fix))

    # Imports ------------------------------------------------------------------------------------------------------

    def _works(self, node: ast.Import | ast.ImportFrom) -> bool:
        """Tell whether an import is allowed, and does not fail."""
        trial = _Reader(self._place)
        trial._read_one(node)
        return not trial.problems and is_there(node)

    def _read_one(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.ImportFrom):
            self._import_from(node)
        else:
            for alias in node.names:
                self._import(node, alias)

    def _import(self, node: ast.Import, alias: ast.alias) -> None:
        first = alias.name.partition(".")[0]
        self.names[alias.asname or first] = alias.name if alias.asname else first
        if not _is_pure(alias.name, _OURS, *PARTLY):
            self._refuse(node, alias.name, ())

    def _import_from(self, node: ast.ImportFrom) -> None:
        if node.level:
            self._relative(node)
            return
        module = node.module or ""
        self.names.update({alias.asname or alias.name: f"{module}.{alias.name}" for alias in node.names})
        names = [alias.name for alias in node.names]
        if "*" in names:
            self.names.update({name.rpartition(".")[2]: name for name in _WATCHED if name.startswith(f"{module}.")})
        if module == _OURS:
            for name in names:
                self._demand_public(node, name)
        elif module in PARTLY:
            for name in names:
                self._demand_part(node, module, name)
        elif not (_is_pure(module) or all(_is_pure(f"{module}.{name}", *PARTLY) for name in names)):
            self._refuse(node, module, names)

    def _refuse(self, node: ast.stmt, module: str, names: Collection[str]) -> None:
        first = module.partition(".")[0]
        public = sorted({*names, module.rpartition(".")[2]} & {*packaging_targets.__all__})
        if first == _OURS:
            fix = f"write from {_OURS} import {', '.join(public)}" if public else _public_names()
            self._tell(node, f"imports `{module}`, which is private", fix)
        elif f"{first}.py" in self._place.files(self._place.rule):
            dots = "." * (self._place.relative.count("/") + 1)
            self._tell(
                node, f"imports `{module}` as if it lay outside its folder", f"write from {dots}{module} import …"
            )
        elif module == "os.path" or (module == "os" and [*names] == ["path"]):
            self._tell(node, f"imports `os.path`, {_MORE}", f"{_PATHS}; {_ASKS}")
        else:
            why = _MORE if first in sys.stdlib_module_names else "which is no part of the rule"
            hint = f"write from .{module} import …" if first[0] == "_" else _ASKS
            pure = f"of the standard library what is pure: {pure_list()}"
            fix = f"{hint}; a rule imports public names of {_OURS}, files of its own folder, and {pure}"
            self._tell(node, f"imports `{module}`, {why}", fix)

    def _demand_public(self, node: ast.expr | ast.stmt, name: str) -> None:
        if name != "*" and name not in packaging_targets.__all__:
            fix = near_miss(name, packaging_targets.__all__) or _public_names()
            self._tell(node, f"{_verb(node)} `{name}`, which is no public name of {_OURS}", fix)

    def _demand_part(self, node: ast.expr | ast.stmt, module: str, name: str) -> None:
        if name not in _PARTS[module]:
            pure = ", ".join(_PARTS[module])
            self._tell(node, f"{_verb(node)} `{module}.{name}`, {_MORE}", f"{_ASKS}; pure are {pure}")

    def _relative(self, node: ast.ImportFrom) -> None:
        package = [self._place.rule, *self._place.relative.split("/")[:-1]]
        above = node.level - 1 - len(package)
        stem = package[: len(package) - node.level + 1]
        names = [alias.name for alias in node.names]
        for module in [node.module] if node.module else names:
            told = f"{'.' * node.level}{module}"
            inner = [] if module == "*" else module.split(".")
            if above > 0:
                fix = f"from {'.' * (len(package) + 1)}<rule>.rule import … reaches a rule beside it"
                self._tell(node, f"imports `{told}` from outside the folder of rules", fix)
            elif stem or inner:
                self._own(node, told, [*stem, *inner], names)

    def _own(self, node: ast.ImportFrom, told: str, target: list[str], names: list[str]) -> None:
        rule, path = target[0], "/".join(target[1:])
        files = self._place.files(rule)
        folders = ["/".join([*target[1:at], ""]) for at in range(1, len(target) + 1)]
        wanted = [
            f"{path}.py",
            *(f"{folder}__init__.py" for folder in folders),
            *(f"{folders[-1]}{n}.py" for n in names),
        ]
        self.imports.extend((rule, file) for file in wanted if file in files)
        if path and not is_part(f"{path}.py"):
            fix = "move what both need into a file that is none"
            self._tell(node, f"imports `{told}`, which is a test, and no part of a rule", fix)
        elif (
            f"{path}.py" not in files
            and not any(file.startswith(f"{path}/" if path else "") for file in files)
            and (node.module or f"{folders[-2]}__init__.py" not in files)  # that may define the name
        ):
            home = self._place.shown.removesuffix(f"{self._place.rule}/{self._place.relative}")
            missing = f"{home}{'/'.join(target)}.py"
            folder, _, name = path.rpartition("/")
            beside = [posixpath.basename(file) for file in files if posixpath.dirname(file) == folder]
            hint = near_miss(name, [file.removesuffix(".py") for file in beside if file[:2] != "__"])
            self._tell(node, f"imports `{told}`, but there is no file {missing}", hint)

    # Uses ---------------------------------------------------------------------------------------------------------

    def _use(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            if node.id in _CALLS and node.id not in self._bound:
                why, fix = _CALLS[node.id]
                self._tell(node, f"calls `{node.id}`, {why}", fix)
        elif isinstance(node, ast.Attribute):
            module, _, name = self._full(node).rpartition(".")
            if module == _OURS:
                self._demand_public(node, name)
            elif module in _PARTS:
                self._demand_part(node, module, name)
            elif f"{module}.{name}" in _CLOCKS:
                self._tell(node, f"calls `{ast.unparse(node)}`, {_MORE}", f"write {_EPOCH}")
        elif isinstance(node, ast.Call) and len(node.args) + len(node.keywords) == 1:
            self._call_with_one(node)

    def _call_with_one(self, node: ast.Call) -> None:
        if self._full(node.func) == "datetime.datetime.fromtimestamp":
            self._tell(node, f"calls `{ast.unparse(node.func)}` without a time zone", f"write {_EPOCH}")

    def _full(self, node: ast.expr) -> str:
        """Return the full name of `module.name`, whatever the file calls the module, or an empty text."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, "")
        if isinstance(node, ast.Attribute):
            stem = self._full(node.value)
            return f"{stem}.{node.attr}" if stem else ""
        return ""


def _bound_by(node: ast.AST) -> str | None:
    """Return the name that a node gives a meaning of the file's own."""
    if isinstance(node, ast.Name):
        return None if isinstance(node.ctx, ast.Load) else node.id
    if isinstance(node, ast.arg):
        return node.arg
    if isinstance(node, ast.MatchMapping):
        return node.rest
    return getattr(node, "asname", None) or getattr(node, "name", None)


def _verb(node: ast.expr | ast.stmt) -> str:
    return "imports" if isinstance(node, ast.stmt) else "uses"


def _is_pure(module: str, *more: str) -> bool:
    return module in more or module in PURE or ("." in module and _is_pure(module.rpartition(".")[0]))


def _public_names() -> str:
    return f"its public names: {', '.join(packaging_targets.__all__)}"
