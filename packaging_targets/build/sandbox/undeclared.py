"""Which files of the workspace a failed program missed because they are not declared.

There are two witnesses. What the program said is always there: a word of it counts where it names a file that
the workspace has and the program was not given. A trace of its system calls knows more and takes a second
run: a program whose words name nothing is traced, where strace is installed and the program is behind walls.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.build.sandbox import room

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging_targets.build.sandbox.walls import Walls

_QUOTED = re.compile(r"""["'`\u2018\u201c]([^"'`\u2018\u2019\u201c\u201d\n]{1,512})["'`\u2019\u201d]""")
_BARE = re.compile(r"""[^\s"'`\u2018\u2019\u201c\u201d:,;()\[\]{}<>=|]+""")
_TRACED = re.compile(r'(?:AT_FDCWD<([^>]*)>, )?"((?:[^"\\]|\\.)*)".* = -1 (?:ENOENT|EACCES)')
_WORDS = 2000
_NAMED = 5
_TRACE_SECONDS = 10
_TRACE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class View:
    """What the program could see, and what it could not.

    `workspace` and `tree` are the absolute paths of the workspace and of the tree that stood for it;
    `declared` and `folders` are workspace paths: of the files that it was given, and where a relative name
    may start.
    """

    workspace: str
    tree: str
    declared: frozenset[str]
    folders: tuple[str, ...]

    def places(self, name: str, folder: str | None = None) -> Iterator[str]:
        """Yield the workspace paths that `name` may mean, seen from the absolute `folder` or `folders`."""
        if name.startswith("/"):
            yield from self._inside(name)
            return
        for start in self.folders if folder is None else self._inside(folder):
            path = posixpath.normpath(posixpath.join(start, name))
            if not path.startswith("../"):
                yield path

    def is_missed(self, path: str) -> bool:
        """Tell whether `path` is a file of the workspace that the program was not given."""
        if path in self.declared or ".git" in path.split("/"):
            return False
        return os.path.isfile(f"{self.workspace}/{path}")

    def modules(self, path: str) -> Iterator[str]:
        """Yield the files that the module `path` may be: imports have no suffix, and dots between folders."""
        for stem in dict.fromkeys((path, path.replace(".", "/"))):
            yield f"{stem}/__init__.py"
            folder, name = posixpath.split(stem)
            if os.path.isdir(f"{self.workspace}/{folder}"):
                for beside in sorted(os.listdir(f"{self.workspace}/{folder}")):
                    if posixpath.splitext(beside)[0] == name:
                        yield posixpath.join(folder, beside)

    def _inside(self, path: str) -> Iterator[str]:
        for top in (self.tree, self.workspace):
            if path.startswith(f"{top}/"):
                yield posixpath.normpath(path[len(top) + 1 :])
            elif path == top:
                yield ""


def named_in(log: str, view: View) -> tuple[str, ...]:
    """Return the missed files that `log` names, at most five."""
    quoted = dict.fromkeys(_QUOTED.findall(log))
    bare = dict.fromkeys(word.rstrip(".") for word in _BARE.findall(log))
    exact = [*quoted, *(word for word in bare if "." in word or "/" in word)]
    found = [path for name in exact[:_WORDS] for path in view.places(name)]
    # A bare word such as `build` would mean too much; what is put in quotes is a name.
    found += [
        module
        for name in list(quoted)[:_WORDS]
        if " " not in name
        for path in view.places(name)
        for module in view.modules(path)
    ]
    return _first(found, view)


def traced(walls: Walls, argv: Sequence[str], cwd: str, env: Mapping[str, str], view: View) -> tuple[str, ...]:
    """Run the program once more, traced, for ten seconds at most; return the missed files that it looked for.

    Without walls or strace nothing is run: a program must not act on the outside twice.
    """
    strace = shutil.which("strace", path=room.PATH)
    if strace is None or not walls.bubblewrap.program:
        return ()
    options = ("-f", "-y", "-qq", "-Z", "-s", "4096", "-e", "trace=%file", "-o", "/tmp/.trace")  # noqa: S108  # the room's
    walls.run([strace, *options, "--", *argv], cwd, env, _TRACE_SECONDS)
    trace = f"{walls.room.tmp}/.trace"
    if not os.path.isfile(trace):
        return ()
    with open(trace, encoding="utf-8", errors="replace") as file:
        return looked_for(file.read(_TRACE_BYTES), view)


def looked_for(trace: str, view: View) -> tuple[str, ...]:
    """Return the missed files that the failed calls of a trace by `strace -y` looked for, at most five."""
    calls = dict.fromkeys(_TRACED.findall(trace))
    return _first((path for folder, name in calls for path in view.places(name, folder or None)), view)


def _first(paths: Iterable[str], view: View) -> tuple[str, ...]:
    return tuple([path for path in dict.fromkeys(paths) if view.is_missed(path)][:_NAMED])
