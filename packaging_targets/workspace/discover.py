"""Finding target files: the folders of a workspace, walked once, and later only where something changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from packaging_targets.errors import RequestError
from packaging_targets.store.layout import TARGET_FILE
from packaging_targets.store.states import is_junk

if TYPE_CHECKING:
    from packaging_targets.workspace.settings import Settings


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
        what = f"the folder `{folder}` cannot be read: {(error.strerror or '').lower()}"
        ignore = f'write ignore = ["{folder}"] in the [workspace] of the root\'s {TARGET_FILE}'
        raise RequestError.one(what, folder, f"make it readable for you, or {ignore}") from error
    return subfolders, is_package


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
