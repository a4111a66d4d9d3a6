"""The paths of a container target: its module, the build's context, and what is copied from where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from posixpath import normpath
from typing import TYPE_CHECKING

from packaging_targets import nearest_container_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging_targets import Context

_COPYABLE = re.compile(r"[A-Za-z0-9_.+@~/ -]+")
"""Paths that COPY takes as they are: no quotes, variables or wildcards."""


@dataclass(frozen=True, slots=True)
class Container:
    """What a target's fields come to. Paths are workspace paths; an empty one is the repository root.

    `sources` are all files that the build may see: the target's own, and what its dependencies make.
    """

    analysis: Context
    id: str
    module: str
    context: str
    image: str
    sources: tuple[str, ...]

    @classmethod
    def of(cls, analysis: Context) -> Container:
        """Return the container that the target under analysis declares."""
        fields = analysis.target.fields
        name = _id(analysis)
        module = _folder(analysis, "module", fields.get("module", "."))
        context = _folder(analysis, "context", fields["context"])
        return cls(analysis, name, module, context, fields.get("image") or name, _sources(analysis, module))

    def relative(self, path: str) -> str:
        """Return `path` as the build sees it, relative to its context."""
        return path.removeprefix(f"{self.context}/") if self.context else path

    def check(self) -> None:
        """Refuse a module without sources, and a context that does not hold all of module and sources."""
        own = self.module == self.analysis.target.label.package  # may be empty still
        if not own and not any(path.startswith(f"{self.module}/") for path in self.sources):
            self.analysis.fail(
                f"no source of the target lies in the module `{self.module or '.'}`",
                field="$.module",
                fix=f"correct the path, or declare the target in {self.module}/TARGETS.toml",
            )
        inside = f"{self.context}/" if self.context else ""
        for path in (f"{self.module}/", *self.sources):
            if not path.startswith(inside):
                self.analysis.fail(
                    f"`{path.rstrip('/') or '.'}` lies outside the build's context `{self.context}`",
                    field="$.context",
                    fix="leave `context` out: the context is the repository root then",
                )

    def copies(self) -> list[list[str]]:
        """Return [source, folder] of what is copied beside the module, relative to the context and to `/app`.

        The sources are the largest folders that do not hold the module, or single files.
        """
        if not self.module:
            return []
        beside = [path for path in self.sources if not path.startswith(f"{self.module}/")]
        tops = sorted({_largest_beside(path, self.module) for path in beside})
        return [[self._copyable(top), _destination(top)] for top in tops]

    def module_copies(self, names: Iterable[str]) -> list[list[str]]:
        """Return [source, …, folder] of what is copied of the module, where `.` is all of it, before the rest is."""
        groups: dict[str, list[str]] = {}
        for name in names:
            path = normpath(f"{self.module}/{name}").removeprefix("/") + ("/" if name == "." else "")
            groups.setdefault(_destination(name), []).append(self._copyable(path))
        return [[*paths, folder] for folder, paths in sorted(groups.items())]

    def _copyable(self, path: str) -> str:
        """Return `path` as COPY names it, relative to the context."""
        if not _COPYABLE.fullmatch(path):
            self.analysis.fail(f"COPY cannot name `{path}`", field="$.srcs", fix="rename it, or exclude it")
        return self.relative(path).removeprefix("/") or "./"


def _sources(analysis: Context, module: str) -> tuple[str, ...]:
    """Return the sources, those of the module where `srcs` says nothing, and what the dependencies make."""
    own = [path for path in analysis.sources() if path.rpartition("/")[2] != "TARGETS.toml"]
    if module and list(analysis.target.fields["srcs"]) == ["**"]:
        own = [path for path in own if path.startswith(f"{module}/")]
    made = [
        path
        for label in analysis.deps()
        if "container" not in analysis.provided_by(label)  # an image is not made of another one's Dockerfile
        for path in analysis.outputs_of(label)
    ]
    return tuple(sorted({*own, *made}))


def _id(analysis: Context) -> str:
    given = analysis.target.fields.get("id")
    name = analysis.target.label.name if given is None else str(given)
    near = nearest_container_id(name)
    if near != name:
        analysis.fail(
            f"the id `{name}` is no image name: lower-case letters and digits, joined by `.`, `_` or `-`",
            field="$.name" if given is None else "$.id",
            fix=f'write id = "{near}"',
        )
    return name


def _folder(analysis: Context, field: str, text: str) -> str:
    """Return the workspace path of a folder, empty for the root."""
    path = analysis.package_path(text)
    if path and not _COPYABLE.fullmatch(path):
        analysis.fail(f"COPY cannot name the folder `{path}`", field=f"$.{field}", fix="rename it")
    return path


def _largest_beside(path: str, module: str) -> str:
    at = path.find("/") + 1
    while at and f"{module}/".startswith(path[:at]):
        at = path.find("/", at) + 1
    return path[:at] or path


def _destination(top: str) -> str:
    folder = top.rpartition("/")[0]
    return f"./{folder}/" if folder else "./"
