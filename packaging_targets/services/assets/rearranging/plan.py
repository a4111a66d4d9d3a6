"""What a change of the workspace would do: looked at by people first, then applied, whole or not at all."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from typing import Any, Literal

from packaging_targets.errors import RequestError, legible
from packaging_targets.formats.assets.declared.registry import INDEX, Registry
from packaging_targets.services.assets.events import Listener, ignore
from packaging_targets.services.assets.project import ASSETS, Listing, Project
from packaging_targets.services.assets.rearranging.contents import Content, contents
from packaging_targets.services.assets.transaction import below_assets, changing, journal_of

Verb = Literal["remove", "quarantine", "restore", "gc"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen.

    `lines` tell it to people; `ids` are the assets; `moves` are folders and where they go, `deletes` folders that are
    deleted for good, all as paths in the project; `files` is everything in these folders but folders, `size` their
    bytes. `loses` says whether something cannot be had back. `seen` and `before` are the world that the plan is for,
    and `after` is the registry that it makes.
    """

    project: Project = field(repr=False)
    verb: Verb
    lines: tuple[str, ...]
    ids: tuple[int, ...]
    before: bytes = field(repr=False)
    after: Registry = field(repr=False)
    moves: tuple[tuple[str, str], ...] = ()
    deletes: tuple[str, ...] = ()
    seen: tuple[Content, ...] = field(default=(), repr=False)

    @property
    def files(self) -> tuple[Content, ...]:
        """All that goes along and is no folder."""
        return tuple(one for one in self.seen if not one.is_folder)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.size for one in self.files)

    @property
    def loses(self) -> bool:
        """Whether something is deleted."""
        return bool(self.deletes)

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that are moved or deleted."""
        return (*(source for source, _ in self.moves), *self.deletes)

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        return {
            "asset_ids": list(self.ids),
            "deletes": [legible(path) for path in self.deletes],
            "files": [{"path": legible(one.path), "size": one.size} for one in self.files],
            "lines": list(self.lines),
            "moves": [{"from": legible(source), "to": legible(target)} for source, target in self.moves],
            "size": self.size,
            "verb": self.verb,
        }


def apply(plan: Plan, listener: Listener = ignore) -> None:
    """Do what the plan says.

    Raises RequestError where the registry or the folders are not as the plan saw them, AssetsError where the registry
    cannot be read any more, and BuildError where a folder cannot be moved or deleted; nothing has changed then.
    """
    project = plan.project
    with changing(project, listener) as operation:
        _check_unchanged(plan)
        journal = journal_of(project)
        for source, target in plan.moves:
            journal.move(below_assets(source), below_assets(target))
        for path in plan.deletes:
            journal.remove(below_assets(path))
        if (after := plan.after.to_bytes()) != plan.before:
            journal.write(INDEX, after)
        if plan.verb == "quarantine":
            for source in plan.folders:
                # How long it has been there is its age for `gc`. What cannot be marked cannot be moved: that is told.
                with contextlib.suppress(OSError):
                    os.utime(project.path(source))
        journal.commit()
        for line in plan.lines:
            operation.tell("action_applied", line, plan.folders)


def _check_unchanged(plan: Plan) -> None:
    same = Listing(plan.project, {}).read(f"{ASSETS}/{INDEX}") == plan.before
    if not same or contents(plan.project, plan.folders) != plan.seen:
        what = f"the registry, or a file in {', '.join(f'`{legible(path)}`' for path in plan.folders)}, has changed"
        where = f"{ASSETS}/{INDEX}"
        raise RequestError.one(f"{what} since it was looked at", where, "look at the new preview, then apply that")
