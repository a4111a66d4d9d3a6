"""What no tool can beat: looking at every input, and hashing every input."""

from __future__ import annotations

import os
import sys

from benchmarks.builds.peers.peer import JOBS, Peer
from benchmarks.builds.tree import INPUTS, Tree


class Floor(Peer):
    """One lstat of every input, in Python: what no tool that looks at every input can beat in Python."""

    scenarios = frozenset({"unchanged"})
    program = "python3"

    def __init__(self, processes: int) -> None:
        self._processes = processes

    def found(self) -> str | None:
        """Return this interpreter."""
        return sys.executable

    def configure(self, tree: Tree) -> None:
        """Write the list of all inputs."""
        _write_listing(tree, "\n")

    def command(self, tree: Tree) -> list[str]:
        """Return the script beside this one, without site packages."""
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lstat_all.py")
        return [sys.executable, "-I", "-S", script, str(self._processes), tree.path("inputs.txt")]


class Sha256sum(Peer):
    """sha256sum over every input, in a process for each core: the price of reading and hashing all."""

    scenarios = frozenset({"all-touched"})
    program = "sha256sum"

    def configure(self, tree: Tree) -> None:
        """Write the list of all inputs for xargs."""
        _write_listing(tree, "\0")

    def command(self, tree: Tree) -> list[str]:
        """Return xargs, which shares the list among the processes."""
        files = str(max(1, min(1000, len(tree.modules) * len(INPUTS) // JOBS)))
        return ["xargs", "-0", "-a", tree.path("inputs.txt"), "-P", str(JOBS), "-n", files, "sha256sum"]


def _write_listing(tree: Tree, separator: str) -> None:
    tree.write("inputs.txt", separator.join(path for module in tree.modules for path in module.inputs))
