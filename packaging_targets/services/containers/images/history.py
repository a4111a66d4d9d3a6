"""The log of what was built: one line of JSON for each image, in the handbook, where people read it."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from packaging_targets.errors import BuildError, reason
from packaging_targets.services.containers.places import HOME, content_of

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG = f"{HOME}/handbook/builds.jsonl"


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

    @property
    def about(self) -> tuple[str, str, str]:
        """What a newer line is about too, if it is about the same image."""
        return self.id, self.image, self.tag


def last_records(root: str) -> Mapping[tuple[str, str, str], Record]:
    """Return the newest line about each image; lines that are none of ours count for nothing.

    Raises RequestError for a log that cannot be read.
    """
    return _last(content_of(root, LOG) or b"")


def append(root: str, record: Record, before: Record | None) -> None:
    """Add a line; raises BuildError where that is impossible.

    `before` is what the newest line about the image was when its build began. Where it is another one by now, two
    builds ran at once, and nobody can tell whose image the engine has: the line says so, by unknown inputs.
    """
    path = os.path.join(root, LOG)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            data = file.readall()
            if _last(data).get(record.about) != before:
                record = replace(record, inputs="")
            torn = data and not data.endswith(b"\n")  # a line that was cut off stays one
            line = b"\n" * bool(torn) + json.dumps(asdict(record)).encode() + b"\n"
            while line:  # what a full disk cuts off is told by the next write
                line = line[file.write(line) :]
    except OSError as error:
        what = f"`{LOG}` cannot be written: {reason(error)}"
        raise BuildError.one(what, LOG, "make it writable for you") from error


def _last(data: bytes) -> dict[tuple[str, str, str], Record]:
    found = {}
    for line in data.split(b"\n"):
        try:
            record = Record(**json.loads(line))
            found[record.about] = record
        except (ValueError, TypeError, RecursionError):  # a person's line, or half of one
            continue
    return found
