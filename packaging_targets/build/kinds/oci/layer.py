"""`oci_layer.gz/1`, `oci_layer.zst/1`: a layer of an image, straight into the blobs of a layout, and what tells of it.

Params: `manifest` (as `Manifest.to_json` gives it), `level`, `mtime` (seconds), `owner` (`1000:1000`), `folder` (the
owner has it and all below it), `on_parent` (the layer comes onto an image that has `/etc` and the like). Outputs: the
folder of blobs; the file, compact JSON with `mediaType`, `digest`, `size` and `diffId`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from packaging_targets.formats.archive.tar import Owner
from packaging_targets.formats.oci.documents import LAYER_TYPES
from packaging_targets.formats.oci.layer import Packing, on_parent, write_layer
from packaging_targets.formats.oci.layout import Layer
from packaging_targets.formats.oci.manifest import Descriptor, compact_json
from packaging_targets.model.manifest import Manifest

if TYPE_CHECKING:
    from packaging_targets.model.action import Action, Step

_COMPRESSION = {"oci_layer.gz/1": "gzip", "oci_layer.zst/1": "zstd"}


def run(action: Action, step: Step) -> None:
    """Write the layer and the file."""
    params, (blobs, told) = action.params, action.outputs
    manifest = Manifest.from_json(params["manifest"])
    if params["on_parent"]:
        manifest = on_parent(manifest)
    owner = Owner.parse(params["owner"], params["folder"])
    compression = _COMPRESSION[action.kind]
    packing = Packing(compression, params["level"], params["mtime"], owner)
    with step.create_blob(blobs) as blob:
        diff_id = write_layer(blob, manifest, step, packing, threads=os.cpu_count() or 1)
    layer = Layer(Descriptor(LAYER_TYPES[compression], blob.digest, blob.size), diff_id)
    with step.create(told) as out:
        out.write(compact_json(layer.to_json()) + b"\n")
