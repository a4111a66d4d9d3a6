"""`doctor --fix`: what can be mended without a choice that is a person's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from packaging_targets.services.assets.events import Listener, ignore
from packaging_targets.services.assets.project import Project


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was done, and what was not and why, a sentence each, for people."""

    done: tuple[str, ...]
    left: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        raise NotImplementedError


def repair(project: Project, listener: Listener = ignore) -> Repaired:
    """Do what is safe and mechanical:

    - finish a change that was interrupted, or clear what it had begun;
    - record where assets are now that have been moved, as far as no two of them then share a folder;
    - write the registry in its one form.

    No asset.json is touched, nothing is registered, moved or deleted. Raises AssetsError where the registry cannot be
    read.
    """
    raise NotImplementedError
