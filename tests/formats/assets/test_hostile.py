"""Headers that were made to cost much: none takes two seconds, or lets the process grow by 64 MiB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import hostile
import pytest

ROOT = Path(__file__).parents[3]
GOOD = {name for name, _ in hostile.fillers()}


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the kernel in a way of Linux")
@pytest.mark.statement("H3", "P4")
def test_hostile_headers_cost_little() -> None:
    done = subprocess.run(
        [sys.executable, hostile.__file__],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 25
    assert {name for name, _, problems, _, _ in rows if problems == 0} == GOOD
    assert {name: size for name, size, *_ in rows if size > hostile.HEADER_LIMIT} == {}
    assert {name: seconds for name, _, _, seconds, _ in rows if seconds >= 2} == {}
    assert {name: growth for name, *_, growth in rows if growth >= 64 << 20} == {}
