"""The files of a workspace as this run sees them: what the stat index knows, and what was examined since.

All paths are relative to the workspace root, which is the current folder, or absolute for what lies outside. The root
itself is `.`.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from typing import TYPE_CHECKING

from packaging_targets.store.stat_index import Look, StatIndex
from packaging_targets.store.states import examine, examine_all
from packaging_targets.store.sweep import UNTRUSTED, signature

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def folder_path(folder: str) -> str:
    """Return the path under which a workspace folder is watched."""
    return folder or "."


class World:
    """States and signatures by path. What the sweep found unchanged is believed; the rest is examined, once."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._index = look.index
        self._fresh: dict[str, tuple[str, int]] = {}
        self._dropped: set[str] = set()
        self._changed_stats: frozenset[str] = frozenset()

    def sweep(self) -> dict[str, tuple[str, str]]:
        """Examine every path whose stat changed; return old and new state of those whose content did."""
        if self._index is None:
            return {}
        places = self._look.changed
        paths = [self._index.paths[place] for place in places]
        self._changed_stats = frozenset(paths)
        self._take(paths)
        pairs = zip(paths, places, strict=True)
        found = {path: (self._index.state(place), self._fresh[path][0]) for path, place in pairs}
        return {path: states for path, states in found.items() if states[0] != states[1]}

    def state(self, path: str) -> str:
        """Return the state of a path."""
        return self.known(path)[0]

    def known(self, path: str) -> tuple[str, int]:
        """Return state and signature of a path."""
        found = self._fresh.get(path) or self._indexed(path)
        if found is None:
            found = self._fresh[path] = examine(path)
        return found

    def ensure(self, paths: Iterable[str]) -> None:
        """Examine what is not known yet, on all cores."""
        self._take([path for path in dict.fromkeys(paths) if path not in self._fresh and self._indexed(path) is None])

    def examine_again(self, path: str) -> str:
        """Examine a path anew, whatever is known of it."""
        self._fresh[path] = examine(path)
        self._dropped.discard(path)
        return self._fresh[path][0]

    def made(self, path: str, state: str) -> None:
        """Note the state of an output that an action has just put into its place."""
        try:
            stats = os.lstat(path)
        except OSError:
            self._fresh[path] = ("-", UNTRUSTED)
            return
        # We know what we wrote: the young-file rule of `examine` is for what others write.
        self._fresh[path] = (state, signature(stats))
        self._dropped.discard(path)

    def drop(self, path: str) -> None:
        """Stop watching a path."""
        self._dropped.add(path)
        self._fresh.pop(path, None)

    def watch(self, paths: Iterable[str]) -> None:
        """Watch paths from now on; what is not known of them is examined."""
        wanted = list(paths)
        self._dropped.difference_update(wanted)
        self.ensure(wanted)

    def save(
        self, layout_index: str, watched: Collection[str] | None, *, mark: str, targets: int, pending: bool
    ) -> None:
        """Write the stat index. `watched` is everything to be watched, or None where that stays what it was."""
        index = self._index
        if index is None or watched is not None:
            entries = [(path, *self.known(path)) for path in watched or ()]
            index = StatIndex.build(entries, mark=mark, targets=targets, pending=pending)
        elif self._dropped or any(self._place(path) is None for path in self._fresh):
            index = StatIndex.build(self._merged(index), mark=mark, targets=targets, pending=pending)
        else:
            patches = {place: self._fresh[path] for path in self._fresh if (place := self._place(path)) is not None}
            index = index.patched(patches, mark=mark, targets=targets, pending=pending)
        index.save(layout_index)
        self._index = index
        self._fresh = {}
        self._dropped = set()

    def _merged(self, index: StatIndex) -> list[tuple[str, str, int]]:
        states = index.states()
        for path in self._dropped:
            states.pop(path, None)
        states.update(self._fresh)
        return [(path, state, sig) for path, (state, sig) in states.items()]

    def _take(self, paths: list[str]) -> None:
        self._fresh.update(zip(paths, examine_all(paths), strict=True))

    def _indexed(self, path: str) -> tuple[str, int] | None:
        if self._index is None or path in self._changed_stats or path in self._dropped:
            return None
        place = self._place(path)
        return None if place is None else (self._index.state(place), self._index.signatures[place])

    def _place(self, path: str) -> int | None:
        if self._index is None:
            return None
        place = bisect_left(self._index.paths, path)
        return place if place < len(self._index.paths) and self._index.paths[place] == path else None
