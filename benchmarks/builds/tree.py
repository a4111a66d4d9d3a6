"""A synthetic monorepo: N modules of eleven input files, the same bytes every time, whatever builds it.

A module is `pkgs/g<hundreds>/m<number>/` with `src/` inside: nine texts of 0.5 to 2 KB, a `Dockerfile.in`,
and 32 KB of data, a half of which can be compressed. N = 1,000 gives the beginning of N = 10,000.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass

TEXTS = ("a.py", "b.py", "c.py", "d.md", "e.json", "f.sh", "g.toml", "h.txt", "i.yaml")
INPUTS = (*TEXTS, "Dockerfile.in", "data.bin")
MARKER = "modules.txt"
DATA_BYTES = 32 * 1024

_SEED = 42
_POOL_WORDS = 60_000
_DOCKERFILE = """\
FROM debian:@VERSION@
LABEL module={id}
COPY pkg.tar.gz /opt/
RUN tar -xf /opt/pkg.tar.gz
"""
_IGNORED = """\
/.cache/
/.doit.db*
/.ninja_*
/.packaging/
/.turbo/
/bazel-*
/dist/
/node_modules/
/ops/
/pkgs/*/*/.turbo/
/pkgs/*/*/out/
"""


@dataclass(frozen=True, slots=True)
class Module:
    """A module: `id` is `m00042`, `folder` is relative to the tree's root."""

    id: str
    folder: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """The module's input files, relative to the tree's root."""
        return tuple(f"{self.folder}/src/{name}" for name in INPUTS)


@dataclass(frozen=True, slots=True)
class Tree:
    """A generated monorepo: the folder `root` (absolute) and its modules."""

    root: str
    modules: tuple[Module, ...]

    def path(self, *parts: str) -> str:
        """Return the absolute path of something in the tree."""
        return os.path.join(self.root, *parts)

    def write(self, path: str, text: str, *, executable: bool = False) -> None:
        """Write a text file at a path relative to the root; its folder is made."""
        full = self.path(path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(full, 0o755 if executable else 0o644)


def modules(count: int) -> tuple[Module, ...]:
    """Return the first `count` modules."""
    return tuple(Module(f"m{i:05}", f"pkgs/g{i // 100:03}/m{i:05}") for i in range(count))


def generate(root: str, count: int) -> Tree:
    """Write a tree of `count` modules to the folder `root`, or return the one that stands there already."""
    tree = Tree(os.path.abspath(root), modules(count))
    listing = "".join(f"{module.folder}\n" for module in tree.modules)
    marker = tree.path(MARKER)
    if os.path.exists(marker):
        with open(marker, encoding="utf-8") as file:
            if file.read() == listing:
                return tree
        raise SystemExit(f"{root} holds another tree: remove it first")
    pool = _pool()
    for module in tree.modules:
        _write_module(tree, module, pool)
    tree.write(".gitignore", _IGNORED)
    tree.write(MARKER, listing)  # last: a tree without it is not whole
    return tree


def _write_module(tree: Tree, module: Module, pool: str) -> None:
    random_of = random.Random(module.id)  # test data, and the same for ever
    for name in TEXTS:
        text = _text(pool, random_of, random_of.randint(500, 2000))
        tree.write(f"{module.folder}/src/{name}", f"# {module.id} {name}\n{text}\n")
    tree.write(f"{module.folder}/src/Dockerfile.in", _DOCKERFILE.format(id=module.id))
    half = DATA_BYTES // 2
    with open(tree.path(module.folder, "src/data.bin"), "wb") as file:
        file.write(_text(pool, random_of, half).encode("ascii") + random_of.randbytes(half))


def _pool() -> str:
    """Return a long text of invented words, from which every file takes a slice."""
    random_of = random.Random(_SEED)  # as above
    letters = "abcdefghijklmnopqrstuvwxyz_"
    words = ["".join(random_of.choices(letters, k=random_of.randint(3, 9))) for _ in range(3000)]
    return " ".join(random_of.choices(words, k=_POOL_WORDS))


def _text(pool: str, random_of: random.Random, length: int) -> str:
    start = random_of.randrange(len(pool) - length)
    return pool[start : start + length]
