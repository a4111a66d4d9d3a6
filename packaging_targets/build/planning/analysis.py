"""Analysis: a target's fields and sources become actions, by its rule, without any effect.

What a rule asks for is written down while it asks, so that the result can be kept until one of these changes.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

from packaging_targets.build.kinds import kind_of
from packaging_targets.errors import PackagingError, Problem, RequestError
from packaging_targets.model.action import Action
from packaging_targets.model.label import Label
from packaging_targets.store.layout import STATE_FOLDER
from packaging_targets.store.records.database import dumps
from packaging_targets.workspace.rules.loading import call_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from packaging_targets.build.planning.sources import Sources
    from packaging_targets.model.rule import Rule
    from packaging_targets.model.target import Target
    from packaging_targets.workspace.settings import Settings


ADOPTED = ""
"""In place of a state, among what a rule read: a file that it names, and did not look into."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What a target offers to those that depend on it: its outputs, and what its rule provided."""

    outputs: tuple[str, ...]
    provided: Mapping[str, Any]


@dataclass(slots=True)
class Analysis:
    """What became of a target: its actions, and all that the rule looked at to make them."""

    actions: tuple[Action, ...] = ()
    reads: dict[str, str] = field(default_factory=dict)
    provided: dict[str, Any] = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)


class AnalysisContext:
    """The one implementation of `packaging_targets.model.rule.Context`."""

    def __init__(
        self,
        settings: Settings,
        target: Target,
        sources: Sources,
        offered: Callable[[Label], Offered],
        rule_files: Callable[[str], bool],
    ) -> None:
        self._settings = settings
        self._target = target
        self._sources = sources
        self._declared = frozenset(sources.paths)
        self._offered = offered
        self._has_rule_file = rule_files
        self.found = Analysis()

    @property
    def target(self) -> Target:
        """The target that is analysed."""
        return self._target

    @property
    def source_date_epoch(self) -> int:
        """Seconds since 1970 for formats that must carry a time."""
        text = os.environ.get("SOURCE_DATE_EPOCH", "0") or "0"
        if not text.isdigit():
            raise RequestError.one(f"SOURCE_DATE_EPOCH must be seconds since 1970, but is `{text}`")
        return int(text)

    def sources(self) -> tuple[str, ...]:
        """Return what `srcs` matches."""
        return self._sources.paths

    def packages_inside(self) -> tuple[str, ...]:
        """Return the folders that `srcs` would match files of, if they were not packages of their own."""
        return tuple(path.rpartition("/")[0] for path in self._sources.inner)

    def link(self, source: str) -> str | None:
        """Return where the symbolic link `source` leads, or None for a regular file."""
        self._demand_declared(source)
        if source not in self._sources.links:
            return None
        leads = os.readlink(source)
        self.found.reads[source] = "l" + hashlib.sha256(os.fsencode(leads)).hexdigest()
        return leads

    def read(self, source: str) -> bytes:
        """Return the bytes of a declared source."""
        self._demand_declared(source)
        with open(source, "rb") as file:
            data = file.read()
            kind = "x" if os.fstat(file.fileno()).st_mode & 0o100 else "f"
        self.found.reads[source] = kind + hashlib.sha256(data).hexdigest()
        return data

    def adopt(self, path: str) -> None:
        """Take the file at a workspace path as it stands: no build removes it as left over."""
        self.found.reads.setdefault(path, ADOPTED)

    def package_path(self, path: str) -> str:
        """Return the workspace path of `path`, relative to the package, or to the root after `//`."""
        base, rest = ("", path[2:]) if path.startswith("//") else (self._target.label.package, path)
        return self._inside(posixpath.join(base, rest), path)

    def output(self, name: str) -> str:
        """Return `<out>/<package>/<name>`."""
        return self._inside(posixpath.join(self._settings.out, self._target.label.package, name), name)

    def workspace_output(self, path: str) -> str:
        """Return the workspace path of an output outside the `out` folder."""
        return self._inside(path, path)

    def deps(self) -> tuple[Label, ...]:
        """Return the labels that the target depends on."""
        return self._target.deps

    def outputs_of(self, label: Label | str) -> tuple[str, ...]:
        """Return the outputs of a dependency."""
        return self._offered(self._dependency(label)).outputs

    def provide(self, key: str, value: Any) -> None:
        """Offer a JSON value to dependants."""
        try:
            dumps(value)
        except (TypeError, ValueError) as error:
            what = f"the rule `{self._target.rule}` provides as `{key}` what is no JSON: {error}"
            raise RequestError.one(what) from error
        self.found.provided[key] = value

    def provided_by(self, label: Label | str) -> Mapping[str, Any]:
        """Return what a dependency offers."""
        return self._offered(self._dependency(label)).provided

    def template(self, name: str, rule: str | None = None) -> str:
        """Return the input path of a file of the rule."""
        path = f"@{rule or self._target.rule}/{name}"
        if not self._has_rule_file(path):
            self.fail(f"the rule `{self._target.rule}` has no file `{name}`")
        return path

    def fail(self, what: str, *, field: str = "", fix: str = "", where: str = "") -> NoReturn:
        """Refuse the target."""
        raise RequestError(Problem(where, what, fix, str(self._target.label), field))

    def warn(self, what: str, *, field: str = "", fix: str = "", where: str = "", label: str = "") -> None:
        """Report something that does not stop the build."""
        problem = Problem(where, what, fix, label, field)
        self.found.warnings.append(problem if where else _placed(self._target, problem))

    def _demand_declared(self, source: str) -> None:
        if source not in self._declared:
            self.fail(
                f"the rule `{self._target.rule}` reads `{source}`, which is no source of the target",
                field="$.srcs",
                fix="add it to srcs",
            )

    def _dependency(self, label: Label | str) -> Label:
        found = Label.parse(label, self._target.label.package) if isinstance(label, str) else label
        if found not in self._target.deps:
            self.fail(f"the rule `{self._target.rule}` looks at `{found}`, which is no dependency of the target")
        return found

    def _inside(self, path: str, given: str) -> str:
        normal = posixpath.normpath(path)
        if normal.startswith(("/", "../")) or normal in {"..", "."} or "\0" in normal:
            self.fail(f"`{given}` leaves the workspace", fix="name a path inside it")
        if normal.split("/", 1)[0] == STATE_FOLDER:
            self.fail(f"`{given}` lies in `{STATE_FOLDER}`, where builds keep their state", fix="choose another folder")
        return normal


def analyse(context: AnalysisContext, rule: Rule) -> Analysis:
    """Run a rule over a target; raises RequestError with the target's place in every problem."""
    target = context.target
    try:
        actions = call_rule(_actions, rule, context)
        _check_names(target, actions)
    except OSError as error:
        raise RequestError(_placed(target, Problem("", _os_error(error)))) from error
    except PackagingError as error:
        raise type(error)(*(_placed(target, problem) for problem in error.problems)) from error
    context.found.actions = actions
    return context.found


def _placed(target: Target, problem: Problem) -> Problem:
    """Return a problem of a target with the target's line and label, where it does not name a place of its own."""
    if not problem.where:
        return replace(problem, where=str(target.where), label=str(target.label))
    return problem if problem.label or problem.field else replace(problem, label=str(target.label))


def _actions(rule: Rule, context: AnalysisContext) -> tuple[Action, ...]:
    """Return the actions that a rule makes, which may be a generator of them."""
    made: Any = rule.analyse(context)
    found = tuple(made) if isinstance(made, Iterable) else (made,)
    for one in found:
        if not isinstance(one, Action):
            what = f"the rule `{rule.name}` returned a value of type {type(one).__name__}, which is no action"
            raise RequestError.one(what, fix="return [Action(…)]")
        if isinstance(one.inputs, str) or isinstance(one.outputs, str):
            what = f"the rule `{rule.name}` gave an action a text as inputs or outputs"
            raise RequestError.one(what, fix="give a tuple of paths: (path,)")
        kind_of(one.kind)
    return found


def _check_names(target: Target, actions: tuple[Action, ...]) -> None:
    """Demand what tells the actions of a target apart."""
    names = [action.name for action in actions]
    if len(set(names)) != len(names):
        raise RequestError.one(f"the rule `{target.rule}` gave two actions one name: {', '.join(sorted(names))}")
    for action in actions:
        if not action.outputs:
            raise RequestError.one(f"the rule `{target.rule}` made an action without outputs: `{action.kind}`")


def _os_error(error: OSError) -> str:
    return f"`{error.filename}`: {(error.strerror or str(error)).lower()}" if error.filename else str(error)
