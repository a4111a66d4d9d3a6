"""One sweep of stats over many paths: the whole price of a build with nothing to do.

A signature is a 64-bit hash of (mtime_ns, size, ctime_ns, inode). Two equal signatures spare reading the file: the
kernel sets ctime at every change of content, mode or name, and no program can set it back.

Nothing but `os`, `array` and `operator` is imported here, and `typing` is not: with nothing to do, imports are
a third of the time.
"""

from __future__ import annotations

import os
from array import array
from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UNTRUSTED = 0
"""The signature of what is not there, or what must be looked at again."""

_PARALLEL = 4000  # below this many paths a fork costs more than it saves
_fields = attrgetter("st_mtime_ns", "st_size", "st_ctime_ns", "st_ino")


def signature(stats: os.stat_result) -> int:
    """Return the signature of a file whose stat is `stats`."""
    return hash(_fields(stats))


def signatures(paths: Sequence[str]) -> array[int]:
    """Return the signature of every path, in order, `UNTRUSTED` for a path that is not there."""
    try:
        # One pass in C: hash(fields(lstat(path))) for each path.
        return array("q", map(hash, map(_fields, map(os.lstat, paths))))
    except OSError:
        return array("q", map(_signature_or_none, paths))


def sweep(paths: Sequence[str], known: array[int], jobs: int | None = None) -> list[int]:
    """Return the positions at which the signature of a path is not the one in `known`, in order.

    Stats run in forked processes, one a core: threads would fight for the interpreter.
    """
    count = len(paths)
    jobs = jobs or min(os.cpu_count() or 1, 8)
    if count < _PARALLEL or jobs == 1:
        return _differences(paths, known, 0, count)
    cuts = [count * part // jobs for part in range(jobs + 1)]

    def compare(part: int) -> bytes:
        return array("q", _differences(paths, known, cuts[part], cuts[part + 1])).tobytes()

    found = array("q")
    for data in forked(compare, range(jobs)):
        found.frombytes(data)
    return list(found)


def forked(function: Callable[[int], bytes], parts: Sequence[int]) -> list[bytes]:
    """Return `function(part)` of every part, in order; each but the first runs in a forked process of its own.

    What a child could not do is done again here, so that its exception is raised with all it says.
    """
    children = [_fork(function, part) for part in parts[1:]]
    try:
        results = [function(parts[0])]
    finally:
        answers = [_answer(pid, descriptor) for pid, descriptor in children]
    for part, answer in zip(parts[1:], answers, strict=True):
        results.append(function(part) if answer is None else answer)
    return results


def _fork(function: Callable[[int], bytes], part: int) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    status = 1
    try:
        os.close(reading)
        with open(writing, "wb") as pipe:
            pipe.write(function(part))
        status = 0
    finally:
        os._exit(status)


def _answer(pid: int, descriptor: int) -> bytes | None:
    with open(descriptor, "rb") as pipe:
        data = pipe.read()
    return data if os.waitpid(pid, 0)[1] == 0 else None


def _differences(paths: Sequence[str], known: array[int], start: int, end: int) -> list[int]:
    now = signatures(paths[start:end])
    before = known[start:end]
    if now == before and UNTRUSTED not in before:
        return []
    return [
        start + place
        for place, (new, old) in enumerate(zip(now, before, strict=True))
        if new != old or new == UNTRUSTED
    ]


def _signature_or_none(path: str) -> int:
    try:
        return signature(os.lstat(path))
    except OSError:
        return UNTRUSTED
