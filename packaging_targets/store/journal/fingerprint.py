"""What stands at a path, as a short text that a copy of the project shares: no inodes, and no times of folders."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator

from packaging_targets.store.journal.disk import lstat

ABSENT = "-"
"""The fingerprint of nothing."""
_SMALL = 1 << 20  # bytes up to which a file is known by its SHA-256, and not by its time
_DEEP = 2_000  # characters of a path below a folder; nothing is looked into beyond, so that it fits in anywhere


def fingerprint(path: str) -> str:
    """Return what stands at a path.

    Of a small file that is its size and SHA-256; of a large one, or one that may not be read, size and time; of a
    folder a digest over all below it: names, kinds, and sizes and times of files. Raises OSError for a broken disk.
    """
    stats = lstat(path)
    if stats is None:
        return ABSENT
    if stat.S_ISDIR(stats.st_mode):
        digest = hashlib.sha256()
        for line in sorted(_below(path)):
            digest.update(line)
        return f"folder {digest.hexdigest()}"
    if stat.S_ISREG(stats.st_mode) and stats.st_size <= _SMALL:
        try:
            with open(path, "rb") as file:
                return f"file {stats.st_size} {hashlib.sha256(file.read(_SMALL + 1)).hexdigest()}"
        except PermissionError:
            pass
    return _shallow(stats) if not stat.S_ISLNK(stats.st_mode) else f"link {os.readlink(path)}"


def _shallow(stats: os.stat_result) -> str:
    kind = stat.S_IFMT(stats.st_mode)
    return f"{kind}" if stat.S_ISDIR(stats.st_mode) else f"{kind} {stats.st_size} {stats.st_mtime_ns}"


def _below(top: str) -> Iterator[bytes]:
    """Yield a line for each thing below a folder; what may not be looked into is told by its name alone."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(os.path.join(top, folder)))
        except PermissionError:
            continue
        for entry in entries:
            path = os.path.join(folder, entry.name)
            stats = entry.stat(follow_symlinks=False)
            yield os.fsencode(path) + f"\0{_shallow(stats)}\0".encode()
            if stat.S_ISDIR(stats.st_mode) and len(path) < _DEEP:
                waiting.append(path)
