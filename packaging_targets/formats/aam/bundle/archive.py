"""Bundles as archives: written the same everywhere, and read believing nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from packaging_targets.formats.aam.bundle.values import Bundle
    from packaging_targets.formats.archive.members import Writable


def write_bundle(stream: Writable, bundle: Bundle) -> None:
    """Write the archive of a bundle."""
    raise NotImplementedError


def read_bundle(file: BinaryIO, where: str) -> Bundle:
    """Return the bundle in an archive, called `where` in messages.

    Raises IntegrityError where it is damaged, lists other files than it has, or would write where its platform does
    not: it is deployed into people's projects.
    """
    raise NotImplementedError
