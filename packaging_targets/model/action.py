"""A step of a build as data, and what it made.

Only these values reach doit and its worker processes: a rule's functions live in modules that a spawned worker
cannot import, so a rule describes what is to be done and a *kind* (`packaging_targets.build.kinds`) does it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from packaging_targets.model.manifest import Entry, Manifest, SourceInfo, SourceReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RULE_FILE = "@"
"""Inputs that start so are files of a rule: `@service/python.Dockerfile.j2`. All others are workspace paths."""


@dataclass(frozen=True, slots=True)
class Action:
    """A step: `kind` does `params` to `inputs` and makes `outputs`.

    `kind` carries a version (`tar/1`), raised whenever the same inputs would give other bytes. Paths are
    relative to the workspace root, or name a rule's file (see `RULE_FILE`). `params` is a JSON value. `name` tells
    a target's actions apart and is empty where a target has but one; `title` is for people and counts nowhere.
    """

    kind: str
    params: Mapping[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    name: str = ""
    title: str = field(default="", compare=False)

    @classmethod
    def pack(
        cls,
        kind: str,
        contents: Manifest | Iterable[Entry],
        *outputs: str,
        name: str = "",
        title: str = "",
        **params: Any,
    ) -> Action:
        """Return an action that packs what a manifest says, or entries, which make one: its sources are the inputs.

        Raises ValueError where entries do not go together.
        """
        manifest = contents if isinstance(contents, Manifest) else Manifest.of(contents)
        return cls(kind, {"manifest": manifest.to_json(), **params}, manifest.sources, outputs, name, title)

    def to_json(self) -> dict[str, Any]:
        """Return the action as a JSON value."""
        return {
            "kind": self.kind,
            "params": dict(self.params),
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "name": self.name,
            "title": self.title,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Action:
        """Return the action that `to_json` described."""
        return cls(
            value["kind"],
            value["params"],
            tuple(value["inputs"]),
            tuple(value["outputs"]),
            value["name"],
            value["title"],
        )


class Step(SourceReader, Protocol):
    """What an action kind may do while it runs: read declared inputs, write declared outputs, keep a log."""

    def info(self, path: str) -> SourceInfo:
        """Describe the declared input `path`."""
        ...

    def open(self, path: str) -> BinaryIO:
        """Open the declared input `path`."""
        ...

    def create(self, path: str, *, executable: bool = False) -> BinaryIO:
        """Open the declared output `path` for writing. Nothing is in its place until the action has succeeded."""
        ...

    def previous(self, path: str) -> bytes | None:
        """Return what stands at the declared output `path` now, for kinds that keep what a person wrote there."""
        ...

    def log(self, text: str) -> None:
        """Add to the action's log, which is shown when the action fails."""
        ...
