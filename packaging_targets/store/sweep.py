"""One sweep of stats over many paths: the whole price of a build with nothing to do.

A signature is six numbers: inode, size, mtime and ctime in seconds and nanoseconds. Two equal signatures spare reading
the file: the kernel sets ctime at every change of content, mode or name, and no program can set it back.

The signatures of many paths are six columns, an array for each number, so that a block of them is compared at once.
Where there are thousands, the C library's own `lstat` is called and answers into memory of ours: `os.lstat` makes a
dozen Python objects a path, which takes as long as the system call.

Nothing but `os` and `array` is imported here, and `typing` is not: with nothing to do, imports are a third of the time.
"""

from __future__ import annotations

import os
import sys
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Signature = tuple[int, int, int, int, int, int]
    Columns = Sequence[array[int]]

UNTRUSTED: Signature = (0, 0, 0, 0, 0, 0)
"""The signature of what must be looked at again."""
GONE: Signature = (-1, -1, -1, -1, -1, -1)
"""The signature of a path at which nothing stands."""
FIELDS = len(GONE)

_PARALLEL = 4000  # below this many paths a fork costs more than it saves
_MANY = 6000  # below this many paths `ctypes` costs more than it saves
_BLOCK = 1024  # paths compared at once: their answers stay in the processor's cache
_SECOND = 1_000_000_000

# `struct stat` of 64-bit Linux, in words of eight bytes: its length where it is longest, and where the fields are.
_STRIDE = 18
_WORDS = (1, 6, 11, 12, 13, 14)


def signature(stats: os.stat_result) -> Signature:
    """Return the signature of a file whose stat is `stats`."""
    inode = stats.st_ino - (1 << 64) if stats.st_ino >> 63 else stats.st_ino
    return (inode, stats.st_size, *divmod(stats.st_mtime_ns, _SECOND), *divmod(stats.st_ctime_ns, _SECOND))


def signature_of(path: str | bytes) -> Signature:
    """Return the signature of what stands at `path`, or `GONE`."""
    try:
        return signature(os.lstat(path))
    except OSError:
        return GONE


def columns_of(signatures: Iterable[Signature]) -> list[array[int]]:
    """Return signatures as columns."""
    return [array("q", column) for column in zip(*signatures, strict=True)] or [array("q") for _ in range(FIELDS)]


def sweep(paths: bytes, known: Columns, jobs: int | None = None) -> list[int]:
    """Return the positions at which the signature of a path is not the one in `known`, in order.

    `paths` are NUL-separated. Stats run in forked processes, one a core (threads would fight for the interpreter), and
    each takes its part of the paths apart itself.
    """
    count = len(known[0])
    lstat = _native_lstat() if count >= _MANY else None
    jobs = jobs or min(os.cpu_count() or 1, 8)
    if count < _PARALLEL or jobs == 1:
        return _differences(paths, known, 0, lstat).tolist()
    cuts = [0]
    for part in range(1, jobs):
        cut = paths.find(b"\0", len(paths) * part // jobs)
        cuts.append(cut + 1 if cut >= 0 else len(paths) + 1)
    firsts = [paths.count(b"\0", 0, cut) for cut in cuts]
    cuts.append(len(paths) + 1)

    def compare(part: int) -> bytes:
        return _differences(paths[cuts[part] : cuts[part + 1] - 1], known, firsts[part], lstat).tobytes()

    found = array("q")
    for data in forked(compare, range(jobs)):
        found.frombytes(data)
    return found.tolist()


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


def spread(work: Callable[[Any], Any], items: Sequence[Any], jobs: int) -> list[Any]:
    """Return `work(item)` of every item, in order: JSON values. Items are dealt out to `jobs` processes like cards."""
    jobs = min(jobs, len(items))
    if jobs <= 1:
        return [work(item) for item in items]
    import json

    def do_part(part: int) -> bytes:
        return json.dumps([work(item) for item in items[part::jobs]]).encode()

    results: list[Any] = [None] * len(items)
    for part, data in enumerate(forked(do_part, range(jobs))):
        results[part::jobs] = json.loads(data)
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


def _differences(raw_paths: bytes, known: Columns, first: int, lstat: _NativeLstat | None) -> array[int]:
    """Return the positions of paths whose signature is another one; the first of `raw_paths` is at position `first`."""
    paths = raw_paths.split(b"\0") if raw_paths else []
    found = array("q")
    for at in range(0, len(paths), _BLOCK):
        block = paths[at : at + _BLOCK]
        now = (lstat and lstat.columns(block)) or columns_of(map(signature_of, block))
        start = first + at
        before = [column[start : start + len(block)] for column in known]
        if now != before:
            rows = enumerate(zip(zip(*now, strict=True), zip(*before, strict=True), strict=True), start)
            found.extend(place for place, (new, old) in rows if new != old)
    return found


class _NativeLstat:
    """The C library's `lstat`, answering for up to a block of paths into one piece of memory."""

    def __init__(self, call: Callable[[bytes, int], int]) -> None:
        self._call = call
        self._answers = array("q", bytes(8 * _STRIDE * _BLOCK))
        start, _ = self._answers.buffer_info()
        self._places = range(start, start + 8 * _STRIDE * _BLOCK, 8 * _STRIDE)

    def columns(self, paths: Sequence[bytes]) -> list[array[int]] | None:
        """Return the signatures of a block of paths, as columns, or None where something is not there."""
        if any(map(self._call, paths, self._places)):
            return None
        end = _STRIDE * len(paths)
        return [self._answers[word:end:_STRIDE] for word in _WORDS]


def _native_lstat() -> _NativeLstat | None:
    """Return the C library's `lstat`, if its answers are laid out as we think: it is asked what `os.lstat` is asked."""
    if sys.platform != "linux" or sys.maxsize < 1 << 32:
        return None
    try:
        import ctypes

        call = ctypes.PyDLL(None).lstat
    except (ImportError, OSError, AttributeError):
        return None
    call.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
    lstat = _NativeLstat(call)
    samples = [b".", b"/", os.fsencode(__file__)]
    return lstat if lstat.columns(samples) == columns_of(map(signature_of, samples)) else None
