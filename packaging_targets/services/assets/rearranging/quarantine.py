"""`quarantine`, `restore` and `gc`: assets out of the way, back again, or gone for good."""

from __future__ import annotations

from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.rearranging.plan import Plan


def quarantine(project: Project, which: str) -> Plan:
    """Plan to move an asset's folder to `assets/.prometeu/quarantine/<asset_id>`; it keeps its id. Raises RequestError."""
    raise NotImplementedError


def restore(project: Project, which: str, to: str = "") -> Plan:
    """Plan to move an asset out of quarantine, to where it was or to the folder `to`, and into the registry as it was.

    Raises RequestError where something stands there.
    """
    raise NotImplementedError


def gc(project: Project, older_than: int = 0) -> Plan:
    """Plan to delete what has been in quarantine for at least so many days; 0 deletes all of it."""
    raise NotImplementedError
