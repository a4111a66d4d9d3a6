"""`feature_collection`: every folder in `src` becomes an archive, and one file lists them all."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from packaging_targets import Action, Context, Problem, RequestError

from ..devcontainer_feature.rule import folder_of, package_features  # noqa: TID252  # rules see no other path


def analyse(context: Context) -> Sequence[Action]:
    """Return an action for each feature and one for the collection file."""
    package, src = context.target.label.package, context.target.fields["src"]
    root = "/".join(part for part in (package, src) if part not in {"", "."})
    found = _by_folder(context, f"{root}/" if root else "")
    links = list(_links(context, root))
    missed = [problem for path, problem in links if _leads_to_feature(context, path)]
    passed_over = [*_packages(context, root), *(problem for _, problem in links if problem not in missed)]
    if missed or (passed_over and (context.target.fields["strict"] or not found)):
        raise RequestError(*missed, *passed_over)
    if not found:
        default = src == "src"
        context.fail(
            f"no features were found in `{root or '.'}`",
            field="$.src" if default else "$.srcs",
            fix="give every feature a folder there, with devcontainer-feature.json and install.sh"
            if default
            else f'write srcs = ["{"**" if src == "." else f"{src}/**"}"]',
        )
    for problem in passed_over:
        context.warn(problem.what, where=problem.where, fix=problem.fix)
    folders = [folder_of(context, f"{root}/{name}" if root else name, files) for name, files in sorted(found.items())]
    return package_features(context, folders, collection=True)


def _by_folder(context: Context, prefix: str) -> dict[str, dict[str, str | None]]:
    """Group the sources below `prefix` by folder; what is no folder, or starts with a dot, is passed over."""
    found: dict[str, dict[str, str | None]] = {}
    start = len(prefix)
    for source in context.sources():
        name, slash, relative = source[start:].partition("/")
        if slash and source.startswith(prefix) and not name.startswith("."):
            found.setdefault(name, {})[relative] = context.link(source)
    return found


def _packages(context: Context, root: str) -> Iterator[Problem]:
    """Yield what to say of folders below `root` of which nothing is a source, because they are packages."""
    for folder in context.packages_inside():
        inside = folder.removeprefix(f"{root}/") if root else folder
        if not inside.startswith(".") and (inside != folder or not root):
            named = folder.removeprefix(f"{context.target.label.package}/")
            yield Problem(
                f"{folder}/TARGETS.toml",
                f"`{folder}` is a package of its own, and so not part of the collection",
                f'take its TARGETS.toml away, or write exclude = ["{named}/**"]',
            )


def _links(context: Context, root: str) -> Iterator[tuple[str, Problem]]:
    """Yield symbolic links where the folders of features are, and what to say of each."""
    for source in context.sources():
        folder, _, name = source.rpartition("/")
        if folder == root and not name.startswith(".") and context.link(source) is not None:
            what = f"`{source}` is a symbolic link, and so no feature"
            yield source, Problem(source, what, "put a copy of the folder in its place")


def _leads_to_feature(context: Context, link: str) -> bool:
    """Tell whether a link leads to the folder of a feature among the sources: the release would lack one."""
    leads = posixpath.normpath(posixpath.join(posixpath.dirname(link), context.link(link) or ""))
    return f"{leads}/devcontainer-feature.json" in context.sources()
