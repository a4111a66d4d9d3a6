"""A target: one entry of a target file, with its fields checked and its defaults filled in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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
    """

    label: Label
    rule: str
    fields: Mapping[str, Any]
    deps: tuple[Label, ...] = ()
    where: Where = field(default=Where("", 0), compare=False)
