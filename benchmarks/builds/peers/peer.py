"""What a benchmark has to know of a build tool.

Every peer does the same work in a tree of its own: one archive and one Dockerfile for each module. Ours does
it with its rules; the others run one shell script, `tools/pack.sh`, as their users would.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import ClassVar

from benchmarks.builds.tree import Module, Tree

JOBS = os.cpu_count() or 1
SCENARIOS = (
    "cold",
    "unchanged",
    "edited",
    "edited-same-size",
    "touched",
    "memory",
    "all-touched",
    "checkout",
)
"""What is measured, in order; after the last two come runs with nothing more to do, as `…-again`."""

_PACK = """\
#!/bin/sh
# pack.sh MODULE OUT: a reproducible archive of MODULE/src, and a Dockerfile
set -e
[ -d "$2" ] || mkdir -p "$2"
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -h -C "$1" -cf - src |
  gzip -n > "$2/pkg.tar.gz"
sed -e 's/@VERSION@/12/' "$1/src/Dockerfile.in" > "$2/Dockerfile"
"""


class Peer:
    """A build tool. `state` is what it remembers, `outputs` what it makes: paths relative to a tree."""

    scenarios: ClassVar[frozenset[str]] = frozenset(SCENARIOS)
    program: ClassVar[str]
    state: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar[tuple[str, ...]] = ()
    git: ClassVar[bool] = False
    """Whether the tool asks git, so that its tree has to be a repository."""

    def found(self) -> str | None:
        """Return the program's path: beside this interpreter, or on PATH; None where it is not installed."""
        places = os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", os.defpath)
        return shutil.which(self.program, path=places)

    def version(self) -> str:
        """Return the first line of what the program says of its version."""
        argv = [self.found() or self.program, "--version"]
        said = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
        return (said.stdout or said.stderr).strip().split("\n")[0]

    def configure(self, tree: Tree) -> None:
        """Write what the tool wants to be told, into the tree."""
        tree.write("tools/pack.sh", _PACK, executable=True)

    def command(self, tree: Tree) -> list[str]:
        """Return the program and its arguments for a build of all."""
        raise NotImplementedError

    def environment(self, tree: Tree) -> dict[str, str]:
        """Return the environment of a build: little of ours, which may slow down some peers alone."""
        kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
        return {**kept, "LANG": "C.UTF-8", "XDG_CACHE_HOME": f"{tree.root}.cache"}

    def archive(self, module: Module) -> str:
        """Return where the module's archive comes to lie, relative to the tree."""
        return f"{module.folder}/out/pkg.tar.gz"

    def made(self, tree: Tree) -> list[str]:
        """Return the paths of what the tool made and remembers: what a CI cache would keep."""
        folders = sorted({f"{module.folder}/out" for module in tree.modules}) if not self.outputs else []
        return [path for path in (*self.state, *self.outputs, *folders) if os.path.lexists(tree.path(path))]

    def forget(self, tree: Tree) -> None:
        """Remove everything that the tool made or remembers, so that the next build is a cold one."""
        for path in (*map(tree.path, self.made(tree)), f"{tree.root}.cache"):
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            elif os.path.lexists(path):
                os.remove(path)

    def servers(self, tree: Tree) -> list[int]:
        """Return the ids of the processes that the tool leaves running."""
        del tree
        return []

    def stop(self, tree: Tree) -> None:
        """End what the tool left running."""
