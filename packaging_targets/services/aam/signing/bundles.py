"""Bundles in files: beside an archive, or where the user says."""

from __future__ import annotations

from packaging_targets.errors import RequestError, legible, reason
from packaging_targets.formats.aam.signature import MAX_SIGNATURE
from packaging_targets.registry.aam.folder.tree import SIGNATURE
from packaging_targets.store.aam.regular_file import open_regular


def bundle_beside(archive: str) -> bytes | None:
    """Return the bundle beside an archive, `x.aam.sigstore.json`, up to a byte too long, or None."""
    try:
        return _read(f"{archive}{SIGNATURE}")
    except OSError:
        return None


def read_bundle(path: str) -> bytes:
    """Return the bundle in a file, up to a byte too long; raises RequestError where it cannot be read."""
    try:
        return _read(path)
    except OSError as error:
        fix = "name the file that `aam pkg publish --sign` or the registry gave"
        raise RequestError.one(f"the signature cannot be read: {reason(error)}", legible(path), fix) from error


def _read(path: str) -> bytes:
    with open_regular(path) as file:
        return file.read(MAX_SIGNATURE + 1)
