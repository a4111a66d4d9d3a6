"""`digests/1`: the SHA-256 of each file of a manifest, a line each.

Params: `manifest` (as `Manifest.to_json` gives it), `format` (`sha256sum`, or `record` for the RECORD of a wheel),
`itself` (where a record will stand: its last row). An archive that holds the list is an action of its own, which has
this one's output among its inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.formats.archive.digests import write_digests
from packaging_targets.model.manifest import Manifest

if TYPE_CHECKING:
    from packaging_targets.model.action import Action, Step


def run(action: Action, step: Step) -> None:
    """Write the list to the one output."""
    params = action.params
    with step.create(action.outputs[0]) as out:
        write_digests(out, Manifest.from_json(params["manifest"]), step, params["format"], itself=params["itself"])
