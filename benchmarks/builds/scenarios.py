"""What happens to a tree between two builds."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from itertools import count

from benchmarks.builds.peers import Peer
from benchmarks.builds.tree import Module, Tree

_numbers = count(1)
_IDENTITY = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0")


@dataclass(frozen=True, slots=True)
class Turn:
    """The moment before a peer builds: its tree, the peer, and the number of the turn, from 0."""

    tree: Tree
    peer: Peer
    number: int

    @property
    def module(self) -> Module:
        """A module in the middle of the tree, another one at every turn."""
        modules = self.tree.modules
        return modules[(len(modules) // 2 + self.number) % len(modules)]


def forget(turn: Turn) -> None:
    """Remove all that the peer made or remembers."""
    turn.peer.forget(turn.tree)


def edit(turn: Turn, *, same_size: bool = False) -> None:
    """Change the content of one input: append a line, or put another in the place of its last bytes."""
    line = f"# {os.getpid():07}-{next(_numbers):04}\n"  # never seen before, so that no cache can know it
    with open(turn.tree.path(turn.module.folder, "src/b.py"), "r+b") as file:
        file.seek(-len(line) if same_size else 0, os.SEEK_END)
        file.write(line.encode("ascii"))


def touch(turn: Turn) -> None:
    """Give one input a new modification time."""
    os.utime(turn.tree.path(turn.module.folder, "src/c.py"))


def touch_all(turn: Turn) -> None:
    """Give every input and declaration a new modification time, as a change of branches does; not outputs."""
    root = turn.tree.root
    left_alone = {os.path.join(root, path) for path in (".git", *turn.peer.made(turn.tree))}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in left_alone]
        for path in (os.path.join(folder, name) for name in files):
            if path not in left_alone:
                os.utime(path, follow_symlinks=False)


def check_out_again(turn: Turn) -> None:
    """Put a fresh clone in the place of the tree, with the peer's state and outputs restored into it.

    This is what a CI job does: every input has a new modification time and inode, what its cache restores has
    new inodes and its old times. Whatever is kept outside the tree stays.
    """
    tree, old = turn.tree, f"{turn.tree.root}.old"
    commit(tree)
    os.rename(tree.root, old)
    _git(os.path.dirname(old), "clone", "-q", "--no-hardlinks", old, tree.root)
    for path in turn.peer.made(Tree(old, tree.modules)):
        _restore(os.path.join(old, path), tree.path(path))
    shutil.rmtree(old)


def commit(tree: Tree) -> None:
    """Make the tree a git repository with everything committed that is not ignored."""
    if not os.path.isdir(tree.path(".git")):
        _git(tree.root, "init", "-q", "-b", "main")
    _git(tree.root, "add", "-A")
    _git(tree.root, "commit", "-q", "--allow-empty", "-m", "the tree")


def archives(tree: Tree, peer: Peer) -> dict[str, tuple[int, int]]:
    """Return the modification time and inode of each module's archive: one that was written has new ones."""
    found = {}
    for module in tree.modules:
        try:
            stats = os.stat(tree.path(peer.archive(module)))
        except OSError:
            continue
        found[module.id] = (stats.st_mtime_ns, stats.st_ino)
    return found


def _restore(kept: str, place: str) -> None:
    if os.path.isdir(kept) and not os.path.islink(kept):
        shutil.copytree(kept, place, symlinks=True)
    else:
        shutil.copy2(kept, place, follow_symlinks=False)


def _git(folder: str, *words: str) -> None:
    subprocess.run(["git", *_IDENTITY, *words], cwd=folder, check=True)
