"""All that there is to know of one asset."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from packaging_targets.errors import IntegrityError, RequestError, legible
from packaging_targets.formats.assets.diagnostics import Diagnostic
from packaging_targets.formats.assets.entries import AssetEntry
from packaging_targets.formats.assets.pack import deal_slots
from packaging_targets.services.assets.building.record import PACK
from packaging_targets.services.assets.project import Listing, Project
from packaging_targets.services.assets.reading.finding import REGISTERED, find_asset
from packaging_targets.services.assets.reading.listing import Catalogue, ListedAsset
from packaging_targets.services.assets.reading.packs import look_into
from packaging_targets.services.assets.transaction import QUARANTINE, looking


@dataclass(frozen=True, slots=True)
class Input:
    """A file that an asset is made of: its path in the project, its role, and its size in bytes (None: not there)."""

    path: str
    role: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Details:
    """One asset.

    `file` is its asset.json, as a path in the project, and `declaration` what stands in it (None where that is no JSON
    object); `slot` is the one that the next build gives it at boot, None where it is not preloaded; `packed` is its row
    in the last `build/assets.pa`, None where that does not hold it; `fault` says why that cannot be read, if it is
    there.
    """

    asset: ListedAsset
    file: str
    declaration: Mapping[str, Any] | None
    inputs: tuple[Input, ...]
    diagnostics: tuple[Diagnostic, ...]
    slot: int | None
    packed: AssetEntry | None
    fault: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        return {
            "asset": self.asset.to_json(),
            "declaration": self.declaration,
            "diagnostics": [one.to_json() for one in self.diagnostics],
            "fault": self.fault,
            "file": legible(self.file),
            "inputs": [{**asdict(one), "path": legible(one.path)} for one in self.inputs],
            "packed": None if self.packed is None else json.loads(self.packed.spelling),
            "slot": self.slot,
        }


def details(project: Project, which: str) -> Details:
    """Return all of the asset that `which` names: see `finding`; unregistered and quarantined ones too.

    Raises RequestError where there is none, and AssetsError where the registry cannot be read.
    """
    with looking(project) as interrupted:
        catalogue = Catalogue.of(project.listing())
        asset = find_asset(project, catalogue.assets, which, REGISTERED | {"unregistered", "quarantined"})
        declaration = catalogue.declaration_of(asset)
        packed, fault = _packed(project, asset)
        return Details(
            asset=asset,
            file=asset.file,
            declaration=declaration or None,
            inputs=tuple(_inputs(catalogue.listing, asset, declaration)),
            diagnostics=(*interrupted, *catalogue.about(asset)),
            slot=_slot(catalogue, asset),
            packed=packed,
            fault=fault,
        )


def _inputs(listing: Listing, asset: ListedAsset, declaration: Mapping[str, Any]) -> Iterator[Input]:
    roles = declaration.get("inputs")
    for role, paths in roles.items() if isinstance(roles, dict) else ():
        for path in paths if isinstance(paths, list) else ():
            if isinstance(path, str) and ".." not in path.split("/"):
                yield Input(f"{asset.root}/{path}", role, _size(listing, f"{asset.root}/{path}"))


def _size(listing: Listing, path: str) -> int | None:
    """Return how large an input is, if a build would find it: links are no files, and lead to none."""
    if path.startswith(f"{QUARANTINE}/"):  # what lies there is in no listing
        place = listing.project.path(path)
        return os.path.getsize(place) if os.path.isfile(place) and not os.path.islink(place) else None
    found = listing.files.get(path)
    return None if found is None or found.link is not None else found.size


def _slot(catalogue: Catalogue, asset: ListedAsset) -> int | None:
    """Return the slot that the next build gives an asset, if it is preloaded."""
    preloaded = ((one.asset_id, one.made.bank_type) for one in catalogue.checked.assets if one.preload)
    return next((row.slot for row in deal_slots(preloaded) if row.asset_id == asset.asset_id), None)


def _packed(project: Project, asset: ListedAsset) -> tuple[AssetEntry | None, str]:
    """Return the row of an asset in the last pack, and why that cannot be read, if it is there."""
    place = project.path(PACK)
    try:
        entries = look_into(place).entries
    except (RequestError, IntegrityError) as error:
        return None, error.problems[0].what.replace(place, PACK) if os.path.lexists(place) else ""
    return next((entry for entry in entries if entry.asset_id == asset.asset_id), None), ""
