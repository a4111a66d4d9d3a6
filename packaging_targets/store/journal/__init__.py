"""Several files and folders that change together: all of them, or none, also where the process is killed on the way."""

from __future__ import annotations

from packaging_targets.store.journal.journal import Journal, Recovery

__all__ = ["Journal", "Recovery"]
