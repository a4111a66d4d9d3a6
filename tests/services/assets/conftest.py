"""A studio for each test, in a folder that is the current one."""

from __future__ import annotations

from pathlib import Path

import pytest
from studio import Studio


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    monkeypatch.chdir(tmp_path)
    return Studio(tmp_path / "game")
