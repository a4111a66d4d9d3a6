"""Sources and the outputs of other targets, packed into one archive: `tar`, `tar.gz`, `tar.zst` or `zip`.

What is packed, and under which names, is found in `_items.py`; the bytes are the business of the action
kinds that are called like the formats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging_targets import Action

from ._items import Wish, find_items, manifest_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging_targets import Context

_LEVELS = {"tar.gz": (1, 12), "tar.zst": (1, 19), "zip": (0, 12)}


def analyse(context: Context) -> Sequence[Action]:
    """Return the one action of the target."""
    fields = context.target.fields
    params: dict[str, Any] = {"mtime": context.source_date_epoch, **_level(context)}
    wish = _wish(context)
    items = find_items(context, wish)
    context.check()
    if not items:
        context.fail("the archive would be empty", field="$.srcs", fix="name files in `srcs`, or targets in `deps`")
    manifest = manifest_of(context, wish, items)
    out = fields.get("out", f"{context.target.label.name}.{fields['format']}")
    return [Action.pack(f"{fields['format']}/1", manifest, context.output(out), title=f"pack {out}", **params)]


def _wish(context: Context) -> Wish:
    fields = context.target.fields
    packed = ("prefix", "strip_prefix", "rename", "executable")
    return Wish(
        "archive",
        "$",
        fields["srcs"],
        context.sources(),
        context.deps(),
        **{name: fields[name] for name in packed},
        deps_prefix=fields.get("deps_prefix"),
    )


def _level(context: Context) -> dict[str, int]:
    """Return the level as a parameter, where the target has one."""
    fields = context.target.fields
    if "level" not in fields:
        return {}
    form, level = fields["format"], fields["level"]
    if form not in _LEVELS:
        what = f"the format `{form}` is not compressed and has no `level`"
        context.problem(what, field="$.level", fix="leave it out")
    else:
        low, high = _LEVELS[form]
        if not low <= level <= high:
            what = f"`level` must be from {low} to {high} for the format `{form}`, but is {level}"
            context.problem(what, field="$.level", fix="leave it out for the default")
    return {"level": level}
