"""A folder of packed features, as `features package` and the rules leave it: what there is to publish, checked.

    devcontainer-collection.json     which features there are, each with all of its metadata
    <id>-<version>.tgz               the archive of each, or devcontainer-feature-<id>.tgz

What else lies in the folder is not looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from packaging_targets.errors import Problem, RequestError
from packaging_targets.formats.feature.archive import FeatureArchive
from packaging_targets.formats.feature.checks import UPSTREAM, VERSIONED, archive_name, collection_text
from packaging_targets.formats.feature.folder import COLLECTION_FILE, is_output_folder
from packaging_targets.formats.jsonc import JsoncError, parse_jsonc
from packaging_targets.model.digest import Digest
from packaging_targets.model.versions.semver import SemanticVersion
from packaging_targets.services.features.archive import look_into

MAX_LISTING = 16 << 20
"""Bytes that a collection file may have."""

_AGAIN = "pack the features again"


@dataclass(frozen=True, slots=True)
class PackedFeature:
    """A feature and its archive. `names` are the ids under which it is to be had: its own, then those of old.

    `where` is what a person would look at if something is wrong with it: its source, or else the archive.
    """

    id: str
    version: SemanticVersion
    metadata: Mapping[str, Any]
    archive: str
    digest: Digest
    size: int
    where: str

    @property
    def names(self) -> tuple[str, ...]:
        """The ids that lead to the feature."""
        return tuple(dict.fromkeys((self.id, *self.metadata.get("legacyIds", ()))))

    def open(self) -> BinaryIO:
        """Open the archive for reading."""
        return open(self.archive, "rb")


@dataclass(frozen=True, slots=True)
class PackedCollection:
    """The features of one or more folders, sorted by id, and the collection file that lists them all."""

    features: tuple[PackedFeature, ...]
    listing: bytes


def holds_archives(folder: str) -> bool:
    """Tell whether a folder is one of packed features."""
    return os.path.isdir(folder) and is_output_folder(os.listdir(folder))


def read_archives(folders: Sequence[str], sources: Mapping[str, str] | None = None) -> PackedCollection:
    """Return what the folders hold; raises RequestError with all that is wrong with all of them.

    Where they were packed just now, and nobody will ever see them, `sources` gives the `devcontainer-feature.json` of
    each id, at which problems then point.
    """
    problems: list[Problem] = []
    listings = [_listing(folder, problems) for folder in folders]
    features = [
        feature
        for folder, (_, entries) in zip(folders, listings, strict=True)
        for place, entry in enumerate(entries)
        if (feature := _feature(_Listed(folder, place, entry, sources or {}), problems)) is not None
    ]
    problems += _rivals(features)
    if problems:
        raise RequestError(*problems)
    listing = listings[0][0] if len(folders) == 1 else collection_text(features).encode("utf-8")
    return PackedCollection(tuple(sorted(features, key=lambda one: one.id)), listing)


def _listing(folder: str, problems: list[Problem]) -> tuple[bytes, list[Any]]:
    path = os.path.join(folder, COLLECTION_FILE)
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_LISTING + 1)
        value = parse_jsonc(data, max_bytes=MAX_LISTING)
    except FileNotFoundError:
        fix = "pack the features first: features package"
        problems.append(Problem(folder, f"`{folder}` holds no `{COLLECTION_FILE}`", fix))
    except OSError as error:
        problems.append(Problem(path, f"`{COLLECTION_FILE}` cannot be read: {error.strerror}", ""))
    except JsoncError as error:
        where = f"{path}:{error.line}:{error.column}"
        problems.append(Problem(where, f"`{COLLECTION_FILE}` is not JSON: {error.what}", _AGAIN))
    else:
        features = value.get("features") if isinstance(value, dict) else None
        if isinstance(features, list) and features:
            return data, features
        what = f"`{COLLECTION_FILE}` lists no features"
        problems.append(Problem(path, what, _AGAIN, field="$.features"))
    return b"", []


@dataclass(frozen=True, slots=True)
class _Listed:
    """An entry of a collection file: the `place`-th of that in `folder`."""

    folder: str
    place: int
    entry: Any
    sources: Mapping[str, str]

    @property
    def source(self) -> str:
        """The `devcontainer-feature.json` that the entry comes from, or empty."""
        return self.sources.get(str(self.entry.get("id")), "") if isinstance(self.entry, dict) else ""

    def problem(self, what: str, fix: str, key: str = "") -> Problem:
        """Return what is wrong with the entry, or with a key of it, where a person finds that."""
        inner = f".{key}" if key else ""
        if self.source:
            return Problem(self.source, what, fix, field=f"${inner}")
        where = os.path.join(self.folder, COLLECTION_FILE)
        return Problem(where, what, fix, field=f"$.features[{self.place}]{inner}")


def _feature(listed: _Listed, problems: list[Problem]) -> PackedFeature | None:
    metadata = listed.entry if isinstance(listed.entry, dict) else {}
    feature_id, text = metadata.get("id"), metadata.get("version")
    if not isinstance(feature_id, str) or not isinstance(text, str) or not feature_id:
        problems.append(listed.problem("a feature has no `id` or no `version`", _AGAIN))
        return None
    faults = [
        *(listed.problem(what, fix, "version") for what, fix in _version_faults(feature_id, text)),
        *(listed.problem(what, fix, "legacyIds") for what, fix in _legacy_faults(feature_id, metadata)),
    ]
    wrong: list[Problem] = []
    found = None if faults else _archive(listed.folder, feature_id, text, metadata, wrong)
    problems += faults
    problems += [Problem(listed.source, one.what, one.fix) for one in wrong] if listed.source else wrong
    if found is None:
        return None
    path, digest, size = found
    where = listed.source or path
    return PackedFeature(feature_id, SemanticVersion.parse(text), metadata, path, digest, size, where)


def _version_faults(feature_id: str, text: str) -> Iterator[tuple[str, str]]:
    try:
        version = SemanticVersion.parse(text)
    except ValueError:
        yield f"the version of `{feature_id}` must be a semantic version, but is `{text}`", "write one such as 1.2.3"
        return
    if version.build:
        plain = text.partition("+")[0]
        what = f"the version of `{feature_id}` is `{text}`, and no registry takes the `+` of build metadata in a tag"
        yield what, f'write "version": "{plain}"'


def _legacy_faults(feature_id: str, metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    names = metadata.get("legacyIds", [])
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        yield f"`legacyIds` of `{feature_id}` must be a list of strings", 'write "legacyIds": ["old-id"]'


def _archive(
    folder: str, feature_id: str, version: str, metadata: Mapping[str, Any], problems: list[Problem]
) -> tuple[str, Digest, int] | None:
    """Return path, digest and size of a feature's archive, which has to be that of this metadata."""
    names = [os.path.basename(archive_name(feature_id, version, naming)) for naming in (VERSIONED, UPSTREAM)]
    there = [name for name in names if os.path.lexists(os.path.join(folder, name))]
    if not there:
        what = f"the archive of `{feature_id}` {version} is missing: `{names[0]}`"
        problems.append(Problem(folder, what, _AGAIN))
        return None
    try:
        # A single feature may be packed without `install.sh`, with a warning; then it may be published too.
        found = [look_into(os.path.join(folder, name), installable=False) for name in there]
    except RequestError as error:
        problems += error.problems
        return None
    faults = list(_archive_faults(folder, feature_id, metadata, found))
    problems += faults
    first = found[0]
    return None if faults else (first.name, Digest(first.sha256), first.packed)


def _archive_faults(
    folder: str, feature_id: str, metadata: Mapping[str, Any], found: Sequence[FeatureArchive]
) -> Iterator[Problem]:
    """Yield what is wrong with the archives of one feature, of which there may be one for each way of naming."""
    if len({archive.sha256 for archive in found}) > 1:
        named = " and ".join(f"`{os.path.basename(archive.name)}`" for archive in found)
        what = f"{named} are both archives of `{feature_id}`, and not the same"
        yield Problem(folder, what, "remove the one that is not meant: `features package -f` leaves one alone")
    for archive in found:
        yield from archive.errors
        if archive.feature is not None and archive.feature.metadata != metadata:
            what = f"the archive of `{feature_id}` holds other metadata than `{COLLECTION_FILE}` lists"
            yield Problem(archive.name, what, _AGAIN)


def _rivals(features: Iterable[PackedFeature]) -> Iterator[Problem]:
    """Yield a problem for each name that two features want."""
    wanted: dict[str, list[PackedFeature]] = {}
    for feature in features:
        for name in feature.names:
            wanted.setdefault(name.lower(), []).append(feature)
    for name, rivals in wanted.items():
        if len(rivals) > 1:
            places = " and ".join(f"`{one.where}`" for one in rivals)
            what = f"{places} would both be published as `{name}`"
            yield Problem(rivals[0].where, what, "change the id of all but one, or its `legacyIds`")
