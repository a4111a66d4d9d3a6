"""`oci_sbom/1`: a bill of materials of an image, `cyclonedx` (1.6) or `spdx` (2.3), in JSON.

Params: `format`, `name` and `version` of the image, `layers` (the manifest of each, the lowest first, as
`Manifest.to_json` gives it), `base` (the text that names the base image), `parent` (the file that `oci_base/1` or
`oci_pull/1` wrote, or empty), `created` (seconds). Where not all layers are for all platforms, `platforms` are those of
the image, and `only` has for each layer its one platform, or an empty text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging_targets.errors import BuildError
from packaging_targets.formats.attest.cyclonedx import write_cyclonedx
from packaging_targets.formats.attest.inventory import BaseImage, Layers, take
from packaging_targets.formats.attest.spdx import write_spdx
from packaging_targets.model.action import FOLDER
from packaging_targets.model.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging_targets.model.action import Action, Step

_WRITERS = {"cyclonedx": write_cyclonedx, "spdx": write_spdx}


def run(action: Action, step: Step) -> None:
    """Write the document to the one output."""
    params = action.params
    layers = [_with_files(Manifest.from_json(rows), action.inputs) for rows in params["layers"]]
    base = built_on(params, step)
    stack = Layers(layers, params["platforms"], params["only"])
    inventory = take(stack, step, name=params["name"], version=params["version"], created=params["created"], base=base)
    with step.create(action.outputs[0]) as out:
        _WRITERS[params["format"]](out, inventory)


def _with_files(layer: Manifest, inputs: Sequence[str]) -> Manifest:
    """Return a layer with the files of folders in place of these; inputs name files alone by now."""
    folders = [source for source in layer.sources if source.endswith(FOLDER)]
    files = {folder: [path for path in inputs if path.startswith(folder)] for folder in folders}
    try:
        return layer.with_files(files)
    except ValueError as error:
        raise BuildError.one(str(error), fix="rename one, or give it another prefix") from error


def built_on(params: Mapping[str, Any], step: Step) -> BaseImage | None:
    """Return the base image that an action's parameters name, with what was recorded of it where there is a record."""
    if not params["parent"]:
        return BaseImage.of(params["base"]) if params["base"] else None
    with step.open(params["parent"]) as file:
        return BaseImage.of(params["base"] or "base", file.read())
