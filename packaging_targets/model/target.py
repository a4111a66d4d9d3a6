"""A target: one entry of a target file, with its fields checked and its defaults filled in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging_targets.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging_targets.model.label import Label


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a file: a workspace-relative path and a line, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Target:
    """One entry of a target file.

    `fields` holds what the rule's schema describes, defaults included. `deps` are the labels of all fields
    that take labels, in order. `where` is not part of a target's identity: a moved entry is the same entry.
    `globs` are those of all fields that find sources, each with the path of its field, and has to match something;
    a default of the rule's has an empty path, and may match nothing.
    """

    label: Label
    rule: str
    fields: Mapping[str, Any]
    deps: tuple[Label, ...] = ()
    where: Where = field(default=Where("", 0), compare=False)
    globs: tuple[tuple[str, str], ...] = ()

    @property
    def patterns(self) -> tuple[str, ...]:
        """The globs by which sources are found."""
        return tuple(glob for glob, _ in self.globs)

    @property
    def identity(self) -> str:
        """A digest of all of the entry that can matter to what is built."""
        fields = {name: value for name, value in self.fields.items() if name != "description"}
        said = [self.rule, fields, list(map(str, self.deps)), self.globs]
        # TOML has numbers and dates that canonical JSON has not; what is written here is compared on this machine only.
        return Digest.of(json.dumps(said, sort_keys=True, default=str).encode()).hex
