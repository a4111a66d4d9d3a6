"""The stat index: every path that decides staleness, with the signature and the state it had when last examined.

One file, read at once. Layout, integers in the machine's own order (the file never leaves its machine):

    magic, 8 bytes │ header: 6 u64: flags, targets, length of fingerprint, of paths; number of paths; file length
    fingerprint    what else must be as it was: interpreter, versions, environment
    paths          NUL-separated; relative to the workspace root, or absolute
    signatures     one i64 a path
    states         33 bytes a path: the kind, and the SHA-256 (read only when something differs)

A torn or truncated file is not the length it says. A flipped bit in the rest makes a path look changed, and it is
examined again: nothing that is read here is believed without a stat.
"""

from __future__ import annotations

import os
import struct
import sys
from array import array

from packaging_targets.store.sweep import signatures, sweep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MAGIC = b"PTINDEX1"
_HEADER = struct.Struct("=6Q")
_START = len(_MAGIC) + _HEADER.size
_PENDING = 1
_STATE_SIZE = 33


def fingerprint(version: str) -> str:
    """Return what else decides staleness beside files: interpreter, our version, and the environment."""
    build = f"{sys.implementation.cache_tag} {sys.maxsize} {version}"
    return f"{build} {os.environ.get('SOURCE_DATE_EPOCH', '')}"


class _Later:
    """A part of an open file that may never be needed."""

    __slots__ = ("_at", "_descriptor", "_size")

    def __init__(self, descriptor: int, at: int, size: int) -> None:
        self._descriptor = descriptor
        self._at = at
        self._size = size

    def read(self) -> bytes:
        """Read it, and close the file."""
        data = os.pread(self._descriptor, self._size, self._at)
        os.close(self._descriptor)
        return data


class StatIndex:
    """Paths in sorted order, their signatures, and, when asked for, their states.

    `pending` is set while actions are marked stale in the records. `targets` is how many targets there are.
    """

    __slots__ = ("_raw_paths", "_states", "fingerprint", "paths", "pending", "signatures", "targets")

    def __init__(
        self,
        raw_paths: bytes,
        signatures: array[int],
        states: bytes | _Later,
        *,
        mark: str,
        targets: int,
        pending: bool,
    ) -> None:
        self.paths: list[str] = raw_paths.decode("utf-8", "surrogateescape").split("\0") if signatures else []
        self._raw_paths = raw_paths
        self.signatures = signatures
        self._states = states
        self.fingerprint = mark
        self.targets = targets
        self.pending = pending

    @classmethod
    def load(cls, path: str) -> StatIndex | None:
        """Read the index at `path`; return None where there is none, or none that is whole."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        size = os.fstat(descriptor).st_size
        data = os.pread(descriptor, _START, 0)
        if len(data) < _START or not data.startswith(_MAGIC):
            os.close(descriptor)
            return None
        flags, targets, mark_size, paths_size, count, length = _HEADER.unpack_from(data, len(_MAGIC))
        paths_at = _START + mark_size
        signatures_at = paths_at + paths_size
        states_at = signatures_at + 8 * count
        if length != size or states_at + _STATE_SIZE * count != length:
            os.close(descriptor)
            return None
        # The states are read when something differs, from the file as it is now: what replaces it is another file.
        data = os.pread(descriptor, states_at, 0)
        signatures = array("q")
        signatures.frombytes(data[signatures_at:states_at])
        mark = data[_START:paths_at].decode("utf-8", "surrogateescape")
        paths = data[paths_at:signatures_at]
        states = _Later(descriptor, states_at, length - states_at)
        found = cls(paths, signatures, states, mark=mark, targets=targets, pending=bool(flags & _PENDING))
        return found if len(found.paths) == count else None

    @classmethod
    def build(cls, entries: Iterable[tuple[str, str, int]], *, mark: str, targets: int, pending: bool) -> StatIndex:
        """Make an index of (path, state, signature) triples."""
        rows = sorted(entries)
        states = b"".join([_packed(state) for _, state, _ in rows])
        return cls(
            "\0".join([path for path, _, _ in rows]).encode("utf-8", "surrogateescape"),
            array("q", [sig for _, _, sig in rows]),
            states,
            mark=mark,
            targets=targets,
            pending=pending,
        )

    @property
    def _raw_states(self) -> bytes:
        if isinstance(self._states, _Later):
            self._states = self._states.read()
        return self._states

    def changed(self) -> list[int]:
        """Return the positions of the paths whose stat is not what it was; paths are relative to the current folder."""
        return sweep(self.paths, self.signatures)

    def state(self, place: int) -> str:
        """Return the state of the path at position `place`."""
        raw = self._raw_states[place * _STATE_SIZE : (place + 1) * _STATE_SIZE]
        kind = chr(raw[0])
        return kind if kind in "-o" else kind + raw[1:].hex()

    def states(self) -> dict[str, tuple[str, int]]:
        """Return state and signature by path."""
        return {path: (self.state(at), self.signatures[at]) for at, path in enumerate(self.paths)}

    def patched(self, patches: Mapping[int, tuple[str, int]], *, mark: str, targets: int, pending: bool) -> StatIndex:
        """Return this index with another state and signature at some positions."""
        states = bytearray(self._raw_states)
        fresh = self.signatures[:]
        for place, (state, sig) in patches.items():
            states[place * _STATE_SIZE : (place + 1) * _STATE_SIZE] = _packed(state)
            fresh[place] = sig
        return StatIndex(self._raw_paths, fresh, bytes(states), mark=mark, targets=targets, pending=pending)

    def save(self, path: str) -> None:
        """Write the index to `path` in one step: readers see the old one or the new one, whole."""
        body = self._raw_paths
        mark = self.fingerprint.encode("utf-8", "surrogateescape")
        count = len(self.paths)
        length = _START + len(mark) + len(body) + (8 + _STATE_SIZE) * count
        header = _HEADER.pack(_PENDING * self.pending, self.targets, len(mark), len(body), count, length)
        beside = f"{path}.{os.getpid()}"
        with open(beside, "wb") as file:
            file.writelines((_MAGIC, header, mark, body, self.signatures.tobytes(), self._raw_states))
        os.replace(beside, path)


def _packed(state: str) -> bytes:
    return state[:1].encode("ascii") + (bytes.fromhex(state[1:]) if len(state) > 1 else bytes(_STATE_SIZE - 1))


def mark_pending(path: str) -> None:
    """Set the flag of the index at `path` that actions are stale, in place; nothing happens where there is no index."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.pwrite(descriptor, _PENDING.to_bytes(8, sys.byteorder), len(_MAGIC))
    finally:
        os.close(descriptor)


class Look:
    """One sweep: the index, the positions whose stat is not what it was, and the index file's own signature."""

    __slots__ = ("changed", "index", "stamp")

    def __init__(self, index: StatIndex | None, changed: list[int], stamp: int) -> None:
        self.index = index
        self.changed = changed
        self.stamp = stamp

    def is_clean(self, mark: str) -> bool:
        """Tell whether there is nothing to do."""
        index = self.index
        return index is not None and not index.pending and index.fingerprint == mark and not self.changed


def look(path: str) -> Look:
    """Load the index at `path` and sweep; the current folder is the workspace root."""
    stamp = stamp_of(path)
    index = StatIndex.load(path)
    return Look(index, index.changed() if index is not None else [], stamp)


def stamp_of(path: str) -> int:
    """Return what tells one index file from the next."""
    return signatures([path])[0]
