"""Which files of a folder are packed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging_targets.errors import Problem
    from packaging_targets.formats.aam.manifest import AgentManifest


@dataclass(frozen=True, slots=True)
class Selection:
    """The files that are packed, by the UTF-8 bytes of their paths, and what is wrong with them."""

    paths: tuple[str, ...]
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def select(files: Mapping[str, str | None], manifest: AgentManifest, folder: str = "") -> Selection:
    """Return what of `files` (path to where a symbolic link leads, None for a file) is packed.

    Paths are relative to the package's folder, which `folder` is called in messages.
    """
    raise NotImplementedError
