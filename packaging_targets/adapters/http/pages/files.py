"""What pages load besides themselves. Its digest is in its name, so that it can be kept for ever."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

from packaging_targets.model.digest import Digest

_FOLDER = os.path.join(os.path.dirname(__file__), "static")
_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is sent, under a name such as `style-0123456789ab.css`."""

    name: str
    media_type: str
    data: bytes


@cache
def static_files() -> dict[str, StaticFile]:
    """Return the files by the names that they have in the folder."""
    found = {}
    for name in sorted(os.listdir(_FOLDER)):
        stem, suffix = os.path.splitext(name)
        if suffix in _TYPES:
            with open(os.path.join(_FOLDER, name), "rb") as file:
                data = file.read()
            found[name] = StaticFile(f"{stem}-{Digest.of(data).hex[:12]}{suffix}", _TYPES[suffix], data)
    return found
