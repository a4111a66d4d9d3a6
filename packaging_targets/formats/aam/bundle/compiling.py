"""Compiles a package and all that it depends on for a platform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging_targets.formats.aam.bundle.values import Bundle
    from packaging_targets.formats.aam.package.reader import AgentPackage


def compile_bundle(
    root: AgentPackage,
    dependencies: Sequence[AgentPackage],
    target: str,
    *,
    scoped_dirs: str = "flat",
    built_at: int = 0,
) -> Bundle:
    """Return the bundle of `root` and its dependencies for a platform of TARGETS.

    `scoped_dirs` is `flat` (`acme-review`) or `seed` (`acme--review`); `built_at` counts seconds since 1970.
    Raises RequestError with all that is wrong with the packages, and with names that two of them want.
    """
    raise NotImplementedError
