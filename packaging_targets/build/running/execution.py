"""Running one action: from the cache where it is known, else by its kind; into place only when it has succeeded.

This runs in whatever process or thread doit chooses, so it is given data alone. Outputs are made in a staging folder
on the disk of the workspace and renamed: at any moment an output is the old one or the new one, whole.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging_targets.build.keys import key_of
from packaging_targets.build.kinds import kind_of
from packaging_targets.build.running.job import Done, Job
from packaging_targets.build.running.step import StagingStep
from packaging_targets.errors import BuildError, PackagingError, Problem, reason
from packaging_targets.store.action_cache import ActionCache
from packaging_targets.store.states import examine
from packaging_targets.store.sweep import UNTRUSTED, signature_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging_targets.store.sweep import Signature


def run_job(job: Job) -> Done:
    """Run an action; raises PackagingError that tells what went wrong, with old outputs as they were."""
    started = time.monotonic()
    action = job.action
    kind = kind_of(action.kind)
    key = key_of(job.shot)
    step = StagingStep(job)
    try:
        step.demand_folders()
        kind.check(action, step)
        states = step.restore(ActionCache(job.cache), key) if kind.cached else None
        outcome = "restored" if states else "built"
        if states is None:
            kind.run(action, step)
            states = step.finish()
            _demand_unchanged(job)
            if kind.cached:
                ActionCache(job.cache).store(key, step.contents(), states)
        step.put_into_place()
    except OSError as error:
        raise BuildError(_os_problem(job, error)) from error
    except PackagingError as error:
        problems = (_placed(problem, job) for problem in error.problems)
        raise type(error)(*_logged(job, step.log_text, problems)) from error
    finally:
        step.clean_up()
    warnings = tuple(_placed(problem, job).told("warning") for problem in step.warnings)
    return Done(key, outcome, states, time.monotonic() - started, step.log_text, warnings)


def _demand_unchanged(job: Job) -> None:
    """Raise BuildError for inputs that are not what they were when their state was taken: the key would lie."""
    changed = [name for name, known in job.inputs.items() if not _is_as(known)]
    if changed:
        raise BuildError(
            *(
                Problem("", f"`{name}` changed while the build was reading it", "run the build again")
                for name in changed
            )
        )


def _is_as(known: tuple[str, str, Signature]) -> bool:
    path, state, sig = known
    try:
        return (sig != UNTRUSTED and signature_of(path) == sig) or examine(path)[0] == state
    except OSError:
        return False


def _logged(job: Job, log: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Keep the log of a failed action where people can read it whole, and say where that is."""
    if not log:
        yield from problems
        return
    os.makedirs(os.path.dirname(job.log), exist_ok=True)
    with open(job.log, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(log)
    for problem in problems:
        yield replace(problem, fix=problem.fix or f"its whole log: {job.log.removeprefix(f'{job.root}/')}")


def _placed(problem: Problem, job: Job) -> Problem:
    return problem if problem.where else replace(problem, where=job.id)


def _os_problem(job: Job, error: OSError) -> Problem:
    what = reason(error)
    path = error.filename2 or error.filename
    if path and str(path).startswith(job.staging):
        path = ", ".join(job.action.outputs)
    shown = f"`{str(path).removeprefix(job.root + '/')}` cannot be read or written: {what}" if path else what
    return Problem(job.id, shown, _FIXES.get(error.errno or 0, ""))


_FIXES = {
    28: "free some disk space; outputs of earlier builds are as they were",  # ENOSPC
    13: "make the folder writable for you",  # EACCES
    21: "move the folder away",  # EISDIR
    30: "make the file system writable",  # EROFS
    36: "shorten the path",  # ENAMETOOLONG
}
