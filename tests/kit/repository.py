"""A workspace under git."""

from __future__ import annotations

import subprocess

from packaging_targets.adapters.testing import Workspace


def git(ws: Workspace, *words: str) -> None:
    """Run git in the workspace."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *words], cwd=ws.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def commit(ws: Workspace) -> None:
    """Commit everything that git does not ignore, if there is anything new."""
    git(ws, "add", "-A")
    git(ws, "commit", "-q", "--allow-empty", "-m", "all")
