"""`zip/1`: a zip archive of a manifest.

Params: `manifest` (as `Manifest.to_json` gives it), `mtime` (seconds), `level` (0 stores, 12 compresses best).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.formats.archive.zip import write_zip
from packaging_targets.model.manifest import Manifest

if TYPE_CHECKING:
    from packaging_targets.model.action import Action, Step


def run(action: Action, step: Step) -> None:
    """Write the archive to the one output."""
    params = action.params
    with step.create(action.outputs[0]) as out:
        manifest = Manifest.from_json(params["manifest"])
        write_zip(out, manifest, step, mtime=params["mtime"], level=params["level"])
