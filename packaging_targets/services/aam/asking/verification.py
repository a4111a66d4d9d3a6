"""`aam verify`: installed files against what was installed, the lock against the cache, and who has signed it."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from packaging_targets.errors import PackagingError, Problem, legible
from packaging_targets.formats.aam.package.reader import PackageReader
from packaging_targets.services.aam.asking.graph import read
from packaging_targets.services.aam.installing.fetching import Fetching
from packaging_targets.services.aam.installing.local import archive_of
from packaging_targets.services.aam.installing.planning import lock_differs
from packaging_targets.services.aam.installing.project import Project, folder_of
from packaging_targets.services.aam.registries.choosing import routes_of
from packaging_targets.store.aam.cache import PackageCache
from packaging_targets.store.aam.places import LOCK, cache_folder
from packaging_targets.store.aam.unpacked_tree import differences

_AGAIN = "aam install --force"


@dataclass(frozen=True, slots=True)
class Verified:
    """How much was compared, and all that differs; `warnings` tell what should be signed and is not."""

    packages: int
    files: int
    archives: int
    problems: tuple[Problem, ...]
    signatures: int = 0
    warnings: tuple[Problem, ...] = ()


def verify(root: str) -> Verified:
    """Compare all that is installed in a project with what was installed, and cached archives with the lock.

    A registry is asked for nothing but signatures that are demanded and not in the cache.
    """
    project = read(root)
    problems = [Problem(LOCK, what, "aam install") for what in lock_differs(project)]
    problems += _against_lock(project)
    cache = PackageCache(cache_folder())
    archives = {name: archive_of(name, one) for name, one in sorted(project.lock.resolved.items())}
    cached = {name for name, one in archives.items() if cache.has(one)}
    evicted: list[Problem] = []
    for name in sorted(project.installed.keys() | cached):
        data = cache.get(archives[name]) if name in cached else None  # one at a time: each may have 50 MB
        if name in cached and data is None:
            what = f"the cached archive of {archives[name].title} is not what the lock says; it was removed"
            evicted.append(Problem(cache_folder(), what, "nothing: it is fetched again when it is needed"))
        if (record := project.installed.get(name)) is not None:
            is_locked = data is not None and _is_locked(project, name)
            files = _archived(data, archives[name].where) if data and is_locked else record.files
            problems += _differing(project, folder_of(name), files)
    if project.deployed:
        from packaging_targets.services.aam.asking.deployed import differing

        problems += differing(project)
    signed = Fetching(cache, partial(routes_of, project.root), project.root).signatures()
    unsigned: tuple[Problem, ...] = ()
    try:
        unsigned = signed.check({name: one for name, one in project.lock.resolved.items() if name in project.installed})
    except PackagingError as error:
        problems += error.problems
        unsigned = error.warnings
    count = sum(len(one.files) for one in project.installed.values())
    found = (*problems, *evicted)
    return Verified(len(project.installed), count, len(cached), found, signed.verified, unsigned)


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
