"""What a list in a database has otherwise than the folder whose packages it lists.

Lines are read first, and the folder after them. So what the folder says is as new as a line or newer, and a line that
somebody has written in between is newer than both: it stays.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import Connection

from packaging_targets.errors import RegistryError
from packaging_targets.formats.aam.documents.index import Index
from packaging_targets.formats.aam.documents.meta import MAX_META
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.times import parse_time
from packaging_targets.registry.aam.database.lines import Line, Numbered, Row, line_of, row_of, rows_among, write_lines
from packaging_targets.registry.aam.folder.tree import Tree
from packaging_targets.registry.aam.protocol import Summary

_MODIFIED = re.compile(rb'\n  "modifiedAt": "([^"\n]*)"')  # as we write it; within a version it stands further right


@dataclass(slots=True)
class Differences:
    """By name: the lines that are wanted, None for none, and the rows that were there in their place."""

    wanted: dict[str, Line | None] = field(default_factory=dict)
    there: dict[str, Numbered] = field(default_factory=dict)

    def note(self, name: str, wanted: Line | None, there: Numbered | None) -> None:
        """Note the line that a package is to have, if it has another one."""
        if (None if wanted is None else row_of(wanted)) != (None if there is None else there[1]):
            self.wanted[name] = wanted
            if there is not None:
                self.there[name] = there

    def write(self, connection: Connection, names: Sequence[str]) -> None:
        """Let packages have their lines, but for those whose line somebody has changed since."""
        added, changed, removed = [], {}, []
        now = rows_among(connection, names)
        for name in names:
            line, there = self.wanted[name], now.get(name)
            if there != self.there.get(name):
                continue
            if there is None:
                added += [line] if line else []
            elif line is None:
                removed.append(there[0])
            else:
                changed[there[0]] = line
        write_lines(connection, added, changed, removed)


def of_some(tree: Tree, rows: Mapping[str, Numbered], names: Iterable[PackageName]) -> Differences:
    """Compare some packages, by their meta.json; those of which nothing can be known stay as they are."""
    found = Differences()
    for name in names:
        with suppress(RegistryError):
            metadata = tree.metadata(name.folder)
            is_it = metadata is not None and metadata.name == name
            found.note(str(name), line_of(metadata) if metadata and is_it else None, rows.get(str(name)))
    return found


def of_all(tree: Tree, rows: Mapping[str, Numbered], index: Index, since: int) -> Differences:
    """Compare all packages with an index.json; `since` are the nanoseconds of what has changed since the last time.

    Only the time of a package's newest event is not in index.json, so meta.json is asked for it.
    """
    found, listed = Differences(), set()
    for entry in index.entries:
        name, there = PackageName.parse(entry.name), rows.get(entry.name)
        listed.add(name.folder)
        at = _time_in(there[1]) if there else index.updated_at
        line = Line(Summary(name, entry.latest, entry.versions, entry.description), at)
        if there is None or row_of(line) != there[1] or _is_newer(tree.meta(name.folder), since):
            line = Line(line.summary, _modified_at(tree, name.folder, at))
        found.note(entry.name, line, there)
    hidden = {str(line.summary.name): line for line in _hidden(tree, listed)}
    for text, line in hidden.items():
        found.note(text, line, rows.get(text))
    for text in rows.keys() - hidden.keys() - {entry.name for entry in index.entries}:
        found.note(text, None, rows[text])
    return found


def changed_since(tree: Tree, since: int) -> Iterator[PackageName]:
    """Yield the packages whose meta.json is another file, or has another time, since some nanoseconds."""
    for entry in tree.entries(tree.packages):
        if _is_newer(tree.meta(entry.name), since):
            with suppress(RegistryError):
                metadata = tree.metadata(entry.name)
                if metadata is not None and metadata.name.folder == entry.name:
                    yield metadata.name


def _is_newer(path: str, since: int) -> bool:
    """Tell whether a file has changed: the time of that, unlike the one of its content, nobody sets."""
    try:
        return os.stat(path).st_ctime_ns >= since
    except OSError:
        return False


def _hidden(tree: Tree, listed: set[str]) -> Iterator[Line]:
    """Yield lines of the packages that are not in index.json, as all of their versions are yanked."""
    for folder in tree.folders():
        with suppress(RegistryError):
            metadata = None if folder in listed else tree.metadata(folder)
            if metadata is not None and metadata.name.folder == folder:
                yield Line(Summary(metadata.name, "", ()), metadata.modified_at, shown=False)


def _modified_at(tree: Tree, folder: str, otherwise: int) -> int:
    """Return the time of a package's newest event without reading all that meta.json says."""
    with suppress(RegistryError, ValueError):  # what is damaged is told by those who ask for it
        found = _MODIFIED.findall(tree.read(tree.meta(folder), MAX_META) or b"")
        return parse_time(found[-1].decode()) if found else _parsed_time(tree, folder, otherwise)
    return otherwise


def _parsed_time(tree: Tree, folder: str, otherwise: int) -> int:
    metadata = tree.metadata(folder)
    return otherwise if metadata is None else metadata.modified_at


def _time_in(row: Row) -> int:
    return row[4]
