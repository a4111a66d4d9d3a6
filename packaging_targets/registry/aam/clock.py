"""What time it is for a registry: `SOURCE_DATE_EPOCH` where that is set, else now."""

from __future__ import annotations

import os
import time

from packaging_targets.errors import RequestError


def told_time() -> int | None:
    """Return the seconds since 1970 that `SOURCE_DATE_EPOCH` says, or None; raises RequestError for another thing."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len("253402300799")):
        raise RequestError.one(f"SOURCE_DATE_EPOCH must be seconds since 1970, but is `{text[:80]}`")
    return int(text)


def present_time() -> int:
    """Return the seconds since 1970 that events of a registry get."""
    told = told_time()
    return int(time.time()) if told is None else told
