"""What is in the way of a change, as far as it can be known beforehand: links, rights, devices."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from packaging_targets.errors import Problem, legible
from packaging_targets.store.journal.disk import is_inside, lstat


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Looks for them below `root`, for changes that `folder` is to be a part of; both are absolute."""

    root: str
    folder: str

    def of_target(self, path: str, *, replacing: bool, leaves: bool = False) -> Iterator[Problem]:
        """Yield why nothing can be put at a path, where a file may stand if it is `replacing` it, or what `leaves`."""
        place = os.path.join(self.root, path)
        parent = _existing(os.path.dirname(place))
        stats = None if leaves else lstat(place)
        if not is_inside(os.path.realpath(parent), self.root):
            yield _cannot(path, "written", "a link on the way leads elsewhere")
        elif not os.path.isdir(parent):
            yield _cannot(path, "written", f"`{self._shown(parent)}` is no folder")
        elif not os.access(parent, os.W_OK | os.X_OK):
            yield _cannot(path, "written", f"the folder `{self._shown(parent)}` may not be written")
        elif os.stat(parent).st_dev != self._device:
            yield _cannot(path, "written", self._elsewhere)
        elif stats is not None and not replacing:
            yield _cannot(path, "written", "something stands there")
        elif stats is not None and not stat.S_ISREG(stats.st_mode):
            yield _cannot(path, "written", "what stands there is no regular file")

    def of_source(self, path: str) -> Iterator[Problem]:
        """Yield why what stands at a path cannot be moved away."""
        place = os.path.join(self.root, path)
        parent, stats = os.path.dirname(place), lstat(place)
        if stats is None or not is_inside(os.path.realpath(parent), self.root):
            yield _cannot(path, "moved", "it is not there")
        elif stats.st_dev != self._device:
            yield _cannot(path, "moved", self._elsewhere)
        elif not os.access(parent, os.W_OK | os.X_OK):
            yield _cannot(path, "moved", f"the folder `{self._shown(parent)}` may not be written")
        elif stat.S_ISDIR(stats.st_mode) and not os.access(place, os.W_OK):
            yield _cannot(path, "moved", "it may not be written")

    def of_removal(self, path: str) -> Iterator[Problem]:
        """Yield why something cannot be deleted whole: the folder, or one in it, that withstands."""
        found = list(self.of_source(path))
        yield from found
        for folder in _folders(os.path.join(self.root, path)) if not found else ():
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                yield _cannot(self._shown(folder), "deleted", "it may not be read or written")
            elif os.lstat(folder).st_dev != self._device:
                yield _cannot(self._shown(folder), "deleted", self._elsewhere)

    @property
    def _device(self) -> int:
        return os.stat(_existing(self.folder)).st_dev

    @property
    def _elsewhere(self) -> str:
        return f"it is on another device than `{self._shown(self.folder)}`"

    def _shown(self, place: str) -> str:
        return legible(os.path.relpath(place, self.root))


def _existing(place: str) -> str:
    while not os.path.lexists(place):
        place = os.path.dirname(place)
    return place


def _folders(top: str) -> Iterator[str]:
    """Yield a folder and all below it, if it is one; links are not followed."""
    if not stat.S_ISDIR(os.lstat(top).st_mode):
        return
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        yield folder
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            waiting += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]


def _cannot(path: str, done: str, why: str) -> Problem:
    return Problem("", f"`{legible(path)}` cannot be {done}: {why}", "nothing was changed")
