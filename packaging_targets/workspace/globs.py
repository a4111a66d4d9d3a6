"""Globs over the files of one package.

`*` and `?` match within a path segment, `**` matches any number of segments, `[abc]` a character. A glob never
leaves its package: neither up, nor into a folder with a target file of its own, which is another package.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from packaging_targets.store.layout import TARGET_FILE
from packaging_targets.store.states import is_junk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Found(NamedTuple):
    """A file below a package: its path relative to the package, and whether it is a link or something odd.

    `package` is the target file of a package inside this one, of whose other files nothing is said.
    """

    path: str
    kind: str  # "file", "link", "package" or "other"


@lru_cache(maxsize=4096)
def compile_glob(glob: str) -> re.Pattern[str]:
    """Return the regular expression of a glob; raises ValueError with what is wrong about it."""
    if glob.startswith("/") or not glob:
        raise ValueError("a glob is relative to its package")
    parts = glob.split("/")
    if ".." in parts or "." in parts:
        raise ValueError("a glob never leaves its package: it has no `.` or `..` parts")
    text = ""
    for at, part in enumerate(parts):
        last = at == len(parts) - 1
        if part == "**":
            text += ".+" if last else "(?:[^/]+/)*"
        else:
            text += _segment(part) + ("" if last else "/")
    return re.compile(text)


def _segment(part: str) -> str:
    text, at = "", 0
    while at < len(part):
        char = part[at]
        at += 1
        if char == "*":
            text += "[^/]*"
        elif char == "?":
            text += "[^/]"
        elif char == "[" and (end := part.find("]", at + 1)) > 0:
            inside = part[at:end].replace("\\", "\\\\")
            text += f"[^/{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
            at = end + 1
        else:
            text += re.escape(char)
    return text


def fixed_prefix(glob: str) -> str:
    """Return the folder below which all that a glob matches lies, empty for the package itself."""
    parts = glob.split("/")
    fixed: list[str] = []
    for part in parts[:-1]:
        if any(char in part for char in "*?["):
            break
        fixed.append(part)
    return "/".join(fixed)


def match_any(globs: Sequence[str]) -> Callable[[str], bool]:
    """Return a predicate: does any of the globs match the path?"""
    patterns = [compile_glob(glob).fullmatch for glob in globs]
    if len(patterns) == 1:
        only = patterns[0]
        return lambda path: only(path) is not None
    return lambda path: any(match(path) for match in patterns)


def package_files(folder: str, ignores: Callable[[str], bool], prefix: str = "") -> Iterator[Found]:
    """List the files of the package in `folder` (a workspace path; the current folder is the workspace root).

    `ignores` tells of workspace paths that are no part of the workspace. `prefix` limits the walk to a folder
    of the package. The order is that of the file system.
    """
    start = f"{folder}/{prefix}" if folder and prefix else folder or prefix
    pending = [(start, f"{prefix}/" if prefix else "")]
    while pending:
        path, relative = pending.pop()
        try:
            entries = list(os.scandir(path or "."))
        except (FileNotFoundError, NotADirectoryError):
            continue
        if path != folder and any(entry.name == TARGET_FILE for entry in entries):
            yield Found(relative + TARGET_FILE, "package")
            continue
        base = f"{path}/" if path else ""
        for entry in entries:
            name = entry.name
            if is_junk(name) or ignores(base + name):
                continue
            if entry.is_symlink():
                yield Found(relative + name, "link")
            elif entry.is_file():
                yield Found(relative + name, "file")
            elif entry.is_dir():
                pending.append((base + name, f"{relative}{name}/"))
            else:
                yield Found(relative + name, "other")
