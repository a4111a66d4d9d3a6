"""All that there is to know of one asset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging_targets.formats.assets.diagnostics import Diagnostic
from packaging_targets.formats.assets.entries import AssetEntry
from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.reading.listing import ListedAsset


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
    in the last `build/assets.pa`, None where that does not hold it.
    """

    asset: ListedAsset
    file: str
    declaration: Mapping[str, Any] | None
    inputs: tuple[Input, ...]
    diagnostics: tuple[Diagnostic, ...]
    slot: int | None
    packed: AssetEntry | None

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        raise NotImplementedError


def details(project: Project, which: str) -> Details:
    """Return all of the asset that `which` names: see `finding`; unregistered and quarantined ones too.

    Raises RequestError where there is none, and AssetsError where the registry cannot be read.
    """
    raise NotImplementedError
