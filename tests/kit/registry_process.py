"""`aam registry serve` as operators start it: a process of its own, on a free port of the loopback interface."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from registries.docker import free_port

ROOT = Path(__file__).parents[2]
AAM = (sys.executable, "-m", "packaging_targets.adapters.cli.aam.main")
_PATIENCE = 60.0  # seconds


def aam_in(folder: Path) -> Path:
    """Make a program `aam` of this checkout in a folder for programs."""
    folder.mkdir()
    program = folder / "aam"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{AAM[0]}" {" ".join(AAM[1:])} "$@"\n')
    program.chmod(0o755)
    return program


@dataclass
class Served:
    """A server: its URL, its log, and how it ended."""

    url: str
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    def said(self) -> str:
        """Return all that it has said so far."""
        return self.log.read_text("utf-8")

    def stop(self) -> int:
        """Ask it to end, as engines do; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_PATIENCE)

    def _await(self) -> None:
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=5).close()
            except OSError:
                assert self.process.poll() is None, self.said()
                assert time.monotonic() < end, self.said()
                time.sleep(0.05)
            else:
                return


@contextmanager
def served(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator[Served]:
    """Run a command that serves a registry, such as `aam registry serve FOLDER`, until what is in the `with` is done."""
    port = free_port()
    log = folder / "server.log"
    with log.open("wb") as out:
        own = {**environment, "AAM_REGISTRY_PORT": str(port)}
        process = subprocess.Popen(list(words), cwd=folder, env=own, stdout=out, stderr=out)
    found = Served(f"http://127.0.0.1:{port}", log, process)
    try:
        found._await()
        yield found
    finally:
        if process.poll() is None:
            found.stop()
