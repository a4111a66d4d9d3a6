"""Outputs that no action makes any longer: what is as it was made is removed, what is a person's stays.

A file is a person's if somebody changed it, if its kind keeps what people write there and finds that they did, or if
a target names it as something that it takes as it stands (`Context.adopt`).
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging_targets.build.kinds import KINDS
from packaging_targets.errors import legible
from packaging_targets.model.action import FOLDER, folders_around
from packaging_targets.store.states import examine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging_targets.build.kinds import Kind
    from packaging_targets.build.world import World
    from packaging_targets.store.records import Records

_PERSONS = "p"
"""In place of a state: whatever the file is, it stays."""


@dataclass(slots=True)
class Removal:
    """What became of orphans, by workspace path: `removed` are gone, `kept` are a person's.

    `replaced` are gone from folders that are outputs still: what lies in these changes with every run.
    """

    removed: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def add(self, other: Removal) -> None:
        """Add what became of more orphans."""
        self.removed += other.removed
        self.kept += other.kept
        self.replaced += other.replaced


def is_disposable(kind: Kind, path: str) -> bool:
    """Tell whether an output of this kind of action holds nothing that a person wrote, as far as its kind can tell."""
    if not kind.guarded:
        return True
    try:
        with open(path, "rb") as file:
            return kind.is_disposable(file.read())
    except OSError:
        return False


def left_by(kind_name: str, outputs: Mapping[str, str]) -> dict[str, str]:
    """Return what is to be recorded of the outputs of an action of this kind that is gone."""
    kind = KINDS.get(kind_name)  # of an earlier version of ours, maybe
    files = {path: state for path, state in outputs.items() if not path.endswith(FOLDER)}
    if kind is None or not kind.guarded:
        return files
    return {path: _state_of(kind, path, state) for path, state in files.items()}


def _state_of(kind: Kind, path: str, recorded: str) -> str:
    if not is_disposable(kind, path):
        return _PERSONS
    # A build that was killed could not write the state down; but the kind knows its own.
    return recorded or examine(path)[0]


def remove_orphans(records: Records, world: World, out: str, *, in_the_way: bool = False) -> Removal:
    """Remove the orphans in the records that are still as they were made; `out` is the folder for outputs.

    `in_the_way` takes only those that stand where an output needs a folder, or in a folder where it is a file.
    """
    found = Removal()
    folders = records.outputs.folders()
    for path, state in records.outputs.orphans():
        if in_the_way and not _is_in_the_way(records, path):
            continue
        now = examine(path)[0]
        # Without a state, a build was killed after it had put this there and before it could write that down.
        unrecorded = not state and path.startswith(f"{out}/") and now[0] in "fx"
        if records.targets.is_read(path):
            pass  # whoever names it knows that it is there
        elif now == state or unrecorded:
            os.remove(path)
            _remove_empty_folders(os.path.dirname(path))
            (found.replaced if any(folders_around(path, folders)) else found.removed).append(path)
        elif now != "-" and f"{path}{FOLDER}" not in folders:  # an output that has become a folder
            found.kept.append(path)
        records.outputs.drop_orphan(path)
        world.drop(path)
    return found


def _is_in_the_way(records: Records, path: str) -> bool:
    above = [path[:at] for at, char in enumerate(path) if char == "/"]
    return bool(records.outputs.makers_within(f"{path}/") or records.outputs.among(above))


def remove_strays(records: Records, folders: Iterable[str]) -> list[str]:
    """Remove what lies in folders that are outputs and was made by no action; return the paths.

    A build that was killed may have left it, or somebody put it there: such a folder is the build's alone.
    """
    found = {folder: set(_files(folder)) - records.outputs.within(folder).keys() for folder in folders}
    strays = sorted(path for paths in found.values() for path in paths)
    for path in strays:
        os.remove(path)
        _remove_empty_folders(os.path.dirname(path))
    return list(map(legible, strays))  # names may be any bytes


def _files(folder: str) -> Iterator[str]:
    """Yield all in a folder, at any depth, that is no folder. What a link in its place leads to is not the build's."""
    if os.path.islink(folder.removesuffix(FOLDER)):
        return
    for at, folders, files in os.walk(folder.removesuffix(FOLDER)):
        yield from (f"{at}/{name}" for name in (*files, *(one for one in folders if os.path.islink(f"{at}/{one}"))))


def _remove_empty_folders(folder: str) -> None:
    with contextlib.suppress(OSError):
        while folder:
            os.rmdir(folder)
            folder = os.path.dirname(folder)
