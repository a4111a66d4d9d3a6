"""Writes the archive of a package: the same bytes for the same files anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging_targets.formats.archive.members import Writable
    from packaging_targets.model.manifest import Manifest, SourceReader


def write_aam(stream: Writable, contents: Manifest, sources: SourceReader, where: str, *, mtime: int = 0) -> None:
    """Write the archive of the files of `contents`; `where` is what it is called in messages.

    Raises PackagingError where it would be larger than an archive may be.
    """
    raise NotImplementedError
