"""A layer of an image: a tar of a manifest, compressed while it is written.

Three digests come of one pass: that of the plain tar (a config knows a layer by it, its `diff_id`), and those of the
blob and its size, which whoever gave the stream knows. Nothing is held in memory but a few chunks on their way through
the compressor's threads.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.errors import PackagingError, Problem, raise_all
from packaging_targets.formats.archive.compress import compressor
from packaging_targets.formats.archive.tar import ROOT, Owner, write_tar
from packaging_targets.model.digest import Digest
from packaging_targets.model.manifest import Manifest

if TYPE_CHECKING:
    from packaging_targets.formats.archive.members import Writable
    from packaging_targets.model.manifest import Entry, SourceReader

_TOP = "bin boot dev etc home lib lib32 lib64 libx32 media mnt opt proc root run sbin srv sys tmp usr var"
_BELOW = "usr/bin usr/lib usr/lib32 usr/lib64 usr/libx32 usr/sbin usr/tmp var/lock var/mail var/run var/tmp"
_OF_PARENTS = frozenset(f"{_TOP} {_BELOW}".split())
_WHITEOUT = "/.wh."
_MOST_THREADS = 8  # more would wait for the one that reads


@dataclass(frozen=True, slots=True)
class Packing:
    """How a layer is packed: `compression` is `gzip` or `zstd`; `mtime` is every file's time in seconds."""

    compression: str
    level: int
    mtime: int = 0
    owner: Owner = ROOT


def write_layer(
    out: Writable, manifest: Manifest, sources: SourceReader, packing: Packing, *, threads: int = 1
) -> Digest:
    """Write a layer to `out`, and return its diff id. The number of `threads`, at least one, changes no byte.

    Raises PackagingError as `write_tar` and `compressor` do, and for names that mean something else in a layer.
    """
    raise_all(map(_whiteout, filter(_is_whiteout, manifest.entries)), PackagingError)
    digest = hashlib.sha256()
    workers = max(1, min(threads, _MOST_THREADS))
    with compressor(packing.compression, out, packing.level, digest=digest, threads=workers) as stream:
        write_tar(stream, manifest, sources, mtime=packing.mtime, owner=packing.owner)
    return Digest(digest.hexdigest())


def _is_whiteout(entry: Entry) -> bool:
    return _WHITEOUT in f"/{entry.dest}"


def _whiteout(entry: Entry) -> Problem:
    what = f"`{entry.dest}` is no file in an image: a name with `.wh.` before it takes that name away from lower layers"
    return Problem("", what, "rename it, or exclude it")


def on_parent(manifest: Manifest) -> Manifest:
    """Return a manifest without the folders that an image below has already, such as `etc`, `tmp` and `bin`.

    An entry of a folder sets its mode, and replaces a link by that name: `tmp` would no longer be everybody's, `root`
    no longer root's alone, and where `bin` is a link to `usr/bin`, all programs would be gone.
    """
    kept = (entry for entry in manifest.entries if not (entry.is_folder and entry.dest in _OF_PARENTS))
    return Manifest(tuple(kept))
