"""`meta.json` as bytes: two spaces, versions from the lowest to the highest, tags and unknown members by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from packaging_targets.formats.aam.documents.reading import Reading, load_object, member
from packaging_targets.formats.aam.integrity import parse_integrity
from packaging_targets.formats.aam.metadata import PackageMetadata, Release, Yank
from packaging_targets.formats.aam.names import PackageName, name_faults, tag_fault
from packaging_targets.formats.aam.times import time_text
from packaging_targets.model.versions.ranges import VersionRange
from packaging_targets.model.versions.semver import SemanticVersion

META = "meta.json"
MAX_META = 32 << 20
_TOP = ("name", "versions", "dist-tags", "modifiedAt")
_DEPENDENCIES = {"dependencies": "dependencies", "optional": "optionalDependencies", "peers": "peerDependencies"}
_RELEASE = frozenset(
    {
        "version",
        "description",
        "author",
        "publishedAt",
        "integrity",
        "tarball",
        "size",
        "yanked",
        "deprecated",
        "missing",
    }
    | set(_DEPENDENCIES.values())
)


def parse_metadata(data: bytes, where: str) -> PackageMetadata:
    """Return what a meta.json says; raises RegistryError with every problem.

    Where tags lead is not looked at: they may be all that is wrong with a package.
    """
    value = load_object(data, where, MAX_META)
    reading = Reading(where)
    name = _name(reading, value)
    releases = list(_releases(reading, reading.mapping(value, "versions", "$", needed=True)))
    tags = _tags(reading, reading.mapping(value, "dist-tags", "$"))
    modified_at = reading.time(value, "modifiedAt", "$")
    other = reading.others(value, _TOP, "$")
    reading.done()
    by_version = {str(one.version): one for one in in_order(releases)}
    return PackageMetadata(PackageName.parse(name), by_version, tags, modified_at, other)


def release_text(release: Release) -> str:
    """Return the lines of a version in the meta.json of its package, without a comma behind them."""
    text = json.dumps({str(release.version): release_value(release)}, ensure_ascii=False, indent=2)
    return "  " + text[2:-2].replace("\n", "\n  ")  # what is a line break in a value is escaped


def metadata_bytes(metadata: PackageMetadata, text_of: Callable[[Release], str] = release_text) -> bytes:
    """Return the one meta.json that says this; `text_of` is `release_text`, or remembers what that has said."""
    value: dict[str, Any] = {"dist-tags": dict(sorted(metadata.tags.items()))}
    value["modifiedAt"] = time_text(metadata.modified_at)
    value |= sorted(metadata.other.items())
    releases = ",\n".join(text_of(one) for one in in_order(metadata.releases.values()))
    head = f'{{\n  "name": "{metadata.name}",\n  "versions": {{' + (f"\n{releases}\n  }},\n" if releases else "},\n")
    return (head + json.dumps(value, ensure_ascii=False, indent=2).removeprefix("{\n") + "\n").encode()


def in_order(releases: Iterable[Release]) -> list[Release]:
    """Return releases from the lowest version to the highest."""
    return sorted(releases, key=lambda one: one.version.precedence())


def _name(reading: Reading, value: Mapping[str, Any]) -> str:
    name = reading.text(value, "name", "$", needed=True)
    for fault in name_faults(name) if isinstance(value.get("name"), str) else ():
        reading.wrong("$.name", f"the name `{name[:200]}` {fault}")
    return name


def _releases(reading: Reading, versions: Mapping[str, Any]) -> Iterator[Release]:
    found = []
    for text, value in versions.items():
        field = member("$.versions", text)
        try:
            version = SemanticVersion.parse(text)
        except ValueError as error:
            reading.wrong(field, str(error))
            continue
        if not isinstance(value, dict):
            reading.wrong(field, f"the version `{text}` must be an object")
            continue
        found.append(version)
        yield read_release(reading, version, value, field)
    for one, next_one in pairwise(sorted(found)):
        if not one < next_one:
            what = f"`{one}` and `{next_one}` differ in build metadata alone, and so are the same version"
            reading.wrong(member("$.versions", str(next_one)), what)


def read_release(reading: Reading, version: SemanticVersion, value: Mapping[str, Any], field: str) -> Release:
    """Return a version's entry, which `field` leads to; what is wrong with it is in `reading` then."""
    told = reading.text(value, "version", field)
    if told and told != str(version):
        reading.wrong(f"{field}.version", f"`version` is `{told[:80]}` in the entry of `{version}`")
    integrity = reading.text(value, "integrity", field, needed=True)
    try:
        if integrity:
            parse_integrity(integrity)
    except ValueError as error:
        reading.wrong(f"{field}.integrity", str(error))
    return Release(
        version,
        integrity,
        _tarball(reading, value, field),
        published_at=reading.time(value, "publishedAt", field),
        size=reading.number(value, "size", field),
        description=reading.text(value, "description", field),
        author=reading.text(value, "author", field),
        yanked=_yank(reading, value, field),
        deprecated=reading.line(value, "deprecated", field),
        missing=reading.flag(value, "missing", field),
        other=reading.others(value, _RELEASE, field),
        **{key: _ranges(reading, value, name, field) for key, name in _DEPENDENCIES.items()},
    )


def _tarball(reading: Reading, value: Mapping[str, Any], field: str) -> str:
    path = reading.text(value, "tarball", field, needed=True)
    parts = path.split("/")
    if path and (any(part in {"", ".", ".."} for part in parts) or any(sign in path for sign in "\\\0:")):
        reading.wrong(f"{field}.tarball", f"`tarball` must be a path below the package's folder, but is `{path[:200]}`")
    return path


def _ranges(reading: Reading, value: Mapping[str, Any], key: str, field: str) -> dict[str, str]:
    found = reading.mapping(value, key, field)
    for name, text in found.items():
        place = member(f"{field}.{key}", name)
        for fault in name_faults(name):
            reading.wrong(place, f"the name `{name[:200]}` {fault}")
        try:
            VersionRange.parse(text if isinstance(text, str) else json.dumps(text))
        except ValueError as error:
            reading.wrong(place, str(error))
    return found


def _yank(reading: Reading, value: Mapping[str, Any], field: str) -> Yank | None:
    yanked = value.get("yanked")
    if yanked is None or isinstance(yanked, bool):
        return Yank(0) if yanked else None
    found, field = reading.mapping(value, "yanked", field), f"{field}.yanked"
    at, reason = reading.time(found, "at", field), reading.line(found, "reason", field)
    return Yank(at, reason, reading.texts(found, "tags", field))


def _tags(reading: Reading, tags: Mapping[str, Any]) -> dict[str, str]:
    for tag, version in tags.items():
        field = member("$.dist-tags", tag)
        if fault := tag_fault(tag):
            reading.wrong(field, f"the tag `{tag[:80]}` {fault}")
        if not isinstance(version, str):
            reading.wrong(field, f"the tag `{tag[:80]}` must lead to the text of a version")
    return dict(sorted(tags.items()))


def release_value(release: Release) -> dict[str, Any]:
    """Return the object of a version: what is always there, and besides that what says something."""
    value: dict[str, Any] = {
        "version": str(release.version),
        "description": release.description,
        "author": release.author,
        "publishedAt": time_text(release.published_at),
        "integrity": release.integrity,
        "tarball": release.tarball,
        "size": release.size,
    }
    for key, name in _DEPENDENCIES.items():
        if ranges := getattr(release, key):
            value[name] = dict(sorted(ranges.items()))
    if release.yanked is not None:
        value["yanked"] = _yank_value(release.yanked)
    if release.deprecated:
        value["deprecated"] = release.deprecated
    if release.missing:
        value["missing"] = True
    return value | dict(sorted(release.other.items()))


def _yank_value(yank: Yank) -> dict[str, Any]:
    value: dict[str, Any] = {"at": time_text(yank.at)}
    if yank.reason:
        value["reason"] = yank.reason
    return value | ({"tags": sorted(yank.tags)} if yank.tags else {})
