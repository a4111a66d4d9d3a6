"""How a plan is made: which folder is an asset's, and what people are told."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging_targets.errors import RequestError, legible
from packaging_targets.formats.assets.declared.checks import uuid_in
from packaging_targets.formats.assets.declared.registry import INDEX, Registry
from packaging_targets.services.assets.project import ASSETS, Project
from packaging_targets.services.assets.reading.finding import find_asset
from packaging_targets.services.assets.reading.listing import Catalogue, ListedAsset
from packaging_targets.services.assets.rearranging.contents import Content, contents
from packaging_targets.services.assets.rearranging.plan import Plan, Verb

_TOLD = 20  # files that nobody declared and that a plan names; the others are counted


def standing(project: Project, which: str) -> tuple[Catalogue, ListedAsset]:
    """Return a registered asset whose folder is there, is its own, and holds no other asset. Raises RequestError."""
    catalogue = Catalogue.of(project.listing())
    asset = find_asset(project, catalogue.assets, which)
    shown = legible(asset.root)
    if asset.state == "missing" and (why := catalogue.listing.tree().closed_above(asset.file)):
        raise RequestError.one(legible(why), shown, "make it readable for you")
    if asset.state == "missing":
        what = f"the folder of the asset {asset.asset_id}, `{shown}`, is not there"
        raise RequestError.one(what, shown, f"packaging assets forget {asset.asset_id}")
    if uuid_in(catalogue.listing.read(asset.file)) not in {"", asset.uuid}:
        what = f"`{shown}` has another UUID than the asset {asset.asset_id}"
        raise RequestError.one(what, shown, f"packaging assets forget {asset.asset_id}")
    for other in catalogue.assets:
        if other.state not in {"unregistered", "quarantined"} and other.root.startswith(f"{asset.root}/"):
            what = f"the asset {other.asset_id} lies inside `{shown}`, in `{legible(other.root)}`"
            raise RequestError.one(what, shown, "move it out")
    return catalogue, asset


def planned(
    catalogue: Catalogue,
    verb: Verb,
    assets: Sequence[ListedAsset],
    after: Registry,
    lines: Sequence[str],
    going: Mapping[str, str | None],
) -> Plan:
    """Return a plan; `going` says for each folder where it goes, or None where it is deleted."""
    project = catalogue.listing.project
    seen = contents(project, going)
    told = list(lines)
    sizes = _sizes(seen, going)
    for path, target in going.items():
        what = (
            f"delete `{legible(path)}` for good" if target is None else f"move `{legible(path)}` to `{legible(target)}`"
        )
        count = len(sizes[path])
        told.append(f"{what}: {count:,} file{'' if count == 1 else 's'}, {sum(sizes[path]):,} bytes")
    told += _others(catalogue, assets, seen)
    return Plan(
        project=project,
        verb=verb,
        lines=tuple(told),
        ids=tuple(asset.asset_id for asset in assets),
        before=catalogue.listing.read(f"{ASSETS}/{INDEX}"),
        after=after,
        moves=tuple((path, target) for path, target in going.items() if target is not None),
        deletes=tuple(path for path, target in going.items() if target is None),
        seen=seen,
    )


def _sizes(seen: Iterable[Content], folders: Iterable[str]) -> dict[str, list[int]]:
    """Return the sizes of the files in each of some folders, of which none lies in another one."""
    sizes: dict[str, list[int]] = {folder: [] for folder in folders}
    for one in seen:
        folder = one.path
        while folder not in sizes:
            folder = os.path.dirname(folder)
        if not one.is_folder:
            sizes[folder].append(one.size)
    return sizes


def _others(catalogue: Catalogue, assets: Iterable[ListedAsset], seen: Iterable[Content]) -> Iterator[str]:
    """Yield the files that go along though no declaration names them."""
    declared = {asset.file for asset in assets}
    for asset in assets:
        declared.update(catalogue.inputs_of(asset))
    others = [legible(one.path) for one in seen if not one.is_folder and one.path not in declared]
    yield from (f"goes along, though the asset does not use it: `{path}`" for path in others[:_TOLD])
    if len(others) > _TOLD:
        yield f"and {len(others) - _TOLD:,} files more that the asset does not use"


def has_folder(project: Project, asset: ListedAsset) -> bool:
    """Tell whether the folder of an asset is there."""
    return os.path.isdir(project.path(asset.root)) and not os.path.islink(project.path(asset.root))
