"""`forget`, `include`, `exclude`: which assets are registered, and which of them are built. No asset's file changes."""

from __future__ import annotations

from packaging_targets.formats.assets.declared.registry import INDEX, Registry
from packaging_targets.services.assets.events import Listener, ignore
from packaging_targets.services.assets.project import ASSETS, Project
from packaging_targets.services.assets.reading.finding import find_asset
from packaging_targets.services.assets.reading.listing import Catalogue, ListedAsset
from packaging_targets.services.assets.registering.results import Changed, Verb
from packaging_targets.services.assets.transaction import changing, journal_of


def forget(project: Project, which: str, listener: Listener = ignore) -> Changed:
    """Take an asset out of the registry; its folder stays, its id is never given again. Raises RequestError."""
    return _change(project, which, "forget", listener)


def include(project: Project, which: str, listener: Listener = ignore) -> Changed:
    """Take an asset into the build. Raises RequestError."""
    return _change(project, which, "include", listener)


def exclude(project: Project, which: str, listener: Listener = ignore) -> Changed:
    """Take an asset out of the build; it keeps its id. Raises RequestError."""
    return _change(project, which, "exclude", listener)


def _change(project: Project, which: str, verb: Verb, listener: Listener) -> Changed:
    with changing(project, listener) as operation:
        catalogue = Catalogue.of(project.listing())
        asset = find_asset(project, catalogue.assets, which)
        before = catalogue.registry
        after = _after(before, asset, verb)
        summary = _TOLD[verb].format(asset.name or asset.root, asset.asset_id)
        if after != before:
            journal_of(project).write(INDEX, after.to_bytes()).commit()
            operation.tell("action_applied", summary, [asset.root])
        return Changed(
            verb=verb,
            asset_id=asset.asset_id,
            uuid=asset.uuid,
            name=asset.name,
            root=asset.root,
            included=asset.included if verb == "forget" else verb == "include",
            changed=after != before,
            summary=summary,
            written=(f"{ASSETS}/{INDEX}",) if after != before else (),
        )


def _after(registry: Registry, asset: ListedAsset, verb: Verb) -> Registry:
    if verb == "forget":
        return registry.forgotten(asset.asset_id)
    return registry.included(asset.asset_id, included=verb == "include")


_TOLD: dict[Verb, str] = {
    "forget": "`{0}` is no asset any more; its files stay, and the id {1} is not given again",
    "include": "`{0}` ({1}) is built",
    "exclude": "`{0}` ({1}) is not built",
}
