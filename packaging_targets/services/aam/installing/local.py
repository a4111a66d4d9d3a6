"""Packages that come from a folder or an archive of the user, and not from a registry."""

from __future__ import annotations

import io
import os
import tempfile

from packaging_targets.errors import BuildError, IntegrityError, reason
from packaging_targets.formats.aam.integrity import integrity_of, parse_integrity
from packaging_targets.formats.aam.lock import LockedPackage
from packaging_targets.formats.aam.manifest import AgentManifest
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.package.reader import read_manifest
from packaging_targets.model.digest import Digest
from packaging_targets.model.versions.semver import SemanticVersion
from packaging_targets.registry.aam.resolving.values import Candidate
from packaging_targets.store.aam.cache import MAX_PACKED, Archive, PackageCache
from packaging_targets.store.aam.regular_file import open_regular


def local_package(path: str, root: str, cache: PackageCache) -> Candidate:
    """Return the package in a folder, which is packed, or an archive; its bytes go into the cache.

    `path` is from `root`. Raises PackagingError with all that is wrong with the package.
    """
    data = packed(path, root)
    manifest = read_manifest(io.BytesIO(data), path)
    digest = Digest.of(data)
    cache.put(Archive(str(manifest.name), manifest.name.folder, str(manifest.version), digest, path), io.BytesIO(data))
    return _candidate(manifest, integrity_of(digest), path)


def packed(path: str, root: str) -> bytes:
    """Return the archive that a path leads to, or that is made of the folder there."""
    place = os.path.join(root, path)
    if os.path.isdir(place):
        return _packed(place)
    try:
        with open_regular(place) as file:
            data = file.read(MAX_PACKED + 1)
    except OSError as error:
        raise BuildError.one(f"`{path}` cannot be read: {reason(error)}", path) from error
    if len(data) > MAX_PACKED:
        raise IntegrityError.one(f"it has more than {MAX_PACKED:,} bytes, the most that an archive may have", path)
    return data


def _packed(place: str) -> bytes:
    from packaging_targets.services.aam.packing.pack import pack

    with tempfile.TemporaryDirectory(prefix="aam-") as folder:
        done = pack(place, os.path.join(folder, "package.aam"))
        with open(done.archive, "rb") as file:
            return file.read()


def _candidate(manifest: AgentManifest, integrity: str, path: str) -> Candidate:
    value = manifest.value
    return Candidate(
        str(manifest.name),
        manifest.version,
        integrity,
        path=path,
        dependencies=value.get("dependencies", {}),
        optional=value.get("optionalDependencies", {}),
        peers=value.get("peerDependencies", {}),
    )


def locked_package(name: str, locked: LockedPackage) -> Candidate:
    """Return a package of a lock that came from a file, as it was then."""
    version = SemanticVersion.parse(locked.version)
    return Candidate(name, version, locked.integrity, path=locked.path, dependencies=locked.dependencies)


def archive_of(name: str, locked: LockedPackage) -> Archive:
    """Return what the archive of a locked package has to be."""
    where = locked.registry or locked.path
    return Archive(name, PackageName.parse(name).folder, locked.version, parse_integrity(locked.integrity), where)
