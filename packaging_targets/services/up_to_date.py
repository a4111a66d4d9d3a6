"""Is there anything to do? Answered by one sweep of stats; nothing that is not needed for that is imported."""

from __future__ import annotations

import os

from packaging_targets import __version__
from packaging_targets.store.layout import Layout
from packaging_targets.store.look import Look, look
from packaging_targets.store.stat_index import fingerprint


def look_around(root: str) -> Look:
    """Sweep the workspace at `root`, and make it the current folder.

    A process looks once: a build goes on from what was seen.
    """
    if _seen.get("root") != root:
        os.chdir(root)
        _seen["look"] = look(Layout(root).index)
        _seen["root"] = root
    found: Look = _seen["look"]  # type: ignore[assignment]  # the two keys hold what their names say
    return found


def clean_targets(root: str) -> int | None:
    """Return how many targets the workspace has if nothing changed since its last build, else None."""
    found = look_around(root)
    return found.index.targets if found.index is not None and found.is_clean(fingerprint(__version__)) else None


def up_to_date_text(count: int) -> str:
    """Return what to tell a person who asked for a build."""
    return f"up to date: {count} target{'' if count == 1 else 's'}"


_seen: dict[str, object] = {}
