"""One change of one package at a time: archive, checksum, meta.json, dist-tags.json, index.json, in this order.

`.aam-pending` names the package while it is changed. Who is killed leaves it behind, and whoever changes something
next finds it: a version that is in meta.json then is brought to the tags and the index, and one that is not was never
reported as published, so its archive goes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from packaging_targets.errors import Problem, RegistryError, legible
from packaging_targets.formats.aam.documents.index import (
    MAX_INDEX,
    Index,
    changed_parts,
    index_bytes,
    index_with,
    parse_index,
)
from packaging_targets.formats.aam.documents.tags import MAX_TAGS, parse_tags, tags_bytes, tags_of, tags_with
from packaging_targets.formats.aam.integrity import parse_integrity, sha256sum_line
from packaging_targets.formats.aam.metadata import PackageMetadata, Release
from packaging_targets.registry.aam.folder.staging import Staging, make_folder
from packaging_targets.registry.aam.folder.tree import CHECKSUM, OURS, SIGNATURE, Tree

_BLOCK = 1 << 20
_MAX_PENDING = 4096
_PENDING = re.compile(r"[a-z0-9_-]{1,140}")


@dataclass(frozen=True, slots=True)
class Addition:
    """A version's archive on its way into the registry, and its Sigstore bundle, empty for none."""

    release: Release
    source: BinaryIO
    signature: bytes = b""


def apply_change(
    tree: Tree,
    metadata: PackageMetadata,
    addition: Addition | None = None,
    besides: Iterable[str] = (),
    *,
    ends: bool = True,
) -> tuple[Problem, ...]:
    """Write what is known of a package now, and the archive that comes with it; the lock is held.

    `besides` are paths of other files that the disk has to have before anybody sees the change. Unless it `ends`
    here, the disk has all but the listings, and somebody else has to let the root be synced.
    Returns what is wrong with other packages, where the listings had to be written anew.
    Raises RegistryError where another archive lies in the way, IntegrityError where the source's bytes are not those
    of the release.
    """
    folder = metadata.name.folder
    made = "" if addition is None else _made(tree, folder, addition.release)
    try:
        _mark(tree, folder, made)
        with Staging(tree, begun=True) as staging:
            staging.begin(besides)
            if addition is not None:
                _stage_archive(tree, staging, folder, addition)
            staging.write(tree.meta(folder), tree.bytes_of(metadata))
            others = _stage_listings(tree, staging, metadata)
            staging.commit("" if ends else tree.root)
    except BaseException:
        _undo(tree, folder, made)
        raise
    os.unlink(tree.pending)
    return others


def recover(tree: Tree) -> None:
    """Bring to an end, or take back, what a killed process was changing; the lock is held."""
    data = tree.read(tree.pending, _MAX_PENDING)
    if data is None:
        return
    folder, made = _pending(data)
    with suppress(RegistryError):  # what is damaged is told by those who read or verify it, and keeps no other back
        discard_unfinished(tree, [tree.root, *((tree.folder(folder), tree.versions(folder)) if folder else ())])
        if folder:
            _undo(tree, folder, made)
        if folder and (metadata := tree.metadata(folder)):
            with Staging(tree) as staging:
                _stage_listings(tree, staging, metadata)
                staging.commit()
    with suppress(FileNotFoundError):
        os.unlink(tree.pending)


def discard_unfinished(tree: Tree, folders: Iterable[str]) -> list[str]:
    """Remove files of ours that a killed process left in folders; return their paths."""
    found = [
        entry.path
        for folder in folders
        for entry in tree.entries(folder)
        if entry.name.startswith(OURS) and entry.name.endswith(".new") and not entry.is_dir(follow_symlinks=False)
    ]
    for path in found:
        os.unlink(path)
    return found


def stage_all(
    tree: Tree, staging: Staging, packages: Sequence[PackageMetadata], doubtful: Collection[str] = ()
) -> None:
    """Stage tags and index as they follow from all packages; lines of the folders that are `doubtful` stay."""
    tags, index = tree.read(tree.tags, MAX_TAGS), tree.read(tree.index, MAX_INDEX)
    listed: Mapping[str, Mapping[str, str]] = {}
    with suppress(RegistryError):  # of damaged listings nothing can be kept
        listed = parse_tags(tags or b"{}", legible(tree.tags))
    known = Index(())
    with suppress(RegistryError):
        known = parse_index(index or b"{}", legible(tree.index))
    _stage(staging, tree.tags, tags, tags_bytes(tags_of(listed, packages, doubtful)))
    _stage(staging, tree.index, index, index_bytes(changed_parts(known, packages, doubtful)))


def all_packages(tree: Tree) -> tuple[list[PackageMetadata], dict[str, tuple[Problem, ...]]]:
    """Return what is known of each package, and by folder the problems of those of which nothing can be known."""
    found, doubtful = [], {}
    for folder in tree.folders():
        try:
            metadata = tree.metadata(folder)
        except RegistryError as error:
            doubtful[folder] = error.problems
        else:
            found += [metadata] if metadata is not None and metadata.name.folder == folder else []
    return found, doubtful


def make_package(tree: Tree, folder: str) -> None:
    """Make the folders of a package where there are none."""
    for path in (tree.packages, tree.folder(folder), tree.versions(folder)):
        make_folder(tree.inside(path))


def stage_checksum(tree: Tree, staging: Staging, folder: str, release: Release) -> None:
    """Stage the line that `sha256sum -c` checks a version's archive by."""
    path = tree.archive(folder, release.version)
    line = sha256sum_line(parse_integrity(release.integrity), os.path.basename(path))
    staging.write(f"{path}{CHECKSUM}", line)


def holds(tree: Tree, path: str, release: Release) -> bool:
    """Tell whether a file has the bytes of a release."""
    file = tree.open(path)
    if file is None:
        return False
    found = hashlib.sha256()
    with file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest() == parse_integrity(release.integrity).hex


def _made(tree: Tree, folder: str, release: Release) -> str:
    """Return the version whose archive is made by this change, or nothing where the same archive lies there already."""
    path = tree.archive(folder, release.version)
    if not os.path.lexists(path):
        return str(release.version)
    if holds(tree, path, release):
        return ""
    what = f"`{tree.told(path)}` is another archive, which meta.json does not know"
    fix = f"aam registry reindex {tree.url}, which takes it over, or remove it"
    raise RegistryError.one(what, legible(tree.root), fix)


def _stage_archive(tree: Tree, staging: Staging, folder: str, addition: Addition) -> None:
    make_package(tree, folder)
    release = addition.release
    path = tree.archive(folder, release.version)
    staging.copy(path, addition.source, parse_integrity(release.integrity), release.published_at)
    stage_checksum(tree, staging, folder, release)
    if addition.signature:
        staging.write(f"{path}{SIGNATURE}", addition.signature)


def _stage_listings(tree: Tree, staging: Staging, metadata: PackageMetadata) -> tuple[Problem, ...]:
    """Stage tags and index with the lines of one package; both anew where one of them is not as we write it.

    Returns what is wrong with other packages, where these were looked at.
    """
    tags, index = tree.read(tree.tags, MAX_TAGS), tree.read(tree.index, MAX_INDEX)
    new_tags = None if tags is None else tags_with(tags, metadata)
    new_index = None if index is None else index_with(index, metadata)
    if new_tags is None or new_index is None:
        known, doubtful = all_packages(tree)
        others = (one for one in known if one.name != metadata.name)
        stage_all(tree, staging, [*others, metadata], doubtful)
        return tuple(chain.from_iterable(doubtful.values()))
    for path, pieces in ((tree.tags, new_tags), (tree.index, new_index)):
        if pieces:
            staging.write(path, *pieces)
    return ()


def _stage(staging: Staging, path: str, before: bytes | None, after: bytes) -> None:
    if before != after:
        staging.write(path, after)


def _mark(tree: Tree, folder: str, made: str) -> None:
    with open(tree.pending, "w", encoding="ascii") as file:  # whoever is killed before it is whole has staged nothing
        file.write(json.dumps({"folder": folder, "made": made}))


def _pending(data: bytes) -> tuple[str, str]:
    """Return the folder and the version that somebody was changing; nothing where that cannot be read."""
    try:
        value = json.loads(data)
        folder, made = value["folder"], value["made"]
    except (ValueError, KeyError, TypeError):
        return "", ""
    fits = isinstance(folder, str) and isinstance(made, str) and _PENDING.fullmatch(folder) and "/" not in made
    return (folder, made) if fits else ("", "")


def _undo(tree: Tree, folder: str, made: str) -> None:
    """Take away an archive that was being made, and folders for it, where meta.json does not know the version."""
    try:
        metadata = tree.metadata(folder)
    except RegistryError:
        return
    if made and (metadata is None or made not in metadata.releases):
        for suffix in ("", CHECKSUM, SIGNATURE):
            with suppress(OSError, RegistryError):  # whoever wrote the marker, nothing outside the root goes
                tree.inside(tree.versions(folder))
                os.unlink(f"{tree.archive(folder, made)}{suffix}")
        for path in (tree.versions(folder), tree.folder(folder)):
            with suppress(OSError):
                os.rmdir(path)
    elif made:
        return  # the version is known: whoever changes something next brings it to the tags and the index
    with suppress(OSError):
        os.unlink(tree.pending)
