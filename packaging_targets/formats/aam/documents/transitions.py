"""How what is known of a package changes: pure functions from one PackageMetadata to the next.

Tags lead to versions that are there and not yanked, always. `latest` is the highest stable version, or the highest
prerelease where nothing is stable. A version of an older line never moves it back, and one that is published under a
tag of its own leaves it alone. Each function returns what it was given where there is nothing to change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from packaging_targets.errors import Problem, RequestError, near_miss, plain
from packaging_targets.formats.aam.integrity import integrity_of
from packaging_targets.formats.aam.manifest import AgentManifest
from packaging_targets.formats.aam.metadata import PackageMetadata, Release, Yank, highest
from packaging_targets.formats.aam.names import PackageName, tag_fault
from packaging_targets.formats.aam.refusals import RefusalError
from packaging_targets.model.digest import Digest
from packaging_targets.model.versions.semver import LATEST, SemanticVersion

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Publication:
    """A version to publish: `tag` is empty for none, `declared` are the tags of the manifest."""

    release: Release
    tag: str = ""
    declared: Mapping[str, str] | None = None


def release_of(manifest: AgentManifest, digest: Digest, size: int, at: int) -> Release:
    """Return the release that a manifest and its archive make, published at a time."""
    value = manifest.value
    return Release(
        manifest.version,
        integrity_of(digest),
        f"versions/{manifest.version}.aam",
        published_at=at,
        size=size,
        description=str(value.get("description") or ""),
        author=_author(value.get("author")),
        dependencies={name: str(one) for name, one in manifest.dependencies.items()},
        optional={name: str(one) for name, one in manifest.optional.items()},
        peers={name: str(one) for name, one in manifest.peers.items()},
    )


def declared_tags(manifest: AgentManifest) -> Mapping[str, str]:
    """Return the tags that a manifest declares."""
    declared = manifest.value.get("dist-tags")
    found = declared if isinstance(declared, dict) else {}
    return {tag: version for tag, version in found.items() if isinstance(version, str)}


def with_release(metadata: PackageMetadata, publication: Publication) -> tuple[PackageMetadata, tuple[Problem, ...]]:
    """Publish a version; return what is known then, and warnings about tags of the manifest that were passed over.

    Raises RefusalError where the version is there, also if with other build metadata or in other case.
    """
    release = publication.release
    _demand_new(metadata, release)
    releases = {**metadata.releases, str(release.version): release}
    at = max(metadata.modified_at, release.published_at)
    grown = replace(metadata, releases=releases, modified_at=at)
    tags = dict(metadata.tags)
    if publication.tag:
        check_tag(publication.tag)
        tags[publication.tag] = str(release.version)
    elif moves_latest(grown, release.version):
        tags[LATEST] = str(release.version)
    applied, warnings = _declared(replace(grown, tags=tags), publication)
    return replace(grown, tags=dict(sorted(applied.items()))), warnings


def set_tag(metadata: PackageMetadata, tag: str, version: str, at: int) -> PackageMetadata:
    """Let a tag lead to a version. Raises RefusalError where that is not there, or yanked."""
    check_tag(tag)
    release = find_release(metadata, version)
    if release.yanked is not None:
        what = f"the tag `{tag}` cannot lead to {metadata.name}@{release.version}, which is yanked"
        raise RefusalError.of("CONFLICT", what, "", f"aam unyank {metadata.name}@{release.version}")
    return _with_tags(metadata, {**metadata.tags, tag: str(release.version)}, at)


def remove_tag(metadata: PackageMetadata, tag: str, at: int) -> PackageMetadata:
    """Take a tag away. Raises RefusalError where it is `latest`, or not there."""
    if tag not in metadata.tags:
        listed = ", ".join(metadata.tags)
        fix = near_miss(tag, metadata.tags) or (f"tags: {listed}" if listed else "it has no tags")
        raise RefusalError.of("TAG_NOT_FOUND", f"{metadata.name} has no tag `{tag[:80]}`", "", fix)
    if tag == LATEST:
        what = f"the tag `latest` of {metadata.name} stays as long as there are versions"
        fix = f"let it lead elsewhere: aam dist-tag add {metadata.name}@VERSION latest"
        raise RefusalError.of("CONFLICT", what, "", fix)
    return _with_tags(metadata, {key: value for key, value in metadata.tags.items() if key != tag}, at)


def yank(metadata: PackageMetadata, version: str, reason: str, at: int) -> PackageMetadata:
    """Hide a version: tags that lead to it go, and `latest` moves to the highest that is left."""
    _check_line("reason", reason)
    release = find_release(metadata, version)
    if release.yanked is not None:
        return metadata
    text = str(release.version)
    lost = tuple(sorted(tag for tag, target in metadata.tags.items() if target == text))
    hidden = _with(metadata, replace(release, yanked=Yank(at, reason, lost)), at)
    tags = {tag: target for tag, target in metadata.tags.items() if tag not in lost}
    if LATEST in lost and (highest := highest_of(hidden)):
        tags[LATEST] = highest
    return replace(hidden, tags=dict(sorted(tags.items())))


def unyank(metadata: PackageMetadata, version: str, at: int) -> PackageMetadata:
    """Show a version again; it gets the tags back that it had, as far as nothing else has them."""
    release = find_release(metadata, version)
    if release.yanked is None:
        return metadata
    text, had = str(release.version), release.yanked.tags
    shown = _with(metadata, replace(release, yanked=None), at)
    tags = {tag: text for tag in had if tag != LATEST} | dict(metadata.tags)
    if LATEST in had and moves_latest(replace(shown, tags=tags), release.version):
        tags[LATEST] = text
    return replace(shown, tags=dict(sorted(tags.items())))


def deprecate(metadata: PackageMetadata, version: str, message: str, at: int) -> PackageMetadata:
    """Warn those who install a version, or all where it is empty; an empty message takes that back."""
    _check_line("message", message)
    chosen = [find_release(metadata, version)] if version else list(metadata.releases.values())
    for release in chosen:
        if release.deprecated != message:
            metadata = _with(metadata, replace(release, deprecated=message), at)
    return metadata


def find_release(metadata: PackageMetadata, version: str) -> Release:
    """Return a release by its version, whatever build metadata that has; raises RefusalError for none."""
    if found := metadata.releases.get(version):
        return found
    known = [str(one.version) for one in metadata.newest_first(yanked=True)][:_SHOWN]
    fix = f"versions: {', '.join(known)}" if known else "it has no versions"
    try:
        wanted = SemanticVersion.parse(version)
    except ValueError:
        what = f"an exact version of {metadata.name} is wanted, and `{version[:80]}` is none"
        raise RequestError.one(what, "", fix) from None
    for release in metadata.releases.values():
        if _same(release.version, wanted):
            return release
    raise RefusalError.of("VERSION_NOT_FOUND", f"there is no version {version} of {metadata.name}", "", fix)


def settled(metadata: PackageMetadata) -> PackageMetadata:
    """Return metadata whose tags lead somewhere: others are taken away, and `latest` is found anew where it was one."""
    tags = {tag: target for tag, target in metadata.tags.items() if _leads(metadata, target)}
    if (LATEST in metadata.tags) > (LATEST in tags) and (highest := highest_of(metadata)):
        tags[LATEST] = highest
    return metadata if tags == metadata.tags else replace(metadata, tags=dict(sorted(tags.items())))


def dangling(metadata: PackageMetadata) -> dict[str, str]:
    """Return the tags that lead to what is not there, or is yanked."""
    return {tag: target for tag, target in metadata.tags.items() if not _leads(metadata, target)}


def highest_of(metadata: PackageMetadata) -> str:
    """Return what `latest` is where nobody says otherwise; empty where all versions are yanked."""
    return highest(one for one in metadata.releases.values() if one.yanked is None)


def moves_latest(metadata: PackageMetadata, version: SemanticVersion) -> bool:
    """Tell whether `latest` moves to a version that is among the releases now."""
    if LATEST not in metadata.tags or not _leads(metadata, metadata.tags[LATEST]):
        return True
    return highest_of(metadata) == str(version)


def check_tag(tag: str) -> None:
    """Raise RequestError where a text cannot be a tag."""
    if fault := tag_fault(tag):
        raise RequestError.one(f"the tag `{tag[:80]}` {fault}", "", "write it as stable, or bank-approved")


def _check_line(what: str, text: str) -> None:
    if plain(text) != text:
        raise RequestError.one(f"the {what} must be one line, without control characters", "", "write it in one line")


def nothing_of(name: PackageName) -> PackageMetadata:
    """Return what is known of a package of which nothing is."""
    return PackageMetadata(name, {}, {})


def plainest(version: str) -> str:
    """Return what the texts have in common of versions that cannot stand beside each other."""
    return version.partition("+")[0].casefold()


def _demand_new(metadata: PackageMetadata, release: Release) -> None:
    told = f"{metadata.name}@{release.version}"
    fix = "raise `version` in package.agent.json: a published version never changes"
    wanted = plainest(str(release.version))
    for text, other in metadata.releases.items():
        if plainest(text) != wanted:  # there may be many versions, and looking closer takes long
            continue
        if str(other.version) == str(release.version):
            same = "with the same bytes" if other.integrity == release.integrity else "with other bytes"
            what = f"{told} is published already, {same}"
            if other.missing and other.integrity == release.integrity:
                fix = "place the archive where it is missing, and reindex the registry"
        elif _same(other.version, release.version):
            what = f"{told} is published already as {other.version}: build metadata makes no other version"
        elif str(other.version).casefold() == str(release.version).casefold():
            what = f"{told} differs from {other.version}, which is published, in upper and lower case alone"
        else:
            continue
        raise RefusalError.of("VERSION_CONFLICT", what, "", fix)


def _declared(metadata: PackageMetadata, publication: Publication) -> tuple[Mapping[str, str], tuple[Problem, ...]]:
    """Return the tags with those that the manifest declares, if all of them lead somewhere, and warnings."""
    declared, tags = publication.declared or {}, dict(metadata.tags)
    where = f"{metadata.name}@{publication.release.version}"
    missing = {tag: target for tag, target in declared.items() if not _leads(metadata, target)}
    if missing:
        told = ", ".join(f"`{tag}` to {target}" for tag, target in sorted(missing.items()))
        what = f"the tags of the manifest are passed over: what they lead to is not there ({told})"
        return tags, (Problem(where, what, "publish that first, then use aam dist-tag add", field="$.dist-tags"),)
    warnings = []
    for tag, target in sorted(declared.items()):
        if tag == LATEST and (publication.tag or _lowers(metadata, target)):
            if target != tags.get(LATEST):
                what = f"`latest` of the manifest is passed over: it stays at {tags.get(LATEST) or 'nothing'}"
                fix = f"aam dist-tag add {metadata.name}@{target} latest"
                warnings.append(Problem(where, what, fix, field="$.dist-tags.latest"))
        elif tag != publication.tag:
            tags[tag] = target
    return tags, tuple(warnings)


def _lowers(metadata: PackageMetadata, target: str) -> bool:
    latest = metadata.tags.get(LATEST)
    return latest is not None and metadata.releases[target].version < metadata.releases[latest].version


def _leads(metadata: PackageMetadata, target: Any) -> bool:
    release = metadata.releases.get(target)
    return release is not None and release.yanked is None


def _with(metadata: PackageMetadata, release: Release, at: int) -> PackageMetadata:
    releases = {**metadata.releases, str(release.version): release}
    return replace(metadata, releases=releases, modified_at=max(metadata.modified_at, at))


def _with_tags(metadata: PackageMetadata, tags: Mapping[str, str], at: int) -> PackageMetadata:
    if tags == metadata.tags:
        return metadata
    return replace(metadata, tags=dict(sorted(tags.items())), modified_at=max(metadata.modified_at, at))


def _same(one: SemanticVersion, other: SemanticVersion) -> bool:
    return not one < other and not other < one


def _author(author: Any) -> str:
    name = author.get("name") if isinstance(author, dict) else author
    return name if isinstance(name, str) else ""
