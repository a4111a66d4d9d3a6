"""Times as the documents have them: seconds since 1970, written `2026-02-22T14:00:00Z`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")


def time_text(seconds: int) -> str:
    """Return seconds since 1970 as text."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00") + "Z"


def parse_time(text: str) -> int:
    """Return the seconds since 1970 that a text of RFC 3339 means; raises ValueError where it is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text[:80]}` is no time: write it as 2026-02-22T14:00:00Z")
    found = datetime.fromisoformat(match[1] + match[2].replace("Z", "+00:00"))
    try:
        return int(found.astimezone(UTC).timestamp())
    except OverflowError:
        raise ValueError(f"`{text}` is before the year 1 or after the year 9999 in UTC") from None
