"""`oci_pull/1`: the image that another is made on top of, from a registry.

    reference@sha256:…  ──▶  index  ──▶  manifest and config of each platform  ──▶  layers

Params: `reference`, which names a digest, so that the result depends on nothing else, however often the registry
changes its mind; `platforms`. Outputs, as those of `oci_base/1`: the folder of blobs, and `base.json`.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from packaging_targets.errors import PackagingError, Problem, RegistryError, RequestError, raise_all
from packaging_targets.formats.oci.documents import announced
from packaging_targets.formats.oci.image import Parent
from packaging_targets.formats.oci.layout import distinct_layers, find_images
from packaging_targets.formats.oci.platform import Platform
from packaging_targets.registry.oci.client import GONE_FIX, OciClient
from packaging_targets.registry.oci.reference import Reference
from packaging_targets.registry.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging_targets.formats.oci.layout import Image
    from packaging_targets.formats.oci.manifest import Descriptor
    from packaging_targets.model.action import Action, Blob, Step

_AT_ONCE = 4


def run(action: Action, step: Step) -> None:
    """Write the layers and the file; raises PackagingError that names the reference and the platforms."""
    text, platforms = action.params["reference"], action.params["platforms"]
    try:
        reference = Reference.parse(text)
        if reference.digest is None:
            what = f"`{text}` names no digest, and what a tag leads to may be another image tomorrow"
            raise RequestError.one(what, "", f"write {reference}@sha256:…, as `packaging image inspect` tells it")
        client = OciClient(reference.repository.registry, connections=_AT_ONCE)
        try:
            images = _found(client, text, reference, list(map(Platform.parse, platforms)))
            _copy(client, reference, images, action.outputs[0], step)
        finally:
            client.close()
    except PackagingError as error:
        raise type(error)(*(_told(problem, text, platforms) for problem in error.problems)) from error
    with step.create(action.outputs[1]) as file:
        file.write(Parent(reference.digest, tuple(images)).to_bytes())


def _found(client: OciClient, text: str, reference: Reference, platforms: Sequence[Platform]) -> list[Image]:
    """Return the image of each platform; problems are told at `text`."""
    data = client.manifest(reference.repository, reference.wanted)
    if data is None:
        raise RequestError.one(f"the registry has no image `{reference.wanted}`", "", GONE_FIX)
    documents = client.documents(reference.repository)
    return find_images([announced(data, text)], documents, platforms, text)


def _copy(client: OciClient, reference: Reference, images: Sequence[Image], folder: str, step: Step) -> None:
    """Write each layer of the images into the folder, once."""
    layers = distinct_layers(images)
    with ExitStack() as stack:
        # All of them are begun here: a step is for one thread.
        blobs = [(one, stack.enter_context(step.create_blob(folder))) for one in layers]

        def pull(layer: tuple[Descriptor, Blob]) -> None:
            described, blob = layer
            client.read_blob(reference.repository, described.digest, described.size, blob)

        raise_all(side_by_side(pull, blobs, _AT_ONCE).problems, RegistryError)


def _told(problem: Problem, reference: str, platforms: Sequence[str]) -> Problem:
    inner = problem.where.removeprefix(reference).strip()
    what = f"{problem.what}, at {inner}" if inner else problem.what
    return Problem(f"{reference} for {', '.join(platforms)}", what, problem.fix)
