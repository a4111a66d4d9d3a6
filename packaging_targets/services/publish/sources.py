"""From what a person names to a folder of packed features; sources are packed first, into a folder that goes again."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.services.features.package import FeaturePackaging, package
from packaging_targets.services.publish.packed import holds_archives

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.errors import Problem


@dataclass(frozen=True, slots=True)
class Packed:
    """A folder of packed features, and what packing them had to say."""

    folder: str
    warnings: tuple[Problem, ...] = ()


@contextmanager
def archives_of(target: str) -> Iterator[Packed]:
    """Give the packed features of a folder for the length of a `with` block; raises as `package` does."""
    if holds_archives(target):
        yield Packed(target)
        return
    with tempfile.TemporaryDirectory(prefix="features-") as room:
        folder = os.path.join(room, "output")
        yield Packed(folder, package(FeaturePackaging(target, folder)).warnings)
