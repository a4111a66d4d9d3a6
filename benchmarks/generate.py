"""Write the monorepo alone, with the declarations of one build tool.

python -m benchmarks.generate --n 1000 --peer ninja /some/folder
"""

from __future__ import annotations

import argparse

from benchmarks.builds.peers import PEERS
from benchmarks.builds.tree import INPUTS, generate


def main() -> None:
    """Generate one tree, with the files that one build tool wants."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("folder")
    parser.add_argument("--n", type=int, required=True, help="how many modules")
    parser.add_argument("--peer", choices=sorted(PEERS), help="also write the declarations of this build tool")
    arguments = parser.parse_args()
    tree = generate(arguments.folder, arguments.n)
    if arguments.peer:
        PEERS[arguments.peer].configure(tree)
    print(f"{tree.root}: {len(tree.modules)} modules, {len(tree.modules) * len(INPUTS)} input files")


if __name__ == "__main__":
    main()
