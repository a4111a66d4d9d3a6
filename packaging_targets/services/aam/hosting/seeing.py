"""What somebody sees of the registry."""

from __future__ import annotations

from dataclasses import replace

from packaging_targets.formats.aam.documents.transitions import find_release
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.model.versions.semver import LATEST, is_semantic_version
from packaging_targets.registry.aam.desk.access import Identity
from packaging_targets.registry.aam.served.holdings import Document, Page, Query
from packaging_targets.services.aam.hosting.host import Host
from packaging_targets.services.aam.hosting.refusing import demand_sight, no_package, verb


@verb
def visible(host: Host, who: Identity, name: PackageName) -> Document:
    """Return a package's meta.json; raises RefusalError (PACKAGE_NOT_FOUND) where they see none of that name."""
    demand_sight(host, who, name)
    document = host.holdings.document(name)
    if document is None:
        raise no_package(name)
    return document


@verb
def metadata_of(host: Host, who: Identity, name: PackageName) -> PackageMetadata:
    """Return what is known of a package; raises as `visible` does."""
    demand_sight(host, who, name)
    metadata = host.holdings.metadata(name)
    if metadata is None:
        raise no_package(name)
    return metadata


@verb
def release_of(host: Host, who: Identity, name: PackageName, version: str) -> tuple[PackageMetadata, Release]:
    """Return a package, and the release of it that a version or a tag means.

    Raises RefusalError: as `visible` does; VERSION_NOT_FOUND; PACKAGE_YANKED for `latest` where all are yanked.
    """
    metadata = metadata_of(host, who, name)
    if version in metadata.leading:
        return metadata, metadata.releases[metadata.leading[version]]
    if version == LATEST and metadata.releases:
        what = f"all versions of {name} are yanked" if _all_yanked(metadata) else f"no version of {name} can be had"
        raise RefusalError.of("PACKAGE_YANKED", what, "", "name an exact version, if you have to have it")
    if not is_semantic_version(version):
        tags = ", ".join(sorted(metadata.leading))
        what = f"{name} has no version or tag `{version[:80]}`"
        raise RefusalError.of("VERSION_NOT_FOUND", what, "", f"tags: {tags}" if tags else "it has no tags")
    return metadata, find_release(metadata, version)


@verb
def page(host: Host, who: Identity, query: Query) -> Page:
    """Return a part of the list of packages that somebody sees; the query's own visibility does not count."""
    return host.holdings.page(replace(query, visibility=who.sees(host.settings.private)))


def _all_yanked(metadata: PackageMetadata) -> bool:
    return all(one.yanked is not None for one in metadata.releases.values())
