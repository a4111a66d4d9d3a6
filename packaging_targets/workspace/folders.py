"""What lies in the folders of a workspace: target files, which make a folder a package, and the files of a package.

Folders are walked once, and later only where something changed. The files of a package are what globs choose from (see
`packaging_targets.model.glob`): a glob never leaves its package, neither up, nor into a folder with a target file of
its own, which is another package.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from packaging_targets.errors import RequestError, reason
from packaging_targets.store.layout import TARGET_FILE
from packaging_targets.store.states import is_junk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packaging_targets.workspace.settings import Settings


class Found(NamedTuple):
    """A file below a package: its path relative to the package, and whether it is a link or something odd.

    `package` is the target file of a package inside this one, of whose other files nothing is said.
    """

    path: str
    kind: str  # "file", "link", "package" or "other"


def walk(settings: Settings, start: str = "") -> tuple[list[str], list[str]]:
    """Return (folders, packages) at and below the workspace folder `start`.

    Folders are all that target files are looked for in; packages those that hold one. Both are workspace paths, the
    root's is empty. The current folder is the workspace root.
    """
    folders: list[str] = []
    packages: list[str] = []
    pending = [start]
    while pending:
        folder = pending.pop()
        found = children(settings, folder)
        if found is None:
            continue
        folders.append(folder)
        subfolders, is_package = found
        if is_package:
            packages.append(folder)
        pending.extend(subfolders)
    return folders, packages


def children(settings: Settings, folder: str) -> tuple[list[str], bool] | None:
    """Return the folders in `folder` that belong to the workspace, and whether it has a target file.

    Returns None where there is no such folder. Symbolic links are not followed, and a folder whose name is not
    UTF-8 cannot be a package nor hold one: it is passed over. Raises RequestError for what may not be read.
    """
    base = f"{folder}/" if folder else ""
    subfolders: list[str] = []
    is_package = False
    try:
        with os.scandir(folder or ".") as entries:
            for entry in entries:
                name = entry.name
                if name == TARGET_FILE:
                    is_package = True
                elif (
                    entry.is_dir(follow_symlinks=False)
                    and not is_junk(name)
                    and _is_utf8(name)
                    and settings.discovers(base + name, name)
                ):
                    subfolders.append(base + name)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        what = f"the folder `{folder}` cannot be read: {reason(error)}"
        ignore = f'write ignore = ["{folder}"] in the [workspace] of the root\'s {TARGET_FILE}'
        raise RequestError.one(what, folder, f"make it readable for you, or {ignore}") from error
    return subfolders, is_package


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


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
