"""A sitting: peers that build in turn, each in a tree of its own, and what that took.

Runs alternate (A B C A B C), so that a disturbance meets all alike; ratios are taken inside one sitting.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.builds.peers import PEERS
from benchmarks.builds.scenarios import Turn, archives
from benchmarks.builds.tree import Tree
from benchmarks.measure import Run, measure, peak_of

AGAIN = "-again"
"""Ends the name of a scenario in which nothing is left to do after the one before."""


@dataclass(slots=True)
class Sitting:
    """What was measured, by scenario and peer: seconds of all runs, archives that the last one wrote, MB.

    `disturbed` counts the runs that began while other programs were busy.
    """

    times: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    wrote: dict[str, dict[str, int]] = field(default_factory=dict)
    memory: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    disturbed: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    trees: dict[str, Tree] = field(default_factory=dict)
    limit: float = 900

    def turns(
        self, scenario: str, count: int, prepare: Callable[[Turn], None] | None = None, *, look: float = 0
    ) -> None:
        """Let all peers that take part in a scenario build in turn, `count` times, each time after `prepare`.

        Memory is looked at every `look` seconds, or not at all.
        """
        for number in range(count):
            for name in self._present(scenario):
                if prepare:
                    prepare(Turn(self.trees[name], PEERS[name], number))
                self._build(name, scenario, look)
        for name in self._present(scenario):
            median = statistics.median(self.times[scenario][name])
            print(
                f"{scenario:22} {name:20} {median:9.4f} s, wrote {self.wrote[scenario][name]}",
                file=sys.stderr,
            )

    def settle(self) -> None:
        """Let every peer that builds do so twice, unrecorded: all is made, and has been read once."""
        for name in self._present("unchanged") * 2:
            if name in self.trees:
                self._run(name, "unchanged", 0)

    def leave_out(self, name: str, reason: str) -> None:
        """Take a peer out of the sitting."""
        print(f"{name}: left out: {reason}", file=sys.stderr)
        self.skipped[name] = reason
        self.trees.pop(name, None)

    def stop(self) -> None:
        """End what the peers left running."""
        for name, tree in self.trees.items():
            PEERS[name].stop(tree)

    def _present(self, scenario: str) -> list[str]:
        scenario = scenario.removesuffix(AGAIN)
        return [name for name in self.trees if scenario in PEERS[name].scenarios]

    def _build(self, name: str, scenario: str, look: float) -> None:
        tree, peer = self.trees[name], PEERS[name]
        before = archives(tree, peer)
        run = self._run(name, scenario, look)
        if run is None:
            return
        if not run.quiet:
            self.disturbed[scenario] = self.disturbed.get(scenario, 0) + 1
        now = archives(tree, peer)
        self.times.setdefault(scenario, {}).setdefault(name, []).append(run.wall)
        self.wrote.setdefault(scenario, {})[name] = sum(now[one] != before.get(one) for one in now)
        if look:
            servers = sum(map(peak_of, peer.servers(tree)))
            sizes = {"largest": run.largest_mb, "tree": run.tree_mb, "servers": servers}
            self.memory.setdefault(scenario, {})[name] = sizes

    def _run(self, name: str, scenario: str, look: float) -> Run | None:
        """Return what one run took; a peer that fails takes no further part."""
        tree, peer = self.trees[name], PEERS[name]
        run = measure(peer.command(tree), tree.root, peer.environment(tree), limit=self.limit, look=look)
        if run.code:
            said = run.log.strip() or "nothing was printed"
            self.leave_out(name, f"exit code {run.code} in `{scenario}`: {said}")
            return None
        return run
