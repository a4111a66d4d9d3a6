"""`oci_image`: a container image as an OCI layout, made without any engine.

    base ──▶ base.json ───────────────────┐
    layers ──▶ blobs, layer-1.json, … ──▶ image: config, manifest, index ──▶ tar, provenance
       └────▶ SBOM

Each layer is an action of its own, which puts its blob straight into the layout: one that has not changed is not made
again. `_parent.py` finds the base, `_layers.py` the layers, `_settings.py` how containers are run, and `_beside.py`
what is made beside the layout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets import Action, ImageName, Platform

from ._beside import Beside
from ._layers import find_layers
from ._parent import NOTHING, parent_action
from ._places import Places
from ._settings import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging_targets import Context


def analyse(context: Context) -> Sequence[Action]:
    """Return the actions that make the image, and what is to be beside it."""
    places = Places.of(context)
    platforms = _platforms(context)
    name = _name(context)
    parent = parent_action(context, platforms, (places.blobs, places.parent))
    layers = find_layers(context, platforms)
    config = settings(context)
    if not layers and context.target.fields["base"] == NOTHING:
        fix = "name files in `srcs`, write `layers`, or a `base`"
        context.problem("the image would be empty", field="$.base", fix=fix)
    context.check()
    made = [parent] if parent else []
    for number, layer in enumerate(layers, 1):
        file = context.output(f"{places.parts}layer-{number}.json")
        made.append(layer.action(context, number, on_parent=parent is not None, outputs=(places.blobs, file)))
    told = [action.outputs[1] for action in made]
    names = [str(platform) for platform in platforms]
    params = {
        "config": config,
        "platforms": names,
        "layers": [[path, layer.platform] for path, layer in zip(told[len(made) - len(layers) :], layers, strict=True)],
        "parent": places.parent if parent else "",
        "name": name,
        "created": context.source_date_epoch,
    }
    outputs = places.made(single=len(platforms) == 1)
    image = Action("oci_image/1", params, tuple(told), outputs, "image", title=name)
    beside = Beside(context, places, image, layers)
    _provide(context, places, beside, names)
    return [*made, image, *beside.actions()]


def _platforms(context: Context) -> list[Platform]:
    found: list[Platform] = []
    for place, text in enumerate(context.target.fields["platforms"]):
        at = f"$.platforms[{place}]"
        try:
            platform = Platform.parse(text)
        except ValueError as error:
            context.problem(str(error), field=at, fix="write one as in linux/amd64 or linux/arm64")
            continue
        if slip := platform.slip():
            context.problem(slip[0], field=at, fix=slip[1])
        if platform in found:
            context.problem(f"`{text}` is `{platform}`, which stands here twice", field=at, fix="leave one out")
        found.append(platform)
    return found


def _name(context: Context) -> str:
    text: str = context.target.fields.get("image", "")
    if text:
        try:
            return str(ImageName.parse(text))
        except ValueError as error:
            context.problem(f"`{text}` is no name of an image: {error}", field="$.image")
    return ""


def _provide(context: Context, places: Places, beside: Beside, platforms: Sequence[str]) -> None:
    """Offer the image to targets on top of it, to engines, and to a registry."""
    fields, attachments = context.target.fields, beside.attachments()
    told = {
        "layout": places.layout,
        "image": fields.get("image", ""),
        "platforms": platforms,
        "attachments": attachments,
    }
    context.provide("oci_image", told)
    if "publish" in fields:
        where = {"tags": [], "base": fields["base"], **fields["publish"]}
        context.provide("publish", {"kind": "image", "layout": places.layout, "attachments": attachments, **where})
