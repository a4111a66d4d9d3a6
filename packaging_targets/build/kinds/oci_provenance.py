"""`oci_provenance/1`: how an image was made, as an in-toto statement: `packaging_targets.formats.attest.provenance`.

Params: `label` and `fields` of the target, `name` of the image (default: the label), `rule` (its name and digest),
`base` (the text that names the base image), `created` (seconds), `builder` and its `version`. The first input is the
`index.json` of the image's layout L; those below L are its blobs, of which only an index is read. `L.parts/base.json`
is what was recorded of the base image. All other inputs are what went in.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from packaging_targets.formats.archive.members import PIECE
from packaging_targets.formats.attest.inventory import BaseImage
from packaging_targets.formats.attest.provenance import Build, Material, Subject, write_provenance
from packaging_targets.formats.oci.manifest import INDEX_TYPE
from packaging_targets.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.model.action import Action, Step


def run(action: Action, step: Step) -> None:
    """Write the statement to the one output."""
    params = action.params
    index, *others = action.inputs
    layout = index.removesuffix("index.json")
    parts = f"{layout.removesuffix('/')}.parts/"
    sources = [path for path in others if not path.startswith((layout, parts))]
    build = Build(
        params["label"],
        params["fields"],
        params["rule"],
        params["created"],
        params["builder"],
        params["version"],
        _built_on(params["base"], f"{parts}base.json", action, step),
        [_material(path, step) for path in sources],
    )
    with step.create(action.outputs[0]) as out:
        write_provenance(out, list(_subjects(params["name"] or params["label"], layout, step)), build)


def _subjects(name: str, layout: str, step: Step) -> Iterator[Subject]:
    """Yield what index.json names, and what that names where it is an index itself."""
    for descriptor in _read(f"{layout}index.json", step)["manifests"]:
        digest = _digest(descriptor)
        yield Subject(name, digest)
        if descriptor["mediaType"] == INDEX_TYPE:
            for inner in _read(f"{layout}blobs/sha256/{digest.hex}", step)["manifests"]:
                yield Subject(name, _digest(inner), _platform(inner["platform"]))


def _read(path: str, step: Step) -> dict[str, Any]:
    with step.open(path) as file:
        found: dict[str, Any] = json.loads(file.read())
    return found


def _digest(descriptor: dict[str, Any]) -> Digest:
    return Digest(descriptor["digest"].removeprefix("sha256:"))


def _platform(platform: dict[str, Any]) -> str:
    return "/".join(platform[name] for name in ("os", "architecture", "variant") if name in platform)


def _built_on(reference: str, record: str, action: Action, step: Step) -> BaseImage | None:
    if not reference:
        return None
    if record not in action.inputs:
        return BaseImage.of(reference)
    with step.open(record) as file:
        return BaseImage.of(reference, file.read())


def _material(path: str, step: Step) -> Material:
    link = step.info(path).link
    if link is not None:
        return Material(path, link=link)
    digest = hashlib.sha256()
    with step.open(path) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return Material(path, Digest(digest.hexdigest()))
