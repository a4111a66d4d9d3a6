"""`oci_image/1`: the config, the manifest and the index of an image, and the files by which its layout is entered.

Params: `config` (fields of `Settings`), `platforms`, `layers` (each `[file, platform]`, the lowest first, where an
empty platform means all), `parent` (the file that `oci_base/1` or `oci_pull/1` wrote, or empty), `name` (what engines
will call the image, or empty), `created` (seconds). Outputs: the folder of blobs, `index.json`, `oci-layout`, and
`manifest.json` where there is one platform.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import BuildError, near_miss
from packaging_targets.formats.oci.image import (
    LAYOUT_MARKER,
    ImageName,
    Parent,
    Settings,
    docker_manifest,
    write_image,
    write_root,
)
from packaging_targets.formats.oci.layout import BLOBS, Layer
from packaging_targets.formats.oci.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging_targets.formats.oci.manifest import Descriptor
    from packaging_targets.model.action import Action, Step


def run(action: Action, step: Step) -> None:
    """Write all that an image has beside its layers."""
    params, (blobs, index, marker, *beside) = action.params, action.outputs
    _check_names(params["config"])
    put: list[bytes] = []
    images = _images(action, step, put)
    name = ImageName.parse(params["name"]) if params["name"] else None
    manifest = put[-1]  # of a single image
    files = {index: write_root(put.append, images, name), marker: LAYOUT_MARKER}
    if beside:
        files[beside[0]] = docker_manifest(manifest, BLOBS, name)
    for document in put:
        with step.create_blob(blobs) as blob:
            blob.write(document)
    for path, data in files.items():
        with step.create(path) as out:
            out.write(data)


def _check_names(config: Mapping[str, Any]) -> None:
    known = sorted(one.name for one in fields(Settings))
    for name in sorted(config.keys() - set(known)):
        listing = f"(it may have {', '.join(known)})"
        what = f"the `config` of an image has no `{name}`"
        raise BuildError.one(what, fix=f"{near_miss(name, known)}  {listing}".lstrip())


def _images(action: Action, step: Step, put: list[bytes]) -> list[Descriptor]:
    params = action.params
    parent = Parent.from_bytes(_content(step, params["parent"])) if params["parent"] else None
    layers = [(Layer.from_json(json.loads(_content(step, path))), platform) for path, platform in params["layers"]]
    images = []
    for text in params["platforms"]:
        platform = Platform.parse(text)
        own = [layer for layer, only in layers if only in {"", text}]
        below = parent.image(platform) if parent else None
        settings, created = Settings(**params["config"]), params["created"]
        images.append(write_image(put.append, platform, own, settings, parent=below, created=created))
    return images


def _content(step: Step, path: str) -> bytes:
    with step.open(path) as file:
        return file.read()
