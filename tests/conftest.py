"""What all tests share: an empty workspace, how hypothesis tries its examples, and that Ctrl-C works."""

from __future__ import annotations

import signal
from pathlib import Path

import forks
import pytest
from hypothesis import HealthCheck, settings

from packaging_targets.adapters.testing import Workspace

# How long an example takes says more about the machine than about the code; coverage alone makes it thrice as long.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

Workspace.runner = staticmethod(forks.run)


def pytest_configure() -> None:
    """Let Ctrl-C work: whoever runs us in the background may have it ignored, and what we start would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "repo")
