"""A change behind its point of no return: going on with it, and taking it back."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from packaging_targets.errors import IntegrityError, legible
from packaging_targets.store.journal.disk import is_inside, mark_of, sync_folder
from packaging_targets.store.journal.steps import Kind, Step

_KINDS: Mapping[str, Kind] = {kind: kind for kind in get_args(Kind)}
Touch = Callable[[str], bool]
"""Tells whether a change may touch a path, which is relative to the root."""
_FILE_LIMIT = 64 << 20
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # no link, and no FIFO that waits
_TRASH = re.compile(r"trash-[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class Decided:
    """A change below `root`: folders to be made, those above others first, and steps; then `trash` is deleted.

    All paths are absolute. The steps are done in their order, and taken back from the last one on.
    """

    root: str
    trash: str
    folders: tuple[str, ...]
    steps: tuple[Step, ...]

    def to_bytes(self, mark: str) -> bytes:
        """Return it as JSON for the file that `mark` tells from all others, with paths relative to the root."""
        steps = [
            [one.kind, *map(self._shown, (one.source, one.target, one.kept)), one.what, one.was] for one in self.steps
        ]
        folders = [self._shown(folder) for folder in self.folders]
        value = {"mark": mark, "trash": os.path.basename(self.trash), "folders": folders, "steps": steps}
        return json.dumps(value).encode()

    @classmethod
    def read(cls, file: str, root: str, may_touch: Touch) -> Decided:
        """Read what `to_bytes` gave to `file`, which may come from anybody. Raises OSError.

        Raises IntegrityError where it is damaged, names what is not for it to change, or is not the file that was
        written: whoever copies a project, or lets others clone one, gives them no orders.
        """
        with open(os.open(file, _READING), "rb") as stream:
            mark = mark_of(os.fstat(stream.fileno()))
            raw = stream.read(_FILE_LIMIT)
        shown = legible(os.path.relpath(file, root))
        try:
            value = json.loads(raw)
            trash = os.path.join(os.path.dirname(file), _trash(value["trash"]))
            folders = tuple(os.path.join(root, _text(path)) for path in value["folders"])
            decided = cls(root, trash, folders, tuple(_step(row, root) for row in value["steps"]))
        except (ValueError, TypeError, LookupError, RecursionError):
            fix = "see what is in its folder, then remove it"
            raise IntegrityError.one(f"`{shown}` is damaged", shown, fix) from None
        for path in decided._strange(os.path.dirname(file), may_touch):
            what = f"`{shown}` names `{legible(path)}`, which is not for it to change"
            raise IntegrityError.one(what, shown, "remove it: it is not from here")
        if value.get("mark") != mark:
            what = f"`{shown}` was not written here, but came with a copy or a clone, and is not followed"
            raise IntegrityError.one(what, shown, "see what is in its folder, then remove that")
        return decided

    def _strange(self, own: str, may_touch: Touch) -> Iterator[str]:
        """Yield the paths that this may not change; what lies in the journal's `own` folder is its own."""
        targets = [step.target for step in self.steps]
        for folder in self.folders:
            if not _is_for_us(folder, self.root) or not any(is_inside(path, folder) for path in targets):
                yield folder
        for step in self.steps:
            for path in filter(None, (step.source, step.target, step.kept)):
                touched = is_inside(path, own) or may_touch(os.path.relpath(path, self.root))
                if not _is_for_us(path, self.root) or not touched:
                    yield path

    def is_as_decided(self) -> bool:
        """Tell whether all that is still to be done finds what it was decided over."""
        blocked = any(os.path.lexists(folder) and not os.path.isdir(folder) for folder in self.folders)
        leaving = {one.source for one in self.steps if one.kind == "remove" and not one.has_been_done()}
        return not blocked and not any(self._changed(one, leaving) for one in self.steps)

    def _changed(self, step: Step, leaving: set[str]) -> bool:
        """Tell whether a step does not find what it was decided over; what is `leaving` may still be in its place."""
        path = step.changed()
        return bool(path) and not (step.kind == "move" and path == step.target and path in leaving)

    def go_on(self) -> None:
        """Do all that has not been done yet. Raises OSError, also where somebody gets in between."""
        for folder in self.folders:
            os.makedirs(folder, exist_ok=True)
        for step in self.steps:
            step.do()
        self._sync()

    def in_the_way(self) -> list[str]:
        """Return where somebody's work stands, which taking this back would overwrite or lose."""
        ours = {one.target for one in self.steps if one.kind == "move" and one.has_been_done()}
        return [self._shown(path) for one in self.steps if (path := one.obstacle()) and path not in ours]

    def done(self) -> Iterator[str]:
        """Yield where everything is that has been moved, a phrase each, for people."""
        for one in self.steps:
            if one.has_been_done() and (one.kept or one.kind != "write"):
                was = one.target if one.kept else one.source
                now = f"kept as `{self._shown(one.kept)}`" if one.kept else f"`{self._shown(one.target)}` now"
                yield legible(f"what was `{self._shown(was)}` is {now}")

    def has_begun(self) -> bool:
        """Tell whether there is anything to take back but empty folders."""
        return any(one.to_undo() for one in self.steps)

    def take_back(self) -> None:
        """Undo what has been done. Raises OSError."""
        for step in reversed(self.steps):
            if step.to_undo():
                step.undo()
        for folder in reversed(self.folders):
            with contextlib.suppress(OSError):  # others may have put something there
                os.rmdir(folder)
        self._sync()

    def _sync(self) -> None:
        """Let it outlive a power cut. Folders that are not there have nothing to keep."""
        folders = {os.path.dirname(path) for one in self.steps for path in (one.source, one.target)}
        for folder in sorted(folders | {os.path.dirname(folder) for folder in self.folders}):
            with contextlib.suppress(FileNotFoundError):
                sync_folder(folder)

    def _shown(self, path: str) -> str:
        return os.path.relpath(path, self.root) if path else ""


def _is_for_us(path: str, root: str) -> bool:
    if "\0" in path or os.path.basename(path) in {"", ".", ".."}:
        return False
    return is_inside(os.path.realpath(os.path.dirname(path)), root)


def _step(row: Any, root: str) -> Step:
    kind, source, target, kept, what, was = map(_text, row)
    ends = os.path.join(root, source), os.path.join(root, target)
    return Step(_KINDS[kind], *ends, what, was, os.path.join(root, kept) if kept else "")


def _trash(value: Any) -> str:
    if not _TRASH.fullmatch(value):
        raise ValueError
    return _text(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
