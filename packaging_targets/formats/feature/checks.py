"""Dev Container Features: from folders to archives and `devcontainer-collection.json`.

    folders ──check──▶ features ──▶ <id>-<version>.tgz for each, one collection file

A feature is a folder with `devcontainer-feature.json`. A collection is many: a folder has the id of
its feature, and each must be installable. Everything is checked before anything is made, and all that is
wrong with all folders is told at once. Rules and the `features` program call the same functions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from packaging_targets.errors import PackagingError, Problem, RequestError, raise_all
from packaging_targets.formats.feature.folder import (
    INSTALL_SCRIPT,
    METADATA_FILE,
    FeatureFolder,
    Findings,
    check_files,
)
from packaging_targets.formats.feature.schema import schema_faults
from packaging_targets.formats.jsonc import JsoncError, parse_jsonc
from packaging_targets.model.manifest import Entry, Manifest
from packaging_targets.model.versions.semver import is_semantic_version

VERSIONED, UPSTREAM = "versioned", "upstream"
"""How archives are named: `<id>-<version>.tgz`, or `devcontainer-feature-<id>.tgz`, as web addresses need."""

_SOURCE = "devcontainer-cli"
_MAX_NAME = 255
_PLAIN_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Feature:
    """A folder that passed every check; `archive` is the file name of its archive."""

    folder: FeatureFolder
    id: str
    version: str
    archive: str
    metadata: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The id in letters, digits, `_`, `-` and `.`; no two ids share one."""
        return re.sub(r"[^A-Za-z0-9_-]", lambda match: f".{ord(match[0]):x}.", self.id)

    def manifest(self) -> Manifest:
        """Return what the archive holds; the source of an entry is its path below `folder.path`."""
        return Manifest.of(Entry(path, source=self.folder.within(path)) for path in self.folder.packed())


class Listable(Protocol):
    """What a collection file lists: a feature, packed or not yet."""

    @property
    def id(self) -> str:
        """By which a collection is sorted."""
        ...

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The whole `devcontainer-feature.json`, keys in order."""
        ...


@dataclass(frozen=True, slots=True)
class Checked:
    """What one folder came to: the feature, where it can be told, and what is wrong with it."""

    feature: Feature | None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def check_features(
    folders: Iterable[FeatureFolder], *, collection: bool, strict: bool = False, naming: str = VERSIONED
) -> tuple[tuple[Feature, ...], tuple[Problem, ...]]:
    """Return the features in `folders`, sorted by id, and warnings.

    Raises RequestError with all that is wrong with all folders, to which `strict` adds the warnings.
    """
    return settle([check_feature(folder, collection=collection, naming=naming) for folder in folders], strict=strict)


def check_feature(
    folder: FeatureFolder, *, collection: bool, installable: bool | None = None, naming: str = VERSIONED
) -> Checked:
    """Return what one folder comes to; what depends on its neighbours is for `settle`.

    `installable` tells whether a missing `install.sh` is an error, as it is in a collection.
    """
    findings = Findings()
    check_files(folder, findings)
    _check_script(folder, findings, needed=collection if installable is None else installable)
    feature = _feature(folder, findings, collection=collection, naming=naming)
    return Checked(feature, tuple(findings.errors), tuple(findings.warnings))


def settle(
    checked: Iterable[Checked], *, strict: bool = False, error: type[PackagingError] = RequestError
) -> tuple[tuple[Feature, ...], tuple[Problem, ...]]:
    """Return the features of one collection, sorted by id, and warnings.

    Raises `error` with all that is wrong with all folders, to which `strict` adds the warnings; else they go with it.
    """
    found = list(checked)
    features = sorted((one.feature for one in found if one.feature is not None), key=lambda one: one.id)
    warnings = tuple(warning for one in found for warning in one.warnings)
    wrong = [problem for one in found for problem in one.errors]
    stopping, others = (warnings, ()) if strict else ((), warnings)
    raise_all([*wrong, *_shared_archives(features), *stopping], error, others)
    return tuple(features), warnings


def collection_text(features: Iterable[Listable]) -> str:
    """Return `devcontainer-collection.json`: each whole `devcontainer-feature.json`, keys in order."""
    listed = [one.metadata for one in sorted(features, key=lambda one: one.id)]
    value = {"sourceInformation": {"source": _SOURCE}, "features": listed}
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=4) + "\n"


def sanitised_id(feature_id: str) -> str:
    """Return the id in lower-case ASCII letters, digits and single hyphens; empty where none are left."""
    return re.sub(r"[^A-Za-z0-9]+", "-", feature_id).strip("-").lower()


def archive_name(feature_id: str, version: str, naming: str = VERSIONED) -> str:
    """Return the file name of a feature's archive, in lower case where it is `versioned`."""
    if naming == UPSTREAM:
        return f"devcontainer-feature-{feature_id}.tgz"
    return f"{sanitised_id(feature_id)}-{version.lower()}.tgz"


def _feature(folder: FeatureFolder, findings: Findings, *, collection: bool, naming: str) -> Feature | None:
    metadata = _metadata(folder, findings, collection=collection)
    if metadata is None:
        return None
    where = folder.within(METADATA_FILE)
    for path, what, fix in schema_faults(metadata):
        findings.warn(where, what, fix, path)
    feature_id = _text(folder, metadata, "id", f'write "id": "{folder.name or "my-feature"}"', findings)
    version = _text(folder, metadata, "version", 'write "version": "1.0.0"', findings)
    if feature_id:
        _check_id(folder, feature_id, findings, collection=collection, naming=naming)
    if version and not is_semantic_version(version):
        what = f"`version` must be a semantic version, but is {json.dumps(version, ensure_ascii=False)}"
        findings.error(where, what, _nearest_version(version), "$.version")
    if not (feature_id and version):
        return None
    archive = archive_name(feature_id, version, naming)
    if len(archive) > _MAX_NAME:
        what = f"the archive's name would be {len(archive)} characters long, and {_MAX_NAME} are possible"
        findings.error(where, what, "shorten `id` or `version`")
    return Feature(folder, feature_id, version, archive, metadata)


def _check_script(folder: FeatureFolder, findings: Findings, *, needed: bool) -> None:
    if folder.files and INSTALL_SCRIPT not in folder.files:  # of an empty folder one thing is said, and not two
        note = findings.error if needed else findings.warn
        note(folder.path, f"{folder.shown} holds no `{INSTALL_SCRIPT}`", "write one: clients run it to install")


def _metadata(folder: FeatureFolder, findings: Findings, *, collection: bool) -> dict[str, Any] | None:
    where = folder.within(METADATA_FILE)
    if METADATA_FILE in folder.odd:
        findings.error(
            where, f"`{where}` is no regular file", 'write a file with "id", "version" and "name" in its place'
        )
        return None
    if METADATA_FILE not in folder.files:
        fix = 'write one with "id", "version" and "name"' + (", or move the folder away" if collection else "")
        findings.error(folder.path, f"{folder.shown} holds no `{METADATA_FILE}`", fix)
        return None
    if folder.files[METADATA_FILE] is not None:
        findings.error(where, f"`{METADATA_FILE}` is a symbolic link", "put a copy in its place")
        return None
    try:
        value = parse_jsonc(folder.read(METADATA_FILE))
    except JsoncError as error:
        what = f"`{METADATA_FILE}` is not JSON: {error.what}"
        findings.error(f"{where}:{error.line}:{error.column}", what, "")
        return None
    if not isinstance(value, dict):
        findings.error(where, f"`{METADATA_FILE}` must hold an object", 'write {"id": "…", "version": "1.0.0"}')
        return None
    return value


def _text(folder: FeatureFolder, metadata: Mapping[str, Any], key: str, fix: str, findings: Findings) -> str | None:
    value = metadata.get(key)
    if isinstance(value, str) and value:
        return value
    if key not in metadata:
        what = f"`{key}` is missing"
    elif value == "":
        what = f"`{key}` is empty"
    else:
        what = f"`{key}` must be a string, but is {json.dumps(value, ensure_ascii=False)[:60]}"
    findings.error(folder.within(METADATA_FILE), what, fix, f"$.{key}")
    return None


def _check_id(folder: FeatureFolder, feature_id: str, findings: Findings, *, collection: bool, naming: str) -> None:
    where, field = folder.within(METADATA_FILE), "$.id"
    clean = sanitised_id(feature_id)
    if collection and feature_id != folder.name:
        fix = f'rename the folder to `{feature_id}`, or write "id": "{folder.name}"'
        findings.error(where, f"`id` is `{feature_id}`, but the folder is `{folder.name}`", fix, field)
    if not clean:
        what = f"`id` is `{feature_id}`, of which no archive name can be made"
        findings.error(where, what, "use lower-case letters and digits", field)
    elif naming == UPSTREAM and not _CLIENT_ID.fullmatch(feature_id):
        what = f"`id` is `{feature_id}`, and {UPSTREAM} archive names take letters, digits, `-` and `_` alone"
        findings.error(where, what, f'write "id": "{clean}"', field)
    elif not _PLAIN_ID.fullmatch(feature_id):
        what = f"`id` is `{feature_id}`, and clients expect lower-case letters, digits, `-` and `_`"
        findings.warn(where, what, f'write "id": "{clean}"', field)


def _nearest_version(version: str) -> str:
    """Return the fix for a version that is no semantic one, with the likely one where there is one."""
    numbers = version.strip().lstrip("vV=").split(".")
    padded = ".".join([*(number.lstrip("0") or "0" for number in numbers), "0", "0"][: max(3, len(numbers))])
    if is_semantic_version(padded):
        return f'write "version": "{padded}"'
    return 'write three numbers, as in "version": "1.2.3"'


def _shared_archives(features: Iterable[Feature]) -> Iterator[Problem]:
    """Yield a problem for each archive that more than one feature wants."""
    named: dict[str, list[Feature]] = {}
    for feature in features:
        named.setdefault(feature.archive.lower(), []).append(feature)
    for archive, rivals in named.items():
        if len(rivals) > 1:
            folders = " and ".join(feature.folder.shown for feature in rivals)
            fix = "change the id or the version of all but one"
            yield Problem(rivals[0].folder.path, f"{folders} would both be packed as `{archive}`", fix)
