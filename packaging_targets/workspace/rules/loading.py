"""Loading rules, calling them, and finding the line of a rule that is to blame for what escapes it.

Each folder of rules becomes a package of its own under a private name, so that `from ._layers import x` works inside
a rule's folder and `from ..service.rule import analyse` between rules, whatever else is called `rules`.

What stands in a file and does not run when it is loaded as a rule - what is there for type checkers, for a script, or
for a Python that lacks a module - is left out by `executed`.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import os
import re
import sys
import types
from importlib.abc import MetaPathFinder
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import PackagingError, Problem, RequestError, near_miss
from packaging_targets.model.target import Target
from packaging_targets.workspace.rules.folder import shown_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from packaging_targets.model.rule import Rule
    from packaging_targets.workspace.rules.folder import RuleFolder

_ROOT_NAME = "_packaging_rules_"
_PRIVATE = re.compile(rf"{_ROOT_NAME}[0-9a-f]+\.?")
_NOT_RUN = {"TYPE_CHECKING", "__name__ == '__main__'", "'__main__' == __name__"}
_NOT_THERE = {"ImportError", "ModuleNotFoundError"}
ANALYSE = "def analyse(context): return [Action(…)]"


class _Loader(SourceFileLoader):
    """Compiles what the file says now.

    Python's own cache takes an edit for none that keeps the size and the second.
    """

    def get_code(self, fullname: str) -> types.CodeType:
        path = self.get_filename(fullname)
        code: types.CodeType = self.source_to_code(self.get_data(path), path)
        return code


class _Finder(MetaPathFinder):
    """Finds the modules of rules, and no others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        del target
        if path is None or not fullname.startswith(_ROOT_NAME):
            return None
        specs = (FileFinder(folder, (_Loader, [".py"])).find_spec(fullname) for folder in path)
        return next(filter(None, specs), None)


def load(rule: RuleFolder, root: str) -> types.ModuleType:
    """Import a rule's `rule.py`; raises RequestError that names the line, relative to the workspace at `root`."""
    try:
        return importlib.import_module(f"{_package(rule.home)}.{rule.name}.rule")
    except (Exception, SystemExit) as error:
        what = f"the rule `{rule.name}` cannot be loaded: {type(error).__name__}: {_PRIVATE.sub('', str(error))}"
        raise RequestError.one(what, _line(error, root) or shown_path(rule.code, root)) from error


def call_rule(function: Callable[..., Any], rule: Rule, *args: Any) -> Any:
    """Call a function with a rule; what the rule lets escape becomes a RequestError that names the rule's line.

    The current folder is the workspace root.
    """
    try:
        return function(rule, *args)
    except PackagingError:
        raise
    except (Exception, SystemExit) as error:
        what = f"the rule `{rule.name}` failed: {type(error).__name__}: {error}"
        line = _line(error, os.getcwd())
        problem = Problem(line, what, _hint(error)) if line else Problem(_definition(rule), what, f"write {ANALYSE}")
        raise RequestError(problem) from error


def _package(home: str) -> str:
    """Return the name of the package whose only folder is `home`, so that rules are imported as its modules."""
    name = _ROOT_NAME + hashlib.sha256(os.path.realpath(home).encode()).hexdigest()[:16]
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    if name not in sys.modules:
        package = types.ModuleType(name)
        package.__path__ = [home]
        sys.modules[name] = package
    return name


def _line(error: BaseException, root: str) -> str:
    """Return `file:line` of the innermost frame in a file of a rule, or of a syntax error; or an empty text."""
    if isinstance(error, SyntaxError) and error.filename and os.path.isabs(error.filename):
        return f"{shown_path(error.filename, root)}:{error.lineno}"
    found = ""
    trace = error.__traceback__
    while trace:
        frame = trace.tb_frame
        file = frame.f_code.co_filename
        # What `dataclass` writes runs in the module's name, and stands in no file.
        if str(frame.f_globals.get("__name__")).startswith(_ROOT_NAME) and file == frame.f_globals.get("__file__"):
            found = f"{shown_path(file, root)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


def _definition(rule: Rule) -> str:
    """Return where the rule's function starts: it was called as it does not want to be."""
    code = getattr(rule.analyse, "__code__", None)
    file, line = (code.co_filename, f":{code.co_firstlineno}") if code else (os.path.join(rule.folder, "rule.py"), "")
    return shown_path(file, os.getcwd()) + line


def _hint(error: BaseException) -> str:
    """Return what may have been meant by an attribute that is not there."""
    if not isinstance(error, AttributeError) or not error.name:
        return ""
    if isinstance(error.obj, Target) and error.name in error.obj.fields:
        return f'it is in target.fields: write target.fields["{error.name}"]'
    target = getattr(error.obj, "target", None)
    for holder, path in ((target, "context.target"), (getattr(target, "label", None), "context.target.label")):
        if isinstance(target, Target) and hasattr(holder, error.name):
            return f"write {path}.{error.name}"
    return near_miss(error.name, [name for name in dir(error.obj) if not name.startswith("_")])


def executed(
    tree: ast.Module,
    inner: Callable[[ast.AST], Iterable[ast.AST]],
    works: Callable[[ast.Import | ast.ImportFrom], bool],
) -> Iterator[ast.AST]:
    """Yield the nodes of a file that may run in a rule; `inner` gives those in a node.

    What stands in for a failed import is left out where each import that is tried `works`.
    """
    false = _NOT_RUN | set(_type_checking(tree))
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and (runs := _outcome(node.test, false)) is not None:
            pending.extend(node.body if runs else node.orelse)
            continue
        yield node
        pending.extend(inner(node))
        if isinstance(node, ast.Try) and any(map(_is_fallback, node.handlers)) and _all_work(node.body, works):
            pending = [one for one in pending if not (one in node.handlers and _is_fallback(one))]


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements in a node, and what holds more of them."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        yield from getattr(node, part, ())


def is_there(node: ast.Import | ast.ImportFrom) -> bool:
    """Tell whether this Python has what an import names of pure modules; files of rules are taken to be there."""
    if isinstance(node, ast.ImportFrom) and node.level:
        return True
    names = [alias.name for alias in node.names if alias.name != "*"]
    try:
        if isinstance(node, ast.Import):
            return all(map(importlib.import_module, names))
        module = __import__(node.module or "", fromlist=names)  # which imports modules that `names` names, too
    except ImportError:
        return False
    return all(hasattr(module, name) for name in names)


def _type_checking(tree: ast.Module) -> Iterator[str]:
    """Yield what a file calls `typing.TYPE_CHECKING`."""
    yield "typing.TYPE_CHECKING"
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (f"{one.asname}.TYPE_CHECKING" for one in node.names if one.name == "typing" and one.asname)
        elif isinstance(node, ast.ImportFrom) and node.module == "typing":
            yield from (one.asname for one in node.names if one.name == "TYPE_CHECKING" and one.asname)


def _outcome(test: ast.expr, false: set[str]) -> bool | None:
    """Return what a test comes to, where that is known: each of `false` is."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _outcome(test.operand, false)
        return None if inner is None else not inner
    return False if ast.unparse(test) in false else None


def _is_fallback(node: ast.AST) -> bool:
    """Tell whether a node is a handler that only a failed import leads to."""
    if not isinstance(node, ast.ExceptHandler) or node.type is None:
        return False
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return {ast.unparse(one) for one in caught} <= _NOT_THERE


def _all_work(body: Iterable[ast.stmt], works: Callable[[ast.Import | ast.ImportFrom], bool]) -> bool:
    """Tell whether there are imports in `body`, and each of them works."""
    nodes = (node for statement in body for node in ast.walk(statement))
    found = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    return bool(found) and all(map(works, found))
