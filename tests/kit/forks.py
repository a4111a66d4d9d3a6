"""Commands of ours without their start, which takes three quarters of a small build.

A fork of a process that has done nothing but import what the command imports behaves as one that was started: it has a
folder, an environment and descriptors of its own, and ends by itself. What is read at the start of the interpreter is
the exception, so each set of such variables has a server of its own; where coverage is measured, processes are started.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging_targets.adapters.testing import run_process

_SERVER = Path(__file__).with_name("fork_server.py")
_START = (sys.executable, "-P", "-m")
_MODULES = ("doit", "packaging_targets.adapters.cli.containers.program", "packaging_targets.adapters.cli.main")
_MEASURED = "COV"
_READ_AT_START = (_MEASURED, "LANG", "LC_", "LD_", "PYTHON", "TZ")


_servers: dict[tuple[tuple[str, str], ...], _Server] = {}


def run(command: Sequence[str], cwd: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a command as `run_process` does; ours as forks, where that comes to the same."""
    words = list(map(str, command))
    at_start = tuple(sorted(one for one in environment.items() if one[0].startswith(_READ_AT_START)))
    ours = tuple(words[:3]) == _START and words[3] in _MODULES
    if not ours or any(name.startswith(_MEASURED) for name, _ in at_start):
        return run_process(command, cwd, environment)
    if at_start not in _servers:
        _servers[at_start] = _Server(environment)
    return _servers[at_start].run(words[3:], cwd, environment)


class _Server:
    """A fork server. While it runs one command, another one is started as a process."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._orders, theirs = socket.socketpair()
        self._free = threading.Lock()
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, "-P", str(_SERVER), str(number)]
            # Pipes, as commands write to; it has nothing to say itself.
            piped = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            process = subprocess.Popen(command, env=environment, pass_fds=[number], **piped)
        atexit.register(process.communicate)
        atexit.register(self._orders.close)

    def run(self, words: Sequence[str], cwd: str, environment: Mapping[str, str]) -> tuple[int, str]:
        if not self._free.acquire(blocking=False):
            return run_process([*_START, *words], cwd, environment)
        with contextlib.ExitStack() as at_end:
            at_end.callback(self._free.release)
            order = {"words": words, "cwd": cwd, "umask": _umask(), "environment": dict(environment)}
            reading, writing = os.pipe()
            with open(reading, encoding="utf-8", errors="surrogateescape") as output:
                socket.send_fds(self._orders, [b" "], [writing])
                os.close(writing)
                self._orders.sendall(json.dumps(order).encode() + b"\n")
                told = output.read()
            return int(self._orders.recv(8)), told


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
