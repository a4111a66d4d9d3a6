"""What a package depends on, read into memory: resolved as an installation would, and fetched through the cache.

Where a lock lies beside the manifest, it decides; nothing is written but the cache.
"""

from __future__ import annotations

import io
import os
from functools import cache
from typing import TYPE_CHECKING

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.package.reader import AgentPackage, read_package
from packaging_targets.services.aam.installing.fetching import Fetching
from packaging_targets.services.aam.installing.planning import Asked, planned
from packaging_targets.services.aam.installing.project import Project
from packaging_targets.services.aam.registries.choosing import routes_of
from packaging_targets.store.aam.cache import PackageCache
from packaging_targets.store.aam.places import cache_folder

if TYPE_CHECKING:
    from packaging_targets.formats.aam.manifest import AgentManifest
    from packaging_targets.registry.aam.resolving.routes import Routes


def dependencies_of(
    manifest: AgentManifest, path: str, registry: str = ""
) -> tuple[tuple[AgentPackage, ...], tuple[Problem, ...]]:
    """Return the packages that the package at `path`, a folder or an archive, depends on, also through others.

    With them comes what should be signed and is not. `registry` serves all of them where it is given. Raises
    PackagingError where one cannot be had, or is not signed as it has to be, with all reasons.
    """
    if not (manifest.dependencies or manifest.optional):
        return (), ()
    project = Project.read(path) if os.path.isdir(path) else Project(os.path.abspath("."), dict(manifest.value))

    @cache
    def routes() -> Routes:
        return routes_of(project.root, registry)

    archives = PackageCache(cache_folder())
    lock = planned(project, Asked(), archives, routes).lock
    fetching = Fetching(archives, routes, project.root)
    unsigned = fetching.checked(lock.resolved)
    found = (
        read_package(io.BytesIO(fetching.archive(name, locked)), f"{name}@{locked.version}")
        for name, locked in sorted(lock.resolved.items())
    )
    return tuple(found), unsigned
