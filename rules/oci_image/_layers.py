"""The layers of an image: what each holds, and the actions that make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging_targets import Action, Platform, match_any

from ..archive._items import Wish, find_items, manifest_of  # noqa: TID252  # rules see no other path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packaging_targets import Context, Manifest

_KINDS = {"gzip": "oci_layer.gz/1", "zstd": "oci_layer.zst/1"}
_LEVELS = {"gzip": (1, 12), "zstd": (1, 19)}
_OWNERS = 1 << 21  # what a tar has room for
_OF_THE_ONE = ("srcs", "deps", "prefix", "strip_prefix", "rename", "executable", "owner")
_DEFAULTS: Mapping[str, Any] = {
    "srcs": (),
    "exclude": (),
    "deps": (),
    "prefix": "/",
    "strip_prefix": "",
    "rename": {},
    "executable": (),
    "owner": "0:0",
    "platform": "",
}


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: `manifest` says what it holds, `folder` is the one that it puts that into, `platform` may be empty."""

    manifest: Manifest
    folder: str
    owner: str
    compression: str
    platform: str

    def action(self, context: Context, place: int, *, on_parent: bool, outputs: tuple[str, str]) -> Action:
        """Return the action that makes the layer, the first of which has the place 1."""
        level = {"level": context.target.fields["level"]} if "level" in context.target.fields else {}
        return Action.pack(
            _KINDS[self.compression],
            self.manifest,
            *outputs,
            name=f"layer-{place}",
            title=f"layer {place} of {context.target.label.name}",
            mtime=context.source_date_epoch,
            owner=self.owner,
            folder=self.folder,
            on_parent=on_parent,
            **level,
        )


def find_layers(context: Context, platforms: Sequence[Platform]) -> list[Layer]:
    """Return the layers, the lowest first; what is wrong with one is noted as a problem."""
    fields = context.target.fields
    _check_level(context)
    if "layers" not in fields:
        if not (fields["srcs"] or fields["deps"]):
            return []
        return [_layer(context, {**_DEFAULTS, **fields, "platform": ""}, "$", context.sources(), platforms)]
    for name in _OF_THE_ONE:
        if fields.get(name):
            what = f"`{name}` is for an image without `layers`, and this one has some"
            context.problem(what, field=f"$.{name}", fix="write it into each layer that it is for")
    found = []
    for place, given in enumerate(fields["layers"]):
        one, at = {**_DEFAULTS, **given}, f"$.layers[{place}]"
        found.append(_layer(context, one, at, _picked(context, one, at), platforms))
    return found


def _layer(
    context: Context, fields: Mapping[str, Any], at: str, sources: Sequence[str], platforms: Sequence[Platform]
) -> Layer:
    folder = _folder(context, fields["prefix"], f"{at}.prefix")
    labels = [context.label(text) for text in fields["deps"]]
    packed = {name: fields[name] for name in ("strip_prefix", "rename", "executable")}
    wish = Wish("layer", at, fields["srcs"], sources, labels, folder, **packed)
    items = find_items(context, wish)
    if not items:
        what, fix = "the layer would be empty", "name files in `srcs`, or targets in `deps`"
        context.problem(what, field=at if at != "$" else "$.srcs", fix=fix)
    _check_owner(context, fields["owner"], f"{at}.owner")
    platform = _platform(context, fields["platform"], f"{at}.platform", platforms)
    manifest = manifest_of(context, wish, {item.dest: item for item in items if item.dest}.values())
    compression = fields.get("compression", _compression(context))
    return Layer(manifest, folder, fields["owner"], compression, platform)


def _folder(context: Context, text: str, at: str) -> str:
    """Return the folder of the image that a layer's files are put into, without slashes around it."""
    folder = text.strip("/")
    if "\0" in folder or {".", ".."} & set(folder.split("/")) or "//" in folder:
        what = f"`prefix` must be a path without `.` and `..`, but is {text!r}".replace("'", "`")
        context.problem(what, field=at, fix='write prefix = "/app"')
        return ""
    return folder


def _picked(context: Context, fields: Mapping[str, Any], at: str) -> list[str]:
    """Return which of the sources are the layer's."""
    wanted = _matching(context, fields["srcs"], f"{at}.srcs")
    unwanted = _matching(context, fields["exclude"], f"{at}.exclude")
    return [path for path in context.sources() if wanted(name := context.relative(path)) and not unwanted(name)]


def _matching(context: Context, globs: Sequence[str], at: str) -> Callable[[str], bool]:
    good = []
    for place, glob in enumerate(globs):
        try:
            match_any([glob])
        except ValueError as error:
            context.problem(f"`{glob}` is no glob: {error}", field=f"{at}[{place}]")
        else:
            good.append(glob)
    return match_any(good)


def _check_owner(context: Context, text: str, at: str) -> None:
    if any(int(part) >= _OWNERS for part in text.split(":")):
        context.problem(f"the owner `{text}` has too large a number", field=at, fix=f"choose numbers below {_OWNERS:,}")


def _platform(context: Context, text: str, at: str, platforms: Sequence[Platform]) -> str:
    """Return the name of a layer's platform, which is one of the image's."""
    if not text:
        return ""
    try:
        platform = Platform.parse(text)
    except ValueError as error:
        context.problem(str(error), field=at, fix="write one as in linux/amd64")
        return text
    if platform not in platforms:
        there = ", ".join(f"`{one}`" for one in platforms)
        context.problem(f"the image is not made for `{platform}`", field=at, fix=f"choose from {there}")
    return str(platform)


def _compression(context: Context) -> str:
    return str(context.target.fields.get("compression", "gzip"))


def _check_level(context: Context) -> None:
    fields, compression = context.target.fields, _compression(context)
    if "level" not in fields:
        return
    low, high = _LEVELS[compression]
    if not low <= fields["level"] <= high:
        what = f"`level` must be from {low} to {high} for {compression}, but is {fields['level']}"
        context.problem(what, field="$.level", fix="leave it out for the default")
    if any(layer.get("compression", compression) != compression for layer in fields.get("layers", ())):
        what = f"`level` is meant for {compression}, and there is a layer that is packed otherwise"
        context.problem(what, field="$.level", fix="leave it out for the defaults")
