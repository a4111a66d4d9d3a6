"""What happens when the turn of a task of ours has come: deciding, running, recording.

doit has one task list a process, and so have we one build. Under doit's serial runner our actions run in processes of
our own, ahead of their turn; under its parallel runners (`doit -n N`) they run where it says. Either way only data
leaves this process: what a task is to do stands in its `meta`, which doit carries along.
"""

from __future__ import annotations

import inspect
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from doit.exceptions import TaskFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from doit.task import Task

    from packaging_targets.build.ahead import Ahead
    from packaging_targets.build.orphans import Removal
    from packaging_targets.build.running.job import Done, Job
    from packaging_targets.build.session import Session

GROUP = "build"
_POLL = 0.5  # seconds until a process of doit's sees that its build was killed


class Build:
    """The build that this process runs, if it runs one."""

    session: Session | None = None
    process: int = 0
    """The process that the session was opened in: doit's workers are copies of it."""
    stale: frozenset[str] = frozenset()
    """The actions that may have to run."""
    order: tuple[str, ...] = ()
    """The actions that doit has chosen, in its order."""
    jobs: int = os.cpu_count() or 1
    """How many actions run at once under doit's serial runner."""
    ahead: Ahead | None = None
    is_watched: bool = False
    """Whether this process, which is one of doit's workers, ends with the build."""
    up_to_date: int | None = None
    """How many targets there are, where the sweep found all of them up to date."""
    log_json: str = ""
    """The file that events go to, if the command line names one."""
    alone: str = f"doit '{GROUP}:{{}}'"
    """How to run one action alone."""


def ours(names: Iterable[str]) -> bool:
    """Tell whether all task names are ours."""
    return all(name == GROUP or name.startswith(f"{GROUP}:") for name in names)


def end_ahead() -> list[tuple[str, Done]]:
    """Wait for what was begun ahead of its turn, where that never comes: return what was done, by action."""
    ahead, Build.ahead = Build.ahead, None
    return ahead.close() if ahead else []


def close_build() -> Removal | None:
    """Close the build, if there is one: record what was done, and remove what nobody makes any longer."""
    if Build.session is None or os.getpid() != Build.process:
        return None
    end_ahead()
    return Build.session.close()


def chosen(tasks: Mapping[str, Task], selected: Iterable[str]) -> Iterator[str]:
    """Yield the actions that doit will come to, each after those whose outputs it uses, as doit does."""
    seen: set[str] = set()
    pending = [(name, False) for name in reversed(list(selected))]
    while pending:
        name, left = pending.pop()
        if left:
            yield name.removeprefix(f"{GROUP}:")
        elif name not in seen and name in tasks:
            seen.add(name)
            if tasks[name].actions and ours([name]):
                pending.append((name, True))
            pending += [(dep, False) for dep in reversed(tasks[name].task_dep)]


def decide(task: Task, values: dict[str, Any], name: str) -> bool:  # noqa: ARG001  # doit passes by position
    """Tell doit whether an action is up to date, and put what is to be done where workers find it."""
    from packaging_targets.errors import PackagingError

    assert Build.session is not None
    try:
        decision = (Build.ahead.decide if Build.ahead else Build.session.check)(name)
    except PackagingError as error:
        task.meta["refused"] = str(error)
        return False
    task.meta["job"] = decision.job
    return decision.job is None


def perform(task: Task) -> Any:
    """Run the job of a task, in whatever process or thread doit chose. Returns values for doit, or the failure."""
    from packaging_targets.errors import PackagingError

    if "refused" in task.meta:
        return TaskFailed(task.meta["refused"])
    job: Job | None = task.meta.get("job")
    if job is None:  # `doit --always-execute` runs what is up to date too; content has decided
        return {"key": "", "outcome": "up to date", "states": {}, "seconds": 0.0, "warnings": []}
    try:
        done = _run(job)
    except PackagingError as error:
        return TaskFailed(str(error))
    told = {"seconds": done.seconds, "warnings": list(done.warnings)}
    return {"key": done.key, "outcome": done.outcome, "states": done.states, **told}


def _run(job: Job) -> Done:
    from packaging_targets.build.running.execution import run_job

    if Build.session is None or os.getpid() != Build.process:
        _end_with_the_build()
        return run_job(job)
    if threading.current_thread() is not threading.main_thread() or Build.jobs == 1 or len(Build.stale) == 1:
        return run_job(job)
    if Build.ahead is None:
        from packaging_targets.build.ahead import Ahead

        Build.ahead = Ahead(Build.session, (name for name in Build.order if name in Build.stale), Build.jobs)
        Build.ahead.decide(job.id)
    return Build.ahead.run(job)


def record(task: Task, name: str) -> dict[str, Any]:
    """Remember what a task came to; returns nothing for doit to remember."""
    from packaging_targets.build.running.job import Done

    assert Build.session is not None
    values = task.values
    if values["outcome"] != "up to date":
        done = Done(values["key"], values["outcome"], values["states"], values["seconds"])
        Build.session.record(name, done, task.meta["job"].shot)
    if Build.ahead is not None:
        Build.ahead.finish(name)
    return {}


def _end_with_the_build() -> None:
    """End this process of doit's when the build is gone: it would wait for work, and hold the lock, for ever."""
    if not Build.is_watched:
        Build.is_watched = True
        threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL)
    os._exit(1)


# doit asks for the signature of both for every task; finding it out each time costs more than calling them.
for _function in (decide, perform):
    vars(_function)["__signature__"] = inspect.signature(_function)
