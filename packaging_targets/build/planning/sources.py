"""The sources of a target: what its globs match now, and what may not be among them."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.errors import Problem, legible
from packaging_targets.model.glob import fixed_prefix, match_any
from packaging_targets.workspace.folders import Found, package_files

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from packaging_targets.model.target import Target
    from packaging_targets.workspace.settings import Settings


@dataclass(frozen=True, slots=True)
class Sources:
    """Workspace paths, sorted; `links` are those that are symbolic links; `problems` what stands in the way.

    `inner` are the target files of packages inside, where the globs would match more if these were no packages.
    """

    paths: tuple[str, ...]
    links: frozenset[str]
    problems: tuple[Problem, ...]
    inner: tuple[str, ...] = ()

    @property
    def seen(self) -> tuple[str, ...]:
        """All that an analysis can learn of: when it changes, the target is analysed again."""
        return self.paths + self.inner


def find_sources(settings: Settings, target: Target, outputs: Collection[str]) -> Sources:
    """Return what a target's globs match, without `exclude` and without `outputs`, which targets make.

    Each glob that the entry names has to match something. The current folder is the workspace root.
    """
    globs = target.patterns
    package = target.label.package
    base = f"{package}/" if package else ""
    files = [found for found in _candidates(settings, package, globs) if base + found.path not in outputs]
    wanted = match_any(globs)
    unwanted = match_any(target.fields["exclude"]) if target.fields["exclude"] else None
    matched = [found for found in files if wanted(found.path) and not (unwanted and unwanted(found.path))]
    chosen = [found for found in matched if found.kind != "package"]
    problems = [problem for found in chosen if (problem := _unfit(settings, base + found.path, found, target))]
    problems.extend(_idle_globs(target, files))
    return Sources(
        tuple(sorted(base + found.path for found in chosen)),
        frozenset(base + found.path for found in chosen if found.kind == "link"),
        tuple(problems),
        tuple(sorted(base + found.path for found in matched if found.kind == "package")),
    )


def _candidates(settings: Settings, package: str, globs: Sequence[str]) -> list[Found]:
    """List the files below the folders that the globs can reach, each once."""
    prefixes = sorted({fixed_prefix(glob) for glob in globs})
    roots = [one for one in prefixes if not any(one != other and _within(one, other) for other in prefixes)]
    return [found for root in roots for found in package_files(package, settings.ignores, root)]


def _within(path: str, folder: str) -> bool:
    return folder == "" or path.startswith(f"{folder}/")


def _unfit(settings: Settings, path: str, found: Found, target: Target) -> Problem | None:
    def problem(what: str, fix: str) -> Problem:
        return Problem(str(target.where), what, fix, str(target.label), "$.srcs")

    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return problem(f"the name of the source `{legible(path)}` is not UTF-8", "rename it, or exclude it")
    if found.kind == "other":
        what = f"`{path}` is no regular file but a FIFO, a socket or a device"
        return problem(what, "take it away, or exclude it")
    if found.kind == "link":
        leads = os.path.realpath(path)
        if not _within(leads, os.path.realpath(settings.root)):
            what = f"`{path}` is a symbolic link that leads outside the workspace, to `{os.readlink(path)}`"
            return problem(what, "copy what it leads to, or exclude it")
    return None


def _idle_globs(target: Target, files: Sequence[Found]) -> list[Problem]:
    problems = []
    for glob, field in target.globs:
        matches = match_any([glob])
        if field and not any(matches(found.path) and found.kind != "package" for found in files):
            folder = target.label.package or "the root folder"
            fix = "mend the glob, or remove it"
            for inner in filter(matches, (found.path for found in files)):
                fix = f"`{posixpath.dirname(inner)}` is a package of its own: depend on a target of it"
            what = f"`{glob}` matches no file below {folder}"
            problems.append(Problem(str(target.where), what, fix, str(target.label), field))
    return problems
