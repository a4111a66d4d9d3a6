"""What of a file runs when it is loaded as a rule.

Left out is what is there for type checkers, for a script, or for a Python that lacks a module.
"""

from __future__ import annotations

import ast
import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_NOT_RUN = {"TYPE_CHECKING", "__name__ == '__main__'", "'__main__' == __name__"}
_NOT_THERE = {"ImportError", "ModuleNotFoundError"}


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
