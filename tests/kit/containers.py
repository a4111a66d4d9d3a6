"""Repositories for `ctl-packaging`, and the program itself."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.testing import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from packaging_targets.adapters.testing import Run

CTL = (sys.executable, "-m", "packaging_targets.adapters.cli.containers.program")
INDEX = "docs/packaging/registry.json"


def empty(root: Path) -> Workspace:
    """Return a repository without anything in it."""
    ws = Workspace(root)
    for name in ("TARGETS.toml", "pyproject.toml"):
        ws.path(name).unlink()
    return ws


def old(root: Path, *targets: dict[str, Any], **further: Any) -> Workspace:
    """Return a repository of the convention that has an index, and no target files."""
    ws = empty(root)
    ws.write({INDEX: json.dumps({"version": 1, **further, "targets": list(targets)}, indent=2) + "\n"})
    return ws


def ctl(ws: Workspace, *arguments: str) -> Run:
    """Run `ctl-packaging` in the repository."""
    return ws.run([*CTL, *arguments])


def files(ws: Workspace) -> dict[str, bytes]:
    """Return every file of the repository by path, but for the state of builds."""
    found = {path.relative_to(ws.root).as_posix(): path for path in ws.root.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not name.startswith(".packaging/")}
