"""The fuzzer runs, for a moment: `assets_reader.py` says how to let it run for longer."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed")
def test_a_moment_of_fuzzing_finds_nothing(tmp_path: Path) -> None:
    program = [sys.executable, str(HERE / "assets_reader.py")]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    subprocess.run([*program, "--seeds", str(tmp_path)], env=environment, check=True)
    seeds = len(list(tmp_path.iterdir()))
    assert seeds > 100
    limits = ["-max_total_time=20", "-timeout=10", "-rss_limit_mb=512", "-max_len=16384"]
    command = [*program, f"-dict={HERE / 'assets.dict'}", *limits, f"-artifact_prefix={tmp_path}/", str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Done " in done.stderr
