"""A project of assets at a glance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_args

from packaging_targets.formats.assets.declared.declaration import Asset
from packaging_targets.services.assets.project import Listing, Project
from packaging_targets.services.assets.reading.listing import Catalogue, ListedAsset, State
from packaging_targets.services.assets.transaction import looking


@dataclass(frozen=True, slots=True)
class AssetSummary:
    """A registered asset; `last_modified` is when its asset.json or an input changed last, in seconds since 1970.

    It is 0 where the asset.json is not there; inputs count as far as the asset is built.
    """

    asset_id: int
    asset_name: str
    asset_family: str
    artifacts: int
    last_modified: int

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Summary:
    """How many assets are in each state, how many of them are built, how many diagnostics there are, and the assets."""

    states: Mapping[State, int]
    included: int
    blocking: int
    advisory: int
    assets: tuple[AssetSummary, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        return {
            "advisory": self.advisory,
            "assets": [asset.to_json() for asset in self.assets],
            "blocking": self.blocking,
            "included": self.included,
            "states": dict(self.states),
        }


def summary(project: Project) -> Summary:
    """Return the project at a glance. Raises AssetsError where the registry cannot be read."""
    with looking(project) as interrupted:
        listing = project.listing()
        catalogue = Catalogue.of(listing)
    counts = Counter(asset.state for asset in catalogue.assets)
    states: tuple[State, ...] = get_args(State)
    registered = [asset for asset in catalogue.assets if asset.state not in {"unregistered", "quarantined"}]
    built = {asset.asset_id: asset for asset in catalogue.checked.assets}
    return Summary(
        states={state: counts[state] for state in states},
        included=sum(asset.included for asset in registered),
        blocking=len(catalogue.checked.blocking) + len(interrupted),
        advisory=len(catalogue.checked.advisory),
        assets=tuple(_summary(asset, built.get(asset.asset_id), listing) for asset in registered),
    )


def _summary(asset: ListedAsset, built: Asset | None, listing: Listing) -> AssetSummary:
    files = [asset.file, *(built.inputs if built is not None else ())]
    modified = [listing.files[file].modified for file in files if file in listing.files]
    return AssetSummary(asset.asset_id, asset.name, asset.type, asset.artifacts, max(modified, default=0))
