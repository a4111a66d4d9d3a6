"""The build tools that are compared: how each is told what to build, started, emptied and stopped."""

from __future__ import annotations

from benchmarks.peers.bazel import Bazel
from benchmarks.peers.floors import Floor, Sha256sum
from benchmarks.peers.native import Make, Ninja
from benchmarks.peers.ours import DoitBuild, Packaging
from benchmarks.peers.peer import JOBS, SCENARIOS, Peer
from benchmarks.peers.plain_doit import PlainDoit
from benchmarks.peers.turbo import Turbo

__all__ = ["JOBS", "PEERS", "SCENARIOS", "Peer"]

PEERS: dict[str, Peer] = {
    "packaging-build": Packaging(),
    "doit-build": DoitBuild(),
    "ninja": Ninja(),
    "make": Make(),
    "doit": PlainDoit(),
    "turbo": Turbo(),
    "bazel": Bazel(),
    "lstat-1": Floor(1),
    "lstat-2": Floor(2),
    "sha256sum": Sha256sum(),
}
