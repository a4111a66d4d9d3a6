"""A step of a build as data, and what it made.

Only these values reach doit and its worker processes: a rule's functions live in modules that a spawned worker
cannot import, so a rule describes what is to be done and a *kind* (`packaging_targets.build.kinds`) does it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, Self

from packaging_targets.model.manifest import Entry, Manifest, SourceInfo, SourceReader

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from packaging_targets.errors import Problem
    from packaging_targets.model.digest import Digest

RULE_FILE = "@"
"""Inputs that start so are files of a rule: `@service/python.Dockerfile.j2`. All others are workspace paths."""

FOLDER = "/"
"""Outputs and inputs that end so are folders: which files are in them is found out when the action has run."""


def folders_around(path: str, known: Container[str]) -> Iterator[str]:
    """Yield the folders in `known` that a path lies in; a folder does not lie in itself."""
    head = path.removesuffix(FOLDER).rpartition("/")[0]
    while head:
        if (folder := head + FOLDER) in known:
            yield folder
        head = head.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Action:
    """A step: `kind` does `params` to `inputs` and makes `outputs`.

    `kind` carries a version (`tar/1`), raised whenever the same inputs would give other bytes. Paths are
    relative to the workspace root, or name a rule's file (see `RULE_FILE`); those of folders end in `/`, and several
    actions of one target may make files in one. `params` is a JSON value. `name` tells
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

    def with_files(self, files: Mapping[str, Sequence[str]]) -> Action:
        """Return the action with the files of folders in place of these: in its inputs, and in its manifest.

        Raises ValueError where the files of a folder do not go together with what else the manifest holds.
        """
        inputs = tuple(dict.fromkeys(path for one in self.inputs for path in files.get(one, (one,))))
        params = dict(self.params)
        if "manifest" in params:
            params["manifest"] = Manifest.from_json(params["manifest"]).with_files(files).to_json()
        return replace(self, inputs=inputs, params=params)

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


class Blob(Protocol):
    """A new file that will be named by the SHA-256 of its bytes. It is whole when its `with` block has ended."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def write(self, data: bytes | bytearray | memoryview, /) -> object:
        """Add bytes."""
        ...

    @property
    def digest(self) -> Digest:
        """The digest of what was written; known after the `with` block."""
        ...

    @property
    def size(self) -> int:
        """How many bytes were written."""
        ...


class Step(SourceReader, Protocol):
    """What an action kind may do while it runs: read declared inputs, write declared outputs, keep a log."""

    def info(self, path: str) -> SourceInfo:
        """Describe the declared input `path`."""
        ...

    def open(self, path: str) -> BinaryIO:
        """Open the declared input `path`."""
        ...

    def create(self, path: str, *, executable: bool = False) -> BinaryIO:
        """Open the declared output `path`, or a file in a declared folder, for writing.

        Nothing is in its place until the action has succeeded.
        """
        ...

    def create_blob(self, folder: str) -> Blob:
        """Open a new file in the declared folder, which ends in `/`: its name will be the SHA-256 of its bytes."""
        ...

    def previous(self, path: str) -> bytes | None:
        """Return what stands at the declared output `path` now, for kinds that keep what a person wrote there."""
        ...

    def log(self, text: str) -> None:
        """Add to the action's log, which is shown when the action fails."""
        ...

    def warn(self, problem: Problem) -> None:
        """Tell people of what does not stop the action; it is not said again where the result is restored."""
        ...
