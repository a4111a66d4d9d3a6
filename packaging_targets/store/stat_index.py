"""The stat index: every path that decides staleness, with the signature and the state it had when last examined.

One file, read at once. Layout, integers in the machine's own order (the file never leaves its machine):

    magic, 8 bytes │ header: 4 u64: length of the mark, of the paths; number of paths; of bytes up to the first note
    mark           what else must be as it was: interpreter, versions, environment
    paths          NUL-separated, in the order of their bytes; relative to the workspace root, or absolute
    signatures     six columns of i64 (see `sweep`)
    states         33 bytes a path: the kind, and the SHA-256 (read only when something differs)
    notes          one or more: what the last build found; each stands above what is before it

    note           4 u64: number of rows, targets, flags, CRC-32 of the rest of the note
                   rows of 96 bytes: position of a path, its six numbers, its state, 7 bytes of nothing

A build that changed little adds a note and leaves the rest alone. A file without a whole note is no index; a torn note
ends the file, and the paths that it told of look changed. So does a path after a flipped bit anywhere else, and it is
examined again: nothing that is read here is believed without a stat.
"""

from __future__ import annotations

import os
import struct
import sys
from array import array
from bisect import bisect_left

from packaging_targets.store.sweep import FIELDS, columns_of, sweep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging_targets.store.sweep import Signature

_MAGIC = b"PTINDEX2"
_HEADER = struct.Struct("=4Q")
_START = len(_MAGIC) + _HEADER.size
_NOTE = struct.Struct("=4Q")
_ROW = struct.Struct("=7q33s7x")
_PENDING = 1
_STATE_SIZE = 33
_NOTES_LIMIT = 1 << 20  # bytes of notes: above it the index is written anew


def fingerprint(version: str) -> str:
    """Return what else decides staleness beside files: interpreter, our version, and the environment."""
    build = f"{sys.implementation.cache_tag} {sys.maxsize} {version}"
    return f"{build} {os.environ.get('SOURCE_DATE_EPOCH', '')}"


class _States:
    """The states of all paths: those of the file, read one by one when asked for, and what notes say of them."""

    __slots__ = ("_at", "_descriptor", "_noted", "_size", "_whole")

    def __init__(self, whole: bytes = b"", descriptor: int = -1, at: int = 0, size: int = 0) -> None:
        self._whole = whole
        self._descriptor = descriptor
        self._at = at
        self._size = size
        self._noted: dict[int, bytes] = {}

    def note(self, place: int, packed: bytes) -> None:
        """Replace a state."""
        self._noted[place] = packed

    def packed(self, place: int) -> bytes:
        """Return the state at a position, packed."""
        if place in self._noted:
            return self._noted[place]
        start = place * _STATE_SIZE
        if self._descriptor < 0:
            return self._whole[start : start + _STATE_SIZE]
        return os.pread(self._descriptor, _STATE_SIZE, self._at + start)

    def all_packed(self) -> bytes:
        """Return all states, packed."""
        if self._descriptor >= 0:
            self._whole = os.pread(self._descriptor, self._size, self._at)
            self.close()
        whole = bytearray(self._whole)
        for place, packed in self._noted.items():
            whole[place * _STATE_SIZE : (place + 1) * _STATE_SIZE] = packed
        return bytes(whole)

    def close(self) -> None:
        """Close the file, if it is still open."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class StatIndex:
    """Paths in the order of their bytes, their signatures, and, when asked for, their states.

    `pending` is set while actions are marked stale in the records. `targets` is how many targets there are.
    """

    __slots__ = ("_end", "_paths", "_raw_paths", "_states", "columns", "count", "fingerprint", "pending", "targets")

    def __init__(self, raw_paths: bytes, columns: list[array[int]], states: _States, mark: str, end: int) -> None:
        self._raw_paths = raw_paths
        self._paths: list[bytes] | None = None
        self._states = states
        self._end = end
        self.columns = columns
        self.count = len(columns[0])
        self.fingerprint = mark
        self.targets = 0
        self.pending = False

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
        mark_size, paths_size, count, notes_at = _HEADER.unpack_from(data, len(_MAGIC))
        paths_at = _START + mark_size
        columns_at = paths_at + paths_size
        states_at = columns_at + 8 * FIELDS * count
        if notes_at != states_at + _STATE_SIZE * count or notes_at > size:
            os.close(descriptor)
            return None
        mark = os.pread(descriptor, mark_size, _START).decode("utf-8", "surrogateescape")
        raw_paths = os.pread(descriptor, paths_size, paths_at)
        columns = [array("q", bytes(8 * count)) for _ in range(FIELDS)]
        os.preadv(descriptor, columns, columns_at)
        # The states are read when something differs, from the file as it is now: what replaces it is another file.
        states = _States(b"", descriptor, states_at, _STATE_SIZE * count)
        found = cls(raw_paths, columns, states, mark, notes_at)
        if found._read_notes(os.pread(descriptor, size - notes_at, notes_at)) and found._counts():
            return found
        states.close()
        return None

    @classmethod
    def build(cls, entries: Iterable[tuple[str, str, Signature]], *, mark: str) -> StatIndex:
        """Make an index of (path, state, signature) triples."""
        rows = sorted((_encoded(path), state, known) for path, state, known in entries)
        states = _States(b"".join([_packed(state) for _, state, _ in rows]))
        return cls(b"\0".join([path for path, _, _ in rows]), columns_of(known for *_, known in rows), states, mark, 0)

    def _counts(self) -> bool:
        """Tell whether there are as many paths as signatures."""
        return (self._raw_paths.count(b"\0") + 1 if self._raw_paths else 0) == self.count

    def _read_notes(self, data: bytes) -> bool:
        """Take in the notes at the end of the file, up to one that is torn; tell whether there was a whole one."""
        at, whole = 0, False
        while at + _NOTE.size <= len(data):
            rows, targets, flags, check = _NOTE.unpack_from(data, at)
            end = at + _NOTE.size + rows * _ROW.size
            if end > len(data) or _check(rows, targets, flags, data[at + _NOTE.size : end]) != check:
                break
            for place, *known, packed in _ROW.iter_unpack(data[at + _NOTE.size : end]):
                self._take(place, known, packed)
            self.targets, self.pending, whole = targets, bool(flags & _PENDING), True
            at = end
        self._end += at
        return whole

    def _take(self, place: int, known: Iterable[int], packed: bytes) -> None:
        for column, number in zip(self.columns, known, strict=True):
            column[place] = number
        self._states.note(place, packed)

    def changed(self) -> list[int]:
        """Return the positions of the paths whose stat is not what it was; paths are relative to the current folder."""
        return sweep(self._raw_paths, self.columns)

    @property
    def _encoded_paths(self) -> list[bytes]:
        if self._paths is None:
            self._paths = self._raw_paths.split(b"\0") if self.count else []
        return self._paths

    def path(self, place: int) -> str:
        """Return the path at a position."""
        return _decoded(self._encoded_paths[place])

    def place(self, path: str) -> int | None:
        """Return the position of a path, or None where it is not in the index."""
        encoded, paths = _encoded(path), self._encoded_paths
        place = bisect_left(paths, encoded)
        return place if place < len(paths) and paths[place] == encoded else None

    def state(self, place: int) -> str:
        """Return the state of the path at a position."""
        return _unpacked(self._states.packed(place))

    def signature(self, place: int) -> Signature:
        """Return the signature of the path at a position."""
        inode, size, mtime, mtime_ns, ctime, ctime_ns = self.columns
        return inode[place], size[place], mtime[place], mtime_ns[place], ctime[place], ctime_ns[place]

    def entries(self) -> Iterator[tuple[str, tuple[str, Signature]]]:
        """Yield each path with its state and signature."""
        states = self._states.all_packed()
        cuts = range(0, len(states), _STATE_SIZE)
        known = zip(*self.columns, strict=True)
        for path, cut, one in zip(self._encoded_paths, cuts, known, strict=True):
            yield _decoded(path), (_unpacked(states[cut : cut + _STATE_SIZE]), one)

    def patch(self, patches: Mapping[int, tuple[str, Signature]]) -> None:
        """Replace state and signature at some positions."""
        for place, (state, known) in patches.items():
            self._take(place, known, _packed(state))

    def append(self, path: str, patches: Mapping[int, tuple[str, Signature]], *, targets: int, pending: bool) -> bool:
        """Add a note to the file at `path`, from which this index was loaded; tell whether that could be done.

        It cannot where the file has grown since, or where there would be too many notes.
        """
        note = _note(patches, targets, pending=pending)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            notes_at = (
                _START
                + len(_encoded(self.fingerprint))
                + len(self._raw_paths)
                + self.count * (8 * FIELDS + _STATE_SIZE)
            )
            if os.fstat(descriptor).st_size != self._end or self._end + len(note) - notes_at > _NOTES_LIMIT:
                return False
            os.write(descriptor, note)
        finally:
            os.close(descriptor)
        self._end += len(note)
        return True

    def save(self, path: str, *, targets: int, pending: bool) -> None:
        """Write the index to `path` in one step: readers see the old one or the new one, whole."""
        mark = _encoded(self.fingerprint)
        states = self._states.all_packed()
        notes_at = _START + len(mark) + len(self._raw_paths) + 8 * FIELDS * self.count + len(states)
        header = _HEADER.pack(len(mark), len(self._raw_paths), self.count, notes_at)
        note = _note({}, targets, pending=pending)
        beside = f"{path}.{os.getpid()}"
        with open(beside, "wb") as file:
            file.writelines((_MAGIC, header, mark, self._raw_paths, *self.columns, states, note))
        os.replace(beside, path)


def _note(patches: Mapping[int, tuple[str, Signature]], targets: int, *, pending: bool) -> bytes:
    rows = b"".join(_ROW.pack(place, *known, _packed(state)) for place, (state, known) in patches.items())
    flags = _PENDING * pending
    return _NOTE.pack(len(patches), targets, flags, _check(len(patches), targets, flags, rows)) + rows


def _check(rows: int, targets: int, flags: int, data: bytes) -> int:
    from zlib import crc32

    return crc32(data, crc32(struct.pack("=3Q", rows, targets, flags)))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def _packed(state: str) -> bytes:
    return state[:1].encode("ascii") + (bytes.fromhex(state[1:]) if len(state) > 1 else bytes(_STATE_SIZE - 1))


def _unpacked(packed: bytes) -> str:
    kind = chr(packed[0])
    return kind if kind in "-o" else kind + packed[1:].hex()


def mark_pending(path: str) -> None:
    """Note in the index at `path` that actions are stale; nothing happens where there is no index."""
    index = StatIndex.load(path)
    if index is not None and not index.append(path, {}, targets=index.targets, pending=True):
        index.save(path, targets=index.targets, pending=True)
