"""What a container target may be called: its id names a Dockerfile and an image, so that it has to be fit for both."""

from __future__ import annotations

import re

_ID = re.compile(r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*")
_LENGTH = 128

MEANING = "lower-case letters and digits, joined by `.`, `_` or `-`"


def nearest_container_id(text: str) -> str:
    """Return the id nearest to `text`: `text` itself where it is one, and `api` where nothing of it could be one."""
    if len(text) <= _LENGTH and _ID.fullmatch(text):
        return text
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:_LENGTH].strip("-") or "api"
