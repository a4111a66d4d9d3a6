"""One look at a workspace: is anything not as the stat index says?"""

from __future__ import annotations

from packaging_targets.store.stat_index import StatIndex
from packaging_targets.store.sweep import signature_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from packaging_targets.store.sweep import Signature


class Look:
    """One sweep: the index, the positions whose stat is not what it was, and the index file's own signature."""

    __slots__ = ("changed", "index", "stamp")

    def __init__(self, index: StatIndex | None, changed: list[int], stamp: Signature) -> None:
        self.index = index
        self.changed = changed
        self.stamp = stamp

    def is_clean(self, mark: str) -> bool:
        """Tell whether there is nothing to do."""
        index = self.index
        return index is not None and not index.pending and index.fingerprint == mark and not self.changed


def look(path: str) -> Look:
    """Load the index at `path` and sweep; the current folder is the workspace root."""
    stamp = signature_of(path)
    index = StatIndex.load(path)
    return Look(index, index.changed() if index is not None else [], stamp)
