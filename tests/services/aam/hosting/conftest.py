"""A registry with its desk, and a clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from desks import desk
from served_registries import Clock

from packaging_targets.services.aam.hosting.host import Host


@pytest.fixture
def hands() -> Clock:
    return Clock()


@pytest.fixture
def host(tmp_path: Path, hands: Clock) -> Iterator[Host]:
    """Packages of `@secret` are private, and those of `@bank` need approval."""
    with desk(tmp_path, hands, private=("@secret/*",), needs_approval=("@bank/*",), audience="https://aam") as made:
        yield made
