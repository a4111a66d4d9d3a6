"""Which asset somebody means: by id, by UUID, by name, or by the path of its folder.

A path is relative to the current folder or to the project, and may name the asset.json too. An id is tried first, then
a UUID, a path, and a name; what fits several assets is refused with all of them.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence

from packaging_targets.errors import RequestError, legible, near_miss
from packaging_targets.formats.assets.declared.declaration import FILE
from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.reading.listing import ListedAsset, State

REGISTERED: frozenset[State] = frozenset({"ok", "moved", "missing", "invalid"})
"""The states of assets that a verb takes unless it says otherwise."""
_TOLD = 10  # candidates that a message bears


def find_asset(
    project: Project, assets: Sequence[ListedAsset], which: str, states: Collection[State] = REGISTERED
) -> ListedAsset:
    """Return the asset that `which` names, among those in `states`.

    Raises RequestError with the near miss where there is none, and with the candidates where there are several.
    """
    eligible = [asset for asset in assets if asset.state in states]
    for found in _found(project, eligible, which):
        if len(found) == 1:
            return found[0]
        if found:
            told = ", ".join(
                f"{asset.asset_id or 'unregistered'} in `{legible(asset.root)}`" for asset in found[:_TOLD]
            )
            raise RequestError.one(f"`{legible(which)}` is the name of several assets: {told}", "", "give the folder")
    others = next(filter(None, _found(project, assets, which)), [])
    if others:
        state, shown = others[0].state, legible(which)
        raise RequestError.one(f"the asset `{shown}` is {_STATES[state]}", legible(others[0].root), _FIXES[state])
    for asset in eligible:
        if not asset.name and os.path.basename(asset.home) == which:
            raise _nameless(project, asset, which)
    names = [name for asset in eligible for name in (asset.name, asset.root) if name]
    fix = near_miss(which, names) or "packaging assets list"
    raise RequestError.one(f"there is no asset `{legible(which)}`", "", fix)


def _nameless(project: Project, asset: ListedAsset, which: str) -> RequestError:
    """Say that an asset may be meant whose name nobody can tell."""
    what = f"the asset {asset.asset_id}, which may be `{legible(which)}`, has no `{FILE}` that can be read"
    fix = f"packaging assets show {asset.asset_id}"
    if asset.state == "quarantined" and not os.path.lexists(project.path(asset.root)):
        what = f"`{legible(asset.root)}` is gone, in which `{legible(asset.home)}` was in quarantine"
        fix = f"bring the folder back, or let packaging assets gc forget the asset {asset.asset_id}"
    return RequestError.one(what, legible(asset.root), fix)


_STATES: dict[State, str] = {
    "ok": "registered",
    "moved": "registered",
    "missing": "registered",
    "invalid": "registered",
    "unregistered": "not registered",
    "quarantined": "in quarantine",
}
_FIXES: dict[State, str] = {
    "ok": "",
    "moved": "",
    "missing": "",
    "invalid": "",
    "unregistered": "packaging assets adopt",
    "quarantined": "packaging assets restore",
}


def _found(project: Project, assets: Sequence[ListedAsset], which: str) -> Iterator[list[ListedAsset]]:
    """Yield what each way of naming an asset finds."""
    if which.isascii() and which.isdigit() and int(which):
        yield [asset for asset in assets if asset.asset_id == int(which)]
    yield [asset for asset in assets if asset.uuid == which.lower()] if which else []
    places = set(folders_named(project, which))
    yield [asset for asset in assets if asset.root in places or asset.home in places]
    yield [asset for asset in assets if asset.name == which] if which else []


def folders_named(project: Project, path: str) -> Iterator[str]:
    """Yield the folders of the project that somebody may mean: seen from the current folder, or from the project.

    The last part is not resolved if it is a link; the path of an asset.json means its folder.
    """
    if "\0" in path:
        return
    for start in (os.getcwd(), project.root):
        full = os.path.normpath(os.path.join(start, path))
        if os.path.basename(full) == FILE:
            full = os.path.dirname(full)
        real = os.path.join(os.path.realpath(os.path.dirname(full)), os.path.basename(full))
        relative = os.path.relpath(real, project.root)
        if not relative.startswith(".."):
            yield relative
