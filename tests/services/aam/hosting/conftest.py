"""A registry with its desk, and a clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from desks import Hands, desk

from packaging_targets.services.aam.hosting.host import Host


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def host(tmp_path: Path, hands: Hands) -> Iterator[Host]:
    """Packages of `@secret` are private, and those of `@bank` need approval."""
    with desk(tmp_path, hands, private=("@secret/*",), needs_approval=("@bank/*",), audience="https://aam") as made:
        yield made
