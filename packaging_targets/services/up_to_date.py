"""Is there anything to do? Answered by one sweep of stats; nothing that is not needed for that is imported."""

from __future__ import annotations

import os

from packaging_targets import __version__
from packaging_targets.store.layout import Layout
from packaging_targets.store.stat_index import StatIndex, fingerprint


def clean_targets(root: str) -> int | None:
    """Return how many targets the workspace has if nothing changed since its last build, else None.

    Makes `root` the current folder.
    """
    index = StatIndex.load(Layout(root).index)
    if index is None:
        return None
    os.chdir(root)
    return index.targets if index.is_clean(fingerprint(__version__)) else None


def up_to_date_text(count: int) -> str:
    """Return what to tell a person who asked for a build."""
    return f"up to date: {count} target{'' if count == 1 else 's'}"
