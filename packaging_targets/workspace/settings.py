"""The `[workspace]` table of the root's target file, and finding that root."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from packaging_targets.errors import Problem, RequestError
from packaging_targets.store.layout import CONTAINER_INDEX, STATE_FOLDER, TARGET_FILE, Layout, find_root
from packaging_targets.workspace.target_file import TargetFile, field_where, parse_target_file

_KEYS = {
    "cache": ("the folder of the action cache, relative to the workspace", str),
    "ignore": ("globs of folders and files that are no part of the workspace", list),
    "out": ("the folder for outputs, relative to the workspace", str),
}

WORKSPACE_SCHEMA = {
    "type": "object",
    "description": "Marks the root of a workspace.",
    "properties": {
        "cache": {"type": "string", "description": f"{_KEYS['cache'][0]}."},
        "ignore": {"type": "array", "items": {"type": "string"}, "description": f"{_KEYS['ignore'][0]}."},
        "out": {"type": "string", "default": "dist", "description": f"{_KEYS['out'][0]}."},
    },
    "additionalProperties": False,
}

# Folders that hold other people's modules: a target file in one of them is not the workspace's.
_NEVER_DISCOVERED = frozenset({STATE_FOLDER, "node_modules", ".venv", "venv", ".nox", ".tox"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What the `[workspace]` table says. `out` is a relative path; `ignore` are globs over workspace paths."""

    root: str
    out: str = "dist"
    ignore: tuple[str, ...] = ()
    cache: str | None = None

    @property
    def layout(self) -> Layout:
        """Where everything of this workspace is."""
        return Layout(self.root, self.out, self.cache)

    def ignores(self, path: str) -> bool:
        """Tell whether a workspace path is no part of the workspace: what `ignore` matches, or the outputs."""
        if path in {self.out, STATE_FOLDER}:
            return True
        return any(fnmatchcase(path, glob) or fnmatchcase(path.rpartition("/")[2], glob) for glob in self.ignore)

    def discovers(self, path: str, name: str) -> bool:
        """Tell whether target files are looked for in the folder `path`."""
        return name not in _NEVER_DISCOVERED and not self.ignores(path)


def open_workspace(start: str) -> Settings:
    """Return the settings of the workspace that `start` lies in; raises RequestError where there is none."""
    root = find_root(os.path.abspath(start))
    if root is None:
        raise no_workspace(start)
    path = os.path.join(root, TARGET_FILE)
    with open(path, "rb") as file:
        parsed = parse_target_file(TARGET_FILE, file.read())
    return read_settings(root, parsed)


def no_workspace(start: str) -> RequestError:
    """Return what is said where a workspace is needed, and the folder `start` lies in none."""
    fix = f"write a `[workspace]` table into the {TARGET_FILE} of the repository's root"
    if os.path.isfile(os.path.join(start, CONTAINER_INDEX)):
        what = f"there are no targets here, only containers in {CONTAINER_INDEX}"
        fix = "ctl-packaging build-all builds their images; ctl-packaging init, and then adopt, makes targets of them"
        return RequestError.one(what, os.path.abspath(start), fix)
    return RequestError.one("this folder is in no workspace", os.path.abspath(start), fix)


def read_settings(root: str, file: TargetFile) -> Settings:
    """Return what the `[workspace]` table of the root's target file says; raises RequestError with all problems."""
    table: dict[str, Any] = file.workspace or {}
    problems = list(file.problems)
    for key, value in table.items():
        if key not in _KEYS:
            problems.append(
                _problem(file, key, f"`[workspace]` has no field `{key}`", f"its fields: {', '.join(_KEYS)}")
            )
        elif not _fits(value, _KEYS[key][1]):
            problems.append(_problem(file, key, f"`{key}` must be {_KEYS[key][0]}"))
    out = table.get("out", "dist")
    if isinstance(out, str) and (os.path.normpath(out) != out or out.split("/")[0] in {"", ".", ".."}):
        what = f"`out` must be a folder inside the workspace, but is `{out}`"
        problems.append(_problem(file, "out", what, 'write out = "dist"'))
    if problems:
        raise RequestError(*problems)
    return Settings(root, out, tuple(table.get("ignore", ())), table.get("cache"))


def _problem(file: TargetFile, key: str, what: str, fix: str = "") -> Problem:
    path = f"$.{key}"
    return Problem(field_where(file, file.workspace_line, path), what, fix, field=path)


def _fits(value: Any, kind: type) -> bool:
    items = value if isinstance(value, list) else ()
    return isinstance(value, kind) and all(isinstance(item, str) for item in items)
