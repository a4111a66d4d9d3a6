"""`aam verify`: every installed file against what was installed, and the lock against the cache."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from packaging_targets.errors import Problem, legible
from packaging_targets.formats.aam.package.reader import PackageReader
from packaging_targets.services.aam.asking.graph import read
from packaging_targets.services.aam.installing.local import archive_of
from packaging_targets.services.aam.installing.planning import lock_differs
from packaging_targets.services.aam.installing.project import Project, folder_of
from packaging_targets.store.aam.cache import PackageCache
from packaging_targets.store.aam.places import LOCK, cache_folder
from packaging_targets.store.aam.unpacked_tree import differences

_AGAIN = "aam install --force"


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
    cache = PackageCache(cache_folder())
    archives = {name: archive_of(name, one) for name, one in sorted(project.lock.resolved.items())}
    cached = {name: cache.get(one) for name, one in archives.items() if cache.has(one)}
    for name, record in sorted(project.installed.items()):
        data = cached.get(name) if _is_locked(project, name) else None
        files = record.files if data is None else _archived(data, archives[name].where)
        problems += _differing(project, folder_of(name), files)
    for name, records in sorted(project.deployed.items()):
        for one in records.values():
            problems += _deployed(project, name, one["files"])
    for name, data in cached.items():
        if data is None:
            what = f"the cached archive of {archives[name].title} is not what the lock says; it was removed"
            problems.append(Problem(cache_folder(), what, "nothing: it is fetched again when it is needed"))
    count = sum(len(one.files) for one in project.installed.values())
    return Verified(len(project.installed), count, len(cached), tuple(problems))


def _is_locked(project: Project, name: str) -> bool:
    one, locked = project.installed[name], project.lock.resolved.get(name)
    return locked is not None and (one.version, one.integrity) == (locked.version, locked.integrity)


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
    for path, what in differences(project.path(folder), files):
        yield Problem(legible(os.path.join(folder, path) if path else folder), what, _AGAIN)


def _archived(data: bytes, where: str) -> Mapping[str, str]:
    """Return the SHA-256 of each file of an archive, in hex: what came with it says more than what we wrote down."""
    reader = PackageReader(io.BytesIO(data), where)
    return {file.path: hashlib.sha256(b"".join(reader.content())).hexdigest() for file in reader}


def _deployed(project: Project, name: str, files: Mapping[str, str]) -> Iterator[Problem]:
    for path, digest in files.items():
        found = _digest(project.path(path))
        if found != digest:
            what = f"the file is {'changed' if found else 'gone'} that the bundle of `{name}` brought"
            yield Problem(legible(path), what, "deploy the bundle again, with --force")


def _digest(path: str) -> str:
    if not os.path.isfile(path) or os.path.islink(path):
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
