"""Publishing the archive of a package, or finding out what that would come to."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from packaging_targets.errors import Problem, RequestError, legible, reason
from packaging_targets.formats.aam.documents import transitions
from packaging_targets.formats.aam.integrity import parse_integrity
from packaging_targets.formats.aam.manifest import AgentManifest
from packaging_targets.formats.aam.metadata import Release
from packaging_targets.formats.aam.signature import SignedArchive, Signer
from packaging_targets.registry.aam.clock import present_time
from packaging_targets.registry.aam.measuring import measured
from packaging_targets.registry.aam.protocol import Published, Registry
from packaging_targets.registry.aam.refusing import refusals_of
from packaging_targets.services.aam.packing.pack import pack
from packaging_targets.services.aam.registries.choosing import Waiting, registry_of
from packaging_targets.services.aam.signing.publishing import Signing


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published, or would be, where, what is doubtful about it, and who has signed it."""

    published: Published
    url: str
    warnings: tuple[Problem, ...]
    signer: Signer | None = None


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be published, where, and how; `packed` tells that the archive was packed right before."""

    path: str
    registry: str
    tag: str
    dry_run: bool
    waiting: Waiting | None
    signing: Signing | None
    packed: bool = False


def publish_path(
    path: str,
    registry: str = "",
    tag: str = "",
    *,
    dry_run: bool = False,
    waiting: Waiting | None = None,
    signing: Signing | None = None,
) -> Publication:
    """Publish an archive, or the package of a folder, which is packed first, and sign it if `signing` says how.

    `registry` is a URL, a path or a name in the configuration; where it is empty, the configuration says which one
    has the package. Raises PackagingError where the package cannot be packed, or not be signed, and what
    `publish_archive` raises.
    """
    order = _Order(path, registry, tag, dry_run, waiting, signing)
    if not os.path.isdir(path):
        return _published(order)
    with tempfile.TemporaryDirectory() as folder:
        made = pack(path, folder)
        done = _published(replace(order, path=made.archive, packed=True))
        return replace(done, warnings=(*made.warnings, *done.warnings))


def publish_archive(path: str, registry: Registry, tag: str = "", *, dry_run: bool = False) -> Published:
    """Publish the archive at a path; where it is a `dry_run`, find out what that would come to.

    Raises RequestError where there is no such file, IntegrityError where it is no archive of a package, and
    RegistryError where the registry has that version, or refuses.
    """
    with open_archive(path) as archive:
        return _planned(archive, path, registry, tag) if dry_run else registry.publish(archive, tag)


def look_into(archive: BinaryIO, where: str) -> tuple[AgentManifest, Release]:
    """Check an archive as a whole, and return its manifest and the release that it would make now."""
    manifest, digest, size = measured(archive, where)
    return manifest, transitions.release_of(manifest, digest, size, present_time())


@contextlib.contextmanager
def open_archive(path: str) -> Iterator[BinaryIO]:
    """Open an archive; raises RequestError where that is impossible."""
    try:
        file = open(path, "rb")  # noqa: SIM115  # closed below; only its opening is to be told so
    except OSError as error:
        fix = "name an archive that `aam pkg pack` has made, or the folder of a package"
        raise RequestError.one(f"`{legible(path)}` cannot be read: {reason(error)}", "", fix) from error
    with file:
        yield file


def _published(order: _Order) -> Publication:
    if not order.registry:
        with open_archive(order.path) as archive:
            registry = registry_of("", look_into(archive, legible(order.path))[0].name, order.waiting)
    else:
        registry = registry_of(order.registry, None, order.waiting)
    if order.signing is None or order.dry_run:
        done = publish_archive(order.path, registry, order.tag, dry_run=order.dry_run)
        return Publication(done, registry.url, done.warnings)
    with open_archive(order.path) as archive:
        planned = _planned(archive, order.path, registry, order.tag)  # what is refused leaves nothing in a public log
        version, digest = str(planned.release.version), parse_integrity(planned.release.integrity)
        about = SignedArchive(planned.name, version, digest)
        signature, said = order.signing.signed(about, archive, packed=order.packed)
        done = registry.publish(archive, order.tag, signature)
    return Publication(done, registry.url, done.warnings, said.signer)


def _planned(archive: BinaryIO, path: str, registry: Registry, tag: str) -> Published:
    if tag:
        transitions.check_tag(tag)
    manifest, release = look_into(archive, legible(path))
    known = registry.metadata(manifest.name) or transitions.nothing_of(manifest.name)
    publication = transitions.Publication(release, tag, transitions.declared_tags(manifest))
    with refusals_of(registry.url):
        after, warnings = transitions.with_release(known, publication)
    tags = tuple(one for one, version in after.tags.items() if version == str(release.version))
    return Published(manifest.name, release, tags, warnings)
