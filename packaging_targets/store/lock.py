"""One at a time: advisory locks that the kernel gives back when their holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from packaging_targets.errors import BuildError, legible, reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Lock:
    """An exclusive lock on a file, which holds the number of the process that has it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1

    def acquire(self, waiting: Callable[[str], None]) -> None:
        """Take the lock; where another process has it, call `waiting` with its number, then wait.

        Raises BuildError where the file cannot be made or locked.
        """
        # What the file holds is only told to people: torn or foreign bytes in it do no harm.
        self._descriptor = _opened(self._path, os.O_RDWR | os.O_CREAT)
        if not _locked(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, self._path):
            waiting(self._holder())
            _locked(self._descriptor, fcntl.LOCK_EX, self._path)
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


@contextlib.contextmanager
def folder_lock(folder: str, waiting: Callable[[], None], *, shared: bool) -> Iterator[None]:
    """Hold a lock on a folder, with others where it is shared; where it is taken, call `waiting`, then wait.

    Raises BuildError where the folder is not there, or cannot be locked.
    """
    descriptor = _opened(folder, os.O_RDONLY | os.O_DIRECTORY)
    mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        if not _locked(descriptor, mode | fcntl.LOCK_NB, folder):
            waiting()
            _locked(descriptor, mode, folder)
        yield
    finally:
        os.close(descriptor)


def _opened(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise _refused(path, error, "") from error


def _locked(descriptor: int, mode: int, path: str) -> bool:
    """Take a lock; return False where another process has it and `mode` is not to wait."""
    try:
        fcntl.flock(descriptor, mode)
    except BlockingIOError:
        return False
    except OSError as error:
        raise _refused(path, error, "use a file system with locks, such as that of a local disk") from error
    return True


def _refused(path: str, error: OSError, fix: str) -> BuildError:
    return BuildError.one(f"`{legible(path)}` cannot be locked: {reason(error)}", "", fix)
