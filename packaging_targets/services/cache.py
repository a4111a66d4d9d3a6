"""Looking after the action cache: what it holds, what to throw away, whether it is sound."""

from __future__ import annotations

import os
import re

from packaging_targets.errors import RequestError
from packaging_targets.store.action_cache import ActionCache
from packaging_targets.store.layout import default_cache, find_root
from packaging_targets.workspace.settings import open_workspace

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def care(what: str, size: str) -> tuple[str, bool]:
    """Do `info`, `gc` (down to `size`, such as `500M`) or `verify`; return what to tell, and whether all is well.

    The cache is that of the workspace around the current folder, or the user's. Raises RequestError for a bad size.
    """
    folder = open_workspace(os.getcwd()).layout.cache if find_root(os.getcwd()) else default_cache()
    cache = ActionCache(folder)
    if what == "info":
        sizes = [entry.size for entry in cache.entries()]
        return f"{folder}: {len(sizes)} entries, {_shown_size(sum(sizes))}", True
    if what == "gc":
        removed, freed = cache.gc(_parsed_size(size))
        return f"{folder}: removed {removed} entries, {_shown_size(freed)}", True
    good, bad = cache.verify()
    lines = [f"{folder}: {good} entries are sound, {len(bad)} were corrupt and are removed", *bad]
    return "\n".join(lines), not bad


def _parsed_size(text: str) -> int:
    """Return a size in bytes: `1024`, `500M`, `10G` (powers of 1024)."""
    match = re.fullmatch(r"(\d+)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if match is None:
        raise RequestError.one(f"`{text}` is no size", "--size", "write a number and K, M, G or T, such as 10G")
    return int(match[1]) * _UNITS[match[2].upper()]


def _shown_size(size: float) -> str:
    """Return a size in bytes for people."""
    for unit in ("B", "KiB", "MiB"):
        if size < _UNITS["K"]:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _UNITS["K"]
    return f"{size:.1f} GiB"
