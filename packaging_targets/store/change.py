"""A file that is replaced as a whole, and files of a repository that change together: all of them, or none.

Each is written beside its place and renamed into it: readers see what was there or what is there now, after a kill too.
Of a change, what stood there before is remembered, so that one that cannot be completed, now or by what follows it, is
undone.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, BinaryIO, Self

from packaging_targets.errors import BuildError, RequestError, reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NUMBERS = count()


class Change:
    """What is about to be written below the folder `root`; paths are relative to it."""

    def __init__(self, root: str) -> None:
        self._root = os.path.realpath(root)
        self._after: dict[str, bytes | None] = {}
        self._before: dict[str, bytes | None] = {}
        self._folders: list[str] = []
        self._made: list[str] = []

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that it writes or removes, sorted."""
        return tuple(sorted(self._after))

    def write(self, path: str, data: bytes | None) -> Self:
        """Let the file hold `data`, or be gone where that is None; its folder is made where there is none."""
        self._after[path] = data
        return self

    def folder(self, path: str) -> Self:
        """Let there be a folder."""
        self._folders.append(path)
        return self

    def apply(self, besides: Iterable[str] = ()) -> None:
        """Write everything, or nothing; `undo` brings back the files `besides` too, which others are about to write.

        Raises BuildError where that is impossible, and RequestError for a link that leads out of the root.
        """
        places = {path: self._place(path) for path in (*self._after, *besides)}
        try:
            self._before = {place: _content(place) for place in places.values()}
            for folder in self._folders:
                self._make(self._place(folder))
            for path, data in self._after.items():
                self._put(places[path], data)
        except OSError as error:
            self.undo()
            name = os.path.relpath(str(error.filename or self._root), self._root)
            what = f"`{name}` cannot be written: {reason(error)}"
            raise BuildError.one(what, "", "nothing was changed") from error
        except BaseException:
            self.undo()
            raise

    def undo(self) -> None:
        """Bring back what stood there before, and take away the folders that were made, as far as they are empty."""
        for place, data in self._before.items():
            if _content(place) != data:
                self._put(place, data)
        for folder in reversed(self._made):
            if os.path.isdir(folder) and not os.listdir(folder):
                os.rmdir(folder)

    def _place(self, path: str) -> str:
        place = os.path.realpath(os.path.join(self._root, path))
        if place != self._root and not place.startswith(f"{self._root}{os.sep}"):
            raise RequestError.one(f"`{path}` leads out of the repository", path, "replace the link by what it names")
        return place

    def _make(self, folder: str) -> None:
        missing = []
        while not os.path.isdir(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)
        for one in reversed(missing):
            os.mkdir(one)
            self._made.append(one)

    def _put(self, place: str, data: bytes | None) -> None:
        if data is None:
            if os.path.lexists(place):
                os.unlink(place)
            return
        self._make(os.path.dirname(place))
        with replacing(place) as file:
            if os.path.exists(place):
                shutil.copymode(place, file.name)
            file.write(data)


@contextmanager
def replacing(place: str, *, mode: int = 0o666, synced: bool = True) -> Iterator[BinaryIO]:
    """Give a new file beside a place, in which it stands when all is written; where anything is raised, it goes.

    What is not `synced` may be torn after a power cut: that is for what is checked when it is read. Raises OSError.
    """
    beside = f"{place}.{os.getpid()}-{next(_NUMBERS)}.new"  # threads, too, may write the same place
    try:
        with open(beside, "xb", opener=lambda path, flags: os.open(path, flags, mode)) as file:
            yield file
            if synced:
                file.flush()
                os.fsync(file.fileno())
        os.replace(beside, place)
    except BaseException:
        with suppress(OSError):
            os.remove(beside)
        raise


def _content(place: str) -> bytes | None:
    try:
        with open(place, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
