"""One change of the registry, whole or not at all; and one look at it, when nothing is half-done.

Whoever changes the registry or moves files holds the lock of `assets/.prometeu`; who looks at them shares it. The lock
is the kernel's, on the folder itself, so that there is no file to be left behind, and none that git would see. Nobody
gets it in another way than here, where what a killed process had decided is finished first. It is not taken twice: who
shares it would wait for himself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from packaging_targets.errors import PackagingError
from packaging_targets.formats.assets.declared.registry import FOLDER
from packaging_targets.services.assets.events import Listener, Operation
from packaging_targets.services.assets.project import ASSETS, Project
from packaging_targets.store.journal import Journal
from packaging_targets.store.lock import folder_lock

QUARANTINE = f"{ASSETS}/{FOLDER}/quarantine"
"""Where folders of assets are out of the way, each under its id, as a path in the project."""
_JOURNAL = f"{ASSETS}/{FOLDER}/journal"


def journal_of(project: Project) -> Journal:
    """Return an empty journal for changes of a project's assets; its paths are relative to `assets/`."""
    return Journal(project.path(_JOURNAL), project.path(ASSETS))


def below_assets(path: str) -> str:
    """Return a path of the project as the journal and the registry have it."""
    return path.removeprefix(f"{ASSETS}/")


def settle(project: Project, waiting: Callable[[], None] = lambda: None) -> bool:
    """Finish what was interrupted, or clear what it had begun; return whether there was something to finish."""
    with folder_lock(project.state, waiting, shared=False):
        return _settle(project)


def _settle(project: Project) -> bool:
    return Journal.recover(project.path(_JOURNAL), project.path(ASSETS))


@contextlib.contextmanager
def changing(project: Project, listener: Listener) -> Iterator[Operation]:
    """Hold the lock, with nothing half-done; tell `action_failed` where the change is refused or fails."""
    operation = Operation(project.root, listener)
    try:
        with folder_lock(project.state, lambda: None, shared=False):
            _settle(project)
            yield operation
    except PackagingError as error:
        operation.tell("action_failed", error.problems[0].what if error.problems else "")
        raise


@contextlib.contextmanager
def looking(project: Project, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Share the lock. What somebody else's change was killed at is finished first: it was decided.

    `waiting` is called where a change of somebody else is to be waited for.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(folder_lock(project.state, waiting, shared=True))
        while Journal.is_open(project.path(_JOURNAL)):
            stack.close()
            settle(project, waiting)
            stack.enter_context(folder_lock(project.state, waiting, shared=True))
        yield
