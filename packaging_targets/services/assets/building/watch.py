"""`watch`: build again whenever something under `assets/` has changed.

The files under `build/` are replaced whole, and only by builds that succeed: whoever reads them meanwhile gets the last
good ones.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Collection, Iterator

from packaging_targets.errors import PackagingError
from packaging_targets.services.assets.building.build import Built, build
from packaging_targets.services.assets.events import Listener, ignore
from packaging_targets.services.assets.project import ASSETS, Project

_SETTLED = 50  # milliseconds without a change, after which a build begins: editors write in several steps
_ASKED = 200  # milliseconds after which it is asked whether to stop


def watch(project: Project, stop: threading.Event, listener: Listener = ignore) -> Iterator[Built | PackagingError]:
    """Yield what each build came to: one at once, and one after each change, until `stop` is set.

    A build that fails is not the end: what is wrong is yielded, and the next change tried. Raises PackagingError where
    the watcher is not installed.
    """
    changes = _changes(project.path(ASSETS), stop)
    next(changes)  # from now on nothing is missed: what changes during the first build begins the second
    yield _tried(project, listener)
    for _ in changes:
        yield _tried(project, listener)


def _tried(project: Project, listener: Listener) -> Built | PackagingError:
    try:
        return build(project, listener)
    except PackagingError as error:
        return error


def _changes(folder: str, stop: threading.Event) -> Iterator[None]:
    """Yield once when the watcher is there, and then after each change; also when the folder goes, and comes back."""
    while not stop.is_set():
        if (mark := _mark(folder)) is not None:
            yield from _changes_of(folder, mark, stop)
        if _mark(folder) is None and not stop.is_set():
            yield  # the build that is tried now tells what is missing
            while _mark(folder) is None and not stop.wait(_ASKED / 1000):
                pass


def _changes_of(folder: str, mark: tuple[int, int], stop: threading.Event) -> Iterator[None]:
    """Yield once at the beginning, and after each change, as long as this very folder is where it was."""
    started = False
    for changes in _watching(folder, stop):
        if _mark(folder) != mark:
            return
        if changes or not started:
            started = True
            yield


def _watching(folder: str, stop: threading.Event) -> Iterator[Collection[object]]:
    """Yield what has changed below a folder, and nothing where nothing has for a while; end where it is gone."""
    try:
        import watchfiles
    except ImportError:
        raise PackagingError.one(
            "watching needs `watchfiles`, which is not installed", fix="pip install 'packaging-targets[assets]'"
        ) from None
    with contextlib.suppress(FileNotFoundError):
        yield from watchfiles.watch(
            folder,
            watch_filter=None,
            stop_event=stop,
            step=_SETTLED,
            rust_timeout=_ASKED,
            yield_on_timeout=True,
            raise_interrupt=True,
        )


def _mark(folder: str) -> tuple[int, int] | None:
    """Return by what a folder is known from another one in its place, or None where there is none."""
    try:
        stats = os.stat(folder)
    except OSError:
        return None
    return stats.st_dev, stats.st_ino
