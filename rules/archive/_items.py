"""What goes into an archive, or a layer of an image, and under which names: sources, and outputs of dependencies."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from packaging_targets import Entry, Manifest, match_any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging_targets import Context, Label

_TARGET_FILE = "TARGETS.toml"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a table of a target asks to be packed, and how: the fields of an archive, or of a layer of an image.

    `at` is the path of the table, which problems name. `srcs` are its globs, `sources` what they match, `labels` the
    targets whose outputs are packed too. `prefix` and `deps_prefix` are relative paths; `what` is what they are in.
    """

    what: str
    at: str
    srcs: Sequence[str]
    sources: Sequence[str]
    labels: Sequence[Label]
    prefix: str
    strip_prefix: str
    rename: Mapping[str, str]
    executable: Sequence[str]
    deps_prefix: str | None = None

    def problem(self, context: Context, what: str, field: str, fix: str = "") -> None:
        """Note a problem of a field of the table."""
        context.problem(what, field=f"{self.at}.{field}", fix=fix)


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


def find_items(context: Context, wish: Wish) -> list[Item]:
    """Return everything that a target packs, sources first.

    What cannot be packed as the fields say is noted as a problem.
    """
    prefix = _inner_folder(context, wish, wish.prefix, "prefix")
    outputs_prefix = prefix
    if wish.deps_prefix is not None:
        outputs_prefix = _inner_folder(context, wish, wish.deps_prefix, "deps_prefix")
    items = _sources(context, wish, prefix) + _outputs(context, wish, outputs_prefix)
    items = _renamed(context, wish, items)
    _refuse_outsiders(context, wish, items)
    _refuse_shared_names(context, wish, items)
    return _made_executable(context, wish, items)


def manifest_of(context: Context, wish: Wish, items: Iterable[Item]) -> Manifest:
    """Return the manifest of items, each with a destination of its own.

    Where a file would have to be a folder too, that is noted as a problem.
    """
    entries = [Entry(item.dest or "", item.path, executable=item.executable) for item in items]
    try:
        return Manifest.of(entries)
    except ValueError as error:
        wish.problem(context, f"in the {wish.what}, {error}", "rename", "rename one of the two")
        return Manifest(())


def _inner_folder(context: Context, wish: Wish, text: str, field: str) -> str:
    folder = text.rstrip("/") if text != "/" else text
    if folder and not _is_inner(folder):
        what = f"`{field}` must be a relative path without `.` and `..`, but is `{text}`"
        wish.problem(context, what, field, f'write {field} = "app", or leave it out')
    return folder


def _is_inner(path: str) -> bool:
    return "\0" not in path and not {"", ".", ".."} & set(path.split("/"))


def _sources(context: Context, wish: Wish, prefix: str) -> list[Item]:
    package = context.target.label.package
    root = _root(context, wish)
    items = []
    for path in wish.sources:
        name = _below(path, package) or path
        if name == _TARGET_FILE and name not in wish.srcs:
            continue
        rest = _below(path, root)
        items.append(Item(path, name, prefix, None if rest is None else posixpath.join(prefix, rest)))
        _check_link(context, wish, path, root)
    return items


def _root(context: Context, wish: Wish) -> str:
    """Return the workspace path of the folder that the names of sources are relative to."""
    strip = wish.strip_prefix.rstrip("/")
    if strip:
        return context.package_path(strip)
    return "" if wish.strip_prefix else context.target.label.package


def _below(path: str, folder: str) -> str | None:
    """Return `path` relative to `folder`, or None where it is not below it."""
    if not folder:
        return path
    return path.removeprefix(f"{folder}/") if path.startswith(f"{folder}/") else None


def _check_link(context: Context, wish: Wish, path: str, root: str) -> None:
    leads = context.link(path)
    if leads is None:
        return
    end = posixpath.normpath(posixpath.join(posixpath.dirname(path), leads))
    if leads.startswith("/"):
        what = f"`{path}` is a link to the absolute path `{leads}`"
        wish.problem(context, what, "srcs", "make it relative, or exclude it")
    elif end != root and (_below(end, root) is None or end.startswith("../") or end == ".."):
        what = f"`{path}` is a link to `{leads}`, which is outside of the {wish.what}"
        wish.problem(context, what, "srcs", "replace it by what it leads to, or exclude it")


def _outputs(context: Context, wish: Wish, prefix: str) -> list[Item]:
    paths = [path for label in wish.labels for path in context.outputs_of(label)]
    names = ((path, posixpath.basename(path.rstrip("/"))) for path in paths)
    return [Item(path, name, prefix, posixpath.join(prefix, name)) for path, name in names]


def _renamed(context: Context, wish: Wish, items: Sequence[Item]) -> list[Item]:
    renames = wish.rename
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
            wish.problem(context, what, f"rename.{key}")
        renamed.append(replace(item, dest=posixpath.join(item.folder, renames[key])))
    for key in sorted(idle):
        close = get_close_matches(key, [item.name for item in items], n=1, cutoff=0.6)
        fix = f"did you mean `{close[0]}`?" if close else ""
        wish.problem(context, f"`{key}` is nothing that is packed", f"rename.{key}", fix)
    return renamed


def _refuse_outsiders(context: Context, wish: Wish, items: Sequence[Item]) -> None:
    names = [f"`{item.name}`" for item in items if item.dest is None]
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004  # enough to see which
        what = f"not below `strip_prefix`, which is `{wish.strip_prefix}`: {', '.join(names[:3])}{more}"
        wish.problem(context, what, "strip_prefix", "mend it, exclude them, or give them names in `rename`")


def _refuse_shared_names(context: Context, wish: Wish, items: Sequence[Item]) -> None:
    first: dict[str, Item] = {}
    for item in items:
        other = first.setdefault(item.dest or f"//{item.path}", item)
        if other.path != item.path:
            what = f"`{other.path}` and `{item.path}` both want to be `{item.dest}` in the {wish.what}"
            wish.problem(context, what, "rename", f'rename one: rename = {{ "//{item.path}" = "…" }}')


def _made_executable(context: Context, wish: Wish, items: Sequence[Item]) -> list[Item]:
    chosen: set[str] = set()
    for place, glob in enumerate(wish.executable):
        try:
            names = set(filter(match_any([glob]), (item.name for item in items)))
        except ValueError as error:
            wish.problem(context, f"`{glob}` is no glob: {error}", f"executable[{place}]")
            continue
        if not names:
            what = f"`{glob}` matches nothing that is packed"
            wish.problem(context, what, f"executable[{place}]", "mend the glob, or remove it")
        chosen |= names
    return [replace(item, executable=True) if item.name in chosen else item for item in items]
