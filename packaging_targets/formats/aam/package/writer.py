"""Writes the archive of a package: the same bytes for the same files anywhere.

Files alone, under NFC names in the order of their UTF-8 bytes, in a tar of ours (`formats/archive/tar.py`) in gzip.
What no reader would take is not written: the limits are those of the reader.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from packaging_targets.errors import PackagingError, raise_all
from packaging_targets.formats.aam.manifest import MANIFEST
from packaging_targets.formats.aam.package.manifest import check_manifest
from packaging_targets.formats.aam.package.paths import nfc
from packaging_targets.formats.aam.package.reader import LIMITS
from packaging_targets.formats.aam.package.scanning.allowed import allowances
from packaging_targets.formats.aam.package.scanning.scan import ScannedSources
from packaging_targets.formats.archive.compress import compressor
from packaging_targets.formats.archive.reading.tar_reader import PIECE
from packaging_targets.formats.archive.reading.unpacked import RATIO_FROM
from packaging_targets.formats.archive.tar import write_tar
from packaging_targets.formats.jsonc import MAX_BYTES
from packaging_targets.model.manifest import Entry, Manifest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging_targets.formats.aam.manifest import AgentManifest
    from packaging_targets.formats.archive.members import Writable
    from packaging_targets.model.manifest import SourceReader

LEVEL = 6
_NAMED = 5


def contents_of(paths: Iterable[str], folder: str = "") -> Manifest:
    """Return what goes where in an archive of files, whose paths are relative to `folder`."""
    below = f"{folder}/" if folder else ""
    return Manifest.of((Entry(nfc(path), below + path) for path in paths), folders=False)


def write_aam(stream: Writable, contents: Manifest, sources: SourceReader, where: str, *, mtime: int = 0) -> None:
    """Write the archive of the files of `contents`, holding no more than 32 MiB of it in memory.

    `where` is what it is called in messages; `mtime` is every file's time, in seconds since 1970. Raises
    PackagingError with all that no package should carry (see `scanning`), where it would be more than an archive may
    be, and for a source that changes meanwhile.
    """
    places = {entry.source: entry.dest for entry in contents.entries}
    allowed = allowances(_manifest(contents, sources))
    scanned = ScannedSources(sources, lambda source: allowed(places[source]))
    _write(stream, contents, scanned, where, mtime)
    raise_all(scanned.problems, PackagingError)


def _manifest(contents: Manifest, sources: SourceReader) -> AgentManifest | None:
    """Return the manifest among what is packed, which says what else may be."""
    for entry in contents.entries:
        if entry.dest == MANIFEST and entry.source is not None:
            with sources.open(entry.source) as file:
                return check_manifest(file.read(MAX_BYTES + 1), MANIFEST).manifest
    return None


def _write(stream: Writable, contents: Manifest, sources: SourceReader, where: str, mtime: int) -> None:
    if len(contents.entries) > LIMITS.entries:
        what = f"`{where}` would have {len(contents.entries):,} files, and {LIMITS.entries:,} is the most"
        raise PackagingError.one(what, where, "leave some out by `files` in the manifest")
    out = _Limited(stream, contents, sources, where)
    with compressor("gzip", out, LEVEL) as packed:
        plain = _Plain(packed, contents, sources, where)
        plain.packed = out
        write_tar(plain, contents, sources, mtime=mtime)
    if plain.size > max(RATIO_FROM, out.size * LIMITS.ratio):
        raise plain.bomb()


class _Limited:
    """A stream that counts what passes, and refuses more bytes than an archive may have."""

    limit, unit = LIMITS.packed, ""

    def __init__(self, stream: Writable, contents: Manifest, sources: SourceReader, where: str) -> None:
        self._stream = stream
        self._told = (contents, sources, where)
        self.size = 0

    def write(self, data: bytes | bytearray | memoryview, /) -> None:
        self.size += len(data)
        if self.size > self.limit:
            what = f"`{self._told[2]}` would have more than {self.limit:,} bytes{self.unit}, the most there may be"
            raise _too_large(what, *self._told)
        self._stream.write(data)


class _Plain(_Limited):
    """The same of what it unpacks to, which readers compare with what they have read of it: `packed` counts that."""

    limit, unit = LIMITS.unpacked, " unpacked"
    packed: _Limited

    def write(self, data: bytes | bytearray | memoryview, /) -> None:
        super().write(data)
        read = (self.packed.size // PIECE + 1) * PIECE  # whoever unpacks so much has read at least this
        if self.size > LIMITS.ratio * read:
            raise self.bomb()

    def bomb(self) -> PackagingError:
        contents, sources, where = self._told
        what = f"`{where}` would unpack to more than {LIMITS.ratio} times its size, which readers refuse as a bomb"
        return _too_large(what, contents, sources, where)


def _too_large(what: str, contents: Manifest, sources: SourceReader, where: str) -> PackagingError:
    sizes = [(sources.info(entry.source).size, entry.dest) for entry in contents.entries if entry.source]
    largest = sorted(sizes, key=itemgetter(0), reverse=True)[:_NAMED]
    named = ", ".join(f"`{path}` ({size:,} bytes)" for size, path in largest)
    return PackagingError.one(what, where, f"leave some out by `files` in the manifest; the largest: {named}")
