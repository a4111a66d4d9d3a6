"""Ready sessions for a noxfile, in one call:

    from packaging_targets.adapters.nox import sessions

    sessions()

It registers `build`, `verify`, `affected`, `reproduce` and `publish`. Of these, `nox` alone runs `build`; the others
are asked for by name: `nox -s verify`, `nox -s affected -- origin/main`.
"""

from __future__ import annotations

import hashlib
import os
import sys
from typing import TYPE_CHECKING

import nox
from nox.virtualenv import PassthroughEnv

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_GONE = "gone"


def sessions(*, python: str | Sequence[str] | None = None, install: Sequence[str] = ("packaging-targets",)) -> None:
    """Register the sessions. `python` is as in `nox.session`; `install` are the words for `pip install`.

    Where nox makes no environment (`--no-venv`), nothing is installed.
    """

    def register(run: Callable[[nox.Session], None], *, default: bool = False) -> None:
        def session(session: nox.Session) -> None:
            if install and not isinstance(session.virtualenv, PassthroughEnv):
                session.install(*install)
            run(session)

        session.__doc__ = run.__doc__
        nox.session(python=python, name=run.__name__, default=default)(session)

    register(build, default=True)
    register(verify)
    register(affected)
    register(reproduce)
    register(publish)


def build(session: nox.Session) -> None:
    """Build what changed. Words after `--` go to `packaging build`: labels, `-n 4`, `--continue`."""
    session.run("packaging", "build", *session.posargs)


def verify(session: nox.Session) -> None:
    """Build, and fail if that changes what belongs into git: something generated was not committed."""
    before = _work_tree(session)
    session.run("packaging", "build", *session.posargs)
    after = _work_tree(session)
    drifted = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    if drifted:
        listing = "".join(f"\n  {path}" for path in drifted)
        session.error(f"the build changed files that belong into git; commit what it made:{listing}\n")
    session.run("packaging", "cache", "verify")


def affected(session: nox.Session) -> None:
    """Build what changed since a revision: `nox -s affected -- REV`."""
    if len(session.posargs) != 1:
        session.error("say since when: nox -s affected -- REV")
    # Notes go past the answer to the terminal.
    told = session.run("packaging", "affected", "--since", session.posargs[0], silent=True, stderr=sys.stderr)
    labels = (told or "").split()
    if not labels:
        session.log(f"the change since {session.posargs[0]} affects no target")
        return
    session.run("packaging", "build", *labels)


def reproduce(session: nox.Session) -> None:
    """Build twice, as on two machines, and fail where one output differs by a byte."""
    session.run("packaging", "reproduce")


def publish(session: nox.Session) -> None:
    """Build, then publish, what has a `publish` field. Words after `--` go to `packaging publish`."""
    session.run("packaging", "publish", *session.posargs)


def _work_tree(session: nox.Session) -> dict[str, str]:
    """Return a digest of each file that is not as git's index has it, new ones included, by path."""
    command = ("git", "ls-files", "--modified", "--others", "--exclude-standard", "-z")
    told = session.run(*command, silent=True, external=True, log=False, stderr=sys.stderr)
    return {path: _digest(path) for path in (told or "").split("\0") if path}


def _digest(path: str) -> str:
    if os.path.islink(path):
        return f"link to {os.readlink(path)}"
    if not os.path.isfile(path):
        return _GONE
    with open(path, "rb") as file:
        mode = os.stat(path).st_mode & 0o111
        return f"{mode:o} {hashlib.file_digest(file, 'sha256').hexdigest()}"
