"""Which folders are features.

A folder with `devcontainer-feature.json` is one feature; a folder with `src` is a collection, of which every folder in
`src` is a feature.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.errors import PackagingError, Problem, RequestError
from packaging_targets.formats.feature.folder import METADATA_FILE, Findings
from packaging_targets.services.features.folders import unreadable, within
from packaging_targets.store.states import is_junk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SINGLE, COLLECTION = "single", "collection"
SOURCE_FOLDER = "src"


@dataclass(frozen=True, slots=True)
class FeatureSources:
    """What is to be packaged: `mode` is `single` or `collection`, `folder` the one that holds the features.

    `folders` maps the paths of the features' folders, as people write them from the current folder (and empty for
    that), to what they are called without links.
    """

    mode: str
    folder: str
    folders: Mapping[str, str]
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def find_sources(path: str, output: str) -> FeatureSources:
    """Return what the folder `path` asks to package; `output` is the output folder, which is never a feature.

    Raises RequestError where there is no such folder, or none that holds a feature or a collection.
    """
    shown = path or "."
    if not os.path.isdir(shown):
        what = f"`{shown}` is no folder" if os.path.lexists(shown) else f"there is no folder `{shown}`"
        raise RequestError.one(what, shown, "name the folder of a feature, or one with a folder `src` of features")
    if os.path.lexists(within(path, METADATA_FILE)):
        return FeatureSources(SINGLE, path, {path: os.path.realpath(shown)})
    source = within(path, SOURCE_FOLDER)
    if os.path.isdir(source):
        return _collection(source, os.path.realpath(output))
    what = f"`{shown}` holds neither `{METADATA_FILE}` (a feature) nor a folder `{SOURCE_FOLDER}` (a collection)"
    raise RequestError.one(what, shown, _where_else(path))


def _collection(source: str, output: str) -> FeatureSources:
    folders, findings = {}, Findings()
    here = os.path.realpath(source)
    for entry in _entries(source):
        path = within(source, entry.name)
        if entry.name.startswith(".") or is_junk(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            # A feature's folder is one even if it was named as the output folder, which is then refused.
            if f"{here}/{entry.name}" != output or os.path.lexists(within(path, METADATA_FILE)):
                folders[path] = f"{here}/{entry.name}"
        elif entry.is_symlink():
            # Left out, a link to a feature would be missed by whoever gets the release; any other means little.
            note = findings.error if os.path.isfile(within(path, METADATA_FILE)) else findings.warn
            note(path, f"`{path}` is a symbolic link, and so no feature", "put a copy of the folder in its place")
    return FeatureSources(COLLECTION, source, folders, tuple(findings.errors), tuple(findings.warnings))


def _entries(folder: str) -> Sequence[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise PackagingError(unreadable(folder, error)) from error


def _where_else(path: str) -> str:
    """Return the fix for a folder that is nothing: perhaps it is the `src` of a collection, as other tools want it."""
    inside = next((entry for entry in _entries(path or ".") if os.path.isfile(f"{entry.path}/{METADATA_FILE}")), None)
    if inside is None:
        return f"write a `{METADATA_FILE}`, or put folders of features into `{within(path, SOURCE_FOLDER)}`"
    if os.path.basename(os.path.realpath(path or ".")) == SOURCE_FOLDER:
        return f"name the folder above it: `features package {os.path.dirname(path) or ('.' if path else '..')}`"
    return f"move the folders of features into `{within(path, SOURCE_FOLDER)}`, or name one of them"
