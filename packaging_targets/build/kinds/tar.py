"""`tar/1`, `tar.gz/1`, `tar.zst/1`: an archive of a manifest.

Params: `manifest` (as `Manifest.to_json` gives it), `mtime` (seconds), `root` (true: entries are `./` and
`./path`), `level` (the compressor's; `tar/1` has none). An action with a second output gets the SHA-256 of the plain
tar there, 64 hexadecimal digits and a newline: what stays the same when a new compressor makes other bytes.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from packaging_targets.formats.archive.compress import compressor
from packaging_targets.formats.archive.tar import write_tar
from packaging_targets.model.manifest import Manifest

if TYPE_CHECKING:
    from packaging_targets.model.action import Action, Step

_COMPRESSION = {"tar/1": "none", "tar.gz/1": "gzip", "tar.zst/1": "zstd"}


def run(action: Action, step: Step) -> None:
    """Write the archive to the first output, and its plain digest to the second, if there is one."""
    params, (archive, *beside) = action.params, action.outputs
    digest = hashlib.sha256() if beside else None
    with (
        step.create(archive) as out,
        compressor(_COMPRESSION[action.kind], out, params.get("level"), digest=digest) as stream,
    ):
        manifest = Manifest.from_json(params["manifest"])
        write_tar(stream, manifest, step, mtime=params["mtime"], root=params["root"])
    if digest:
        with step.create(beside[0]) as out:
            out.write(f"{digest.hexdigest()}\n".encode())
