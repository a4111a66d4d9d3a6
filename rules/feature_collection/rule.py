"""`feature_collection`: every folder in `src` becomes an archive, and one file lists them all."""

from __future__ import annotations

from collections.abc import Sequence

from packaging_targets import Action, Context

from ..devcontainer_feature.rule import folder_of, package_features  # noqa: TID252  # rules see no other path


def analyse(context: Context) -> Sequence[Action]:
    """Return an action for each feature and one for the collection file."""
    package, src = context.target.label.package, context.target.fields["src"]
    root = "/".join(part for part in (package, src) if part not in {"", "."})
    found = _by_folder(context, f"{root}/" if root else "")
    if not found:
        default = src == "src"
        context.fail(
            f"no features were found in `{root or '.'}`",
            field="$.src" if default else "$.srcs",
            fix="give every feature a folder there, with devcontainer-feature.json and install.sh"
            if default
            else f'write srcs = ["{"**" if src == "." else f"{src}/**"}"]',
        )
    folders = [folder_of(context, f"{root}/{name}" if root else name, files) for name, files in sorted(found.items())]
    return package_features(context, folders, collection=True)


def _by_folder(context: Context, prefix: str) -> dict[str, dict[str, str | None]]:
    """Group the sources below `prefix` by folder; what is no folder, or starts with a dot, is passed over."""
    found: dict[str, dict[str, str | None]] = {}
    start = len(prefix)
    for source in context.sources():
        name, slash, relative = source[start:].partition("/")
        if not source.startswith(prefix) or name.startswith("."):
            continue
        if slash:
            found.setdefault(name, {})[relative] = context.link(source)
        elif context.link(source) is not None:
            context.warn(
                f"`{source}` is a symbolic link, and so no feature",
                where=source,
                fix="put a copy of the folder in its place",
            )
    return found
