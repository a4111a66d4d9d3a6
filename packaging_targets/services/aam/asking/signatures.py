"""Who has signed a release, or an archive: `aam pkg verify-signature`, and what `aam info` tells."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from packaging_targets.errors import IntegrityError, PackagingError, Problem, RequestError, legible
from packaging_targets.formats.aam.documents.transitions import find_release
from packaging_targets.formats.aam.integrity import parse_integrity
from packaging_targets.formats.aam.metadata import Release
from packaging_targets.formats.aam.names import PackageName
from packaging_targets.formats.aam.signature import SignedArchive, Signer, signer_of
from packaging_targets.registry.aam.protocol import Registry
from packaging_targets.registry.aam.refusing import known_of, refusals_of
from packaging_targets.services.aam.config import Config, read_config
from packaging_targets.services.aam.registries.choosing import registry_of
from packaging_targets.services.aam.registries.naming import release_named
from packaging_targets.services.aam.registries.publishing import look_into, open_archive
from packaging_targets.services.aam.signing.bundles import bundle_beside, read_bundle
from packaging_targets.services.aam.signing.policies import Demand, demands_on
from packaging_targets.services.aam.signing.trust import read_trust
from packaging_targets.services.aam.signing.verifying import Expected, Verified, verify


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: NAME@VERSION or the path of an archive, and what counts instead of the configuration."""

    target: str
    bundle: str = ""
    trust_root: str = ""
    identity: str = ""
    issuer: str = ""
    registry: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What is signed, who has signed it, and where the bundle comes from."""

    about: SignedArchive
    verified: Verified
    where: str


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a release's signature: who it names, and what keeps it from counting.

    `demanded` tells whether the configuration has a policy for the package: without one nothing was verified.
    """

    signer: Signer | None
    demanded: bool
    problems: tuple[Problem, ...]


def verify_signature(asked: Asked) -> Found:
    """Return who has signed; raises IntegrityError where nobody has, or another than who has to."""
    if bool(asked.identity) != bool(asked.issuer):
        fix = "write both: --identity WHO --issuer URL"
        raise RequestError.one("an identity is one of an issuer, and one of the two is missing", "", fix)
    is_archive = asked.target.endswith(".aam") or os.path.isfile(asked.target)
    about, data, where = _archive(asked) if is_archive else _release(asked)
    if data is None:
        raise IntegrityError.one(f"{about} is not signed", where, "name its bundle: --bundle FILE")
    demands = _demands(asked, str(about.name), read_config())
    found = [verify(data, about, one.expected, read_trust(one.trust_root), where) for one in demands]
    return Found(about, found[-1], where)


def signature_told(registry: Registry, name: PackageName, release: Release, config: Config) -> Told | None:
    """Return what is known of the signature of a release, or None where it was published without one."""
    data = registry.signature(name, release)
    if data is None:
        return None
    about = SignedArchive(name, str(release.version), parse_integrity(release.integrity))
    demands = demands_on(str(name), config)
    problems: list[Problem] = []
    for one in demands:
        try:
            verify(data, about, one.expected, read_trust(one.trust_root), registry.url)
        except PackagingError as error:
            problems += error.problems
    return Told(signer_of(data), bool(demands), tuple(problems))


def _archive(asked: Asked) -> tuple[SignedArchive, bytes | None, str]:
    with open_archive(asked.target) as archive:
        manifest, release = look_into(archive, legible(asked.target))
    about = SignedArchive(manifest.name, str(release.version), parse_integrity(release.integrity))
    data = read_bundle(asked.bundle) if asked.bundle else bundle_beside(asked.target)
    return about, data, legible(asked.bundle or asked.target)


def _release(asked: Asked) -> tuple[SignedArchive, bytes | None, str]:
    name, version = release_named(asked.target)
    registry = registry_of(asked.registry, name)
    with refusals_of(registry.url):
        release = find_release(known_of(registry, name), version)
    about = SignedArchive(name, str(release.version), parse_integrity(release.integrity))
    data = read_bundle(asked.bundle) if asked.bundle else registry.signature(name, release)
    return about, data, legible(asked.bundle) if asked.bundle else registry.url


def _demands(asked: Asked, name: str, config: Config) -> Sequence[Demand]:
    """Return what has to be so: what the command line says, or else the policies of the configuration."""
    demands = demands_on(name, config)
    root = asked.trust_root or next((one.trust_root for one in demands), "")
    if asked.identity:
        if not root:
            raise RequestError.one("nothing says what is believed", "", "name a trusted_root.json: --trust-root PATH")
        return [Demand((Expected(asked.identity, asked.issuer),), root, required=True, where="--identity")]
    if not demands:
        fix = "write who has to have signed: --identity WHO --issuer URL, or a policy in config.yaml"
        raise RequestError.one(f"no policy of the configuration is about {name}", "", fix)
    return [Demand(one.expected, asked.trust_root or one.trust_root, one.required, one.where) for one in demands]
