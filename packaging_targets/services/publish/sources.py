"""From what a person names to a folder of packed features; sources are packed first, into a folder that goes again."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging_targets.errors import Problem
from packaging_targets.formats.feature.folder import COLLECTION_FILE, METADATA_FILE
from packaging_targets.services.features.folders import plain, within
from packaging_targets.services.features.package import FeaturePackaging, package
from packaging_targets.services.features.sources import SOURCE_FOLDER
from packaging_targets.services.publish.packed import holds_archives

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class PackedFolder:
    """A folder of packed features, and what packing them had to say.

    `sources` gives the `devcontainer-feature.json` of each id, where they were packed just now.
    """

    folder: str
    warnings: tuple[Problem, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def archives_of(target: str) -> Iterator[PackedFolder]:
    """Give the packed features of a folder for the length of a `with` block; raises as `package` does."""
    if holds_archives(target):
        yield PackedFolder(target, tuple(_both(target)))
        return
    with tempfile.TemporaryDirectory(prefix="features-") as room:
        folder = os.path.join(room, "output")
        result = package(FeaturePackaging(target, folder))
        features = [archive.feature for archive in result.archives]
        yield PackedFolder(folder, result.warnings, {one.id: one.folder.within(METADATA_FILE) for one in features})


def _both(target: str) -> Iterator[Problem]:
    """Yield a warning where a folder of archives is one of sources too."""
    path = plain(target)
    source = next((name for name in (METADATA_FILE, SOURCE_FOLDER) if os.path.lexists(within(path, name))), None)
    if source is not None:
        what = f"`{target}` holds archives, and sources (`{source}`) too: the archives are published, as they are"
        yield Problem(target, what, f"to publish the sources, remove `{COLLECTION_FILE}` there, and the archives")
