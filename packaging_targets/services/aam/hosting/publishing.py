"""Publishing a version, or letting it wait for a second person."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, BinaryIO

from packaging_targets.errors import PackagingError
from packaging_targets.formats.aam.documents import transitions
from packaging_targets.formats.aam.integrity import parse_integrity
from packaging_targets.formats.aam.manifest import AgentManifest
from packaging_targets.formats.aam.metadata import Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.formats.aam.signature import SignedArchive, check_signature
from packaging_targets.registry.aam.desk.access import Identity
from packaging_targets.registry.aam.desk.audit import Event
from packaging_targets.registry.aam.measuring import measured
from packaging_targets.registry.aam.protocol import Published
from packaging_targets.registry.aam.served.holdings import matches
from packaging_targets.services.aam.hosting.approving import ask, own_warnings
from packaging_targets.services.aam.hosting.host import Host
from packaging_targets.services.aam.hosting.recording import recorded
from packaging_targets.services.aam.hosting.refusing import demand, demand_sight, forbidden, verb


@verb
def publish(host: Host, who: Identity, archive: BinaryIO, tag: str = "", signature: bytes = b"") -> Published:
    """Publish an archive, which can be sought in, or let it wait: then `pending` has the number of the request.

    Raises RefusalError: UNAUTHORIZED or FORBIDDEN, before the archive is read where they may publish nothing at all;
    MANIFEST_INVALID with all that is wrong with it; VERSION_CONFLICT.
    """
    _demand_any(host, who)
    if tag:
        transitions.check_tag(tag)
    release, manifest = _measured(host, archive)
    name = manifest.name
    _demand_publishing(host, who, name)
    publication = transitions.Publication(release, tag, transitions.declared_tags(manifest))
    known = host.holdings.metadata(name) or transitions.nothing_of(name)
    _, warnings = transitions.with_release(known, publication)
    if matches(str(name), host.settings.needs_approval):
        if who.is_anonymous:  # who could be the second person, and nobody would know
            raise forbidden(who, f"may not ask for a version of {name}, which a second person has to approve")
        if signature:
            digest = parse_integrity(release.integrity)
            check_signature(signature, SignedArchive(name, str(release.version), digest))
        number = ask(host, who, name, publication, archive, signature)
        return Published(name, release, (), warnings, number)
    event = Event(who.person, "publish", str(name), str(release.version), _details(publication, signature))
    with recorded(host, event):
        published = host.holdings.publish(archive, tag, signature)
    return own_warnings(published)


def _demand_any(host: Host, who: Identity) -> None:
    """Refuse who may publish nothing, before anything is read that they sent."""
    can = any({"publish", "admin"} & set(grant.actions) for grant in who.grants)
    if not can and not host.settings.open_publishing:
        raise forbidden(who, "may not publish")


def _demand_publishing(host: Host, who: Identity, name: PackageName) -> None:
    if host.settings.open_publishing:
        demand_sight(host, who, name)
    else:
        demand(host, who, "publish", name)


def _measured(host: Host, archive: BinaryIO) -> tuple[Release, AgentManifest]:
    """Return the release that an archive makes, and its manifest."""
    size = archive.seek(0, os.SEEK_END)
    if size > host.settings.max_archive:
        what = f"the archive has {size:,} bytes, and {host.settings.max_archive:,} is the most"
        raise RefusalError.of("ARCHIVE_TOO_LARGE", what)
    try:
        manifest, digest, size = measured(archive, "")
    except PackagingError as error:
        within = (replace(one, where=one.where.removeprefix("/")) for one in error.problems)
        raise RefusalError(*within, code="MANIFEST_INVALID") from error
    return transitions.release_of(manifest, digest, size, host.clock()), manifest


def _details(publication: transitions.Publication, signature: bytes) -> dict[str, Any]:
    release = publication.release
    details: dict[str, Any] = {"integrity": release.integrity, "size": release.size, "signed": bool(signature)}
    return {**details, "tag": publication.tag} if publication.tag else details
