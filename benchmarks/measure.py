"""One run of one program, measured from outside: wall time, processor time and memory.

Nothing stands between the clock and the program, no shell above all. A run begins when nothing is left to
be written to disk and other programs are quiet. Looking at memory slows a program: runs of their own do it.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

_QUIET_SHARE = 0.15  # of the machine that others may use just before a run
_LOG_TAIL = 2000


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took: seconds of wall and processor time, the largest process in MB, its exit code.

    `tree_mb` is the largest sum over all processes at one moment, shared pages counted once (PSS); both sizes
    are 0 where they were not asked for. `log` is the end of what the program printed;
    `quiet` tells whether others left the machine to it when it began.
    """

    wall: float
    cpu: float
    largest_mb: float
    tree_mb: float
    code: int
    log: str
    quiet: bool


def measure(
    argv: Sequence[str], folder: str, environment: Mapping[str, str], *, limit: float = 900, look: float = 0
) -> Run:
    """Run a program in `folder` and return what it took; after `limit` seconds it is killed: exit code -9.

    `look` is the time between two looks at the memory of the program and all that it starts, in seconds.
    """
    quiet = wait_until_quiet()
    with tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with _killed_after(limit, process):
            largest, tree = _memory_until_done(process.pid, look) if look else (0, 0)
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(max(0, log.seek(0, os.SEEK_END) - _LOG_TAIL))
        said = log.read().decode("utf-8", "replace")
    # The kernel misses nothing, but counts the moment before a child becomes the program and has our size.
    if look and usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
        largest = usage.ru_maxrss
    cpu = usage.ru_utime + usage.ru_stime
    return Run(wall, cpu, largest / 1024, tree / 1024, process.returncode, said, quiet)


def peak_of(pid: int) -> float:
    """Return the largest size that a process has had, in MB, or 0 where the system does not tell."""
    return _kilobytes(f"/proc/{pid}/status", "VmHWM:") / 1024


def wait_until_quiet(limit: float = 10) -> bool:
    """Wait until other programs leave the processors alone; False where they do not in `limit` seconds."""
    os.sync()
    end = time.monotonic() + limit
    while time.monotonic() < end:
        busy, total = _ticks()
        time.sleep(0.1)
        busy_now, total_now = _ticks()
        if busy_now - busy <= _QUIET_SHARE * (total_now - total):
            return True
    return False


def _ticks() -> tuple[int, int]:
    """Return for how many ticks all processors have been busy, and have existed; zeros without /proc."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            fields = [int(field) for field in file.readline().split()[1:9]]
    except OSError:
        return 0, 0
    total = sum(fields)
    return total - fields[3] - fields[4], total  # idle, and waiting for the disk


@contextmanager
def _killed_after(limit: float, process: subprocess.Popen[bytes]) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, lambda *_: os.killpg(process.pid, signal.SIGKILL))
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    except BaseException:  # somebody ends the benchmark: what it started ends too
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _memory_until_done(pid: int, look: float) -> tuple[int, int]:
    """Return the largest process and the largest sum, in KB, of a process and what it starts, to its end."""
    largest = tree = 0
    ended = os.pidfd_open(pid)
    while not select.select([ended], [], [], look)[0]:
        family = list(_family(pid))
        largest = max(largest, *(_kilobytes(f"/proc/{one}/status", "VmHWM:") for one in family))
        tree = max(tree, sum(_kilobytes(f"/proc/{one}/smaps_rollup", "Pss:") for one in family))
    os.close(ended)
    return largest, tree


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                for child in file.read().split():
                    yield from _family(int(child))
    except OSError:  # it has ended meanwhile
        return


def _kilobytes(path: str, field: str) -> int:
    try:
        with open(path, encoding="ascii") as file:
            for line in file:
                if line.startswith(field):
                    return int(line.split()[1])
    except OSError:  # it has ended meanwhile, or there is no /proc
        pass
    return 0
