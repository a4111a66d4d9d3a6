"""Two processes that change one registry at once: no id is lost, none is given twice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from studio import Studio, wav

import packaging_targets

_ADD = """
import sys
from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.registering.membership import exclude, forget
from packaging_targets.services.assets.registering.register import Registration, register
project, me = Project.find("."), sys.argv[1]
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    made = register(project, Registration((f"assets/{me}-{number}",)))
    print(made.asset_id, made.uuid, made.root)
    if number % 4 == 1:
        exclude(project, str(made.asset_id))
    if number % 4 == 3:
        forget(project, made.uuid)
"""


@pytest.mark.parametrize("rounds", [8, pytest.param(40, marks=pytest.mark.slow)])
def test_two_processes_add_to_one_registry(studio: Studio, rounds: int) -> None:
    for who in "ab":
        for number in range(rounds):
            studio.write(f"assets/{who}-{number}/x.wav", wav())
    environment = {**os.environ, "PYTHONPATH": str(Path(packaging_targets.__file__).parents[1])}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _ADD, who, str(rounds)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in "ab"
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    given: list[tuple[int, str, str]] = []
    for process in running:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        parts = (line.split() for line in out.splitlines())
        given += [(int(asset_id), uuid, root) for asset_id, uuid, root in parts]
    ids = sorted(asset_id for asset_id, *_ in given)
    assert ids == list(range(1, 2 * rounds + 1))
    index = studio.index()
    assert index["next_asset_id"] == 2 * rounds + 1
    kept = {asset_id: (uuid, root) for asset_id, uuid, root in given if int(root.rpartition("-")[2]) % 4 != 3}
    found = {row["asset_id"]: (row["asset_uuid"], f"assets/{row['root']}") for row in index["assets"]}
    assert found == kept
    excluded = {row["root"] for row in index["assets"] if not row["included_in_build"]}
    assert excluded == {f"{who}-{number}" for who in "ab" for number in range(1, rounds, 4)}
