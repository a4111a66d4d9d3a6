"""`tar/1`, `tar.gz/1`, `tar.zst/1`: an archive of a manifest.

Params: `manifest` (as `Manifest.to_json` gives it), `mtime` (seconds, default 0), `root` (true: entries are `./` and
`./path`), `level` (the compressor's).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.formats.compress import compressor
from packaging_targets.formats.tar import write_tar
from packaging_targets.model.manifest import Manifest

if TYPE_CHECKING:
    from packaging_targets.model.action import Action, Step

_COMPRESSION = {"tar/1": "none", "tar.gz/1": "gzip", "tar.zst/1": "zstd"}


def run(action: Action, step: Step) -> None:
    """Write the archive to the one output."""
    params = action.params
    with (
        step.create(action.outputs[0]) as out,
        compressor(_COMPRESSION[action.kind], out, params.get("level")) as stream,
    ):
        write_tar(
            stream,
            Manifest.from_json(params["manifest"]),
            step,
            mtime=params.get("mtime", 0),
            root=params.get("root", False),
        )
