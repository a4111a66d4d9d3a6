"""The action cache: what an action made, by action key, shared by every checkout of a user.

One file an entry, so that an entry is there whole or not at all:

    magic, 8 bytes │ header length u32, little-endian │ SHA-256 of the header │ header │ bytes of the outputs, in order
    header: {"outputs": [[size, state, path], …]}

Entries are believed only as far as their digests hold: a corrupt one is dropped and the action runs.
The time of the last use is the entry's mtime; `gc` removes what was not used for longest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_MAGIC = b"PTENTRY2"
_HEADER_LIMIT = 64 << 20
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """An entry of the cache: where it is, its size in bytes and when it was last used (nanoseconds since 1970)."""

    path: str
    size: int
    used: int


class ActionCache:
    """Entries below one folder. Every method stands other processes doing the same at the same time."""

    def __init__(self, folder: str) -> None:
        self._entries = os.path.join(folder, "actions")
        self._staging = os.path.join(folder, "staging")

    def path_of(self, key: str) -> str:
        """Return where the entry of an action key is or would be."""
        return os.path.join(self._entries, key[:2], key[2:])

    def restore(self, key: str, place: Callable[[str], str | None]) -> dict[str, str] | None:
        """Write the outputs of an entry to where `place` says for their paths, and return their states by path.

        `place` returns None for what is no output. Returns None where there is no entry or none that can be believed;
        such a one is removed. The files may be half-written then.
        """
        path = self.path_of(key)
        try:
            with open(path, "rb") as file:
                states = _restored(file, place)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError):
            states = None
        if states is None:
            with contextlib.suppress(OSError):
                os.remove(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return states

    def recall(self, key: str) -> bytes | None:
        """Return the one output of an entry, or None where there is no entry or none that can be believed."""
        try:
            with open(self.path_of(key), "rb") as file:
                ((size, state, _),) = _header(file)
                content = file.read()
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return content if (size, state[1:]) == (len(content), hashlib.sha256(content).hexdigest()) else None

    def store(self, key: str, contents: Mapping[str, bytes | str], states: Mapping[str, str]) -> None:
        """Add an entry made of finished outputs, by path: their bytes, or the paths of files that hold them.

        A cache that cannot be written is no error.
        """
        path = self.path_of(key)
        beside = os.path.join(self._staging, f"{key}.{os.getpid()}")
        try:
            try:
                entry = open(beside, "wb")  # noqa: SIM115  # the folders are only made when they are missing
            except FileNotFoundError:
                os.makedirs(self._staging, exist_ok=True)
                entry = open(beside, "wb")  # noqa: SIM115
            with entry:
                _write(entry, contents, states)
            try:
                os.replace(beside, path)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                os.replace(beside, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.remove(beside)

    def entries(self) -> Iterator[CacheEntry]:
        """List every entry."""
        for folder in _scan(self._entries):
            for entry in _scan(folder.path):
                with contextlib.suppress(FileNotFoundError):
                    stats = entry.stat()
                    yield CacheEntry(entry.path, stats.st_size, stats.st_mtime_ns)

    def verify(self) -> tuple[int, list[str]]:
        """Check every entry's digests; remove corrupt ones. Returns how many hold, and the paths that did not."""
        good, bad = 0, []
        for entry in list(self.entries()):
            try:
                with open(entry.path, "rb") as file:
                    holds = _restored(file, lambda _: os.devnull) is not None
            except FileNotFoundError:
                continue
            except (OSError, ValueError, LookupError, TypeError):
                holds = False
            if holds:
                good += 1
            else:
                bad.append(entry.path)
                with contextlib.suppress(OSError):
                    os.remove(entry.path)
        return good, sorted(bad)

    def gc(self, limit: int) -> tuple[int, int]:
        """Remove the entries not used for longest until `limit` bytes remain. Returns how many, and their bytes."""
        entries = sorted(self.entries(), key=lambda entry: entry.used, reverse=True)
        kept = removed = freed = 0
        for entry in entries:
            kept += entry.size
            if kept > limit:
                with contextlib.suppress(OSError):
                    os.remove(entry.path)
                    removed += 1
                    freed += entry.size
        return removed, freed


def _write(entry: BinaryIO, contents: Mapping[str, bytes | str], states: Mapping[str, str]) -> None:
    sizes = (len(one) if isinstance(one, bytes) else os.path.getsize(one) for one in contents.values())
    rows = [[size, states[path], path] for size, path in zip(sizes, contents, strict=True)]
    header = json.dumps({"outputs": rows}).encode()
    entry.write(_MAGIC + len(header).to_bytes(4, "little") + hashlib.sha256(header).digest() + header)
    for one in contents.values():
        if isinstance(one, bytes):
            entry.write(one)
        else:
            with open(one, "rb") as file:
                while block := file.read(_BLOCK):
                    entry.write(block)


def _restored(file: BinaryIO, place: Callable[[str], str | None]) -> dict[str, str] | None:
    """Copy an entry's outputs to where `place` says; return their states by path, or None for a corrupt entry."""
    outputs = _header(file)
    for length, state, path in outputs:
        to = place(path)
        if to is None:
            return None
        with _opened(to) as out:
            if state[0] not in "fx" or _copied_digest(file, out, length) != state[1:]:
                return None
            if state[0] == "x" and to != os.devnull:
                make_executable(out.fileno())
    return {path: state for _, state, path in outputs} if not file.read(1) else None


def _header(file: BinaryIO) -> list[tuple[int, str, str]]:
    """Return size, state and path of each output of an entry; raises ValueError for a header that is damaged."""
    if file.read(len(_MAGIC)) != _MAGIC:
        raise ValueError("no entry")
    size = int.from_bytes(file.read(4), "little")
    digest = file.read(hashlib.sha256().digest_size)
    header = file.read(min(size, _HEADER_LIMIT))
    if hashlib.sha256(header).digest() != digest:
        raise ValueError("a damaged header")
    rows: list[tuple[int, str, str]] = json.loads(header)["outputs"]
    return rows


def _opened(place: str) -> BinaryIO:
    try:
        return open(place, "wb")
    except FileNotFoundError:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        return open(place, "wb")


def _copied_digest(file: BinaryIO, out: BinaryIO, length: int) -> str:
    digest = hashlib.sha256()
    while length > 0 and (block := file.read(min(_BLOCK, length))):
        digest.update(block)
        out.write(block)
        length -= len(block)
    return digest.hexdigest() if length == 0 else ""


def make_executable(descriptor: int) -> None:
    """Set the executable bit for everyone who may read the file: the umask has its say."""
    mode = os.fstat(descriptor).st_mode
    os.fchmod(descriptor, mode | (mode & 0o444) >> 2)


def _scan(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
