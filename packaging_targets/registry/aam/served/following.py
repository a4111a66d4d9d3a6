"""The list in a database follows a folder's index.json, whoever changes that.

What tells the file that the list was made from is remembered beside the list. Where the file is another one, somebody
has published past the server, or the server was killed between folder and list: then the lines that differ are
brought up to date. Only the time of a package's newest event is not in index.json, so meta.json is asked for it.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Lock

from sqlalchemy import Connection, Engine

from packaging_targets.errors import RegistryError, legible
from packaging_targets.formats.aam.documents.index import MAX_INDEX, Index, parse_index
from packaging_targets.formats.aam.documents.meta import MAX_META
from packaging_targets.formats.aam.metadata import PackageMetadata
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.formats.aam.times import parse_time
from packaging_targets.registry.aam.database.engine import reading
from packaging_targets.registry.aam.database.lines import (
    Line,
    every_line,
    line_of,
    mark,
    number_of,
    set_mark,
    write_lines,
)
from packaging_targets.registry.aam.database.transactions import faults_told, transact
from packaging_targets.registry.aam.folder.tree import Tree
from packaging_targets.registry.aam.protocol import Summary
from packaging_targets.registry.aam.served.caching import signature_of

_MARK = "index.json"
_SLACK = 2_000_000_000
"""Nanoseconds between the times of two files of which the second was written first, on whatever file system."""


class Following:
    """Keeps the list in step; `changed` is called when it is another one than before."""

    def __init__(self, tree: Tree, engine: Engine, changed: Callable[[], None]) -> None:
        self._tree = tree
        self._engine = engine
        self._changed = changed
        self._lock = Lock()
        self._seen = ""
        self._has_list = False

    def signature(self) -> str:
        """Return what tells the index.json that is there now; empty where none is."""
        try:
            return _text_of(os.stat(self._tree.index))
        except OSError:
            return ""

    def follow(self) -> None:
        """Bring the list up to date; one thread does, and others go on with the list that there is.

        Raises RegistryError where there is no registry, or its index.json is damaged and there is no list yet.
        """
        now = self.signature()
        if now == self._seen != "":
            return
        if self._lock.acquire(blocking=not self._has_list):
            try:
                self._catch_up()
            except RegistryError as error:
                if not self._has_list:
                    raise
                if not isinstance(error, RefusalError):
                    self._seen = now  # a damaged file is not read again until it is another one
            finally:
                self._lock.release()

    def applied(self, metadata: PackageMetadata, before: str) -> None:
        """Write the line of a package that was changed; the registry's lock is held, and was when `before` was taken.

        Where the list was in step before, it is now; else `follow` will find out what else there is. What keeps the
        database from taking it is no reason to say that the change was not made.
        """
        line, after = line_of(metadata), self.signature()

        def write(connection: Connection) -> bool:
            number = number_of(connection, metadata.name)
            if number is None:
                write_lines(connection, [line])
            else:
                write_lines(connection, changed={number: line})
            in_step = mark(connection, _MARK) == before
            if in_step:
                set_mark(connection, _MARK, after)
            return in_step

        with suppress(RegistryError):
            if transact(self._engine, write, later=True):  # what a power cut takes, `follow` finds out
                self._seen = after
        self._changed()

    def _catch_up(self) -> None:
        with faults_told(), reading(self._engine) as connection:
            before = mark(connection, _MARK)
        self._has_list = before != ""
        if before and before == self.signature():  # another process, or another thread, has done it
            self._seen = before
            self._changed()
            return
        index, after = self._index()
        hidden = list(self._hidden({PackageName.parse(entry.name).folder for entry in index.entries}))
        with faults_told(), reading(self._engine) as connection:
            differences = _differences(every_line(connection), [*_listed(index), *hidden])
        self._time(differences, before)

        def write(connection: Connection) -> None:
            write_lines(connection, differences.added, differences.changed, differences.removed)
            set_mark(connection, _MARK, after)

        transact(self._engine, write)
        self._has_list, self._seen = True, after
        self._changed()

    def _index(self) -> tuple[Index, str]:
        """Return the index.json that is there now, and what tells it from others."""
        tree = self._tree
        file = tree.open(tree.index)
        if file is None:
            tree.demand()
            raise tree.refused(tree.index, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), "read")
        with file:
            stats = os.fstat(file.fileno())
            data = file.read(min(stats.st_size, MAX_INDEX) + 1)
        return parse_index(data, legible(tree.index)), _text_of(stats)

    def _hidden(self, listed: Collection[str]) -> Iterator[Line]:
        """Yield lines of the packages that are not in index.json, as all of their versions are yanked."""
        for folder in self._tree.folders():
            with suppress(RegistryError):
                metadata = None if folder in listed else self._tree.metadata(folder)
                if metadata is not None and metadata.name.folder == folder:
                    yield Line(Summary(metadata.name, "", ()), metadata.modified_at, shown=False)

    def _time(self, found: _Differences, before: str) -> None:
        """Let lines have the time of the newest event; of those that seem the same, the ones whose meta.json is new."""
        found.added = [replace(line, modified_at=self._modified_at(line)) for line in found.added]
        found.changed = {
            number: replace(one, modified_at=self._modified_at(one)) for number, one in found.changed.items()
        }
        since = int(before.partition(" ")[0] or 0) - _SLACK
        for number, line in found.same.items():
            with suppress(OSError):
                if os.stat(self._tree.meta(line.summary.name.folder)).st_mtime_ns >= since:
                    at = self._modified_at(line)
                    found.changed |= {number: replace(line, modified_at=at)} if at != line.modified_at else {}

    def _modified_at(self, line: Line) -> int:
        with suppress(RegistryError, ValueError, TypeError):  # what is damaged is told by those who ask for it
            data = self._tree.read(self._tree.meta(line.summary.name.folder), MAX_META)
            return parse_time(json.loads(data or b"")["modifiedAt"])
        return line.modified_at


@dataclass(slots=True)
class _Differences:
    """Lines by their numbers: what a list lacks, has otherwise, has too much, and has."""

    added: list[Line] = field(default_factory=list)
    changed: dict[int, Line] = field(default_factory=dict)
    removed: list[int] = field(default_factory=list)
    same: dict[int, Line] = field(default_factory=dict)


def _listed(index: Index) -> Iterator[Line]:
    for entry in index.entries:
        summary = Summary(PackageName.parse(entry.name), entry.latest, entry.versions, entry.description)
        yield Line(summary, index.updated_at)


def _differences(lines: Iterable[tuple[int, Line]], wanted: Iterable[Line]) -> _Differences:
    known = {line.summary.name: (number, line) for number, line in lines}
    found = _Differences()
    for line in wanted:
        if line.summary.name not in known:
            found.added.append(line)
            continue
        number, before = known.pop(line.summary.name)
        same = (before.summary, before.shown) == (line.summary, line.shown)
        (found.same if same else found.changed)[number] = replace(line, modified_at=before.modified_at)
    found.removed = [number for number, _ in known.values()]
    return found


def _text_of(stats: os.stat_result) -> str:
    return " ".join(map(str, signature_of(stats)))
