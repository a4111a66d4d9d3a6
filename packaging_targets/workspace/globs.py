"""The files of one package, for globs to choose from (see `packaging_targets.model.glob`).

A glob never leaves its package: neither up, nor into a folder with a target file of its own, which is another package.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from packaging_targets.store.layout import TARGET_FILE
from packaging_targets.store.states import is_junk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Found(NamedTuple):
    """A file below a package: its path relative to the package, and whether it is a link or something odd.

    `package` is the target file of a package inside this one, of whose other files nothing is said.
    """

    path: str
    kind: str  # "file", "link", "package" or "other"


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
