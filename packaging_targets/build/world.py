"""The files of a workspace as this run sees them: what the stat index knows, and what was examined since.

All paths are relative to the workspace root, which is the current folder, or absolute for what lies outside. The root
itself is `.`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging_targets.store.stat_index import StatIndex
from packaging_targets.store.states import MISSING, UNKNOWN, examine, examine_all
from packaging_targets.store.sweep import GONE, UNTRUSTED, signature_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from packaging_targets.store.look import Look
    from packaging_targets.store.sweep import Signature


def folder_path(folder: str) -> str:
    """Return the path under which a workspace folder is watched."""
    return folder or "."


class World:
    """States and signatures by path. What the sweep found unchanged is believed; the rest is examined, once."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._index = look.index
        self._fresh: dict[str, tuple[str, Signature]] = {}
        self._dropped: set[str] = set()
        self._doubtful: set[str] = set()
        self._changed_stats: frozenset[str] = frozenset()

    def sweep(self) -> dict[str, tuple[str, str]]:
        """Examine every path whose stat changed; return old and new state of those whose content did."""
        if self._index is None:
            return {}
        places = self._look.changed
        paths = [self._index.path(place) for place in places]
        self._changed_stats = frozenset(paths)
        self._take(paths)
        pairs = zip(paths, places, strict=True)
        found = {path: (self._index.state(place), self._fresh[path][0]) for path, place in pairs}
        return {path: states for path, states in found.items() if states[0] != states[1]}

    def state(self, path: str) -> str:
        """Return the state of a path."""
        return self.known(path)[0]

    def known(self, path: str) -> tuple[str, Signature]:
        """Return state and signature of a path."""
        found = self._fresh.get(path) or self._indexed(path)
        if found is None:
            found = self._fresh[path] = examine(path)
        return found

    def ensure(self, paths: Iterable[str]) -> None:
        """Examine what is not known yet, on all cores."""
        self._take([path for path in dict.fromkeys(paths) if path not in self._fresh and self._indexed(path) is None])

    def made(self, path: str, state: str) -> None:
        """Note the state of an output that an action has just put into its place."""
        # We know what we wrote: the young-file rule of `examine` is for what others write.
        known = signature_of(path)
        self._fresh[path] = (MISSING if known == GONE else state, known)
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

    def doubt(self, paths: Iterable[str]) -> None:
        """Note paths that may have changed after they were read: the next build finds each of them changed."""
        self._doubtful.update(paths)

    def save(self, path: str, watched: Collection[str] | None, *, mark: str, targets: int, pending: bool) -> None:
        """Write the stat index. `watched` is everything to be watched, or None where that stays what it was."""
        self._fresh.update(dict.fromkeys(self._doubtful - self._dropped, (UNKNOWN, UNTRUSTED)))
        index = self._index
        patches = self._patches() if watched is None else None
        if index is None or patches is None:
            index = StatIndex.build(self._entries(watched), mark=mark)
        elif index.append(path, patches, targets=targets, pending=pending):
            return
        else:
            index.patch(patches)
        index.save(path, targets=targets, pending=pending)

    def _patches(self) -> dict[int, tuple[str, Signature]] | None:
        """Return what is new by position in the index, or None where that has to hold other paths."""
        if self._index is None or self._dropped:
            return None
        places = {name: self._index.place(name) for name in self._fresh}
        patches = {place: self._fresh[name] for name, place in places.items() if place is not None}
        return patches if len(patches) == len(places) else None

    def _entries(self, watched: Collection[str] | None) -> Iterator[tuple[str, str, Signature]]:
        if watched is not None or self._index is None:
            return ((path, *self.known(path)) for path in watched or ())
        known = {**dict(self._index.entries()), **self._fresh}
        return ((path, *found) for path, found in known.items() if path not in self._dropped)

    def _take(self, paths: list[str]) -> None:
        self._fresh.update(zip(paths, examine_all(paths), strict=True))

    def _indexed(self, path: str) -> tuple[str, Signature] | None:
        if self._index is None or path in self._changed_stats or path in self._dropped:
            return None
        place = self._index.place(path)
        return None if place is None else (self._index.state(place), self._index.signature(place))
