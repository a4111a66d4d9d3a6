"""The build tools that are compared: how each is told what to build, started, emptied and stopped."""

from __future__ import annotations

from benchmarks.builds.peers.bazel import Bazel
from benchmarks.builds.peers.floors import Floor, Sha256sum
from benchmarks.builds.peers.native import Make, Ninja
from benchmarks.builds.peers.ours import DoitBuild, Packaging
from benchmarks.builds.peers.peer import JOBS, SCENARIOS, Peer
from benchmarks.builds.peers.plain_doit import PlainDoit
from benchmarks.builds.peers.turbo import Turbo

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
