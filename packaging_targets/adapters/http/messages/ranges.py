"""Parts of an archive: RFC 9110, section 14, for one range; whoever asks for several gets the whole."""

from __future__ import annotations

import re

from packaging_targets.errors import Problem
from packaging_targets.formats.aam.refusals import RefusalError

_RANGE = re.compile(rb"bytes[ \t]*=[ \t]*([0-9]{0,18})[ \t]*-[ \t]*([0-9]{0,18})[ \t]*")


class OutsideError(RefusalError):
    """A range that lies outside of the archive; `size` is how many bytes that has."""

    def __init__(self, size: int) -> None:
        what = f"the range lies outside of the archive, which has {size:,} bytes"
        super().__init__(Problem("", what), code="RANGE_NOT_SATISFIABLE")
        self.size = size


def part_of(headers: dict[bytes, bytes], size: int, tag: bytes) -> tuple[int, int] | None:
    """Return (start, end) of the bytes that were asked for, or None for all of them.

    `tag` is the entity tag of the whole. Raises OutsideError where no byte of it was asked for.
    """
    asked = headers.get(b"range")
    if asked is None or headers.get(b"if-range", tag) != tag:
        return None
    match = _RANGE.fullmatch(asked)
    if match is None or match[1] == match[2] == b"":
        return None
    if not match[1]:
        last = int(match[2])
        start, end = max(size - last, 0), size
    else:
        start, end = int(match[1]), min(int(match[2]) + 1, size) if match[2] else size
        if match[2] and int(match[2]) < int(match[1]):
            return None
    if start >= size or start >= end:
        raise OutsideError(size)
    return start, end


def is_unchanged(headers: dict[bytes, bytes], *tags: bytes) -> bool:
    """Tell whether who asks has it already, by `If-None-Match`; `tags` are those of all its encodings."""
    known = headers.get(b"if-none-match")
    if known is None:
        return False
    return known in tags or known == b"*" or any(one.strip().removeprefix(b"W/") in tags for one in known.split(b","))
