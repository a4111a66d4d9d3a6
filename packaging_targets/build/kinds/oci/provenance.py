"""`oci_provenance/1`: how an image was made, as an in-toto statement: `packaging_targets.formats.attest.provenance`.

Params: `label` and `fields` of the target, `name` of the image (default: the label), `rule` (its name and digest),
`base` (the text that names the base image), `parent` (the file that `oci_base/1` or `oci_pull/1` wrote, or empty),
`created` (seconds), `builder` and its `version`. The first input is the `index.json` of the image's layout; those below
it are its blobs, of which only an index is read. All others but `parent` are what went in.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from packaging_targets.build.kinds.oci.sbom import built_on
from packaging_targets.formats.archive.members import PIECE
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
    sources = [path for path in others if path != params["parent"] and not path.startswith(layout)]
    build = Build(
        params["label"],
        params["fields"],
        params["rule"],
        params["created"],
        params["builder"],
        params["version"],
        built_on(params, step),
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


def _material(path: str, step: Step) -> Material:
    link = step.info(path).link
    if link is not None:
        return Material(path, link=link)
    digest = hashlib.sha256()
    with step.open(path) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return Material(path, Digest(digest.hexdigest()))
