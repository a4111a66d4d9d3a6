"""doit on its own, as its manual teaches it."""

from __future__ import annotations

from benchmarks.builds.peers.peer import JOBS, Peer
from benchmarks.builds.tree import Tree

_DODO = '''\
"""One task for each module."""
import os


def task_pack():
    with open("modules.txt") as listing:
        folders = listing.read().split()
    for folder in folders:
        with os.scandir(folder + "/src") as entries:
            inputs = [entry.path for entry in entries]
        yield {
            "name": folder.rpartition("/")[2],
            "actions": [f"sh tools/pack.sh {folder} {folder}/out"],
            "file_dep": [*inputs, "tools/pack.sh"],
            "targets": [folder + "/out/pkg.tar.gz", folder + "/out/Dockerfile"],
        }
'''


class PlainDoit(Peer):
    """doit on its own, with `file_dep` and `targets`: content behind modification times."""

    program = "doit"
    state = (".doit.db",)

    def configure(self, tree: Tree) -> None:
        """Write dodo.py."""
        super().configure(tree)
        tree.write("dodo.py", _DODO)

    def command(self, tree: Tree) -> list[str]:
        """Return doit with its fastest backend, and threads, which start commands as well as processes do."""
        del tree
        options = ["--backend", "sqlite3", "--db-file", ".doit.db", "-v", "0", "-r", "error-only"]
        return [self.found() or self.program, "run", *options, "-n", str(JOBS), "-P", "thread"]
