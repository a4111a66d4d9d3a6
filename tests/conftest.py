"""What all tests share: an empty workspace, how hypothesis tries its examples, and that Ctrl-C works."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import forks
import pytest
from hypothesis import HealthCheck, settings

from packaging_targets.adapters.testing import Workspace

# How long an example takes says more about the machine than about the code; coverage alone makes it thrice as long.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

Workspace.runner = staticmethod(forks.run)


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C work: whoever runs us in the background may have it ignored, and what we start would inherit that.

    And compile modules once. Where no bytecode is wanted beside them, each of the many processes would do it again.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.dont_write_bytecode:
        folder = str(config.rootpath / ".pytest_cache" / "bytecode")
        sys.dont_write_bytecode, sys.pycache_prefix = False, folder
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "repo")
