"""Globs over the names of what is packed: `*` and `?` within a path segment, `**` over any number of them."""

from __future__ import annotations

import re
from functools import lru_cache

_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_MEANINGS = {"**/": "(?:[^/]+/)*", "**": ".+", "*": "[^/]*", "?": "[^/]"}


def matches(glob: str, name: str) -> bool:
    """Tell whether `glob` matches the whole of `name`."""
    return _compiled(glob).fullmatch(name) is not None


@lru_cache(maxsize=256)
def _compiled(glob: str) -> re.Pattern[str]:
    return re.compile("".join(_MEANINGS.get(part) or re.escape(part) for part in _PARTS.findall(glob)))
