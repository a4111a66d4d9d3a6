"""One build at a time in a workspace: an advisory lock that the kernel gives back when its holder dies."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Lock:
    """An exclusive lock on a file, which holds the number of the process that has it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1

    def acquire(self, waiting: Callable[[str], None]) -> None:
        """Take the lock; where another process has it, call `waiting` with its number, then wait."""
        # What the file holds is only told to people: torn or foreign bytes in it do no harm.
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting(self._holder())
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _holder(self) -> str:
        text = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip()
        return text if text.isdigit() else "unknown"
