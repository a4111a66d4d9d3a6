"""Bubblewrap around a room: no network, no workspace, no home folder, a read-only system.

Whether it works is tried once in a process, since containers often forbid the namespaces that it needs.
Inside, all is the same on every machine: the paths, the host name, the user.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from packaging_targets.build.sandbox import process, room

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging_targets.build.sandbox.process import Ended
    from packaging_targets.build.sandbox.room import Room

TREE = "/build"
"""Where the tree of the room stands behind the walls."""

_HOME = "/home/build"
_SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt", "nix")
# Programs find their libraries, certificates and alternatives through these; nothing else of /etc is seen.
_ETC = (
    "alternatives",
    "ca-certificates",
    "crypto-policies",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "pki",
    "ssl",
)
_USERS = {"passwd": f"build:x:1000:1000:build:{_HOME}:/bin/sh\n", "group": "build:x:1000:\n"}
_PROBE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """What is known of bubblewrap here: where it is, or why there is none."""

    program: str = ""
    reason: str = ""


@cache
def bubblewrap() -> Bubblewrap:
    """Find bubblewrap and try it once."""
    program = shutil.which("bwrap", path=room.PATH)
    if program is None:
        return Bubblewrap(reason="bubblewrap is not installed")
    argv = [program, *_namespaces(), *_system(()), "true"]
    try:
        tried = process.run(argv, "/", {"PATH": room.PATH}, _PROBE_SECONDS)
    except OSError as error:
        return Bubblewrap(reason=f"bubblewrap does not start: {error.strerror}")
    if tried.code:
        said = tried.log.strip().splitlines() or ["it says nothing"]
        return Bubblewrap(reason=f"bubblewrap does not work here: {said[-1]}")
    return Bubblewrap(program)


@dataclass(frozen=True, slots=True)
class Walls:
    """A room with or without walls: runs programs in the room's tree.

    `hidden` are folders that must not be seen even where they lie in a system folder: the workspace, and the
    home of the one who builds. `tools` are absolute paths of programs that must be seen wherever they lie.
    """

    room: Room
    bubblewrap: Bubblewrap
    hidden: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()

    @property
    def tree(self) -> str:
        """The path of the tree as the program sees it."""
        return TREE if self.bubblewrap.program else self.room.tree

    def run(self, argv: Sequence[str], cwd: str, env: Mapping[str, str], timeout: int) -> Ended:
        """Run `argv` in the folder `cwd` of the tree, with `env` on top of a clean environment."""
        if not self.bubblewrap.program:
            clean = room.environment(self.room.home, self.room.tmp)
            return process.run(argv, self.room.path(cwd), {**clean, **env}, timeout)
        wrapped = [*self._wrapping(), "--chdir", f"{TREE}/{cwd}".rstrip("/"), "--", *argv]
        return process.run(wrapped, "/", {**room.environment(_HOME, "/tmp"), **env}, timeout)  # noqa: S108  # the room's

    def _wrapping(self) -> Iterator[str]:
        yield self.bubblewrap.program
        yield from _namespaces()
        yield from _system(self.hidden)
        for name in _ETC:
            yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
        for name, text in _USERS.items():
            with open(f"{self.room.folder}/{name}", "w", encoding="ascii") as file:
                file.write(text)
            yield from ("--ro-bind", f"{self.room.folder}/{name}", f"/etc/{name}")
        yield from ("--bind", self.room.tmp, "/tmp")  # noqa: S108  # the room's own, under a private name
        yield from ("--bind", self.room.home, _HOME)
        for path in sorted({seen for tool in self.tools for seen in _seen_of(tool, self.hidden)}):
            yield from ("--ro-bind", path, path)
        yield from ("--bind", self.room.tree, TREE)


def _namespaces() -> tuple[str, ...]:
    alone = ("--unshare-all", "--die-with-parent", "--hostname", "build", "--cap-drop", "ALL")
    return (*alone, "--uid", "1000", "--gid", "1000", "--proc", "/proc", "--dev", "/dev")


def _system(hidden: Iterable[str]) -> Iterator[str]:
    shown = []
    for name in _SYSTEM:
        top = f"/{name}"
        if os.path.islink(top):
            yield from ("--symlink", os.readlink(top), top)
        elif os.path.isdir(top):
            shown.append(top)
            yield from ("--ro-bind", top, top)
    for folder in hidden:
        if any(_is_inside(folder, top) for top in shown):
            yield from ("--tmpfs", folder)


def _seen_of(tool: str, hidden: Sequence[str]) -> Iterator[str]:
    """Yield what must be seen for `tool` to run: the prefix of `<prefix>/bin/tool`, or its file alone."""
    for path in (tool, os.path.realpath(tool)):
        if any(_is_inside(path, f"/{top}") for top in _SYSTEM) and not any(_is_inside(path, h) for h in hidden):
            continue
        folder, name = os.path.split(os.path.dirname(path))
        whole = name == "bin" and folder != "/" and not any(_is_inside(h, folder) for h in hidden)
        yield folder if whole else path


def _is_inside(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder}/")
