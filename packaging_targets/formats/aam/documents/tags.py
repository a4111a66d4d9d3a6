"""`dist-tags.json`: what every tag of every package leads to, one package a line; it follows from all meta.json."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from packaging_targets.formats.aam.documents.lines import Lines
from packaging_targets.formats.aam.documents.reading import Reading, load_object, member
from packaging_targets.formats.aam.metadata import PackageMetadata
from packaging_targets.formats.aam.names import PackageName, name_faults, tag_fault

TAGS = "dist-tags.json"
MAX_TAGS = 256 << 20
_HEAD = b"{\n"
_LINES = Lines(b'  "', b"}\n", rb'"%s"\s*:\s*\{')


def parse_tags(data: bytes, where: str) -> Mapping[str, Mapping[str, str]]:
    """Return versions by tag by package; raises RegistryError with every problem."""
    value = load_object(data, where, MAX_TAGS)
    reading = Reading(where)
    for name in value:
        field = member("$", name)
        for fault in name_faults(name):
            reading.wrong(field, f"the name `{name[:200]}` {fault}")
        for tag, version in reading.mapping(value, name, "$").items():
            if fault := tag_fault(tag):
                reading.wrong(member(field, tag), f"the tag `{tag[:80]}` {fault}")
            if not isinstance(version, str):
                reading.wrong(member(field, tag), f"the tag `{tag[:80]}` must lead to the text of a version")
    reading.done()
    return value


def tags_of(
    listed: Mapping[str, Mapping[str, str]], packages: Iterable[PackageMetadata], doubtful: Collection[str] = ()
) -> Mapping[str, Mapping[str, str]]:
    """Return the tags of these packages by name, and those that are `listed` of what lies in the folders `doubtful`."""
    kept = {name: tags for name, tags in listed.items() if doubtful and PackageName.parse(name).folder in doubtful}
    return kept | {str(one.name): one.leading for one in packages}


def tags_bytes(tags: Mapping[str, Mapping[str, str]]) -> bytes:
    """Return the one dist-tags.json of versions by tag by package."""
    return _LINES.joined(_HEAD, [_line(name, found) for name, found in sorted(tags.items()) if found])


def tags_with(data: bytes, metadata: PackageMetadata) -> Sequence[bytes | memoryview] | None:
    """Return a dist-tags.json with the line that a package has now, as pieces to write in a row.

    There are none where nothing changes. Returns None where the document is not as we write it.
    """
    place = _LINES.find(data, len(_HEAD), str(metadata.name)) if data.startswith(_HEAD) else None
    if place is None:
        return None
    return _LINES.spliced(
        data, (_HEAD, len(_HEAD)), place, _line(str(metadata.name), metadata.leading) if metadata.leading else None
    )


def _line(name: str, tags: Mapping[str, str]) -> bytes:
    return f'  "{name}": {json.dumps(dict(sorted(tags.items())), ensure_ascii=False)}'.encode()
