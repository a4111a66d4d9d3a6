"""`aam/1`: the archive of an agent package.

Params: `manifest` (as `Manifest.to_json` gives it) and `mtime` (seconds). What no package should carry, such as a
secret, is looked for while its bytes are packed, and fails the action.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.formats.aam.package.writer import write_aam
from packaging_targets.model.manifest import Manifest

if TYPE_CHECKING:
    from packaging_targets.model.action import Action, Step


def run(action: Action, step: Step) -> None:
    """Write the archive to the one output."""
    (archive,) = action.outputs
    with step.create(archive) as out:
        contents = Manifest.from_json(action.params["manifest"])
        write_aam(out, contents, step, archive, mtime=action.params["mtime"])
