"""ninja and GNU make: modification times decide."""

from __future__ import annotations

from benchmarks.builds.peers.peer import JOBS, Peer
from benchmarks.builds.tree import Tree

_NINJA_RULE = """\
rule pack
  command = sh tools/pack.sh $module $module/out
"""
_NINJA_BUILD = """\
build {out}/pkg.tar.gz {out}/Dockerfile: pack {inputs} | tools/pack.sh
  module = {folder}
"""
_MAKE_RULE = """\
{out}/pkg.tar.gz {out}/Dockerfile &: {inputs} tools/pack.sh
\tsh tools/pack.sh {folder} {out}
"""


class Ninja(Peer):
    """ninja: modification times and commands."""

    program = "ninja"
    state = (".ninja_log", ".ninja_deps")

    def configure(self, tree: Tree) -> None:
        """Write build.ninja."""
        super().configure(tree)
        tree.write("build.ninja", _NINJA_RULE + _for_each(tree, _NINJA_BUILD))

    def command(self, tree: Tree) -> list[str]:
        """Return a quiet ninja with a job for each core."""
        del tree
        return [self.found() or self.program, f"-j{JOBS}", "--quiet"]


class Make(Peer):
    """GNU make: modification times."""

    program = "make"

    def configure(self, tree: Tree) -> None:
        """Write a Makefile with grouped targets (GNU make 4.3)."""
        super().configure(tree)
        head = f".SUFFIXES:\nall: {' '.join(map(self.archive, tree.modules))}\n"
        tree.write("Makefile", head + _for_each(tree, _MAKE_RULE))

    def command(self, tree: Tree) -> list[str]:
        """Return a quiet make without built-in rules, with a job for each core."""
        del tree
        return [self.found() or self.program, f"-j{JOBS}", "-s", "-r", "-R"]


def _for_each(tree: Tree, text: str) -> str:
    """Return the text for each module, with `{folder}`, with `{out}` for that of its outputs, and `{inputs}`."""
    parts = (
        text.format(folder=one.folder, out=f"{one.folder}/out", inputs=" ".join(one.inputs)) for one in tree.modules
    )
    return "".join(parts)
