"""Which asset somebody means: by id, by UUID, by name, or by the path of its folder.

A path is relative to the current folder or to the project, and may name the asset.json too. An id is tried first, then
a UUID, a path, and a name; what fits several assets is refused with all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.reading.listing import ListedAsset, State

REGISTERED: frozenset[State] = frozenset({"ok", "moved", "missing", "invalid"})
"""The states of assets that a verb takes unless it says otherwise."""


def find_asset(
    project: Project, assets: Sequence[ListedAsset], which: str, states: Collection[State] = REGISTERED
) -> ListedAsset:
    """Return the asset that `which` names, among those in `states`.

    Raises RequestError with the near miss where there is none, and with the candidates where there are several.
    """
    raise NotImplementedError
