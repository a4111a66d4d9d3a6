"""Analysis: a target's fields and sources become actions, by its rule, without any effect."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from packaging_targets.build.kinds import kind_of
from packaging_targets.build.planning.context import placed
from packaging_targets.errors import PackagingError, Problem, RequestError, raise_all, reason
from packaging_targets.model.action import FOLDER, Action, folders_around
from packaging_targets.workspace.rules.loading import call_rule
from packaging_targets.workspace.rules.schema import shown

if TYPE_CHECKING:
    from packaging_targets.build.planning.context import AnalysisContext
    from packaging_targets.model.rule import Rule


@dataclass(frozen=True, slots=True)
class Analysis:
    """What became of a target: its actions, what its rule read to make them, and what else that said."""

    actions: tuple[Action, ...]
    reads: dict[str, str]
    provided: dict[str, Any]
    warnings: list[Problem]


def analyse(context: AnalysisContext, rule: Rule) -> Analysis:
    """Run a rule over a target; raises RequestError with every problem that the rule noted, and the target's place."""
    target, said = context.target, context.said
    try:
        actions = call_rule(_actions, rule, context)
        raise_all(_faults(rule, context, actions))
    except OSError as error:
        raise RequestError(placed(target, Problem("", _os_error(error)))) from error
    except PackagingError as error:
        problems = {*said.problems, *error.problems}
        raise type(error)(*(placed(target, problem) for problem in problems)) from error
    return Analysis(actions, said.reads, said.provided, said.warnings)


def _actions(rule: Rule, context: AnalysisContext) -> tuple[Action, ...]:
    """Return the actions that a rule makes, which may be a generator of them."""
    made: Any = rule.analyse(context)
    found = tuple(made) if isinstance(made, Iterable) else (made,)
    context.check()
    for one in found:
        if not isinstance(one, Action):
            what = f"the rule `{rule.name}` returned a value of type {type(one).__name__}, which is no action"
            raise RequestError(_fault(rule, what, "return [Action(…)]"))
        if not isinstance(one.kind, str) or not isinstance(one.name, str):
            what = f"the rule `{rule.name}` made an action whose kind or name is no text"
            raise RequestError(_fault(rule, what, 'write Action("write/1", …)'))
        for paths in (one.inputs, one.outputs):
            if isinstance(paths, str) or not all(isinstance(path, str) for path in paths):
                given = "a text" if isinstance(paths, str) else "something other than paths"
                what = f"the rule `{rule.name}` gave an action {given} as inputs or outputs"
                raise RequestError(_fault(rule, what, "give a tuple of paths: (path,)", of=one))
    return found


def _faults(rule: Rule, context: AnalysisContext, actions: tuple[Action, ...]) -> Iterator[Problem]:
    """Yield what is wrong with the actions that a rule has made."""
    names = [action.name for action in actions]
    if len(actions) > 1 and "" in names:
        yield _fault(rule, f"the rule `{rule.name}` made several actions, and one without a name", "give each a name=")
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        yield _fault(rule, f"the rule `{rule.name}` gave two actions one name: `{name}`", "give each a name of its own")
    for action in actions:
        if not action.outputs:
            yield _fault(rule, f"the rule `{rule.name}` made an action without outputs: `{action.kind}`", of=action)
        yield from (_fault(rule, problem.what, problem.fix, of=action) for problem in _misfits(action))
    yield from _bad_outputs(rule, context, actions)
    yield from _bad_inputs(rule, context, actions)
    if len(set(names)) == len(names):
        yield from _circles(rule, actions)


def _misfits(action: Action) -> Iterable[Problem]:
    """Return what the kind of an action has against it, or that there is no such kind."""
    try:
        return list(kind_of(action.kind).problems(action))
    except RequestError as error:
        return error.problems


def _bad_outputs(rule: Rule, context: AnalysisContext, actions: tuple[Action, ...]) -> Iterator[Problem]:
    times = Counter(path for action in actions for path in action.outputs)
    for path, count in times.items():
        if path not in context.said.outputs:
            what = f"the rule `{rule.name}` makes `{path}`, which it has not got from the context"
            yield _fault(rule, what, "name it by context.output(…), or by context.workspace_output(…) outside of it")
        # Several actions may make files in one folder.
        if count > 1 and not path.endswith(FOLDER):
            yield _fault(rule, f"the rule `{rule.name}` makes `{path}` twice", "give each action outputs of its own")
        for folder in folders_around(path, times):
            what = f"the rule `{rule.name}` makes `{path}` in `{folder}`, which is an output too"
            yield _fault(rule, what, "leave one of them out")


def _bad_inputs(rule: Rule, context: AnalysisContext, actions: tuple[Action, ...]) -> Iterator[Problem]:
    """Yield inputs that nothing declares: an action would wait for nobody, and a reader could not tell where from."""
    known = {*context.sources(), *context.said.paths, *(path for action in actions for path in action.outputs)}
    for label in context.deps():
        known.update(context.made_by(label))
    for action in actions:
        unknown = [path for path in action.inputs if path not in known and not context.has_rule_file(path)]
        known.update(unknown)  # once is enough
        if unknown:
            more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
            yield _fault(rule, *_stray(rule, context, unknown[0], more), of=action)


def _stray(rule: Rule, context: AnalysisContext, path: str, more: str) -> tuple[str, str]:
    """Return what is wrong with an input that nothing declares, and the fix."""
    uses = f"the rule `{rule.name}` uses `{path}`{more}, which"
    if "\n" in path:
        return f"the rule `{rule.name}` uses a text as the path of a file: {shown(path)}", "write Entry(dest, text=…)"
    if path in context.said.outputs:
        return f"{uses} no action of the target makes", "add the action that makes it, or do not use it"
    fix = "add it to srcs, or what makes it to deps; a file of the rule is context.template(…)"
    meant = f"{context.target.label.package}/{path}"
    if meant in context.sources():
        fix = f"did you mean `{meant}`?  (context.sources() gives paths from the root)"
    return f"{uses} is no source of the target, and made by no dependency", fix


def _circles(rule: Rule, actions: tuple[Action, ...]) -> Iterator[Problem]:
    makers: dict[str, set[str]] = {}
    for action in actions:
        for path in action.outputs:
            makers.setdefault(path, set()).add(action.name)
    graph = {action.name: {name for path in action.inputs for name in makers.get(path, ())} for action in actions}
    try:
        if any(graph.values()):
            TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " -> ".join(f"`{name or rule.name}`" for name in error.args[1])
        yield _fault(rule, f"actions of the rule `{rule.name}` use what each other make: {circle}", "break the circle")


def _fault(rule: Rule, what: str, fix: str = "", *, of: Action | None = None) -> Problem:
    """Return a problem of a rule, or of an action `of` it: it is not the target that has to be mended."""
    return Problem(_place(rule, of), what, fix)


def _place(rule: Rule, action: Action | None) -> str:
    """Return where a rule makes an action, as far as its text tells: on the only line that names the kind."""
    path = os.path.join(rule.folder, "rule.py")
    shown = path.removeprefix(f"{os.getcwd()}/")
    if action is not None:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [number for number, line in enumerate(file, 1) if f'"{action.kind}"' in line]
        shown += f":{lines[0]}" if len(lines) == 1 else ""
    return shown


def _os_error(error: OSError) -> str:
    return f"`{error.filename}`: {reason(error)}" if error.filename else str(error)
