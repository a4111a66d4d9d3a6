"""The list in a database follows a folder's index.json, whoever changes that.

What tells the file that the list was made from is remembered beside the list. Where the file is another one, somebody
has published past the server, or the server was killed between folder and list: then the lines that differ are
brought up to date. As long as the last file is open here, only those are looked at whose line in it is another one, or
whose meta.json has changed since.

What this process changes by itself is not written at once: its packages are remembered, and who asks for the list next
writes their lines, or a moment later the thread that keeps the list in step.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Lock
from typing import BinaryIO

from sqlalchemy import Connection, Engine

from packaging_targets.errors import RegistryError, legible
from packaging_targets.formats.aam.documents.index import MAX_INDEX, changed_names, parse_index
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.lines import every_row, mark, rows_among, set_mark
from packaging_targets.registry.aam.database.transactions import faults_told, transact
from packaging_targets.registry.aam.folder.tree import Tree
from packaging_targets.registry.aam.served.caching import signature_of
from packaging_targets.registry.aam.served.in_step.background import Background
from packaging_targets.registry.aam.served.in_step.differences import Differences, changed_since, of_all, of_some

_MARK = "index.json"
_SLACK = 2_000_000_000
"""Nanoseconds between the times of two files of which the second was written first, on whatever file system."""
_BATCH = 2000
"""Lines of one transaction: who publishes waits for no more of them."""
_PATIENCE = 0.05
"""For so many seconds a page waits for what others have changed."""
_FIRST = 3.0
"""For so many seconds a server that starts waits for the list: that of most registries is there then."""


class Following:
    """Keeps the list in step; `changed` is called when it is another one than before."""

    def __init__(self, tree: Tree, engine: Engine, changed: Callable[[], None]) -> None:
        self._tree = tree
        self._engine = engine
        self._changed = changed
        self._catching, self._writing, self._noting, self._changing = Lock(), Lock(), Lock(), Lock()
        self._own: set[PackageName] = set()
        self._step: tuple[str, str] | None = None
        self._last = _Last()
        self._seen = ""
        self._has_list = False
        self._is_settled = True
        self._failure: RegistryError | None = None
        self._background: Background | None = None

    @contextmanager
    def in_background(self) -> Iterator[None]:
        """Let a thread keep the list in step: who asks for it hardly waits, and gets what there is."""
        if self._background:  # two applications over one host
            yield
            return
        self._is_settled = False
        background = self._background = Background(self._round)
        background.wait(_FIRST, lambda: self._is_settled)
        try:
            yield
        finally:
            background.stop()
            self._background = None
            self._last.keep(None)

    def signature(self) -> str:
        """Return what tells the index.json that is there now; empty where none is."""
        try:
            return _text_of(os.stat(self._tree.index))
        except OSError:
            return ""

    def demand(self) -> None:
        """Raise RefusalError as long as the thread that keeps the list in step has not come to its first end."""
        if not self._is_settled:
            raise RefusalError.of("REGISTRY_UNAVAILABLE", "the list of packages is being made", "", "try again soon")

    def follow(self) -> None:
        """Bring the list up to date, or have it brought: what this process has changed is in it.

        Raises RegistryError where there is no registry, or its index.json is damaged and there is no list yet; and
        while the first list is being made in the background.
        """
        self._write_own()
        if self._background is None:
            self._catch_up()
        elif self.signature() != self._seen:
            self._background.wake()
            self._background.wait(_PATIENCE, lambda: self._seen == self.signature())
            if not self._has_list:
                self.demand()
                if self._failure:
                    raise self._failure

    @contextmanager
    def changing(self, name: PackageName) -> Iterator[None]:
        """Remember that a package is changed in the block, in which the registry's lock is held."""
        with self._changing:
            before = self.signature()
            yield
            self._applied(name, before)
        if self._background:
            self._background.wake(hurries=False)

    def _applied(self, name: PackageName, before: str) -> None:
        after = self.signature()
        with self._noting:
            known = self._step if self._own else (before, before)
            self._step = (known[0], after) if known and known[1] == before else None
            self._own.add(name)

    def _write_own(self) -> None:
        """Write the lines of packages that this process has changed: meta.json is read again, and so never old.

        Where the list was in step before these changes, it is now; else it will be found out what else there is. What
        keeps the database from taking the lines is no reason to say that the changes were not made.
        """
        with self._writing:
            with self._noting:
                names, step = self._own, self._step
                self._own, self._step = set(), None
            if not names:
                return

            def write(connection: Connection) -> bool:
                found = of_some(self._tree, rows_among(connection, [*map(str, names)]), names)
                found.write(connection, list(found.wanted))
                in_step = step is not None and mark(connection, _MARK) == step[0]
                if in_step and step:
                    set_mark(connection, _MARK, step[1])
                return in_step

            with suppress(RegistryError):  # what a power cut takes, `_catch_up` finds out
                if transact(self._engine, write, later=True) and step:
                    self._in_step(step[1])
            self._changed()

    def _round(self) -> None:
        """Do what the thread does that keeps the list in step."""
        try:
            self._write_own()
            self._catch_up()
            self._failure = None
        except RegistryError as error:
            self._failure = error
        except OSError as error:
            self._failure = self._tree.refused(self._tree.root, error, "read")
        self._is_settled = True

    def _catch_up(self) -> None:
        """Bring the list up to date; one thread does, and others go on with the list that there is."""
        with self._changing:  # else what is being changed here would look like somebody else's change
            now, own = self.signature(), self._step
        if (now == self._seen != "") or own == (self._seen, now):
            return
        if self._catching.acquire(blocking=not self._has_list):
            try:
                self._compare()
            except RegistryError as error:
                if not self._has_list:
                    raise
                if not isinstance(error, RefusalError):
                    self._seen = now  # a damaged file is not read again until it is another one
            finally:
                self._catching.release()

    def _compare(self) -> None:
        with faults_told(), reading(self._engine) as connection:
            before = mark(connection, _MARK)
        self._has_list = before != ""
        if before and before == self.signature():  # another process, or another thread, has done it
            self._in_step(before)
            self._changed()
            return
        try:
            after = self._brought_up(before)
            transact(self._engine, lambda connection: set_mark(connection, _MARK, after))
        finally:
            if self._background is None:
                self._last.keep(None)
        self._has_list, self._seen = True, after

    def _brought_up(self, before: str) -> str:
        """Write what differs from the list, which was made from the file that `before` tells; return what tells it."""
        since = int(before.partition(" ")[0] or 0) - _SLACK
        if known := self._last.data(before):
            data, after = self._index()
            names = changed_names(known, data)
            if names is not None:
                self._write(self._of_some({PackageName.parse(name) for name in names}))
                self._write(self._of_some(set(changed_since(self._tree, since))))
                return after
        with faults_told(), reading(self._engine) as connection:
            rows = every_row(connection)
        data, after = self._index()
        self._write(of_all(self._tree, rows, parse_index(data, legible(self._tree.index)), since))
        return after

    def _of_some(self, names: set[PackageName]) -> Differences:
        with faults_told(), reading(self._engine) as connection:
            rows = rows_among(connection, [*map(str, names)])
        return of_some(self._tree, rows, names)

    def _write(self, differences: Differences) -> None:
        names = list(differences.wanted)
        for start in range(0, len(names), _BATCH):
            part = names[start : start + _BATCH]
            transact(self._engine, partial(differences.write, names=part))
            self._changed()

    def _in_step(self, signature: str) -> None:
        """Remember that the list has all that an index.json says, and keep that file."""
        self._seen = signature
        if self._background:
            with suppress(RegistryError):
                file, now = self._opened()
                self._last.keep(file, signature if now == signature else "")

    def _index(self) -> tuple[bytes, str]:
        """Return the index.json that is there now, which is kept, and what tells it from others."""
        file, signature = self._opened()
        data = file.read(MAX_INDEX + 1)  # before it is kept: another thread may keep another one, which closes this
        self._last.keep(file, signature)
        return data, signature

    def _opened(self) -> tuple[BinaryIO, str]:
        tree = self._tree
        file = tree.open(tree.index)
        if file is None:
            tree.demand()
            raise tree.refused(tree.index, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), "read")
        return file, _text_of(os.fstat(file.fileno()))


class _Last:
    """The index.json that the list was last in step with: as long as it is open, its content can be had.

    It takes no memory, and no other one takes its place here, whatever is renamed to its path.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._file: BinaryIO | None = None
        self._signature = ""
        self._times = (0, 0)

    def keep(self, file: BinaryIO | None, signature: str = "") -> None:
        """Keep a file, of which a signature tells; close the one that was kept before."""
        with self._lock:
            before, self._file, self._signature = self._file, file, signature
            self._times = (0, 0) if file is None else _content_times(file)
        if before is not None:
            before.close()

    def data(self, signature: str) -> bytes:
        """Return what the file holds that a signature tells; empty where it is not kept, or has changed in place."""
        with self._lock:
            if self._file is None or signature != self._signature or _content_times(self._file) != self._times:
                return b""
            self._file.seek(0)
            return self._file.read(MAX_INDEX + 1)


def _content_times(file: BinaryIO) -> tuple[int, int]:
    """Return what a file's content has changed with: that another one has its name now is no change of it."""
    stats = os.fstat(file.fileno())
    return stats.st_mtime_ns, stats.st_size


def _text_of(stats: os.stat_result) -> str:
    return " ".join(map(str, signature_of(stats)))
