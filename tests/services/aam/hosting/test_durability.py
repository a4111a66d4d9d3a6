"""What the disk has, and when: nothing is done before the disk knows that it was to be done."""

from __future__ import annotations

import os

import pytest
from desks import ROOT, offer

from packaging_targets.services.aam.hosting.host import Host


def test_the_disk_has_the_note_and_the_files_before_anybody_sees_the_version(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, rename = os.fsync, os.rename

    def told_sync(descriptor: int) -> None:
        sync(descriptor)
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        steps.append(f"sync {os.path.basename(path)}")

    def told_rename(source: str, target: str) -> None:
        rename(source, target)
        steps.append(f"{os.path.basename(source)} to {os.path.basename(target)}")

    offer(host, ROOT, "plain", "1.0.0")
    monkeypatch.setattr(os, "fsync", told_sync)
    monkeypatch.setattr(os, "rename", told_rename)
    offer(host, ROOT, "plain", "2.0.0")
    staged = [one.partition(" to ") for one in steps if one.startswith(".aam-") and ".new to " in one]
    names = [target for _, _, target in staged]
    assert names == ["2.0.0.aam", "2.0.0.aam.sha256", "meta.json", "dist-tags.json", "index.json"]
    files = {f"sync {beside}" for beside, _, _ in staged}
    first = steps.index(f"{staged[0][0]} to 2.0.0.aam")
    assert {*files, "sync registry.sqlite3-wal"} <= set(steps[:first])
    assert steps.index("sync versions") < next(at for at, one in enumerate(steps) if one.endswith("to meta.json"))
    assert steps.index("sync plain") < next(at for at, one in enumerate(steps) if one.endswith("to index.json"))
    assert set(steps[-2:]) == {"sync registry", "sync registry.sqlite3-wal"}  # what was done, and that it was told
