"""What the image is made on top of, however the target names it, and the action that brings its layers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging_targets import Action, ImageName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging_targets import Context, Platform

NOTHING = "scratch"
_FORMS = "name the folder of an OCI layout, a .tar of one, :target, or an image in a registry by its digest"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def parent_action(context: Context, platforms: Sequence[Platform], outputs: tuple[str, str]) -> Action | None:
    """Return the action that brings what the target is made on top of, or None for nothing.

    What cannot be that is noted as a problem.
    """
    fields = context.target.fields
    text: str = fields["base"]
    wanted = [str(platform) for platform in platforms]
    # A folder may have an `@` in its name; nothing in a reference follows the digest.
    if text == NOTHING or re.search(r"@[^/]*$", text):
        if "base_digest" in fields:
            which = "is nothing" if text == NOTHING else "is named by its digest"
            context.problem(f"`base_digest` is not for a base that {which}", field="$.base_digest", fix="leave it out")
        if text == NOTHING:
            return None
        _check_reference(context, text)
        params = {"reference": text, "platforms": wanted}
        return Action("oci_pull/1", params, (), outputs, "base", f"pull {text}")
    found = _of_target(context, text, platforms) if is_label(text) else _of_path(context, text)
    if found is None:
        return None
    path, inputs = found
    params = {"path": path, "platforms": wanted, "digest": fields.get("base_digest", "")}
    return Action("oci_base/1", params, inputs, outputs, "base", f"take {path}")


def is_label(text: str) -> bool:
    """Tell whether a base is another target, as the format `label-or-other` of its field has it."""
    return text.startswith(":") or (text.startswith("//") and ":" in text)


def _of_target(context: Context, text: str, platforms: Sequence[Platform]) -> tuple[str, tuple[str, ...]] | None:
    """Return the path of the layout or tar that a target makes, and what to read of it."""
    label = context.label(text)
    image = context.provided_by(label).get("oci_image")
    if image:
        if missing := [f"`{platform}`" for platform in platforms if str(platform) not in image["platforms"]]:
            there = ", ".join(f"`{platform}`" for platform in image["platforms"])
            context.problem(f"`{text}` is not there for {', '.join(missing)}", field="$.base", fix=f"it has {there}")
        layout = image["layout"]
        return layout, tuple(f"{layout}/{name}" for name in ("index.json", "oci-layout", "blobs/sha256/"))
    made = context.outputs_of(label)
    if len(made) == 1 and made[0].endswith((".tar", "/")):
        return made[0].rstrip("/"), made
    what = f"`{text}` makes no image: neither one `.tar` nor one folder"
    context.problem(what, field="$.base", fix="name a target of `oci_image`, or one that makes an OCI layout")
    return None


def _of_path(context: Context, text: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the path of a layout or of a tar in the workspace, and what to read of it."""
    path = context.package_path(text)
    if context.has_file(path):
        return path, (path,)
    index, marker = (context.package_path(f"//{path}/{name}") for name in ("index.json", "oci-layout"))
    if context.has_file(index) and context.has_file(marker):
        return path, (index, marker, *context.files_in(f"{path}/blobs/sha256"))
    _refuse(context, text, path)
    return None


def _refuse(context: Context, text: str, path: str) -> None:
    try:
        name = ImageName.parse(text)
    except ValueError:
        name = None
    if context.files_in(path):
        what = f"`{path}` is no OCI layout: it has no `index.json` or no `oci-layout`"
        context.problem(what, field="$.base", fix=_FORMS)
    elif name and (":" in text or name.full.startswith(text)):
        what = f"`{text}` names no digest, so that it could be another image tomorrow"
        fix = f"write {name.full}@sha256:…, with the digest that `packaging image inspect {name.full}` tells"
        context.problem(what, field="$.base", fix=fix)
    else:
        context.problem(f"there is no `{path}`", field="$.base", fix=_FORMS)


def _check_reference(context: Context, text: str) -> None:
    written, _, digest = text.partition("@")
    try:
        name = ImageName.parse(written)
    except ValueError as error:
        context.problem(f"`{written}` is no image: {error}", field="$.base")
        return
    if not _DIGEST.fullmatch(digest):
        context.problem(f"`{digest}` is no digest", field="$.base", fix="write sha256: and its 64 hexadecimal digits")
    elif name.full.rpartition(":")[0] != name.path:
        full = name.full if ":" in written else name.full.rpartition(":")[0]
        context.problem(f"`{written}` names no registry", field="$.base", fix=f"write {full}@{digest}")
