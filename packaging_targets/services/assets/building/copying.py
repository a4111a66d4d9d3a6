"""Copying parts of files within the kernel, as `cp` does, where the kernel can."""

from __future__ import annotations

import errno
import os

_PIECE = 1 << 30  # the most that a call is asked for
_BLOCK = 1 << 20
_CANNOT = {errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.ETXTBSY}


def copy_range(source: int, offset: int, destination: int, size: int) -> None:
    """Copy `size` bytes from `offset` of one open file to where another one stands, and move that behind them.

    Raises OSError, also where the source ends before.
    """
    copied = _in_kernel(source, offset, destination, size)
    while copied < size:
        block = os.pread(source, min(_BLOCK, size - copied), offset + copied)
        if not block:
            raise OSError(errno.EIO, "the file has become shorter")
        view = memoryview(block)
        while view:
            view = view[os.write(destination, view) :]
        copied += len(block)


def reserve(destination: int, size: int) -> None:
    """Ask for room for `size` bytes in an open file, where the system can: it is faster, and tells a full disk."""
    if size and hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(destination, 0, size)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise


def _in_kernel(source: int, offset: int, destination: int, size: int) -> int:
    """Return how much the kernel has copied by itself: all, or as much as it could."""
    copied = 0
    if not hasattr(os, "copy_file_range"):
        return copied
    while copied < size:
        try:
            count = os.copy_file_range(source, destination, min(_PIECE, size - copied), offset + copied)
        except OSError as error:
            if error.errno in _CANNOT:
                return copied
            raise
        if not count:
            return copied
        copied += count
    return copied
