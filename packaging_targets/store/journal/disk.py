"""What a journal does on the disk, one step at a time."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Callable


def write_new(path: str, data: bytes) -> None:
    """Write a file that is not there yet, and wait until the disk has it."""
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_marked(path: str, data: Callable[[str], bytes]) -> None:
    """Write a file that is not there yet and that knows itself: `data` gets the mark that `mark_of` will tell of it."""
    with open(path, "xb") as file:
        seconds = int(time.time()) & ~1  # some file systems have even ones alone
        file.write(data(f"{os.fstat(file.fileno()).st_ino} {seconds}"))
        file.flush()
        os.utime(file.fileno(), (seconds, seconds))
        os.fsync(file.fileno())


def mark_of(stats: os.stat_result) -> str:
    """Return what tells a file from its copies, on this disk or another one: its inode, and its time in seconds.

    Devices are left out: after a power cut some have other numbers.
    """
    return f"{stats.st_ino} {int(stats.st_mtime)}"


def sync_folder(folder: str) -> None:
    """Let what was renamed in a folder outlive a power cut, where the file system can do that."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)


def duplicate(source: str, target: str) -> None:
    """Let a file stand at a second path too: as a hard link or, where there are none, as a copy with its times."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:
        beside = f"{target}.copy"
        shutil.copy2(source, beside, follow_symlinks=False)
        with open(beside, "rb") as file:
            os.fsync(file.fileno())
        os.rename(beside, target)


def discard(path: str) -> None:
    """Remove a file, or leave it where that is impossible."""
    with contextlib.suppress(OSError):
        os.remove(path)


def delete_folder(top: str) -> None:
    """Delete a folder with all that is in it; what withstands stays until the next time.

    Folders in it are moved up to its top before they are emptied, so that it does not matter how deep they nest.
    """
    if os.path.islink(top):
        return  # what it leads to is not ours
    waiting, emptied, number = [top], [], 0
    with contextlib.suppress(OSError):
        while waiting:
            folder = waiting.pop()
            emptied.append(folder)
            for entry in list(os.scandir(folder)):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)
                elif folder == top:
                    waiting.append(entry.path)
                else:
                    while os.path.lexists(raised := os.path.join(top, f"raised-{number}")):
                        number += 1
                    os.rename(entry.path, raised)
                    waiting.append(raised)
    for folder in reversed(emptied):
        with contextlib.suppress(OSError):
            os.rmdir(folder)


def lstat(path: str) -> os.stat_result | None:
    """Return the stat of what stands at a path, or None."""
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_inside(path: str, root: str) -> bool:
    """Tell whether a path without links is a folder, or lies below it."""
    return path == root or path.startswith(f"{root}{os.sep}")
