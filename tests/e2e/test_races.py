"""Builds at the same time: they take turns in one workspace, and share a cache soundly between two."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from checkout import Checkout, clean_outputs, differing, rounds
from monorepo import Monorepo

from packaging_targets.adapters.testing import PACKAGING

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from pathlib import Path

_SEED = 21


def build_at_once(*checkouts: Checkout) -> str:
    """Run a build in each checkout at the same time; return what they printed."""
    builds = [
        checkout.ws.start(*PACKAGING, "build", "-n", str(1 + place % 2)) for place, checkout in enumerate(checkouts)
    ]
    texts = [build.communicate(timeout=120)[0] for build in builds]
    told = "\n---\n".join(texts)
    assert [build.returncode for build in builds] == [0] * len(builds), told
    return told


def _one_workspace(tmp_path: Path, count: int) -> None:
    repo, checkout = Monorepo(_SEED), Checkout(tmp_path / "repo")
    for place in range(count):
        edit = repo.edit()
        checkout.take(repo)
        if place % 4 == 0:
            checkout.forget()
        told = build_at_once(checkout, checkout)
        wanted = clean_outputs(repo, tmp_path / "clean")
        assert differing(checkout.outputs(), wanted) == [], f"{edit}\n{told}"


def _shared_cache(tmp_path: Path, count: int) -> None:
    repo = Monorepo(_SEED + 1)
    one, two = (Checkout(tmp_path / name, cache=tmp_path / "cache") for name in ("one", "two"))
    for place in range(count):
        edit = repo.edit()
        one.take(repo)
        two.take(repo)
        if place % 4 == 0:
            one.forget()
            two.forget()
        told = build_at_once(one, two)
        wanted = clean_outputs(repo, tmp_path / "clean")
        for checkout in (one, two):
            assert differing(checkout.outputs(), wanted) == [], f"{edit}\n{told}"
    verified = one.ws.packaging("cache", "verify")
    assert verified.exit_code == 0, verified.output


def test_two_builds_in_one_workspace(tmp_path: Path) -> None:
    _one_workspace(tmp_path, 2)


def test_two_workspaces_with_one_cache(tmp_path: Path) -> None:
    _shared_cache(tmp_path, 2)


def test_a_workspace_takes_from_the_cache_what_another_made(tmp_path: Path) -> None:
    repo = Monorepo(_SEED)
    one, two = (Checkout(tmp_path / name, cache=tmp_path / "cache") for name in ("one", "two"))
    one.take(repo)
    two.take(repo)
    made = one.ws.build()
    taken = two.ws.build()
    assert taken.built == ["//:index"], taken.output  # it keeps what people wrote, so it is never restored
    assert taken.restored == [name for name in made.built if name != "//:index"]
    assert two.outputs() == one.outputs()
    shutil.rmtree(tmp_path / "cache")
    assert two.ws.build().built == []


@pytest.mark.slow
def test_two_builds_in_one_workspace_many_times(tmp_path: Path) -> None:
    _one_workspace(tmp_path, rounds(20))


@pytest.mark.slow
def test_two_workspaces_with_one_cache_many_times(tmp_path: Path) -> None:
    _shared_cache(tmp_path, rounds(20))
