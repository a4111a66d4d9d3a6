"""A project of assets at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.reading.listing import State


@dataclass(frozen=True, slots=True)
class AssetSummary:
    """A registered asset; `last_modified` is when its asset.json or an input changed last, in seconds since 1970."""

    asset_id: int
    asset_name: str
    asset_family: str
    artifacts: int
    last_modified: int

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        raise NotImplementedError


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
        raise NotImplementedError


def summary(project: Project) -> Summary:
    """Return the project at a glance. Raises AssetsError where the registry cannot be read."""
    raise NotImplementedError
