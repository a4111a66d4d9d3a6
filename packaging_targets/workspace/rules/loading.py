"""Loading rules, calling them, and finding the line of a rule that is to blame for what escapes it.

Each folder of rules becomes a package of its own under a private name, so that `from ._layers import x` works inside
a rule's folder and `from ..service.rule import analyse` between rules, whatever else is called `rules`.
"""

from __future__ import annotations

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
    from collections.abc import Callable, Sequence

    from packaging_targets.model.rule import Rule
    from packaging_targets.workspace.rules.folder import RuleFolder

_ROOT_NAME = "_packaging_rules_"
_PRIVATE = re.compile(rf"{_ROOT_NAME}[0-9a-f]+\.?")
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
    package = sys.modules.setdefault(name, types.ModuleType(name))
    package.__path__ = [home]  # the way that led there before may be a link that is gone
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
