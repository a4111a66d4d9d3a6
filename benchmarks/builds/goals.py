"""What was to be reached, as ratios and limits, and whether it was.

A ratio is taken between medians of one sitting. Where nothing was measured, a goal says so and is not met.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.builds.sitting import AGAIN

Results = Sequence[Mapping[str, Any]]
"""What `benchmarks.run` wrote, one mapping for each sitting."""

OURS = {"doit-build": "`doit build`", "packaging-build": "`packaging build`"}
_TEN_THOUSAND = 10_000
_NO_SLOWER = 1.1  # what two medians of the same thing may differ by


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal: `measured` must not pass `asked`, or must reach it where `at_least`; None was not measured."""

    what: str
    asked: float
    measured: float | None
    unit: str
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """Tell whether the goal is met."""
        if self.measured is None:
            return "not measured"
        met = self.measured >= self.asked if self.at_least else self.measured <= self.asked
        return "met" if met else "**not met**"


def goals(results: Results) -> list[Goal]:
    """Return every goal with what was measured."""
    return [
        *_beside_ninja(results),
        *_in_seconds(results),
        *_by_content(results),
        *_growth(results),
        *_memory(results),
    ]


def median(result: Mapping[str, Any], scenario: str, peer: str) -> float | None:
    """Return a peer's median in seconds, or None where it took no part."""
    times = result["times"].get(scenario, {}).get(peer)
    return statistics.median(times) if times else None


def ratio(result: Mapping[str, Any], scenario: str, peer: str, beside: str) -> float | None:
    """Return how many times as long as `beside` a peer takes, both in one sitting."""
    own, other = median(result, scenario, peer), median(result, scenario, beside)
    return own / other if own and other else None


def _beside_ninja(results: Results) -> Iterator[Goal]:
    limits = (
        ("unchanged", "nothing changed", {"doit-build": 1.15, "packaging-build": 0.9}),
        ("edited", "one file changed, the action itself counted too", dict.fromkeys(OURS, 1.3)),
        ("cold", "cold", dict.fromkeys(OURS, 0.7)),
    )
    for scenario, words, limit in limits:
        for peer, name in OURS.items():
            found = (ratio(result, scenario, peer, "ninja") for result in _of(results, _TEN_THOUSAND))
            yield Goal(f"10,000 modules, {words}: {name}", limit[peer], _first(found), "x ninja")


def _in_seconds(results: Results) -> Iterator[Goal]:
    limits = (
        (1000, "1,000 modules, nothing changed", {"doit-build": 0.10, "packaging-build": 0.05}),
        (0, "the example, nothing changed", {"doit-build": 0.09, "packaging-build": 0.03}),
    )
    for n, words, limit in limits:
        for peer, name in OURS.items():
            found = (median(result, "unchanged", peer) for result in _of(results, n))
            yield Goal(f"{words}: {name}", limit[peer], _first(found), "s")


def _by_content(results: Results) -> Iterator[Goal]:
    ten = _of(results, _TEN_THOUSAND)
    for scenario, words in (
        ("all-touched", "every file touched"),
        ("checkout", "fresh checkout, state restored"),
    ):
        for peer, name in OURS.items():
            wrote = _first(result["wrote"].get(scenario, {}).get(peer) for result in ten)
            yield Goal(f"10,000 modules, {words}: archives built by {name}", 0, wrote, "")
            again = _first(_over(result, scenario + AGAIN, "unchanged", peer) for result in ten)
            yield Goal(f"… and the run after, {name}", _NO_SLOWER, again, "x nothing changed")
    for peer, name in OURS.items():
        slower = _first(ratio(result, "all-touched", "sha256sum", peer) for result in ten)
        yield Goal(f"10,000 modules, every file touched: speed of {name}", 0.6, slower, "x sha256sum", at_least=True)


def _growth(results: Results) -> Iterator[Goal]:
    """Ten times the files may take ten times as long; what does not grow makes it less."""
    for scenario, words in (
        ("unchanged", "nothing changed"),
        ("all-touched", "every file touched"),
        ("cold", "cold"),
    ):
        for peer, name in OURS.items():
            small = _first(median(result, scenario, peer) for result in _of(results, 1000))
            large = _first(median(result, scenario, peer) for result in _of(results, _TEN_THOUSAND))
            times = large / small if large and small else None
            yield Goal(f"10,000 modules after 1,000, {words}: {name}", 10 * _NO_SLOWER, times, "x")


def _memory(results: Results) -> Iterator[Goal]:
    for peer, name in OURS.items():
        found = [result["memory"].get("memory", {}).get(peer) for result in _of(results, _TEN_THOUSAND)]
        sizes = [size for size in found if size]
        for which, words in (("largest", "its largest process"), ("tree", "all its processes")):
            measured = sizes[0][which] if sizes else None
            yield Goal(f"10,000 modules, nothing changed, memory of {name}: {words}", 60, measured, "MB")


def _of(results: Results, n: int) -> list[Mapping[str, Any]]:
    return [result for result in results if result["n"] == n]


def _over(result: Mapping[str, Any], scenario: str, other: str, peer: str) -> float | None:
    """Return how many times as long as the scenario `other` a scenario takes a peer."""
    own, before = median(result, scenario, peer), median(result, other, peer)
    return own / before if own and before else None


def _first(values: Iterator[float | None]) -> float | None:
    return next((value for value in values if value is not None), None)
