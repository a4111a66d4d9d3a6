"""Where a repository has its containers: its root, their index and Dockerfiles, and what a path of somebody's means."""

from __future__ import annotations

import os
import posixpath

from packaging_targets.errors import RequestError, reason
from packaging_targets.store.layout import TARGET_FILE, declares_workspace, find_root

HOME = "ops/packaging"
TYPES = ("service", "job", "app")


def root_of(given: str | None) -> str:
    """Return the repository's root: the folder `given`, or the workspace around the current folder, or that itself.

    Raises RequestError for what is no folder, and for one inside of a workspace.
    """
    here = os.path.realpath(given or os.getcwd())
    if not os.path.isdir(here):
        raise RequestError.one(f"`{given}` is no folder", "--repo-root", "name the repository's root")
    around = find_root(here)
    if given and around not in {None, here}:
        what = f"`{given}` lies in the workspace `{around}`"
        raise RequestError.one(what, "--repo-root", "name the workspace, or leave it out")
    return around or here


def is_workspace(root: str) -> bool:
    """Tell whether the folder has a target file with a `[workspace]` table."""
    try:
        with open(os.path.join(root, TARGET_FILE), "rb") as file:
            return declares_workspace(file.read())
    except OSError:
        return False


def dockerfile_of(kind: str, name: str) -> str:
    """Return where the Dockerfile of a container is rendered to."""
    return f"{HOME}/{kind}s/{name}.Dockerfile"


def rendered_for(kind: str, name: str) -> tuple[str, ...]:
    """Return all that is rendered for a container: the Dockerfile, and the `.dockerignore` beside it."""
    dockerfile = dockerfile_of(kind, name)
    return (dockerfile, f"{dockerfile}.dockerignore")


def workspace_path(root: str, text: str) -> str | None:
    """Return a path as it is called from the root, `.` for that itself; None for one that leads out of it."""
    path = posixpath.normpath(text or ".")
    if path.startswith("/") or path.split("/")[0] == "..":
        return None
    try:
        real, home = os.path.realpath(os.path.join(root, path)), os.path.realpath(root)
    except ValueError:  # what no file system has a name for
        return None
    return path if real == home or real.startswith(f"{home.rstrip('/')}/") else None


def content_of(root: str, path: str, limit: int = -1) -> bytes | None:
    """Return the bytes of a file, `limit` at most where that is given, or None where there is none.

    Raises RequestError for what cannot be read.
    """
    try:
        with open(os.path.join(root, path), "rb") as file:
            return file.read(limit)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        what = f"`{path}` cannot be read: {reason(error)}"
        raise RequestError.one(what, path, "make it a file that you can read") from error
