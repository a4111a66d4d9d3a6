"""`rm`: an asset goes, and its folder with it."""

from __future__ import annotations

from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.rearranging.plan import Plan


def remove(project: Project, which: str) -> Plan:
    """Plan to unregister an asset and to delete its folder with all that is in it. Raises RequestError."""
    raise NotImplementedError
