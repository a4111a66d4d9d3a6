"""`quarantine`, `restore` and `gc`: assets out of the way, back again, or gone for good."""

from __future__ import annotations

import os
import time

from packaging_targets.errors import RequestError, legible
from packaging_targets.formats.assets.declared.registry import FOLDER
from packaging_targets.services.assets.project import ASSETS, Project
from packaging_targets.services.assets.reading.finding import find_asset, folders_named
from packaging_targets.services.assets.reading.listing import Catalogue, ListedAsset
from packaging_targets.services.assets.rearranging.plan import Plan
from packaging_targets.services.assets.rearranging.planning import has_folder, planned, standing
from packaging_targets.services.assets.registering.places import check_apart
from packaging_targets.services.assets.transaction import QUARANTINE, below_assets, planning

_DAY = 86_400


def quarantine(project: Project, which: str) -> Plan:
    """Plan to move an asset's folder to `assets/.prometeu/quarantine/<asset_id>`; it keeps its id.

    Raises RequestError where its folder is not there, has the UUID of another asset, or holds one.
    """
    with planning(project):
        catalogue, asset = standing(project, which)
        registry = catalogue.registry.moved({asset.asset_id: below_assets(asset.root)}).quarantined(asset.asset_id)
        lines = [f"put `{asset.name or asset.root}` ({asset.asset_id}) into quarantine; it is not built any more"]
        place = f"{QUARANTINE}/{asset.asset_id}"
        return planned(catalogue, "quarantine", [asset], registry, lines, {asset.root: place})


def restore(project: Project, which: str, to: str | None = None) -> Plan:
    """Plan to move an asset out of quarantine, to where it was or to the folder `to`, and into the registry as it was.

    Raises RequestError where something stands there, or where that lies in another asset.
    """
    with planning(project):
        catalogue = Catalogue.of(project.listing())
        asset = find_asset(project, catalogue.assets, which, {"quarantined"})
        if not has_folder(project, asset):
            what = f"`{asset.root}` is not there: the asset {asset.asset_id} cannot be restored"
            raise RequestError.one(what, asset.root, "bring the folder back, or let it be gone: packaging assets gc")
        target = _target(project, asset, to)
        check_apart(catalogue, target)
        registry = catalogue.registry.restored(asset.asset_id).moved({asset.asset_id: below_assets(target)})
        lines = [f"take `{asset.name or asset.home}` ({asset.asset_id}) out of quarantine"]
        return planned(catalogue, "restore", [asset], registry, lines, {asset.root: target})


def gc(project: Project, older_than: int = 0) -> Plan:
    """Plan to delete what has been in quarantine for at least so many days; 0 deletes all of it."""
    with planning(project):
        catalogue = Catalogue.of(project.listing())
        held = [asset for asset in catalogue.assets if asset.state == "quarantined"]
        old = [asset for asset in held if _age(project, asset) >= older_than * _DAY]
        registry = catalogue.registry.discarded(*(asset.asset_id for asset in old))
        lines = [f"forget `{asset.name or asset.home}`, whose id {asset.asset_id} is not given again" for asset in old]
        going = {asset.root: None for asset in old if has_folder(project, asset)}
        return planned(catalogue, "gc", old, registry, lines, going)


def _target(project: Project, asset: ListedAsset, to: str | None) -> str:
    """Return where an asset goes back to."""
    named = [asset.home] if to is None else folders_named(project, to)
    places = [path for path in named if path.startswith(f"{ASSETS}/")]
    if not places or FOLDER in places[0].split("/"):
        shown = legible(to or "")
        raise RequestError.one(f"`{shown}` is no folder below `{ASSETS}`", shown)
    longest = os.pathconf(project.path(ASSETS), "PC_NAME_MAX")
    if any(len(os.fsencode(part)) > longest for part in places[0].split("/")):
        shown = legible(places[0])
        raise RequestError.one(f"`{shown}` has a name of more than {longest} bytes", shown, "choose a shorter one")
    if os.path.lexists(project.path(places[0])):
        shown = legible(places[0])
        raise RequestError.one(f"`{shown}` is taken", shown, "move it away, or restore to another folder: --to")
    return places[0]


def _age(project: Project, asset: ListedAsset) -> float:
    """Return the seconds since it was put there; what is not there has no age that could protect it."""
    try:
        return time.time() - os.lstat(project.path(asset.root)).st_mtime
    except FileNotFoundError:
        return float("inf")
