"""A program's run: what it may see of its surroundings, how long it may take, what it says, and how it ends.

The program leads a session of its own, and all of its process group is killed when it has ended, its time is
up or the build is interrupted: what it started in the background ends with it, unless it left the group on
purpose.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KEPT = 32 * 1024
_CHUNK = 64 * 1024
_TICK = 0.05
_TIMED_OUT = -1


@dataclass(slots=True)
class Log:
    """What a program says, bounded: the first and the last 32 KiB, however much lies between them."""

    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    dropped: int = 0

    def add(self, data: bytes) -> None:
        """Add bytes at the end."""
        room = _KEPT - len(self.head)
        self.head += data[:room]
        self.tail += data[room:]
        excess = len(self.tail) - _KEPT
        if excess > 0:
            del self.tail[:excess]
            self.dropped += excess

    def text(self) -> str:
        """Return the log as text, with a line that says how many bytes were left out."""
        gap = f"\n[{self.dropped} bytes left out]\n".encode() if self.dropped else b""
        return bytes(self.head + gap + self.tail).decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: with an exit code (128 and the signal's number where one killed it), or too late."""

    code: int
    log: str

    @property
    def timed_out(self) -> bool:
        """Whether the program was stopped because its time was up."""
        return self.code == _TIMED_OUT

    @property
    def signal(self) -> str:
        """The name of the signal that ended the program, or an empty string."""
        with suppress(ValueError):
            return signal.Signals(self.code - 128).name
        return ""


def run(argv: Sequence[str], cwd: str, env: Mapping[str, str], timeout: int) -> Ended:
    """Run a program to its end, at most `timeout` seconds long, with nothing to read and its output in a log.

    Raises OSError where the program cannot be started.
    """
    log = Log()
    process = subprocess.Popen(
        argv,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        start_new_session=True,
        umask=0o022,
    )
    with process:
        assert process.stdout is not None
        fd = process.stdout.fileno()
        os.set_blocking(fd, False)
        try:
            in_time = _follow(process, fd, log, time.monotonic() + timeout)
        finally:
            _kill_group(process)
        _drain(fd, log)
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode
    return Ended(code if in_time else _TIMED_OUT, log.text())


def _follow(process: subprocess.Popen[bytes], fd: int, log: Log, deadline: float) -> bool:
    """Read what the program says until it has ended; return False where its time was up before.

    The end of the output is not the end of the program, nor the other way round: a program may close its
    output early, and what it left in the background may hold it open.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        talking = True
        while process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if not talking:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(left)
            elif selector.select(min(left, _TICK)):
                talking = _read(fd, log)
    return True


def _read(fd: int, log: Log) -> bool:
    """Move what can be read now to the log; return False where there is nothing, or nothing any more."""
    try:
        data = os.read(fd, _CHUNK)
    except BlockingIOError:
        return False
    log.add(data)
    return bool(data)


def _drain(fd: int, log: Log) -> None:
    """Read what the pipe still holds, and no more: a process that fled the group may write for ever."""
    for _ in range(16):
        if not _read(fd, log):
            return


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS refuses where only zombies are left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
