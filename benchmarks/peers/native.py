"""ninja and GNU make: modification times decide."""

from __future__ import annotations

from benchmarks.peers.peer import JOBS, Peer
from benchmarks.tree import Tree


class Ninja(Peer):
    """ninja: modification times and commands."""

    program = "ninja"
    state = (".ninja_log", ".ninja_deps")

    def configure(self, tree: Tree) -> None:
        """Write build.ninja."""
        super().configure(tree)
        lines = ["rule pack", "  command = sh tools/pack.sh $module $module/out"]
        for module in tree.modules:
            made = f"{module.folder}/out/pkg.tar.gz {module.folder}/out/Dockerfile"
            lines.append(f"build {made}: pack {' '.join(module.inputs)} | tools/pack.sh")
            lines.append(f"  module = {module.folder}")
        tree.write("build.ninja", "\n".join(lines) + "\n")

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
        lines = [".SUFFIXES:", "all: " + " ".join(map(self.archive, tree.modules))]
        for module in tree.modules:
            made = f"{module.folder}/out/pkg.tar.gz {module.folder}/out/Dockerfile"
            lines.append(f"{made} &: {' '.join(module.inputs)} tools/pack.sh")
            lines.append(f"\tsh tools/pack.sh {module.folder} {module.folder}/out")
        tree.write("Makefile", "\n".join(lines) + "\n")

    def command(self, tree: Tree) -> list[str]:
        """Return a quiet make without built-in rules, with a job for each core."""
        del tree
        return [self.found() or self.program, f"-j{JOBS}", "-s", "-r", "-R"]
