"""All that lies in folders which are to be moved or deleted, whoever put it there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging_targets.errors import RequestError, legible, reason
from packaging_targets.services.assets.project import Project
from packaging_targets.store.sweep import signature

if TYPE_CHECKING:
    from packaging_targets.store.sweep import Signature


@dataclass(frozen=True, slots=True, order=True)
class Content:
    """A file, link, folder or pipe: its path in the project, its size in bytes, and its signature."""

    path: str
    size: int
    is_folder: bool
    signature: Signature = field(repr=False)


def contents(project: Project, folders: Iterable[str]) -> tuple[Content, ...]:
    """Return the folders and everything below them, sorted; links are not followed. Those not there hold nothing.

    Raises RequestError where one cannot be looked into: what is in it would go unseen.
    """
    waiting = [folder for folder in folders if os.path.lexists(project.path(folder))]
    found: list[Content] = []
    while waiting:
        path = waiting.pop()
        try:
            stats = os.lstat(project.path(path))
            is_folder = stat.S_ISDIR(stats.st_mode)
            if is_folder:
                waiting += [f"{path}/{name}" for name in os.listdir(project.path(path))]
        except OSError as error:
            what = f"`{legible(path)}` cannot be looked at: {reason(error)}"
            raise RequestError.one(what, legible(path), "make it readable for you, or move it away") from error
        found.append(Content(path, 0 if is_folder else stats.st_size, is_folder, signature(stats)))
    return tuple(sorted(found))
