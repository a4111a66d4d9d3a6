"""What the verbs tell people, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.formats.archive.reading.tar_reader import FILE, FOLDER, HARD_LINK, LINK
from packaging_targets.formats.feature.folder import COLLECTION_FILE
from packaging_targets.services.features.sources import SINGLE

if TYPE_CHECKING:
    from packaging_targets.formats.archive.reading.tar_reader import TarEntry
    from packaging_targets.formats.feature.archive import FeatureArchive
    from packaging_targets.services.features.package import Archive, Result

_COMPRESSIONS = {"gzip": "gzip", "none": "not compressed"}
_ENTRY_KINDS = {FOLDER: "folder", LINK: "link", HARD_LINK: "hard link"}


def packaged(result: Result, *, details: bool = False) -> str:
    """Return what packaging came to: the mode, the files of the output folder, and how many were left alone."""
    count = len(result.archives)
    mode = "single feature" if result.mode == SINGLE else "collection"
    lines = [f"mode: {mode} (`{result.source or '.'}`)", f"created artifacts in `{result.output}`:"]
    for archive in result.archives:
        lines.append(f"  {archive.name}")
        if details:
            lines.extend(_details(archive))
    lines.append(f"  {COLLECTION_FILE}")
    lines.extend(f"removed `{name}`" for name in result.removed)
    kept = sum(archive.kept for archive in result.archives)
    noun = "feature" if count == 1 else "features"
    lines.append(f"{count} {noun}: {count - kept} packed, {kept} unchanged")
    return "\n".join(lines) + "\n"


def _details(archive: Archive) -> list[str]:
    packed = archive.packed
    return [
        f"    {'unchanged' if archive.kept else 'packed'}, {packed.size:,} bytes, sha256:{packed.sha256}",
        f"    the tar in it: sha256:{packed.tar_sha256}",
    ]


def looked_into(found: FeatureArchive) -> str:
    """Return what was found in an archive: its sizes and digests, the feature, every entry, notes and the verdict."""
    lines = [found.name]
    if found.sha256:
        lines.append(f"  {_COMPRESSIONS[found.compression]}, {found.packed:,} bytes, sha256:{found.sha256}")
        lines.append(f"  the tar: {found.unpacked:,} bytes, sha256:{found.tar_sha256}")
    if found.feature:
        name = found.feature.metadata.get("name", "without a name")
        lines.append(f"  feature {found.feature.id}, version {found.feature.version}: {name}")
    lines.extend(map(_entry, found.entries))
    lines.extend(f"  note: {note}" for note in found.notes)
    lines.append("clients cannot use it" if found.errors else "clients can use it")
    return "\n".join(lines) + "\n"


def _entry(entry: TarEntry) -> str:
    name, link = (_printable(text) for text in (entry.name, entry.link))
    size = f"{entry.size:>12,}" if entry.kind == FILE else f"{_ENTRY_KINDS.get(entry.kind, 'special'):>12}"
    return f"  {entry.mode & 0o7777:04o}{size}  {name}" + (f" -> {link}" if link else "")


def _printable(text: bytes) -> str:
    """Return a name that no archive can use to write into somebody's terminal."""
    shown = text.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in shown)
