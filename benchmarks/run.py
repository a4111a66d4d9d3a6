"""Measure ours and its peers side by side, in one sitting.

    python -m benchmarks.run --n 1000 --folder /some/folder --json 1000.json

A peer that is not installed, or fails, is left out and said.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.builds import scenarios
from benchmarks.builds.peers import PEERS, SCENARIOS
from benchmarks.builds.sitting import AGAIN, Sitting
from benchmarks.builds.tree import INPUTS, Tree, generate
from benchmarks.machine import describe_machine

_LOOK_CLOSELY = 0.002  # seconds; for the runs that are there to show memory
_LOOK_SELDOM = 0.1  # costs a long run less than one part in a hundred
_EXAMPLE_PEERS = ("packaging-build", "doit-build")


def set_up(sitting: Sitting, names: Sequence[str], folder: str, count: int) -> None:
    """Make the tree of every peer that is installed, as `<folder>/<n>/<peer>`."""
    for name in names:
        peer = PEERS[name]
        if peer.found() is None:
            sitting.leave_out(name, "not installed")
            continue
        tree = generate(os.path.join(folder, str(count), name), count)
        peer.configure(tree)
        if peer.git:
            scenarios.commit(tree)
        sitting.trees[name] = tree


def sit(sitting: Sitting, wanted: Sequence[str], runs: int, long_runs: int) -> None:
    """Go through the wanted scenarios in order; cold, all-touched and checkout come `long_runs` times."""
    if "cold" in wanted:
        sitting.turns("cold", long_runs, scenarios.forget, look=_LOOK_SELDOM)
    sitting.settle()
    short: dict[str, Callable[[scenarios.Turn], None] | None] = {
        "unchanged": None,
        "edited": scenarios.edit,
        "edited-same-size": partial(scenarios.edit, same_size=True),
        "touched": scenarios.touch,
    }
    for scenario, prepare in short.items():
        if scenario in wanted:
            sitting.turns(scenario, runs, prepare)
    if "memory" in wanted:
        sitting.turns("memory", min(runs, 3), look=_LOOK_CLOSELY)
    long = {"all-touched": scenarios.touch_all, "checkout": scenarios.check_out_again}
    for scenario, happening in long.items():
        if scenario in wanted:
            sitting.turns(scenario, long_runs, happening)
            sitting.turns(scenario + AGAIN, runs)


def sit_over_example(sitting: Sitting, example: str, folder: str, runs: int) -> None:
    """Build a copy of an example workspace with each entry of ours, then time it with nothing to do."""
    for name in _EXAMPLE_PEERS:
        tree = Tree(os.path.join(os.path.abspath(folder), "example", name), ())
        shutil.rmtree(tree.root, ignore_errors=True)
        shutil.copytree(example, tree.root, symlinks=True)
        sitting.trees[name] = tree
    sitting.settle()
    sitting.turns("unchanged", runs)


def result(sitting: Sitting, count: int) -> dict[str, object]:
    """Return what was measured, and on what, as a JSON value."""
    return {
        "n": count,
        "inputs": count * len(INPUTS),
        "bytes": _input_bytes(sitting),
        "machine": describe_machine(),
        "versions": {name: PEERS[name].version() for name in sitting.trees},
        "skipped": sitting.skipped,
        "times": sitting.times,
        "disturbed": sitting.disturbed,
        "wrote": sitting.wrote,
        "memory": sitting.memory,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line asks for."""
    options = _options(arguments)
    sitting = Sitting(limit=options.limit)
    found: dict[str, object] = {}
    if options.example:
        found["example"] = os.path.basename(os.path.abspath(options.example))
    try:
        if options.example:
            sit_over_example(sitting, options.example, options.folder, options.runs)
        else:
            set_up(sitting, options.peers, options.folder, options.n)
            sit(sitting, options.scenarios, options.runs, options.long_runs)
    finally:
        # A sitting that was ended early has told something, too.
        found |= result(sitting, 0 if options.example else options.n)
        with open(options.json, "w", encoding="utf-8") as file:
            file.write(json.dumps(found, indent=1) + "\n")
        sitting.stop()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    add = parser.add_argument
    add("--n", type=int, default=1000, help="how many modules (1000)")
    add("--folder", required=True, help="where the trees are made, and kept for the next sitting")
    add("--json", required=True, help="the file for the results")
    add(
        "--peers",
        nargs="+",
        choices=PEERS,
        default=list(PEERS),
        help="who takes part (all that are installed)",
    )
    add("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), help="what is measured (all)")
    add("--runs", type=int, default=9, help="runs of a short scenario (9)")
    add("--long-runs", type=int, default=1, help="runs of a long scenario: cold, all-touched, checkout (1)")
    add("--limit", type=float, default=900, help="seconds after which a run is given up (900)")
    add("--example", metavar="FOLDER", help="time this workspace with nothing to do, and nothing else")
    return parser.parse_args(arguments)


def _input_bytes(sitting: Sitting) -> int:
    tree = next(iter(sitting.trees.values()), Tree("", ()))
    return sum(os.path.getsize(tree.path(path)) for module in tree.modules for path in module.inputs)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main()
