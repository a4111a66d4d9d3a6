"""`init`: a project gets a folder of assets and a registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from packaging_targets.services.assets.events import Listener, ignore
from packaging_targets.services.assets.project import Project


@dataclass(frozen=True, slots=True)
class Initialised:
    """The project, and the paths in it that were made: none where all was there."""

    project: Project
    made: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        raise NotImplementedError


def init(root: str, listener: Listener = ignore) -> Initialised:
    """Make `assets/` and its registry in a folder that is there; what is there already stays as it is.

    Raises RequestError inside another project, and where something else is in the way.
    """
    raise NotImplementedError
