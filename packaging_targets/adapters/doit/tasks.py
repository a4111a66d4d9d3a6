"""doit tasks for the actions of a workspace: all of them, or only those that may have to run.

`build` is the group of all actions; `build://pkg:name` is a target with one action, or the group of
`build://pkg:name#action`. What they do when their turn comes is in `turns`.
"""

from __future__ import annotations

import atexit
import gc
import itertools
import os
import sys
from typing import TYPE_CHECKING, Any

from doit.exceptions import InvalidDodoFile
from doit.task import Task

from packaging_targets.adapters.doit.params import PARAMS
from packaging_targets.adapters.doit.turns import GROUP, Build, close_build, decide, ours, perform, record
from packaging_targets.model.action import FOLDER
from packaging_targets.services.up_to_date import clean_targets, look_around
from packaging_targets.store.layout import STATE_FOLDER, find_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.build.session import Session
    from packaging_targets.build.staleness import Makers
    from packaging_targets.store.records.actions import KnownAction


class Settings(dict[str, Any]):
    """doit's settings for a `dodo.py`. Options that stand behind our tasks go above all that is written there."""

    asked = False

    def items(self) -> Any:
        """Return what doit asks for: the settings, with the options of the command line."""
        self.asked = True
        return {**self, **_options_behind(sys.argv)[0]}.items()


DOIT_CONFIG = Settings(backend="packaging", dep_file=os.path.join(STATE_FOLDER, "doit.json"), reporter="packaging")


def task_build() -> Iterator[Task]:
    """Package what the workspace declares."""
    from packaging_targets.adapters.doit.command_line import asked_for, is_running

    root = find_root(os.getcwd()) or os.getcwd()
    # doit checks the task_dep of every task, so theirs may name any of ours, whatever is asked for.
    asked = None if _beside_others() else asked_for(sys.argv)
    options, named = _options_behind(sys.argv)
    if options.keys() - {"log_json"} and not DOIT_CONFIG.asked:
        what = f"no options can stand behind `{named[0]}`: the dodo.py has another DOIT_CONFIG than the imported one"
        fix = 'change that one, as in DOIT_CONFIG["verbosity"] = 2, or write the options before the tasks'
        raise InvalidDodoFile(f"{what}\n  fix: {fix}")
    Build.log_json = options.get("log_json", "")
    for task in tasks_for(root, asked, running=is_running(sys.argv)):
        if task.name in named:
            task.params = PARAMS
        yield task


def _options_behind(argv: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the options that stand behind tasks of ours on a command line, and these tasks."""
    behind = itertools.dropwhile(lambda word: not ours([word]), argv[1:])
    if not any(word.startswith("-") for word in behind):
        return {}, []
    from packaging_targets.adapters.doit.command_line import take_from

    return take_from(argv)


def _beside_others() -> bool:
    """Tell whether the dodo file that took `task_build` from us has tasks of its own."""
    users = [vars(module) for module in list(sys.modules.values()) if vars(module).get("task_build") is task_build]
    return any(
        name.startswith("task_") or hasattr(value, "create_doit_tasks")
        for names in users
        for name, value in names.items()
        if value is not task_build and not names["__name__"].startswith("packaging_targets.")
    )


def tasks_for(root: str, asked: list[str] | None, *, running: bool) -> list[Task]:
    """Return the tasks of the workspace at `root`.

    `asked` are the task names that are asked for if they are all ours, None where any task may be. With `running`,
    and ours asked for alone, tasks are made only for what may have to run.
    """
    # Tens of thousands of small objects that all stay: collecting garbage meanwhile finds none, and costs a fifth.
    gc.disable()
    try:
        if running and asked == [GROUP] and (count := clean_targets(root)) is not None:
            Build.up_to_date = count
            return [_group(GROUP, [])]
        return _planned_tasks(root, asked, running=running)
    finally:
        gc.enable()


def open_session(start: str) -> Session:
    """Open and plan a build; raises InvalidDodoFile with the problems, which doit prints without a trace."""
    from packaging_targets.build.session import open_planned
    from packaging_targets.errors import PackagingError

    try:
        session = open_planned(start, _tell_waiting, look_around(start))
    except PackagingError as error:
        raise InvalidDodoFile(f"the workspace has problems\n\n{error}") from error
    for note in session.notes:
        sys.stderr.write(f"note: {note}\n")
    for warning in session.warnings():
        sys.stderr.write(warning.told("warning") + "\n")
    return session


def _tell_waiting(pid: str) -> None:
    sys.stderr.write(f"waiting for another build (process {pid})\n")


def _planned_tasks(root: str, asked: list[str] | None, *, running: bool) -> list[Task]:
    session = open_session(root)
    stale = session.candidates()
    if not running:
        tasks = _all_tasks(session, {pending.id: False for pending in stale})
        session.close()
        return tasks
    Build.session, Build.process, Build.stale = session, os.getpid(), frozenset(pending.id for pending in stale)
    atexit.register(close_build)
    if not stale:
        Build.up_to_date = session.target_count
    if asked is None or asked != [GROUP]:
        return _all_tasks(session, {pending.id: True for pending in stale})
    from packaging_targets.build.staleness import Makers

    makers = Makers(stale)
    return [_group(GROUP, [_name(one.id) for one in stale]), *(_task(one, makers, stale=True) for one in stale)]


def _all_tasks(session: Session, stale: dict[str, bool]) -> list[Task]:
    """Return a task for every action: `stale` ones decide when their turn comes if they map to True, else not."""
    every = session.records.actions.every()
    from packaging_targets.build.staleness import Makers

    makers = Makers(every)
    tasks = [_task(one, makers, stale=stale.get(one.id)) for one in every]
    groups = [*_target_groups(every), *(_group(_name(label), []) for label in session.records.targets.idle())]
    return [_group(GROUP, [task.name for task in tasks]), *tasks, *groups]


def _target_groups(every: list[KnownAction]) -> Iterator[Task]:
    """Return a group for each target with several actions, under the target's own name."""
    parts: dict[str, list[str]] = {}
    for one in every:
        if one.id != one.label:
            parts.setdefault(one.label, []).append(_name(one.id))
    for label, names in parts.items():
        yield _group(f"{GROUP}:{label}", names)


def _group(name: str, parts: list[str]) -> Task:
    doc = "package what the workspace declares" if name == GROUP else f"all actions of {name[len(GROUP) + 1 :]}"
    return Task(name, None, task_dep=parts, has_subtask=True, doc=doc, params=PARAMS if name == GROUP else ())


def _task(one: KnownAction, makers: Makers, *, stale: bool | None) -> Task:
    """Return the task of an action. `stale` None: it is up to date; False: it is not; True: it decides in its turn."""
    action = one.action
    # In its turn, an action is ordered behind those whose outputs it uses.
    task = Task(
        _name(one.id),
        [(perform,)],
        targets=[path for path in action.outputs if not path.endswith(FOLDER)],
        task_dep=[_name(made) for made in makers.of(one)],
        uptodate=[(decide, [one.id])] if stale else [stale is None],
        clean=_cleaning(one),
        doc=action.title or f"{action.kind.partition('/')[0]}: {', '.join(action.outputs)}",
        subtask_of=GROUP,
        io={"capture": False},
        meta={},
    )
    task.value_savers.append(lambda: record(task, one.id))
    return task


def _cleaning(one: KnownAction) -> Any:
    """Return how doit is to clean the task of an action."""
    from packaging_targets.build.kinds import KINDS

    kind = one.action.kind
    if not KINDS[kind].guarded and not one.has_folders:
        return True
    # Of what was made in folders doit knows nothing: it may be in several tasks, and doit wants one for each target.
    return [(_clean, [], {"kind": kind, "made": sorted(one.result.states) if one.result else []})]


def _clean(task: Task, kind: str, made: list[str], dryrun: bool) -> None:  # noqa: FBT001  # doit's interface
    """Remove a task's outputs, as doit does, but for what a person wrote in."""
    from packaging_targets.build.kinds import KINDS
    from packaging_targets.build.orphans import is_disposable

    for path in filter(os.path.isfile, dict.fromkeys((*task.targets, *made))):
        disposable = is_disposable(KINDS[kind], path)
        sys.stdout.write(
            f"{task.name} - {'removing' if disposable else 'keeping what somebody wrote in'} file '{path}'\n"
        )
        if disposable and not dryrun:
            os.remove(path)


def _name(action: str) -> str:
    return f"{GROUP}:{action}"
