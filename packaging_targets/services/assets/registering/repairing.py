"""`doctor --fix`: what can be mended without a choice that is a person's."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from packaging_targets.errors import legible
from packaging_targets.formats.assets.declared.registry import INDEX, Registry
from packaging_targets.services.assets.events import Listener, ignore
from packaging_targets.services.assets.project import ASSETS, Project
from packaging_targets.services.assets.reading.listing import Catalogue, ListedAsset
from packaging_targets.services.assets.transaction import below_assets, changing, journal_of, settle


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was done, and what was not and why, a sentence each, for people."""

    done: tuple[str, ...]
    left: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        return {"done": list(self.done), "left": list(self.left)}


def repair(project: Project, listener: Listener = ignore) -> Repaired:
    """Do what is safe and mechanical:

    - finish a change that was interrupted, or take it back where that is about something else by now;
    - record where assets are now that have been moved, as far as no two of them then share a folder;
    - write the registry in its one form.

    Else no asset.json is touched, nothing is registered, moved or deleted. Raises AssetsError where the registry cannot
    be read, and BuildError where only a person can settle what was interrupted.
    """
    done: list[str] = []
    if settled := settle(project):
        done.append(settled)
    with changing(project, listener) as operation:
        listing = project.listing()
        catalogue = Catalogue.of(listing)
        registry, recorded, left = _recorded(catalogue)
        done += [f"recorded that asset {asset.asset_id} is in `{legible(asset.root)}` now" for asset in recorded]
        if registry.to_bytes() != listing.read(f"{ASSETS}/{INDEX}"):
            if not recorded:
                done.append(f"wrote `{ASSETS}/{INDEX}` in its one form")
            journal_of(project).write(INDEX, registry.to_bytes()).commit()
        for line in done:
            operation.tell("action_applied", line, [asset.root for asset in recorded])
    why = "which the registry has as the folder of another asset"
    kept = (f"asset {asset.asset_id} is in `{legible(asset.root)}` now, {why}" for asset in left)
    return Repaired(tuple(done), tuple(kept))


def _recorded(catalogue: Catalogue) -> tuple[Registry, list[ListedAsset], list[ListedAsset]]:
    """Return the registry with the new places of what was moved, which these are, and which are left as they were."""
    moved = {asset.asset_id: asset for asset in catalogue.assets if asset.state == "moved"}
    left: list[ListedAsset] = []
    while True:
        roots = {row.asset_id: row.root for row in catalogue.registry.rows}
        roots.update({asset_id: below_assets(asset.root) for asset_id, asset in moved.items()})
        shared = Counter(roots.values())
        # To leave one where it was may put it where another one is now: look again.
        clashing = [asset_id for asset_id in moved if shared[roots[asset_id]] > 1]
        if not clashing:
            break
        left += [moved.pop(asset_id) for asset_id in clashing]
    registry = catalogue.registry.moved({asset_id: roots[asset_id] for asset_id in moved})
    return registry, list(moved.values()), left
