"""Incremental equals clean: after any sequence of edits, a build leaves what a build from nothing makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from checkout import Checkout, clean_outputs, differing, rounds
from monorepo import Monorepo

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random


def _damage(random: Random, checkout: Checkout) -> str:
    """Do to an output what people do by accident: delete it, or write into it."""
    name = random.choice(checkout.ws.paths("dist"))
    if random.random() < 0.5:
        checkout.ws.path(name).unlink()
        return f"delete {name}"
    checkout.ws.path(name).write_bytes(b"damaged")
    return f"overwrite {name}"


def _edit_and_compare(tmp_path: Path, seed: int, count: int) -> None:
    repo, checkout = Monorepo(seed), Checkout(tmp_path / "repo")
    checkout.take(repo)
    assert checkout.ws.build().exit_code == 0
    told: list[str] = []
    for place in range(count):
        told.append(_damage(repo.random, checkout) if repo.random.random() < 0.1 else repo.edit())
        checkout.take(repo)
        run = checkout.ws.build(jobs=repo.random.choice([1, 2]))
        story = f"seed {seed}: {told}\n{run.output}"
        assert run.exit_code == 0, story
        assert differing(checkout.outputs(), clean_outputs(repo, tmp_path / f"clean{place}")) == [], story


def test_incremental_equals_clean(tmp_path: Path) -> None:
    _edit_and_compare(tmp_path, seed=1, count=8)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 5))
def test_incremental_equals_clean_over_many_edits(tmp_path: Path, seed: int) -> None:
    _edit_and_compare(tmp_path, seed, rounds(70))
