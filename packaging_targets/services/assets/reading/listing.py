"""Every asset that there is: registered, in quarantine, or only lying there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from packaging_targets.services.assets.project import Project

State = Literal["ok", "moved", "missing", "invalid", "unregistered", "quarantined"]
"""`moved`: found by its UUID, and not where the registry says. `invalid`: its asset.json is not in order."""


@dataclass(frozen=True, slots=True)
class ListedAsset:
    """An asset as a list shows it.

    `root` is where its folder is, as a path in the project, and `home` where it was when it was put into quarantine,
    or where the registry says it is; the id is 0 and both are equal where the asset is not registered. `name`, `type`
    and `format` are empty, and `artifacts` is 0, where the asset.json does not say.
    """

    asset_id: int
    uuid: str
    name: str
    root: str
    home: str
    type: str
    format: str
    included: bool
    state: State
    artifacts: int

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        raise NotImplementedError


def list_assets(project: Project) -> tuple[ListedAsset, ...]:
    """Return the registered assets by id, then those in quarantine by id, then the unregistered ones by folder.

    Raises AssetsError where the registry cannot be read.
    """
    raise NotImplementedError
