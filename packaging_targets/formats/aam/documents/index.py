"""`index.json`: every package of a registry that is not hidden, one a line; it follows from all meta.json.

    {
      "formatVersion": 1,
      "updatedAt": "2026-02-22T14:00:00Z",
      "packages": [
        {"name": "@acme/review", "latest": "2.0.0", "versions": ["2.0.0"], "description": "…"},
        …

`updatedAt` is the newest event of any package. Members that we do not know are kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packaging_targets.formats.aam.documents.lines import Lines
from packaging_targets.formats.aam.documents.meta import in_order
from packaging_targets.formats.aam.documents.reading import Reading, load_object
from packaging_targets.formats.aam.metadata import PackageMetadata
from packaging_targets.formats.aam.names import PackageName, name_faults
from packaging_targets.formats.aam.times import parse_time, time_text
from packaging_targets.model.versions.semver import LATEST, is_semantic_version

INDEX = "index.json"
MAX_INDEX = 512 << 20
FORMAT_VERSION = 1

_TOP = ("formatVersion", "updatedAt", "packages")
_ENTRY = ("name", "latest", "versions", "description")
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
_HEAD = re.compile(
    rb'\{\n  "formatVersion": 1,\n  "updatedAt": "(%s)",\n((?:  "[^\n]*,\n)*?)  "packages": \[\n' % _TIME.encode()
)
_LINES = Lines(b'    {"name": "', b"  ]\n}\n", rb'"name"\s*:\s*"%s"')


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A package in the index: `latest` is empty where nothing is, `versions` are from the lowest to the highest."""

    name: str
    latest: str
    versions: tuple[str, ...]
    description: str = ""
    other: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Index:
    """What an index.json says: entries sorted by name, and when the last thing happened (seconds since 1970)."""

    entries: tuple[IndexEntry, ...]
    updated_at: int = 0
    other: Mapping[str, Any] = field(default_factory=dict)


def entry_of(metadata: PackageMetadata, other: Mapping[str, Any] | None = None) -> IndexEntry | None:
    """Return the entry of a package, or None where all of its versions are hidden."""
    shown = [one for one in in_order(metadata.releases.values()) if one.is_shown]
    if not shown:
        return None
    latest = metadata.leading.get(LATEST, "")
    described = metadata.releases.get(latest, shown[-1])
    versions = tuple(str(one.version) for one in shown)
    return IndexEntry(str(metadata.name), latest, versions, described.description, other or {})


def parse_index(data: bytes, where: str) -> Index:
    """Return what an index.json says; raises RegistryError with every problem."""
    value = load_object(data, where, MAX_INDEX)
    reading = Reading(where)
    if value.get("formatVersion") != FORMAT_VERSION:
        told = json.dumps(value.get("formatVersion"), default=str)[:80]
        what = f"`formatVersion` must be {FORMAT_VERSION}, but is {told}"
        reading.wrong("$.formatVersion", what, "use a newer packaging-targets where the registry is newer")
    updated_at = reading.time(value, "updatedAt", "$")
    packages = value.get("packages")
    if not isinstance(packages, list):
        reading.wrong("$.packages", "`packages` must be a list")
        packages = []
    entries = [_entry(reading, one, f"$.packages[{number}]") for number, one in enumerate(packages)]
    other = reading.others(value, _TOP, "$")
    seen: set[str] = set()
    for number, one in enumerate(entries):
        if one.name in seen:
            reading.wrong(f"$.packages[{number}]", f"the package `{one.name}` stands twice in the index")
        seen.add(one.name)
    reading.done()
    return Index(tuple(sorted(entries, key=lambda one: one.name)), updated_at, other)


def index_bytes(index: Index) -> bytes:
    """Return the one index.json that says this."""
    ordered = sorted(index.entries, key=lambda one: one.name)
    return _LINES.joined(_head(index.updated_at, _other_lines(index.other)), [_line(one) for one in ordered])


def index_with(data: bytes, metadata: PackageMetadata) -> Sequence[bytes | memoryview] | None:
    """Return an index.json with the line that a package has now, as pieces to write in a row.

    There are none where nothing changes. Returns None where the document is not as we write it.
    """
    head = _HEAD.match(data)
    name = str(metadata.name)
    place = _LINES.find(data, head.end(), name) if head else None
    if head is None or place is None:
        return None
    other: Mapping[str, Any] = {}
    if place[0] < place[1]:
        try:
            line = json.loads(data[place[0] : place[1]].rstrip(b",\n"))
        except ValueError:
            return None
        other = {key: value for key, value in line.items() if key not in _ENTRY}
    entry = entry_of(metadata, other)
    updated_at = max(parse_time(head[1].decode()), metadata.modified_at)
    heads = (_head(updated_at, head[2]), head.end())
    return _LINES.spliced(data, heads, place, None if entry is None else _line(entry))


def changed_names(before: bytes, after: bytes) -> frozenset[str] | None:
    """Return the names on the lines that only one of two index.json has; None where one has not a package a line."""
    old, new = _body_lines(before), _body_lines(after)
    if old is None or new is None:
        return None
    try:
        values = [json.loads(line.removesuffix(b",")) for line in old ^ new if line]
        return frozenset(str(PackageName.parse(value["name"])) for value in values)
    except (ValueError, KeyError, TypeError):
        return None


def _body_lines(data: bytes) -> set[bytes] | None:
    head = _HEAD.match(data)
    return set(data[head.end() : -len(_LINES.tail)].split(b"\n")) if head and data.endswith(_LINES.tail) else None


def _head(updated_at: int, other: bytes) -> bytes:
    told = f'{{\n  "formatVersion": {FORMAT_VERSION},\n  "updatedAt": "{time_text(updated_at)}",\n'
    return told.encode() + other + b'  "packages": [\n'


def _other_lines(other: Mapping[str, Any]) -> bytes:
    lines = (f"  {_json(key)}: {_json(value)},\n" for key, value in sorted(other.items()))
    return "".join(lines).encode()


def _line(entry: IndexEntry) -> bytes:
    value: dict[str, Any] = {"name": entry.name}
    if entry.latest:
        value["latest"] = entry.latest
    value["versions"] = list(entry.versions)
    if entry.description:
        value["description"] = entry.description
    return f"    {_json(value | dict(sorted(entry.other.items())))}".encode()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _entry(reading: Reading, value: object, where: str) -> IndexEntry:
    if not isinstance(value, dict):
        reading.wrong(where, "a package must be an object")
        return IndexEntry("", "", ())
    name = reading.text(value, "name", where, needed=True)
    for fault in name_faults(name) if name else ():
        reading.wrong(f"{where}.name", f"the name `{name[:200]}` {fault}")
    latest, versions = reading.text(value, "latest", where), reading.texts(value, "versions", where)
    for version in filter(None, (latest, *versions)):
        if not is_semantic_version(version):
            reading.wrong(where, f"`{version[:80]}` is no semantic version")
    description = reading.text(value, "description", where)
    return IndexEntry(name, latest, versions, description, reading.others(value, _ENTRY, where))


def changed_parts(index: Index, packages: Iterable[PackageMetadata], doubtful: Collection[str] = ()) -> Index:
    """Return the index of these packages, with the members that we do not know of the one that was there.

    `doubtful` are folders of packages of which nothing can be known: their entries stay as they were.
    """
    other = {one.name: one.other for one in index.entries}
    found = list(packages)
    entries = [entry_of(one, other.get(str(one.name))) for one in found]
    kept = [one for one in index.entries if doubtful and PackageName.parse(one.name).folder in doubtful]
    updated_at = max((index.updated_at if kept else 0, *(one.modified_at for one in found)))
    return Index((*filter(None, entries), *kept), updated_at, index.other)
