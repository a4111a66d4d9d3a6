"""`doctor`: everything that would stop a build, and what else is worth to know, without changing anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from packaging_targets.formats.assets.diagnostics import Diagnostic
from packaging_targets.services.assets.building.banks import encode_all
from packaging_targets.services.assets.building.record import Record
from packaging_targets.services.assets.building.snapshot import Snapshot
from packaging_targets.services.assets.events import Listener, Operation, ignore
from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.transaction import looking


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found among so many assets of the build."""

    assets: int
    diagnostics: tuple[Diagnostic, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        found = [one.to_json() for one in self.diagnostics]
        return {"ok": self.is_sound, "assets": self.assets, "diagnostics": found}

    @property
    def is_sound(self) -> bool:
        """Whether a build would succeed."""
        return not any(one.is_blocking for one in self.diagnostics)


def doctor(project: Project, *, workspace: bool = False, listener: Listener = ignore) -> Diagnosis:
    """Diagnose the assets of the build; with `workspace`, also what lies about unused or twice.

    What a build has not encoded yet is encoded to nowhere, so that it is known whether it can be. Raises AssetsError
    where files change meanwhile in a way that nothing can be said.
    """
    operation = Operation(project.root, listener)
    record = Record.load(project)
    with looking(project) as interrupted:
        snapshot = Snapshot.take(project.listing(), record)
    encoding = encode_all(snapshot, record, operation, keep=False)
    hygiene = snapshot.hygiene() if workspace else ()
    told = tuple(sorted({*interrupted, *snapshot.checked.diagnostics, *encoding.diagnostics, *hygiene}))
    operation.tell("diagnostics_updated", f"{len(told)} diagnostics", sorted({one.asset for one in told if one.asset}))
    return Diagnosis(len(snapshot.checked.assets), told)
