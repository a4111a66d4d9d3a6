"""A feature's archive as clients see it: what it holds, and what they would stumble over.

The archive is read once, under limits, and unpacked nowhere. What it holds is then checked like a feature's folder;
what only an archive can have wrong comes on top: names and links that clients rewrite or drop, entries that are no
files, and what makes its bytes others than those of the same sources packed again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from packaging_targets.errors import IntegrityError, Problem, legible
from packaging_targets.formats.archive.reading.tar_reader import (
    FILE,
    FOLDER,
    HARD_LINK,
    LINK,
    Limits,
    TarEntry,
    TarReader,
)
from packaging_targets.formats.archive.reading.unpacked import UnpackedStream
from packaging_targets.formats.feature.checks import UPSTREAM, Feature, archive_name, check_feature
from packaging_targets.formats.feature.folder import INSTALL_SCRIPT, METADATA_FILE, FeatureFolder, Findings
from packaging_targets.formats.jsonc import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KEPT = 16 << 20  # bytes of scripts and metadata that are kept to be looked into
_KINDS = {b"3": "a device", b"4": "a device", b"6": "a FIFO"}
_SPECIAL = 0o7000  # setuid, setgid and sticky bits


@dataclass(slots=True)
class FeatureArchive:
    """What was found in an archive: `notes` are for people to know, `warnings` to mend, and `errors` stop clients."""

    name: str
    compression: str = "none"
    packed: int = 0
    unpacked: int = 0
    sha256: str = ""
    tar_sha256: str = ""
    entries: list[TarEntry] = field(default_factory=list)
    feature: Feature | None = None
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_feature_archive(
    name: str, file: BinaryIO, limits: Limits | None = None, *, installable: bool = True
) -> FeatureArchive:
    """Return what a client would make of the archive in `file`, called `name` in messages; nothing is raised for it.

    `installable` tells whether a missing `install.sh` is an error.
    """
    found = FeatureArchive(name)
    stream = UnpackedStream(file, limits or Limits())
    kept: dict[str, bytes] = {}
    try:
        reader = TarReader(stream, limits or Limits())
        stream.begin()
        found.compression = stream.compression
        for entry in reader:
            found.entries.append(entry)
            _keep(entry, reader, kept)
        if reader.rest():
            found.notes.append("bytes stand behind the end of the tar: clients do not look at them")
    except IntegrityError as error:
        found.errors.extend(Problem(name, problem.what, problem.fix) for problem in error.problems)
        return found
    found.packed, found.unpacked = stream.packed, stream.unpacked
    found.sha256, found.tar_sha256 = stream.digest.hexdigest(), stream.plain_digest.hexdigest()
    _judge(found, kept, installable=installable)
    return found


def _keep(entry: TarEntry, reader: TarReader, kept: dict[str, bytes]) -> None:
    """Keep the bytes of metadata and of scripts, as far as they may be looked into."""
    name = path_of(entry)
    if entry.kind == FILE and (name == METADATA_FILE or name.endswith(".sh")):
        room = _KEPT - sum(map(len, kept.values()))
        limit = min(room, MAX_BYTES + 1)
        data = bytearray()
        for piece in reader.content():
            data += piece[: limit - len(data)]
        kept[name] = bytes(data)


def path_of(entry: TarEntry) -> str:
    """Return an entry's path without `./` before it and `/` behind it; empty for the folder of all."""
    name = entry.name.decode("utf-8", "surrogateescape")
    while name.startswith("./"):
        name = name[2:].lstrip("/")
    return "" if name == "." else name.rstrip("/")


def _judge(found: FeatureArchive, kept: dict[str, bytes], *, installable: bool) -> None:
    findings = Findings()
    files = _files(found, findings)
    top = _only_folder(files)
    if top and f"{top}/{METADATA_FILE}" in files:
        what = (
            f"`{found.name}` holds no `{METADATA_FILE}` at its top: the files of the feature lie in `{legible(top)}/`"
        )
        findings.error(found.name, what, "pack from inside the folder")
        found.errors += findings.errors
        return
    folder = FeatureFolder(found.name, files, lambda name: kept.get(name, b""))
    checked = check_feature(folder, collection=False, installable=installable)
    found.feature = checked.feature
    found.errors += [*findings.errors, *checked.errors]
    found.warnings += [*findings.warnings, *checked.warnings]
    found.notes += _notes(found)


def _files(found: FeatureArchive, findings: Findings) -> dict[str, str | None]:
    """Return the files of the archive as those of a folder; note the entries that clients drop or rewrite."""
    files: dict[str, str | None] = {}
    for entry in found.entries:
        path = path_of(entry)
        where = f"{found.name}/{legible(path)}"
        if path.startswith("/") or ".." in path.split("/"):
            what = f"the entry `{legible(path)}` leads out of the archive: clients rewrite its name or drop it"
            findings.error(where, what, "pack it under a relative name without `..`")
        elif entry.kind not in {FILE, FOLDER, LINK, HARD_LINK}:
            kind = _KINDS.get(entry.kind, f"of the type {ascii(entry.kind)[1:]}")
            findings.error(
                where, f"the entry `{legible(path)}` is {kind}: clients drop it", "pack files and links alone"
            )
        elif entry.kind == HARD_LINK and _linked(entry) not in files:
            what = f"`{legible(path)}` is a hard link to `{legible(_linked(entry))}`, which does not stand before it"
            findings.error(where, what, "pack a copy in its place")
        elif entry.kind != FOLDER:
            if path in files:
                findings.warn(
                    where, f"`{legible(path)}` stands twice in the archive: the last one counts", "pack it once"
                )
            files[path] = entry.link.decode("utf-8", "surrogateescape") if entry.kind == LINK else None
    return files


def _only_folder(files: Iterable[str]) -> str:
    """Return the one folder at the top in which all files lie, or an empty text."""
    tops = {path.partition("/")[0] if "/" in path else "" for path in files}
    return tops.pop() if len(tops) == 1 else ""


def _linked(entry: TarEntry) -> str:
    return path_of(TarEntry(entry.link, FILE))


def _notes(found: FeatureArchive) -> Iterator[str]:
    feature, entries = found.feature, found.entries
    if found.compression == "none":
        yield "the archive is not compressed, although clients expect a .tgz; they read it all the same"
    if feature and found.name.rpartition("/")[2] != (wanted := archive_name(feature.id, feature.version, UPSTREAM)):
        yield f"from a web address clients take it under the name `{wanted}` alone; registries do not care"
    bare = sum(not entry.name.startswith(b"./") and entry.name != b"." for entry in entries)
    if bare:
        yield f"{_entries(bare)} not start with `./`, as those of other packers do; clients read both"
    yield from _changing(entries)
    script = next((entry for entry in entries if path_of(entry) == INSTALL_SCRIPT), None)
    if script and not script.mode & 0o100:
        yield f"`{INSTALL_SCRIPT}` is not executable; common clients make it so, and others need not"


def _changing(entries: Iterable[TarEntry]) -> Iterator[str]:
    """Yield what differs when the same sources are packed by somebody else, or later."""
    timed = sum(entry.mtime != 0 for entry in entries)
    owned = sum(entry.owners != (0, 0, b"", b"") for entry in entries)
    special = sum(bool(entry.mode & _SPECIAL) for entry in entries)
    if timed:
        yield f"{_entries(timed, 'carry', 'carries')} a time: packed again, the same sources give other bytes"
    if owned:
        yield f"{_entries(owned, 'carry', 'carries')} an owner: packed by others, the same sources give other bytes"
    if special:
        yield f"{_entries(special, 'have', 'has')} a setuid, setgid or sticky bit, which clients drop"


def _entries(count: int, many: str = "do", one: str = "does") -> str:
    return f"1 entry {one}" if count == 1 else f"{count} entries {many}"
