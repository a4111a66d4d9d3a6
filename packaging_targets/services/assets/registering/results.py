"""What a change of the registry came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from packaging_targets.errors import legible
from packaging_targets.formats.assets.declared.registry import Registry
from packaging_targets.formats.assets.diagnostics import Diagnostic
from packaging_targets.services.assets.events import Operation
from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.reading.listing import Catalogue

Verb = Literal["register", "adopt", "forget", "include", "exclude"]


@dataclass(frozen=True, slots=True)
class Changed:
    """An asset as it is after the change, or was before it was forgotten.

    `root` is its folder, as a path in the project; `changed` is False where all was as asked for before; `written` are
    the files that changed; `diagnostics` is what is wrong with the asset now; `summary` says what happened, for people.
    """

    verb: Verb
    asset_id: int
    uuid: str
    name: str
    root: str
    included: bool
    changed: bool
    summary: str
    written: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        return {
            "asset_id": self.asset_id,
            "asset_name": self.name,
            "asset_uuid": self.uuid,
            "changed": self.changed,
            "diagnostics": [one.to_json() for one in self.diagnostics],
            "included": self.included,
            "root": legible(self.root),
            "summary": self.summary,
            "verb": self.verb,
            "written": [legible(path) for path in self.written],
        }


def registered(
    verb: Verb, project: Project, registry: Registry, written: Sequence[str], operation: Operation
) -> Changed:
    """Tell that the last asset of a registry is new; return it as it is now, with what is wrong with it."""
    catalogue = Catalogue.of(project.listing())
    asset = next(asset for asset in catalogue.assets if asset.asset_id == registry.rows[-1].asset_id)
    root = asset.root
    summary = f"`{legible(asset.name or root)}` is the asset {asset.asset_id}"
    operation.tell("asset_discovered", summary, [root])
    operation.tell("action_applied", summary, [root])
    return Changed(
        verb=verb,
        asset_id=asset.asset_id,
        uuid=asset.uuid,
        name=asset.name,
        root=root,
        included=True,
        changed=True,
        summary=summary,
        written=tuple(written),
        diagnostics=catalogue.about(asset),
    )
