"""`aam verify`: every installed file against what was installed, and the lock against the cache."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from packaging_targets.errors import Problem, legible
from packaging_targets.services.aam.asking.graph import read
from packaging_targets.services.aam.installing.local import archive_of
from packaging_targets.services.aam.installing.planning import lock_differs
from packaging_targets.services.aam.installing.project import Project, folder_of
from packaging_targets.store.aam.cache import PackageCache
from packaging_targets.store.aam.places import LOCK, cache_folder

_AGAIN = "remove the folder and run `aam install`"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Verified:
    """How much was compared, and all that differs."""

    packages: int
    files: int
    archives: int
    problems: tuple[Problem, ...]


def verify(root: str) -> Verified:
    """Compare all that is installed in a project with what was installed, and cached archives with the lock."""
    project = read(root)
    problems = [Problem(LOCK, what, "aam install") for what in lock_differs(project)]
    problems += _against_lock(project)
    for name, one in sorted(project.installed.items()):
        problems += _differing(project, folder_of(name), one.files)
    if project.deployed:
        from packaging_targets.services.aam.asking.deployed import differing

        problems += differing(project)
    cache = PackageCache(cache_folder())
    archives = [archive_of(name, one) for name, one in sorted(project.lock.resolved.items())]
    cached = [one for one in archives if cache.has(one)]
    for archive in cached:
        if cache.get(archive) is None:
            what = f"the cached archive of {archive.title} is not what the lock says; it was removed"
            problems.append(Problem(cache_folder(), what, "nothing: it is fetched again when it is needed"))
    files = sum(len(one.files) for one in project.installed.values())
    return Verified(len(project.installed), files, len(cached), tuple(problems))


def _against_lock(project: Project) -> Iterator[Problem]:
    for name, one in sorted(project.lock.resolved.items()):
        found = project.installed.get(name)
        if found is None:
            yield Problem(LOCK, f"`{name}` {one.version} is locked, but not installed", "aam install")
        elif (found.version, found.integrity) != (one.version, one.integrity):
            what = f"`{name}` {one.version} is locked, but {found.version} ({found.integrity}) is installed"
            yield Problem(LOCK, what, "aam install")
    for name in sorted(project.installed.keys() - project.lock.resolved.keys()):
        yield Problem(LOCK, f"`{name}` is installed, but not locked", "aam install")


def _differing(project: Project, folder: str, files: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what of a package's folder is not as it was installed: files that differ, are missing, or came later."""
    place = project.path(folder)
    if not os.path.isdir(place) or os.path.islink(place):
        yield Problem(folder, "the folder of the package is gone", _AGAIN)
        return
    there = set(_files(place))
    for path, digest in files.items():
        if path not in there:
            yield Problem(f"{folder}/{legible(path)}", "the file is gone", _AGAIN)
        elif _digest(os.path.join(place, path)) != digest:
            yield Problem(f"{folder}/{legible(path)}", "the file was changed", _AGAIN)
    for path in sorted(there - files.keys()):
        yield Problem(f"{folder}/{legible(path)}", "the file does not belong to the package", _AGAIN)


def _files(top: str) -> Iterator[str]:
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        for entry in os.scandir(os.path.join(top, folder)):
            path = os.path.join(folder, entry.name)
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            else:
                yield path


def _digest(path: str) -> str:
    if not os.path.isfile(path) or os.path.islink(path):
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
