"""What becomes of a project's files when a bundle comes or goes."""

from __future__ import annotations

from dataclasses import dataclass, field

from packaging_targets.errors import Problem, legible
from packaging_targets.services.aam.installing.deploying.records import Key, Record
from packaging_targets.services.aam.installing.deploying.standing import Standing


@dataclass(slots=True)
class Deployed:
    """A bundle that comes or goes: what its files become (None: they are gone), and what will be known of it.

    `replaced` are those of the files that were there before. A version is empty where the bundle goes.
    """

    name: str
    version: str
    target: str
    files: dict[str, bytes | None] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)
    executables: set[str] = field(default_factory=set)
    records: dict[Key, Record | None] = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def put(self, standing: Standing, path: str, data: bytes | None, *, executable: bool = False) -> None:
        """Let a file hold something, or be gone."""
        place, before = standing.place(path), standing.data(path)
        if data == before:
            return
        self.files[place] = data
        if before is not None:
            self.replaced.add(place)
        if executable:
            self.executables.add(place)
        standing.put(path, data)

    def warn(self, path: str, what: str, fix: str) -> None:
        """Say what people should know, but need not do anything about."""
        self.warnings.append(Problem(legible(path), what, fix))
