"""`rm`: an asset goes, and its folder with it."""

from __future__ import annotations

from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.rearranging.plan import Plan
from packaging_targets.services.assets.rearranging.planning import planned, standing
from packaging_targets.services.assets.transaction import planning


def remove(project: Project, which: str) -> Plan:
    """Plan to unregister an asset and to delete its folder with all that is in it.

    Raises RequestError where its folder is not there, has the UUID of another asset, or holds one.
    """
    with planning(project):
        catalogue, asset = standing(project, which)
        return planned(
            catalogue,
            "remove",
            [asset],
            catalogue.registry.forgotten(asset.asset_id),
            [f"unregister `{asset.name or asset.root}`, whose id {asset.asset_id} is not given again"],
            {asset.root: None},
        )
