"""What stands at a path: its *state*, which is content, beside its *signature*, which is stat (see `sweep`).

A state is what builds depend on, as a short text:

    f<sha256>   a regular file          x<sha256>   one with its executable bit set
    l<sha256>   a symbolic link         d<sha256>   a folder, by the names in it
    -           nothing                 o           a FIFO, a socket or a device
    ?           nobody knows: it is to be examined, and found to be another one than it was

Only a change within one tick of the file system's clock could leave a signature as it was, so a file that is
younger than that tick when it is hashed gets none and is hashed again next time: git's "racy" rule.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import stat
import time
from typing import TYPE_CHECKING

from packaging_targets.errors import Problem, RequestError, raise_all, reason
from packaging_targets.store.sweep import GONE, UNTRUSTED, forked, signature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging_targets.store.sweep import Signature

MISSING = "-"
OTHER = "o"
UNKNOWN = "?"

# Names that come and go without meaning anything: version control, editors, file browsers, interpreters.
JUNK = frozenset({".git", ".hg", ".svn", ".DS_Store", "Thumbs.db", "__pycache__"})

_FINE_TICK_NS = 20_000_000  # twice the slowest common kernel tick (100 Hz)
_COARSE_TICK_NS = 2_500_000_000  # FAT counts in two seconds, HFS+ in one
_SECOND = 1_000_000_000
_PARALLEL = 256  # below this many files a fork costs more than it saves
_BLOCK = 1 << 18


def is_junk(name: str) -> bool:
    """Tell whether a file or folder of this name is never a source."""
    return name in JUNK or name.endswith(("~", ".swp", ".swo")) or name.startswith(".#")


def examine(path: str) -> tuple[str, Signature]:
    """Return the state and the signature of `path`; raises RequestError for what cannot be read."""
    try:
        stats = os.lstat(path)
        return _state(path, stats.st_mode), UNTRUSTED if is_racy(stats) else signature(stats)
    except (FileNotFoundError, NotADirectoryError):
        return MISSING, GONE
    except OSError as error:
        what = f"`{path}` cannot be read: {reason(error)}"
        raise RequestError.one(what, path, "make it readable for you, or exclude it") from error


def examine_all(paths: Sequence[str], jobs: int | None = None) -> list[tuple[str, Signature]]:
    """Examine many paths on all cores, in order; raises RequestError with what cannot be read."""
    jobs = jobs or os.cpu_count() or 1
    if len(paths) < _PARALLEL or jobs == 1:
        return _examine_each(paths)
    cuts = [len(paths) * part // jobs for part in range(jobs + 1)]

    def part_of(part: int) -> bytes:
        found = _examine_each(paths[cuts[part] : cuts[part + 1]])
        return marshal.dumps(found)

    return [one for data in forked(part_of, range(jobs)) for one in marshal.loads(data)]  # noqa: S302  # from our own forks


def _examine_each(paths: Sequence[str]) -> list[tuple[str, Signature]]:
    found: list[tuple[str, Signature]] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            found.append(examine(path))
        except RequestError as error:
            problems.extend(error.problems)
    raise_all(problems)
    return found


def is_racy(stats: os.stat_result) -> bool:
    """Tell whether a file is so young that it could still change without its stat telling."""
    return is_young(signature(stats), time.time_ns())


def may_differ(path: str, began: int) -> bool:
    """Tell whether `path` may have changed, or gone, since a time in nanoseconds since 1970."""
    try:
        return is_young(signature(os.lstat(path)), began)
    except OSError:
        return True


def is_young(mark: Signature, moment: int) -> bool:
    """Tell whether a file with this signature was so young at a moment that a change may not have shown in it."""
    _, _, mtime, mtime_ns, ctime, ctime_ns = mark
    newest = max(mtime * _SECOND + mtime_ns, ctime * _SECOND + ctime_ns)
    return moment - newest < (_FINE_TICK_NS if ctime_ns else _COARSE_TICK_NS)


def _state(path: str, mode: int) -> str:
    if stat.S_ISREG(mode):
        return ("x" if mode & stat.S_IXUSR else "f") + file_digest(path)
    if stat.S_ISDIR(mode):
        return "d" + hashlib.sha256(_listing(path)).hexdigest()
    if stat.S_ISLNK(mode):
        return "l" + hashlib.sha256(os.fsencode(os.readlink(path))).hexdigest()
    return OTHER


def _listing(path: str) -> bytes:
    with os.scandir(path) as entries:
        return b"\0".join(sorted(_listed(entry) for entry in entries if not is_junk(entry.name)))


def _listed(entry: os.DirEntry[str]) -> bytes:
    name = os.fsencode(entry.name)
    if entry.is_symlink():
        return name + b"@"
    return name + b"/" if entry.is_dir() else name


def file_digest(path: str) -> str:
    """Return the SHA-256 of a regular file's bytes, in hexadecimal."""
    descriptor = open_regular(path, os.O_RDONLY)
    try:
        digest = hashlib.sha256()
        while data := os.read(descriptor, _BLOCK):
            digest.update(data)
        return digest.hexdigest()
    finally:
        os.close(descriptor)


def open_regular(path: str, flags: int) -> int:
    """Open what was a regular file a moment ago; an opener that neither waits for a FIFO nor follows a link."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
