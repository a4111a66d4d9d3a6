"""The fresh folder that a program runs in.

    tree/   declared inputs at their workspace paths, read-only; outputs are made at theirs
    home/   $HOME, empty
    tmp/    $TMPDIR, empty

Inputs are copies: whatever a program does to them, the workspace keeps its own. Every copy has the same time,
the earliest that ZIP files can hold, so that archivers which store times see none of ours.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging_targets.model.manifest import SourceReader

FILE_TIME = 315_532_800
"""1980-01-01 in seconds since 1970: the modification time of every staged input."""

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
"""Where programs are looked up, whatever the PATH of the one who builds."""

_CHUNK = 1 << 20

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Room:
    """A fresh folder, and how the inputs looked that were staged into it."""

    folder: str
    _stamps: dict[str, _Stamp] = field(default_factory=dict)

    @property
    def tree(self) -> str:
        """The folder that stands for the workspace."""
        return f"{self.folder}/tree"

    @property
    def home(self) -> str:
        """The program's home folder."""
        return f"{self.folder}/home"

    @property
    def tmp(self) -> str:
        """The program's folder for temporary files."""
        return os.path.join(self.folder, "tmp")

    def path(self, path: str) -> str:
        """Return where the workspace path `path` stands in the room."""
        return f"{self.tree}/{path}" if path else self.tree

    def stage(self, inputs: Iterable[str], source: SourceReader) -> None:
        """Copy `inputs` into the tree: files read-only with their executable bit, symbolic links as links."""
        for path in inputs:
            self._copy(path, source)
        self._stamps.update((path, _stamp(stat)) for path, stat in self.files().items())

    def make_folder(self, path: str) -> None:
        """Make the folder `path` of the tree and those above it."""
        os.makedirs(self.path(path), exist_ok=True)

    def files(self) -> dict[str, os.stat_result]:
        """Return everything in the tree but its folders, by workspace path and without following a link."""
        return dict(_walk(self.tree, ""))

    def is_changed(self, path: str, now: os.stat_result) -> bool:
        """Tell whether the staged input `path` is no longer as it was staged."""
        return path in self._stamps and self._stamps[path] != _stamp(now)

    def _copy(self, path: str, source: SourceReader) -> None:
        self.make_folder(os.path.dirname(path))
        target = self.path(path)
        info = source.info(path)
        if info.link is not None:
            os.symlink(info.link, target)
            return
        with source.open(path) as stream, open(target, "xb") as out:
            shutil.copyfileobj(stream, out, _CHUNK)
        os.chmod(target, 0o555 if info.executable else 0o444)
        os.utime(target, (FILE_TIME, FILE_TIME))


@contextmanager
def fresh_room() -> Iterator[Room]:
    """Make a room, and remove it at the end."""
    # A program may leave folders that cannot be removed; its result is no worse for that.
    with tempfile.TemporaryDirectory(prefix="packaging-command-", ignore_cleanup_errors=True) as folder:
        room = Room(os.path.realpath(folder))
        for made in (room.tree, room.home, room.tmp):
            os.mkdir(made)
        yield room


def environment(home: str, tmp: str) -> dict[str, str]:
    """Return the clean environment of a program whose home and temporary folders are `home` and `tmp`."""
    return {
        "HOME": home,
        "LANG": "C.UTF-8",
        "LOGNAME": "build",
        "PATH": PATH,
        # A byte code cache would be an undeclared output, and the order of a set an undeclared input.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "TMPDIR": tmp,
        "TZ": "UTC",
        "USER": "build",
    }


def _stamp(stat: os.stat_result) -> _Stamp:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _walk(folder: str, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            # A folder that the program has locked is as good as a file: something that nobody declared.
            if entry.is_dir(follow_symlinks=False) and os.access(entry.path, os.R_OK | os.X_OK):
                yield from _walk(entry.path, f"{prefix}{entry.name}/")
            else:
                yield f"{prefix}{entry.name}", entry.stat(follow_symlinks=False)
