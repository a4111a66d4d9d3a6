"""One change of the registry, whole or not at all; and one look at it, when nobody is changing it.

Whoever changes the registry or moves files holds the lock of `assets/.prometeu`; who looks at them shares it. The lock
is the kernel's, on the folder itself, so that there is no file to be left behind, and none that git would see. It is
not taken twice: who shares it would wait for himself.

Where a process was killed in the middle of a change, who changes something settles that first: it is finished or taken
back. Who only looks says so, and shows the rest as it stands: to look must not change what people have.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from packaging_targets.errors import PackagingError
from packaging_targets.formats.assets.declared.registry import FOLDER
from packaging_targets.formats.assets.diagnostics import Diagnostic
from packaging_targets.services.assets.events import Listener, Operation
from packaging_targets.services.assets.project import ASSETS, Project
from packaging_targets.store.journal import Journal, Recovery
from packaging_targets.store.lock import folder_lock

QUARANTINE = f"{ASSETS}/{FOLDER}/quarantine"
"""Where folders of assets are out of the way, each under its id, as a path in the project."""
_JOURNAL = f"{ASSETS}/{FOLDER}/journal"
_SETTLED: dict[Recovery, str] = {
    "": "",
    "finished": "finished a change that was interrupted",
    "took back": "took back a change that was interrupted: what it was about has changed since, or it had failed",
}


def journal_of(project: Project) -> Journal:
    """Return an empty journal for changes of a project's assets; its paths are relative to `assets/`."""
    return Journal(project.path(_JOURNAL), project.path(ASSETS))


def below_assets(path: str) -> str:
    """Return a path of the project as the journal and the registry have it."""
    return path.removeprefix(f"{ASSETS}/")


def settle(project: Project) -> str:
    """Finish what was interrupted, or take it back; return which, a sentence for people, or nothing where nothing was.

    Raises BuildError where only a person can tell what is to stay, with what to do.
    """
    with folder_lock(project.state, lambda: None, shared=False):
        return _settle(project)


def _settle(project: Project) -> str:
    return _SETTLED[Journal.recover(project.path(_JOURNAL), project.path(ASSETS))]


@contextlib.contextmanager
def changing(project: Project, listener: Listener) -> Iterator[Operation]:
    """Hold the lock, with nothing half-done; tell `action_failed` where the change is refused or fails."""
    operation = Operation(project.root, listener)
    try:
        with folder_lock(project.state, lambda: None, shared=False):
            if settled := _settle(project):
                operation.tell("action_applied", settled)
            yield operation
    except PackagingError as error:
        operation.tell("action_failed", error.problems[0].what if error.problems else "")
        raise


@contextlib.contextmanager
def planning(project: Project) -> Iterator[None]:
    """Share the lock, with nothing half-done: who plans a change settles what was interrupted first."""
    with looking(project) as half_done:
        if not half_done:
            yield
            return
    settle(project)
    with planning(project):
        yield


@contextlib.contextmanager
def looking(project: Project, waiting: Callable[[], None] = lambda: None) -> Iterator[tuple[Diagnostic, ...]]:
    """Share the lock; give the diagnostic of a change that was interrupted, if there is one.

    `waiting` is called where a change of somebody else is to be waited for.
    """
    with folder_lock(project.state, waiting, shared=True):
        yield tuple(_interrupted(project))


def interrupted(project: Project) -> tuple[Diagnostic, ...]:
    """Return the diagnostic of a change that was interrupted, if there is one."""
    with looking(project) as found:
        return found


def _interrupted(project: Project) -> Iterator[Diagnostic]:
    if Journal.is_open(project.path(_JOURNAL)):
        what = "a change of assets was interrupted, and is half-done: all else is told as it stands"
        yield Diagnostic(_JOURNAL, "", "change-interrupted", what, "packaging assets doctor --fix")
