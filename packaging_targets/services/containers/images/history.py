"""The log of what was built: one line of JSON for each image, in the handbook, where people read it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from packaging_targets.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG = "ops/packaging/handbook/builds.jsonl"


@dataclass(frozen=True, slots=True)
class Record:
    """An image that was built. `inputs` is the digest of all that went into it; empty texts are unknown."""

    id: str
    image: str
    tag: str
    digest: str
    revision: str
    inputs: str
    builder: str


def last_record(root: str, name: str, image: str, tag: str) -> Record | None:
    """Return the newest line about an image; lines that are none of ours count for nothing."""
    found = None
    for record in _records(root):
        if (record.id, record.image, record.tag) == (name, image, tag):
            found = record
    return found


def append(root: str, record: Record) -> None:
    """Add a line, in one write; raises BuildError where that is impossible."""
    path = os.path.join(root, LOG)
    line = json.dumps(asdict(record), ensure_ascii=False).encode() + b"\n"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            size = os.fstat(descriptor).st_size
            torn = size and os.pread(descriptor, 1, size - 1) != b"\n"  # a line that was cut off stays one
            os.write(descriptor, b"\n" + line if torn else line)
        finally:
            os.close(descriptor)
    except OSError as error:
        what = f"`{LOG}` cannot be written: {(error.strerror or '').lower()}"
        raise BuildError.one(what, LOG, "make it writable for you") from error


def _records(root: str) -> Iterator[Record]:
    try:
        with open(os.path.join(root, LOG), encoding="utf-8", errors="replace") as file:
            lines = file.readlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield Record(**json.loads(line))
        except (ValueError, TypeError):  # a person's line, or half of one
            continue
