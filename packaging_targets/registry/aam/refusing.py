"""Refusals name the registry that refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from packaging_targets.errors import RegistryError
from packaging_targets.formats.aam.metadata import PackageMetadata
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.registry.aam.protocol import Registry


@contextmanager
def refusals_of(url: str) -> Iterator[None]:
    """Let the problems of a RegistryError that have no place be told of the registry at a URL."""
    try:
        yield
    except RegistryError as error:
        placed = [replace(one, where=one.where or url) for one in error.problems]
        if isinstance(error, RefusalError):
            raise RefusalError(*placed, code=error.code) from error
        raise RegistryError(*placed) from error


def known_of(registry: Registry, name: PackageName) -> PackageMetadata:
    """Return what a registry knows of a package; raises RegistryError where it knows none of that name."""
    metadata = registry.metadata(name)
    if metadata is None:
        raise RefusalError.of("PACKAGE_NOT_FOUND", f"there is no package {name} in the registry", registry.url)
    return metadata
