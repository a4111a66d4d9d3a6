"""Several files and folders that change together: the protocol."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from itertools import accumulate, count
from typing import Literal, Self

from packaging_targets.errors import BuildError, IntegrityError, Problem, legible, raise_all, reason
from packaging_targets.store.journal.decided import Decided, Touch
from packaging_targets.store.journal.disk import delete_folder, discard, lstat, sync_folder, write_marked, write_new
from packaging_targets.store.journal.obstacles import Obstacles
from packaging_targets.store.journal.steps import Kind, Step

_FORWARD, _BACK, _DONE = "journal.json", "back.json", "done.json"
_STAGED, _KEPT = "staged", "kept"

_LATER = "when the cause is gone, the next command that changes something settles it"


Recovery = Literal["", "finished", "took back"]
"""What a recovery did; it is empty where no change was interrupted."""


class Journal:
    """Changes below the folder `root`, to which all paths are relative; it works in `folder`, which lies below it too.

    A commit goes in this order, and a kill between any two system calls leaves the state before or the state after to
    whoever recovers next:

    1.  New contents are written into `folder/staged/` and synced; files that will be replaced are kept in
        `folder/kept/`, as hard links where there are such. Whatever can be known to be in the way was found out before:
        rights, other devices, links.
    2.  `folder/journal.json` is written beside its place and renamed into it. It holds the renames, with fingerprints
        of both ends of each. Up to here nothing has changed.
    3.  New folders are made, and the renames done in the order of the calls; a removal goes into a trash of its own.
        If that fails, `journal.json` becomes `back.json`, all is taken back, and nothing was changed.
    4.  The folders are synced, `journal.json` becomes `done.json`, and the trash is deleted, with all that was kept.

    `recover` goes on with step 3 if all that is left to do finds what it was decided over: the world may have moved on
    since the kill. Otherwise it takes back what was done; and where even that would overwrite or lose somebody's work,
    it changes nothing, and tells.

    A journal is followed only where it was written, as the very file: one that came with a clone or a copy, or names a
    path that `may_touch` says no to, is refused, and so is a folder that is reached through a link.

    Callers hold a lock around `recover` and all that follows it. Files of others in `folder` are left alone. What is
    moved is not synced here: who has just written it does that.
    """

    def __init__(self, folder: str, root: str, may_touch: Touch = bool) -> None:
        self._root = os.path.realpath(root)
        self._folder = os.path.normpath(os.path.join(self._root, os.path.relpath(folder, root)))
        self._may_touch = may_touch
        self._contents: dict[str, bytes] = {}
        self._moves: dict[str, tuple[str, bool]] = {}
        self._removals: list[str] = []
        self._order: list[tuple[Kind, str]] = []

    @staticmethod
    def is_open(folder: str) -> bool:
        """Tell whether there is a change that was interrupted behind its point of no return."""
        return any(os.path.lexists(os.path.join(folder, name)) for name in (_FORWARD, _BACK))

    def write(self, path: str, data: bytes) -> Self:
        """Let the file hold `data`; its folder is made where there is none."""
        self._contents[path] = data
        self._order.append(("write", path))
        return self

    def move(self, source: str, target: str, *, replacing: bool = False) -> Self:
        """Let a file or folder be somewhere else, where nothing stands or, if it is `replacing` it, a file.

        What the same journal has removed before stands there no more.
        """
        self._moves[source] = (target, replacing)
        self._order.append(("move", source))
        return self

    def remove(self, path: str) -> Self:
        """Let a file, or a folder with all that is in it, be gone."""
        self._removals.append(path)
        self._order.append(("remove", path))
        return self

    def commit(self) -> None:
        """Do all of it, or nothing. Raises BuildError with everything that is in the way, or with what failed.

        Only where what was done cannot be taken back either, the error says where everything is.
        """
        self._check_apart()
        self._refuse_links()
        raise_all(self._obstacles(), BuildError)
        try:
            decided = self._staged()
            self._decide(decided)
        except OSError as error:
            discard(self._path(_FORWARD))
            self._clear()
            raise self._failure(error, "nothing was changed") from error
        except BaseException:
            # What interrupts this may come behind the rename: what is decided stays so, and `recover` finishes it.
            if not self.is_open(self._folder):
                self._clear()
            raise
        try:
            decided.go_on()
            self._close(_FORWARD)
        except OSError as error:
            self._withdraw(decided, error)
        self._clear()

    @classmethod
    def recover(cls, folder: str, root: str, may_touch: Touch = bool) -> Recovery:
        """Finish what was interrupted or take it back, or clear what never came to be; return what was done.

        Raises BuildError where that is impossible, or would overwrite what somebody wrote since, and IntegrityError
        where the journal is damaged, or not from here; nothing has changed then.
        """
        journal = cls(folder, root, may_touch)
        journal._refuse_links()
        if not os.path.isdir(folder):
            return ""
        for name in (_FORWARD, _BACK):
            if (decided := journal._read(name)) is not None:
                break
        else:
            journal._clear()
            return ""
        try:
            forward = name == _FORWARD and decided.is_as_decided()
            if forward:
                decided.go_on()
            else:
                raise_all(journal._stuck(decided), BuildError)
                journal._take_back(decided)
            journal._close(_FORWARD if forward else _BACK)
        except OSError as error:
            raise journal._failure(error, _LATER) from error
        journal._clear()
        return "finished" if forward else "took back"

    def _refuse_links(self) -> None:
        """Refuse a folder that a link leads away from: what is deleted there is not ours."""
        if os.path.realpath(self._folder) != self._folder:
            shown = legible(os.path.relpath(self._folder, self._root))
            raise IntegrityError.one(
                f"`{shown}` is a link, or lies behind one, and is not followed", shown, "remove it"
            )

    def _check_apart(self) -> None:
        """Refuse, as a mistake of the program, a path that two changes name, or that lies in one that moves."""
        moved = [*self._moves, *self._removals, *(target for target, _ in self._moves.values())]
        ends = [target for target, _ in self._moves.values() if target not in self._removals]
        paths = [*self._moves, *self._removals, *ends, *self._contents]
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
            yield from obstacles.of_target(target, replacing=replacing, leaves=target in self._removals)
        for path in self._removals:
            yield from obstacles.of_removal(path)

    def _staged(self) -> Decided:
        """Write what is new into `staged/`, and keep what will be replaced; return what is to be done."""
        trash = next(place for number in count(1) if not os.path.lexists(place := self._path(f"trash-{number}")))
        for folder in (self._path(_STAGED), self._path(_KEPT), trash):
            os.makedirs(folder, exist_ok=True)
        folders = tuple(os.path.join(self._root, folder) for folder in self._missing_folders())
        steps = []
        for number, (kind, path) in enumerate(self._order, 1):
            source = target = os.path.join(self._root, path)
            if kind == "write":
                source = self._write(f"{number}", path)
            elif kind == "move":
                target = os.path.join(self._root, self._moves[path][0])
            else:
                target = os.path.join(trash, f"{number}")
            kept = os.path.join(self._path(_KEPT), f"{number}")
            leaves = kind == "move" and self._moves[path][0] in self._removals
            steps.append(Step.decided(kind, source, target, kept, leaves=leaves))
        sync_folder(self._path(_STAGED))
        sync_folder(self._path(_KEPT))
        return Decided(self._root, trash, folders, tuple(steps))

    def _write(self, name: str, path: str) -> str:
        """Write new contents of a file, with the mode that it has; return where they are."""
        staged = os.path.join(self._path(_STAGED), name)
        write_new(staged, self._contents[path])
        if (stats := lstat(os.path.join(self._root, path))) is not None:
            os.chmod(staged, stat.S_IMODE(stats.st_mode))
        return staged

    def _missing_folders(self) -> list[str]:
        """Return the folders that have to be made, relative to the root, each behind the one that it lies in."""
        missing: set[str] = set()
        for target in (*self._contents, *(target for target, _ in self._moves.values())):
            folder = os.path.dirname(target)
            while folder and not os.path.isdir(os.path.join(self._root, folder)):
                missing.add(folder)
                folder = os.path.dirname(folder)
        return sorted(missing)

    def _decide(self, decided: Decided) -> None:
        """Write the journal: the point of no return."""
        place = self._path(_FORWARD)
        write_marked(f"{place}.new", decided.to_bytes)
        os.rename(f"{place}.new", place)
        sync_folder(self._folder)

    def _withdraw(self, decided: Decided, error: OSError) -> None:
        """Take back a change that failed, and raise what it failed at."""
        try:
            stuck = self._stuck(decided)
            if not stuck:
                self._take_back(decided)
                self._close(_BACK)
        except OSError as second:
            what = f"what was done could not be taken back: {self._failure(second, '').problems[0].what}"
            stuck = [Problem("", what, "; ".join([*decided.done(), _LATER]))]
        if stuck:
            raise BuildError(*self._failure(error, _LATER).problems, *stuck) from error
        self._clear()
        raise self._failure(error, "nothing was changed") from error

    def _stuck(self, decided: Decided) -> list[Problem]:
        """Return what people have to do before a change can be taken back."""
        done = ", ".join(decided.done())
        return [
            Problem(
                self._root,
                f"`{legible(path)}` was changed after a change of it was interrupted, and nobody but you knows which"
                f" one is to stay{f': {done}' if done else ''}",
                f"move `{legible(path)}` away, then let the change be taken back: run the command again",
            )
            for path in decided.in_the_way()
        ]

    def _take_back(self, decided: Decided) -> None:
        """Undo what has been done, if anything; from the first moment on nobody goes forward any more."""
        if decided.has_begun() and os.path.lexists(self._path(_FORWARD)):
            os.rename(self._path(_FORWARD), self._path(_BACK))
            sync_folder(self._folder)
        decided.take_back()

    def _close(self, name: str) -> None:
        """Let a change be over: what is left is rubbish."""
        if name == _FORWARD:
            os.rename(self._path(name), self._path(_DONE))
        else:
            os.remove(self._path(name if os.path.lexists(self._path(name)) else _FORWARD))
        with contextlib.suppress(OSError):  # a journal that a power cut brings back has nothing left to do
            sync_folder(self._folder)

    def _clear(self) -> None:
        """Delete what is staged or kept, and the trash of a change that is done: no other one."""
        delete_folder(self._path(_STAGED))
        delete_folder(self._path(_KEPT))
        with contextlib.suppress(BuildError, IntegrityError):  # what cannot be read names no trash
            if (done := self._read(_DONE)) is not None:
                delete_folder(done.trash)
                if not os.path.lexists(done.trash):
                    discard(self._path(_DONE))
        discard(self._path(f"{_FORWARD}.new"))
        with contextlib.suppress(OSError):  # others may have something in it
            for entry in os.listdir(self._folder):
                if entry.startswith("trash-"):
                    with contextlib.suppress(OSError):  # it is only removed if it is empty
                        os.rmdir(self._path(entry))
            os.rmdir(self._folder)

    def _read(self, name: str) -> Decided | None:
        try:
            return Decided.read(self._path(name), self._root, self._may_touch)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failure(error, "see what is there") from error

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    def _failure(self, error: OSError, fix: str) -> BuildError:
        path = legible(os.path.relpath(str(error.filename2 or error.filename or self._folder), self._root))
        return BuildError.one(f"`{path}` cannot be written: {reason(error)}", "", fix)
