"""A build that is killed loses time and nothing else: the next one ends with the bytes of a clean build."""

from __future__ import annotations

import copy
import os
import signal
import time
from random import Random
from typing import TYPE_CHECKING

import pytest
from checkout import Checkout, clean_outputs, differing, rounds
from monorepo import Entry, Monorepo, Source

from packaging_targets.adapters.testing import PACKAGING

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from pathlib import Path

_SEED = 11


def build_and_kill(checkout: Checkout, jobs: int, after: float) -> bool:
    """Start a build, kill its process group after so many seconds; tell whether it was still running."""
    with checkout.ws.start(*PACKAGING, "build", "-n", str(jobs)) as process:
        time.sleep(after)
        running = process.poll() is None
        if running:
            os.killpg(process.pid, signal.SIGKILL)
    return running


def seconds_of_a_build(checkout: Checkout, jobs: int) -> float:
    checkout.forget()
    started = time.monotonic()
    run = checkout.ws.packaging("build", "-n", str(jobs))
    assert run.exit_code == 0, run.output
    return time.monotonic() - started


def rebuild(checkout: Checkout, jobs: int) -> dict[str, tuple[bytes, bool]]:
    """Build after a kill; return the outputs, once the one after it finds nothing to do."""
    run = checkout.ws.packaging("build", "-n", str(jobs))
    assert run.exit_code == 0, run.output
    again = checkout.ws.packaging("build")
    assert again.built == again.restored == again.removed == [], f"{run.output}\n{again.output}"
    return checkout.outputs()


def _kill_from_nothing(tmp_path: Path, count: int) -> None:
    """Kill builds from nothing; the next one finds the state and the cache that the killed one began."""
    repo, checkout, random = Monorepo(_SEED), Checkout(tmp_path / "repo"), Random(_SEED)
    checkout.take(repo)
    wanted = clean_outputs(repo, tmp_path / "clean")
    seconds = {jobs: seconds_of_a_build(checkout, jobs) for jobs in (1, 2)}
    killed = tried = 0
    while killed < count:
        jobs = 1 + tried % 2
        tried += 1
        assert tried < 6 * count + 20, f"only {killed} of {tried} builds were still running when they were to be killed"
        checkout.forget()
        after = random.uniform(0.02, seconds[jobs])
        killed += build_and_kill(checkout, jobs, after)
        told = f"round {tried}: killed after {after:.3f} s of {seconds[jobs]:.3f} s, -n {jobs}"
        assert differing(rebuild(checkout, jobs), wanted) == [], told


def _kill_between_edits(tmp_path: Path, count: int) -> None:
    """Edit, kill the build of the edit, take the edit back or edit once more, build."""
    repo, checkout, random = Monorepo(_SEED), Checkout(tmp_path / "repo"), Random(_SEED)
    checkout.take(repo)
    wanted = clean_outputs(repo, tmp_path / "clean")
    seconds = seconds_of_a_build(checkout, 1)
    told: list[str] = []
    for place in range(count):
        entries, sources, comments = _state_of(repo)
        told.append("; ".join(repo.edit() for _ in range(random.randint(1, 3))))
        checkout.take(repo)
        build_and_kill(checkout, 1 + place % 2, random.uniform(0.02, seconds))
        if random.random() < 0.7:
            told.append("taken back")
            repo.entries, repo.sources, repo.comments = entries, sources, comments
            checkout.take(repo)
        else:
            wanted = clean_outputs(repo, tmp_path / "clean")
        assert differing(rebuild(checkout, 1), wanted) == [], told


def _state_of(repo: Monorepo) -> tuple[list[Entry], dict[str, Source], dict[str, str]]:
    return copy.deepcopy(repo.entries), dict(repo.sources), dict(repo.comments)


def test_a_killed_build_is_made_good(tmp_path: Path) -> None:
    _kill_from_nothing(tmp_path, 3)


def test_a_killed_build_of_an_edit_that_is_taken_back(tmp_path: Path) -> None:
    _kill_between_edits(tmp_path, 2)


@pytest.mark.slow
def test_builds_killed_at_random_moments(tmp_path: Path) -> None:
    _kill_from_nothing(tmp_path, rounds(200))


@pytest.mark.slow
def test_builds_of_edits_killed_at_random_moments(tmp_path: Path) -> None:
    _kill_between_edits(tmp_path, rounds(60))
