"""What a change of the workspace would do: looked at by people first, then applied, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from packaging_targets.services.assets.events import Listener, ignore
from packaging_targets.services.assets.project import Project

Verb = Literal["remove", "quarantine", "restore", "gc"]


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file that goes along: its path in the project now, and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen.

    `lines` tell it to people; `ids` are the assets; `moves` are folders and where they go, `deletes` folders that are
    deleted for good, all as paths in the project; `files` is everything in these folders, `size` their bytes. `loses`
    says whether something cannot be had back.
    """

    project: Project = field(repr=False)
    verb: Verb
    lines: tuple[str, ...]
    ids: tuple[int, ...]
    moves: tuple[tuple[str, str], ...] = ()
    deletes: tuple[str, ...] = ()
    files: tuple[PlannedFile, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def loses(self) -> bool:
        """Whether something is deleted."""
        return bool(self.deletes)

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        raise NotImplementedError


def apply(plan: Plan, listener: Listener = ignore) -> None:
    """Do what the plan says.

    Raises RequestError, and changes nothing, where the registry or the folders are not as the plan saw them.
    """
    raise NotImplementedError
