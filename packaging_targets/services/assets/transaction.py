"""One change of the registry, whole or not at all; and one look at it, when nothing is half-done."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from packaging_targets.errors import PackagingError
from packaging_targets.formats.assets.declared.registry import FOLDER
from packaging_targets.services.assets.events import Listener, Operation
from packaging_targets.services.assets.project import ASSETS, Project
from packaging_targets.store.journal import Journal

QUARANTINE = f"{ASSETS}/{FOLDER}/quarantine"
"""Where folders of assets are out of the way, each under its id, as a path in the project."""
_JOURNAL = f"{ASSETS}/{FOLDER}/journal"


def journal_of(project: Project) -> Journal:
    """Return an empty journal for changes of a project's assets; its paths are relative to `assets/`."""
    return Journal(project.path(_JOURNAL), project.path(ASSETS))


def below_assets(path: str) -> str:
    """Return a path of the project as the journal and the registry have it."""
    return path.removeprefix(f"{ASSETS}/")


def settle(project: Project) -> bool:
    """Finish what was interrupted; return whether there was something to finish. The caller holds the lock."""
    return Journal.recover(project.path(_JOURNAL), project.path(ASSETS))


@contextlib.contextmanager
def changing(project: Project, listener: Listener) -> Iterator[Operation]:
    """Hold the lock, with nothing half-done; tell `action_failed` where the change is refused or fails."""
    operation = Operation(project.root, listener)
    try:
        with project.changing():
            settle(project)
            yield operation
    except PackagingError as error:
        operation.tell("action_failed", error.problems[0].what if error.problems else "")
        raise


@contextlib.contextmanager
def looking(project: Project) -> Iterator[None]:
    """Share the lock. What somebody else's change was killed at is finished first: it was decided."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(project.looking())
        while Journal.is_open(project.path(_JOURNAL)):
            stack.close()
            with project.changing():
                settle(project)
            stack.enter_context(project.looking())
        yield
