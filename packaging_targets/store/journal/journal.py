"""Several files and folders that change together: the protocol."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Self

from packaging_targets.errors import BuildError, IntegrityError, Problem, legible, raise_all
from packaging_targets.store.journal.disk import delete_folder, discard, is_inside, lstat, sync_folder, write_new
from packaging_targets.store.journal.obstacles import Obstacles

_FILE, _STAGED, _TRASH = "journal.json", "staged", "trash"
_FILE_LIMIT = 64 << 20


@dataclass(frozen=True, slots=True)
class _Rename:
    """A step: `inode` is that of the source, so that it is known whether the step has been done."""

    source: str
    target: str
    inode: int


class Journal:
    """Changes below the folder `root`, to which all paths are relative; it works in `folder`, which lies below it too.

    A commit goes in this order, and a kill between any two system calls leaves one of two states behind:

    1.  New contents are written into `folder/staged/` and synced; so are new folders, empty ones, for what will need
        them. Whatever can be known to be in the way was found out before: rights, other devices, links.
    2.  `folder/journal.json`, the list of renames, is written beside its place and renamed into it. Up to here nothing
        has changed, and `recover` clears what there is; from here on everything will have, and `recover` finishes it.
    3.  The renames: new folders, then moves, then removals (into `folder/trash/`), then new contents. Each names the
        inode that it moves; where that does not lie at the source any more, it has been done. So they can be repeated.
    4.  The folders are synced, the journal is removed, and the trash is deleted.

    Only what nobody could see beforehand makes a rename fail: a disk that breaks, a folder that somebody else makes in
    that very moment. If it is the first one, the journal is withdrawn and nothing has changed. If it is a later one,
    the journal stays; the next `recover` goes on with it, and raises the same error until the cause is gone.

    Callers hold a lock around `recover` and all that follows it. Files of others in `folder` are left alone. What is
    moved is not synced here: who has just written it does that.
    """

    def __init__(self, folder: str, root: str) -> None:
        self._folder = os.path.abspath(folder)
        self._root = os.path.realpath(root)
        self._contents: dict[str, bytes] = {}
        self._moves: dict[str, tuple[str, bool]] = {}
        self._removals: list[str] = []

    @staticmethod
    def is_open(folder: str) -> bool:
        """Tell whether there is a change that was interrupted behind its point of no return."""
        return os.path.lexists(os.path.join(folder, _FILE))

    def write(self, path: str, data: bytes) -> Self:
        """Let the file hold `data`; its folder is made where there is none."""
        self._contents[path] = data
        return self

    def move(self, source: str, target: str, *, replacing: bool = False) -> Self:
        """Let a file or folder be somewhere else, where nothing stands or, if it is `replacing` it, a file."""
        self._moves[source] = (target, replacing)
        return self

    def remove(self, path: str) -> Self:
        """Let a file, or a folder with all that is in it, be gone."""
        self._removals.append(path)
        return self

    def commit(self) -> None:
        """Do all of it. Raises BuildError with everything that is in the way, and nothing has changed then."""
        self._check_apart()
        raise_all(self._obstacles(), BuildError)
        try:
            renames = list(self._staged())
            self._decide(renames)
        except OSError as error:
            discard(os.path.join(self._folder, _FILE))
            self._clear()
            raise self._failure(error, "nothing was changed") from error
        except BaseException:
            # What interrupts this may come behind the rename: what is decided stays so, and `recover` finishes it.
            if not self.is_open(self._folder):
                self._clear()
            raise
        self._finish(renames, may_withdraw=True)

    @classmethod
    def recover(cls, folder: str, root: str) -> bool:
        """Finish what was interrupted, or clear what never came to be; return whether something was finished.

        Raises BuildError where it cannot be finished, and IntegrityError where the journal is damaged.
        """
        journal = cls(folder, root)
        if not os.path.isdir(folder):
            return False
        try:
            with open(os.path.join(folder, _FILE), "rb") as file:
                raw = file.read(_FILE_LIMIT)
        except FileNotFoundError:
            journal._clear()
            return False
        except OSError as error:
            raise journal._failure(error, "see what is there") from error
        journal._finish(journal._decoded(raw), may_withdraw=False)
        return True

    def _check_apart(self) -> None:
        """Refuse, as a mistake of the program, a path that two changes name, or that lies in one that moves."""
        moved = [*self._moves, *self._removals, *(target for target, _ in self._moves.values())]
        paths = [*moved, *self._contents]
        folders = set(moved)
        for path in paths:
            above = set(accumulate(path.split("/")[:-1], lambda folder, name: f"{folder}/{name}"))
            if above & folders:
                raise ValueError(f"`{path}` lies in what the same journal moves")
        if len(set(paths)) < len(paths):
            raise ValueError("two changes of one journal have a path in common")

    def _obstacles(self) -> Iterator[Problem]:
        obstacles = Obstacles(self._root, self._folder)
        for path in self._contents:
            yield from obstacles.of_target(path, replacing=True)
        for source, (target, replacing) in self._moves.items():
            yield from obstacles.of_source(source)
            yield from obstacles.of_target(target, replacing=replacing)
        for path in self._removals:
            yield from obstacles.of_removal(path)

    def _staged(self) -> Iterator[_Rename]:
        """Write what is new into `staged/`; yield the renames in their order."""
        staging, trash = os.path.join(self._folder, _STAGED), os.path.join(self._folder, _TRASH)
        os.makedirs(staging, exist_ok=True)
        os.makedirs(trash, exist_ok=True)
        for number, folders in enumerate(self._missing_folders(), 1):
            staged = os.path.join(staging, f"folder-{number}")
            for folder in folders:
                os.mkdir(os.path.normpath(os.path.join(staged, os.path.relpath(folder, folders[0]))))
            yield self._rename(staged, os.path.join(self._root, folders[0]))
        for source, (target, _) in self._moves.items():
            yield self._rename(os.path.join(self._root, source), os.path.join(self._root, target))
        for number, path in enumerate(self._removals, 1):
            yield self._rename(os.path.join(self._root, path), os.path.join(trash, f"{number}"))
        for number, (path, data) in enumerate(self._contents.items(), 1):
            staged, place = os.path.join(staging, f"file-{number}"), os.path.join(self._root, path)
            write_new(staged, data)
            if (stats := lstat(place)) is not None:
                os.chmod(staged, stat.S_IMODE(stats.st_mode))
            yield self._rename(staged, place)
        sync_folder(staging)

    def _missing_folders(self) -> list[list[str]]:
        """Return the folders that have to be made, relative to the root: trees of them, each with its top first."""
        missing: set[str] = set()
        for target in (*self._contents, *(target for target, _ in self._moves.values())):
            folder = os.path.dirname(target)
            while folder and not os.path.isdir(os.path.join(self._root, folder)):
                missing.add(folder)
                folder = os.path.dirname(folder)
        tops = sorted(folder for folder in missing if os.path.dirname(folder) not in missing)
        return [sorted(one for one in missing if is_inside(one, top)) for top in tops]

    def _rename(self, source: str, target: str) -> _Rename:
        inode = os.lstat(source).st_ino
        return _Rename(os.path.relpath(source, self._root), os.path.relpath(target, self._root), inode)

    def _decide(self, renames: list[_Rename]) -> None:
        """Write the journal: the point of no return."""
        place = os.path.join(self._folder, _FILE)
        rows = [[one.source, one.target, one.inode] for one in renames]
        write_new(f"{place}.new", json.dumps({"renames": rows}).encode())
        os.rename(f"{place}.new", place)
        sync_folder(self._folder)

    def _finish(self, renames: list[_Rename], *, may_withdraw: bool) -> None:
        done = 0
        try:
            for rename in renames:
                done += self._perform(rename)
            for folder in {os.path.dirname(path) for one in renames for path in (one.source, one.target)}:
                sync_folder(os.path.join(self._root, folder))
            os.remove(os.path.join(self._folder, _FILE))
        except OSError as error:
            if may_withdraw and not done:
                os.remove(os.path.join(self._folder, _FILE))
                self._clear()
                raise self._failure(error, "nothing was changed") from error
            raise self._failure(error, "when the cause is gone, the next command finishes what was begun") from error
        with contextlib.suppress(OSError):  # a journal that a power cut brings back has nothing left to do
            sync_folder(self._folder)
        self._clear()

    def _perform(self, rename: _Rename) -> bool:
        """Move what a step is about, unless that was done before."""
        source = os.path.join(self._root, rename.source)
        stats = lstat(source)
        if stats is None or stats.st_ino != rename.inode:
            return False
        os.rename(source, os.path.join(self._root, rename.target))
        return True

    def _clear(self) -> None:
        """Delete what is staged, and the trash."""
        delete_folder(os.path.join(self._folder, _STAGED))
        delete_folder(os.path.join(self._folder, _TRASH))
        discard(os.path.join(self._folder, f"{_FILE}.new"))
        with contextlib.suppress(OSError):  # others may have something in it
            os.rmdir(self._folder)

    def _decoded(self, raw: bytes) -> list[_Rename]:
        """Return the renames of a journal, which may come from anybody: it reaches nothing outside the root."""
        shown = legible(os.path.relpath(os.path.join(self._folder, _FILE), self._root))
        try:
            renames = [_Rename(str(source), str(target), int(inode)) for source, target, inode in _rows(raw)]
        except (ValueError, TypeError, LookupError, RecursionError):
            fix = "see what is in its folder, then remove it"
            raise IntegrityError.one(f"`{shown}` is damaged", shown, fix) from None
        for path in (path for one in renames for path in (one.source, one.target)):
            if "\0" in path or os.path.basename(path) in {"", ".", ".."} or not self._reaches(path):
                what = f"`{shown}` names `{legible(path)}`, which is not for it to change"
                raise IntegrityError.one(what, shown, "remove it: it is not from here")
        return renames

    def _reaches(self, path: str) -> bool:
        return is_inside(os.path.realpath(os.path.dirname(os.path.join(self._root, path))), self._root)

    def _failure(self, error: OSError, fix: str) -> BuildError:
        path = legible(os.path.relpath(str(error.filename2 or error.filename or self._folder), self._root))
        return BuildError.one(f"`{path}` cannot be written: {(error.strerror or str(error)).lower()}", "", fix)


def _rows(raw: bytes) -> list[list[Any]]:
    rows: list[list[Any]] = json.loads(raw)["renames"]
    return rows
