"""What goes into an archive, and under which names: sources, and the outputs of dependencies."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from packaging_targets import match_any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging_targets import Context

_TARGET_FILE = "TARGETS.toml"


@dataclass(frozen=True, slots=True)
class Item:
    """A file to pack.

    `path` is its workspace path, `name` what fields call it: a source's path in the package, an output's
    file name. `dest` is its name in the archive, below `folder`; None for a source outside `strip_prefix`.
    """

    path: str
    name: str
    folder: str
    dest: str | None
    executable: bool | None = None


def find_items(context: Context) -> list[Item]:
    """Return everything that the target packs, sources first.

    What cannot be packed as the fields say is noted as a problem.
    """
    fields = context.target.fields
    prefix = _inner_folder(context, fields["prefix"], "prefix")
    outputs_prefix = prefix
    if "deps_prefix" in fields:
        outputs_prefix = _inner_folder(context, fields["deps_prefix"], "deps_prefix")
    items = _sources(context, prefix) + _outputs(context, outputs_prefix)
    items = _renamed(context, items, fields["rename"])
    _refuse_outsiders(context, items, fields["strip_prefix"])
    _refuse_shared_names(context, items)
    return _made_executable(context, items, fields["executable"])


def _inner_folder(context: Context, text: str, field: str) -> str:
    folder = text.rstrip("/") if text != "/" else text
    if folder and not _is_inner(folder):
        what = f"`{field}` must be a relative path without `.` and `..`, but is `{text}`"
        context.problem(what, field=f"$.{field}", fix=f'write {field} = "app", or leave it out')
    return folder


def _is_inner(path: str) -> bool:
    return "\0" not in path and not {"", ".", ".."} & set(path.split("/"))


def _sources(context: Context, prefix: str) -> list[Item]:
    fields, package = context.target.fields, context.target.label.package
    root = _root(context)
    items = []
    for path in context.sources():
        name = _below(path, package) or path
        if name == _TARGET_FILE and name not in fields["srcs"]:
            continue
        rest = _below(path, root)
        items.append(Item(path, name, prefix, None if rest is None else posixpath.join(prefix, rest)))
        _check_link(context, path, root)
    return items


def _root(context: Context) -> str:
    """Return the workspace path of the folder that the names of sources are relative to."""
    strip = context.target.fields["strip_prefix"].rstrip("/")
    if strip:
        return context.package_path(strip)
    return "" if context.target.fields["strip_prefix"] else context.target.label.package


def _below(path: str, folder: str) -> str | None:
    """Return `path` relative to `folder`, or None where it is not below it."""
    if not folder:
        return path
    return path.removeprefix(f"{folder}/") if path.startswith(f"{folder}/") else None


def _check_link(context: Context, path: str, root: str) -> None:
    leads = context.link(path)
    if leads is None:
        return
    end = posixpath.normpath(posixpath.join(posixpath.dirname(path), leads))
    if leads.startswith("/"):
        what = f"`{path}` is a link to the absolute path `{leads}`"
        context.problem(what, field="$.srcs", fix="make it relative, or exclude it")
    elif end != root and (_below(end, root) is None or end.startswith("../") or end == ".."):
        what = f"`{path}` is a link to `{leads}`, which is outside of the archive"
        context.problem(what, field="$.srcs", fix="replace it by what it leads to, or exclude it")


def _outputs(context: Context, prefix: str) -> list[Item]:
    paths = [path for label in context.deps() for path in context.outputs_of(label)]
    names = ((path, posixpath.basename(path.rstrip("/"))) for path in paths)
    return [Item(path, name, prefix, posixpath.join(prefix, name)) for path, name in names]


def _renamed(context: Context, items: Sequence[Item], renames: dict[str, str]) -> list[Item]:
    idle = set(renames)
    renamed = []
    for item in items:
        key = next((key for key in (f"//{item.path}", item.name) if key in renames), None)
        if key is None:
            renamed.append(item)
            continue
        idle.discard(key)
        if not _is_inner(renames[key]):
            what = f"a new name must be a relative path without `.` and `..`, but is `{renames[key]}`"
            context.problem(what, field=f"$.rename.{key}")
        renamed.append(replace(item, dest=posixpath.join(item.folder, renames[key])))
    for key in sorted(idle):
        close = get_close_matches(key, [item.name for item in items], n=1, cutoff=0.6)
        fix = f"did you mean `{close[0]}`?" if close else ""
        context.problem(f"`{key}` is nothing that is packed", field=f"$.rename.{key}", fix=fix)
    return renamed


def _refuse_outsiders(context: Context, items: Sequence[Item], strip_prefix: str) -> None:
    names = [f"`{item.name}`" for item in items if item.dest is None]
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004  # enough to see which
        what = f"not below `strip_prefix`, which is `{strip_prefix}`: {', '.join(names[:3])}{more}"
        context.problem(what, field="$.strip_prefix", fix="mend it, exclude them, or give them names in `rename`")


def _refuse_shared_names(context: Context, items: Sequence[Item]) -> None:
    first: dict[str, Item] = {}
    for item in items:
        other = first.setdefault(item.dest or f"//{item.path}", item)
        if other.path != item.path:
            what = f"`{other.path}` and `{item.path}` both want to be `{item.dest}` in the archive"
            context.problem(what, field="$.rename", fix=f'rename one: rename = {{ "//{item.path}" = "…" }}')


def _made_executable(context: Context, items: Sequence[Item], globs: Sequence[str]) -> list[Item]:
    chosen: set[str] = set()
    for place, glob in enumerate(globs):
        try:
            names = set(filter(match_any([glob]), (item.name for item in items)))
        except ValueError as error:
            context.problem(f"`{glob}` is no glob: {error}", field=f"$.executable[{place}]")
            continue
        if not names:
            what = f"`{glob}` matches nothing that is packed"
            context.problem(what, field=f"$.executable[{place}]", fix="mend the glob, or remove it")
        chosen |= names
    return [replace(item, executable=True) if item.name in chosen else item for item in items]
