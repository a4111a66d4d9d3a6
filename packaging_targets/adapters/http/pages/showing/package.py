"""A version of a package as its page shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from packaging_targets.adapters.http.pages.showing.marks import Mark, mark_of
from packaging_targets.adapters.http.pages.showing.readme import safe_link
from packaging_targets.formats.aam.metadata import PackageMetadata, Release, Yank
from packaging_targets.model.versions.semver import LATEST
from packaging_targets.services.aam.browsing.signatures import Claim

MAX_VERSIONS = 200
MAX_DEPENDENCIES = 300
_MAX_WORDS = 20


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A line of the list of versions."""

    text: str
    href: str
    published_at: int
    size: int
    tags: tuple[str, ...]
    states: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Need:
    """A dependency; `href` is empty where there is nothing that whoever looks may see."""

    name: str
    range: str
    kind: str
    href: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """A tag, and the version that it leads to."""

    tag: str
    version: str
    href: str


@dataclass(frozen=True, slots=True)
class Address:
    """A link of somebody else, that leads elsewhere; `shown` is where to."""

    text: str
    href: str
    shown: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A term, and what is said of it."""

    term: str
    said: str


@dataclass(frozen=True, slots=True)
class PackageView:
    """What a page shows of a version, without what is in its archive. `more` counts versions that are left out."""

    name: str
    version: str
    mark: Mark
    description: str
    author: str
    published_at: int
    size: int
    integrity: str
    tags: tuple[str, ...]
    yanked: Yank | None
    deprecated: str
    missing: bool
    newer: Pointer | None
    install: str
    tarball: str
    signature: str
    versions: tuple[VersionRow, ...]
    more: int
    dependencies: tuple[Need, ...]
    tagged: tuple[Pointer, ...]


def package_path(name: str, version: str = "") -> str:
    """Return where the page of a package, or of one of its versions, is: `/browse/packages/@acme/review/1.2.0`."""
    return f"/browse/packages/{name}/{quote(version, safe='')}" if version else f"/browse/packages/{name}"


def package_view(
    metadata: PackageMetadata, release: Release, url: str, prefix: str, sees: Callable[[str], bool]
) -> PackageView:
    """Return what the page of a release shows; `url` is the registry's, `sees` tells which dependencies get links."""
    name, version = str(metadata.name), str(release.version)
    tags = metadata.leading
    releases = list(metadata.newest_first(yanked=True))
    rows = [_row(one, name, tags, prefix) for one in releases[:MAX_VERSIONS]]
    served = f"{prefix}/packages/{name}/{quote(version, safe='')}"
    is_latest = tags.get(LATEST) == version
    return PackageView(
        name=name,
        version=version,
        mark=mark_of(name),
        description=release.description,
        author=release.author,
        published_at=release.published_at,
        size=release.size,
        integrity=release.integrity,
        tags=tuple(sorted(tag for tag, one in tags.items() if one == version)),
        yanked=release.yanked,
        deprecated=release.deprecated,
        missing=release.missing,
        newer=_newer(metadata, release, prefix),
        install=f"aam install {name}{'' if is_latest else '@' + version} --registry {url}",
        tarball=f"{served}/tarball",
        signature=f"{served}/signature",
        versions=tuple(rows),
        more=max(len(releases) - MAX_VERSIONS, 0),
        dependencies=tuple(_needs(release, prefix, sees)),
        tagged=tuple(Pointer(tag, one, prefix + package_path(name, one)) for tag, one in sorted(tags.items())),
    )


def chosen(metadata: PackageMetadata) -> Release:
    """Return the release that a package's page shows: what `latest` leads to, else the highest, hidden ones last."""
    if (version := metadata.leading.get(LATEST, "")) in metadata.releases:
        return metadata.releases[version]
    shown = list(metadata.newest_first()) or list(metadata.newest_first(yanked=True))
    return shown[0]


@dataclass(frozen=True, slots=True)
class ManifestView:
    """What a page shows of a manifest besides."""

    license: str
    links: tuple[Address, ...]
    keywords: tuple[str, ...]
    engines: tuple[str, ...]


def manifest_view(value: Mapping[str, Any]) -> ManifestView:
    """Return what a page shows of a manifest, which may say anything."""
    links = (_address(text, value.get(member)) for text, member in (("Home", "homepage"), ("Source", "repository")))
    keywords, engines = value.get("keywords"), value.get("engines")
    return ManifestView(
        str(value.get("license") or ""),
        tuple(one for one in links if one),
        tuple(map(str, keywords[:_MAX_WORDS])) if isinstance(keywords, list) else (),
        tuple(map(str, list(engines)[:_MAX_WORDS])) if isinstance(engines, dict) else (),
    )


def facts_of(claim: Claim) -> tuple[Fact, ...]:
    """Return what a signature claims, as terms and what they are."""
    told = {
        "Signed by": claim.identity,
        "Issuer": claim.issuer,
        "Statement": claim.statement,
        "Entry in the transparency log": claim.logged,
    }
    return tuple(Fact(term, said) for term, said in told.items() if said)


def _row(release: Release, name: str, tags: Mapping[str, str], prefix: str) -> VersionRow:
    text = str(release.version)
    states = {"yanked": release.yanked is not None, "deprecated": release.deprecated, "missing": release.missing}
    notes = [release.yanked.reason if release.yanked else "", release.deprecated]
    return VersionRow(
        text,
        prefix + package_path(name, text),
        release.published_at,
        release.size,
        tuple(sorted(tag for tag, one in tags.items() if one == text)),
        tuple(word for word, holds in states.items() if holds),
        "; ".join(filter(None, notes)),
    )


def _newer(metadata: PackageMetadata, release: Release, prefix: str) -> Pointer | None:
    text = metadata.leading.get(LATEST, "")
    if text not in metadata.releases or metadata.releases[text].version <= release.version:
        return None
    return Pointer(LATEST, text, prefix + package_path(str(metadata.name), text))


def _needs(release: Release, prefix: str, sees: Callable[[str], bool]) -> Iterator[Need]:
    kinds = {"": release.dependencies, "optional": release.optional, "peer": release.peers}
    all_of = [(name, within, kind) for kind, ranges in kinds.items() for name, within in sorted(ranges.items())]
    for name, within, kind in all_of[:MAX_DEPENDENCIES]:
        yield Need(name, within, kind, prefix + package_path(name) if sees(name) else "")


def _address(text: str, value: Any) -> Address | None:
    href = safe_link(value) if isinstance(value, str) else ""
    if not href or href.startswith("mailto:"):
        return None
    parts = urlsplit(href)
    return Address(text, href, f"{parts.hostname or ''}{parts.path.rstrip('/')}")
