"""JSON for documents of many rows: each member of the document, and each item of a list in it, has a line of its own.

So a document can be written as it is made, and two of them compared by lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging_targets.formats.oci.manifest import compact_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging_targets.formats.archive.members import Writable


def write_lines(stream: Writable, document: Mapping[str, Any]) -> None:
    """Write a JSON object, members in their order; a member that is no text, number or object is a list of rows."""
    before = b"{\n"
    for name, value in document.items():
        stream.write(before + compact_json(name) + b":")
        if isinstance(value, str | int | dict):
            stream.write(compact_json(value))
        else:
            _rows(stream, value)
        before = b",\n"
    stream.write(b"\n}\n")


def _rows(stream: Writable, rows: Iterable[Any]) -> None:
    before = b"[\n"
    for row in rows:
        stream.write(before + compact_json(row))
        before = b",\n"
    stream.write(b"[]" if before == b"[\n" else b"\n]")
