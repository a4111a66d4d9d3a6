"""Repositories for `ctl-packaging`, and the program itself."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.testing import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from packaging_targets.adapters.testing import Run

CTL = (sys.executable, "-P", "-m", "packaging_targets.adapters.cli.containers.program")
INDEX = "docs/packaging/registry.json"

# It keeps images as files, whose names are those of the images, and fails to build what BROKEN names.
ENGINE = """\
#!/bin/sh
printf '%s' "$(basename "$0")" >> "$ENGINE/calls"
printf ' %s' "$@" >> "$ENGINE/calls"
echo >> "$ENGINE/calls"
for last in "$@"; do :; done
case "$1" in
    build)
        echo "streamed $5"
        case "$5" in *"$BROKEN"*) exit 3 ;; esac
        mkdir -p "$(dirname "$ENGINE/$5")"
        echo "sha256:$(cat "$3" | sha256sum | cut -c1-8)" > "$ENGINE/$5"
        ;;
    version) echo 1.0 ;;
    *) test -e "$ENGINE/$last" && cat "$ENGINE/$last" ;;
esac
"""


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


def with_engines(ws: Workspace, *names: str, script: str = ENGINE) -> Workspace:
    """Leave nothing on the PATH of the repository but programs of these names that stand in for engines."""
    state = ws.root.parent / "engine"
    programs = state / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    for name in names:
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    for tool in ("sh", "basename", "cat", "sha256sum", "cut", "git", "mkdir", "dirname"):
        if not (programs / tool).exists():
            (programs / tool).symlink_to(str(shutil.which(tool)))
    ws.environment |= {"PATH": str(programs), "ENGINE": str(state), "BROKEN": "nothing"}
    return ws


def calls(ws: Workspace, verb: str = " build ") -> list[str]:
    """Return the command lines since the last time that hold `verb`."""
    path = ws.root.parent / "engine" / "calls"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return [line for line in lines if verb in line]
