"""`forget`, `include`, `exclude`: which assets are registered, and which of them are built. No asset's file changes."""

from __future__ import annotations

from packaging_targets.services.assets.events import Listener, ignore
from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.registering.results import Changed


def forget(project: Project, which: str, listener: Listener = ignore) -> Changed:
    """Take an asset out of the registry; its folder stays, its id is never given again. Raises RequestError."""
    raise NotImplementedError


def include(project: Project, which: str, listener: Listener = ignore) -> Changed:
    """Take an asset into the build. Raises RequestError."""
    raise NotImplementedError


def exclude(project: Project, which: str, listener: Listener = ignore) -> Changed:
    """Take an asset out of the build; it keeps its id. Raises RequestError."""
    raise NotImplementedError
