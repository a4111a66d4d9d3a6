"""What git knows of a workspace: its files, which of them differ from a revision, and what a file held there."""

from __future__ import annotations

import os
import subprocess

from packaging_targets.errors import RequestError


def known_files(root: str) -> list[str] | None:
    """Return the files below `root` that git has or would add, relative to it, sorted; None where there is no git."""
    try:
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    if done.returncode:
        return None
    return sorted({os.fsdecode(path) for path in done.stdout.split(b"\0") if path})


def revision(root: str, besides: str) -> str:
    """Return the commit that is checked out at `root`, with `-dirty` where files differ from it; nothing without git.

    The file `besides` may differ.
    """
    asking = ["git", "rev-parse", "HEAD"]
    comparing = ["git", "status", "--porcelain", "--", ".", f":(exclude){besides}"]
    try:
        head = subprocess.run(asking, cwd=root, capture_output=True, text=True, check=False)
        changed = subprocess.run(comparing, cwd=root, capture_output=True, check=False)
    except FileNotFoundError:
        return ""
    if head.returncode:
        return ""
    return head.stdout.strip() + ("-dirty" if changed.stdout else "")


class GitTree:
    """The work tree around a folder. Paths are relative to that folder, which is the current one."""

    def __init__(self, revision: str) -> None:
        self._run("rev-parse", "--is-inside-work-tree", fix="run it in a git work tree")
        fix = "fetch it first: a shallow clone holds only its newest commits (git fetch --unshallow)"
        self._revision = self._run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}",
            what=f"git knows no revision `{revision}`", fix=fix,
        ).strip()  # fmt: skip

    def changed(self) -> list[str]:
        """Return the files that differ between the revision and the work tree, untracked ones included."""
        tracked = self._run("diff", "--name-only", "--no-renames", "--relative", "-z", self._revision, "--", ".")
        untracked = self._run("ls-files", "--others", "--exclude-standard", "-z", "--", ".")
        return sorted({path for path in (tracked + untracked).split("\0") if path})

    def content(self, path: str) -> bytes | None:
        """Return what a file held at the revision, or None where it was not there."""
        command = ["git", "show", f"{self._revision}:./{path}"]  # whichever git is on the path
        done = subprocess.run(command, capture_output=True, check=False)
        return done.stdout if done.returncode == 0 else None

    def files_below(self, folder: str) -> list[str]:
        """Return the files below a folder at the revision."""
        names = self._run("ls-tree", "-r", "-z", "--name-only", self._revision, "--", f"{folder}/")
        return [path for path in names.split("\0") if path]

    @staticmethod
    def _run(*arguments: str, what: str = "", fix: str = "") -> str:
        try:
            command = ["git", *arguments]
            done = subprocess.run(command, capture_output=True, check=False)
        except FileNotFoundError:
            raise RequestError.one("git is not installed", "", "install git") from None
        if done.returncode:
            told = done.stderr.decode("utf-8", "replace").strip()
            raise RequestError.one(what or f"git {arguments[0]} failed: {told}", "", fix)
        return done.stdout.decode("utf-8", "surrogateescape")
