"""Turborepo, with a workspace of npm packages."""

from __future__ import annotations

import json
import os

from benchmarks.builds.peers.peer import JOBS, Peer
from benchmarks.builds.tree import Tree

_NPM = r"""#!/bin/sh
# `npm run build` without npm: the script of ./package.json, through sh
case "$1" in
  --version) echo 10.8.2 ;;
  run) exec sh -c "$(sed -n 's/.*"build": "\([^"]*\)".*/\1/p' package.json)" ;;
  *) echo "npm: only run is here" >&2; exit 1 ;;
esac
"""


class Turbo(Peer):
    """Turborepo: content hashes by way of git, outputs restored from a cache."""

    program = "turbo"
    state = (".turbo", "node_modules")
    git = True

    def configure(self, tree: Tree) -> None:
        """Write a workspace of npm packages, and an npm that runs scripts at once.

        The real one takes a tenth of a second for each task, which says nothing about turbo.
        """
        super().configure(tree)
        inputs = ["src/**", "$TURBO_ROOT$/tools/pack.sh"]
        _write_json(tree, "turbo.json", {"tasks": {"build": {"inputs": inputs, "outputs": ["out/**"]}}})
        workspace = {
            "name": "tree",
            "private": True,
            "packageManager": "npm@10.8.2",
            "workspaces": ["pkgs/*/*"],
        }
        _write_json(tree, "package.json", workspace)
        locked: dict[str, object] = {"": {"name": "tree", "workspaces": ["pkgs/*/*"]}}
        for module in tree.modules:
            script = f"cd ../../.. && sh tools/pack.sh {module.folder} {module.folder}/out"
            package = {"name": module.id, "version": "1.0.0"}
            _write_json(tree, f"{module.folder}/package.json", {**package, "scripts": {"build": script}})
            locked[module.folder] = package
            locked[f"node_modules/{module.id}"] = {"resolved": module.folder, "link": True}
        lock = {"name": "tree", "lockfileVersion": 3, "requires": True, "packages": locked}
        _write_json(tree, "package-lock.json", lock)
        tree.write("tools/bin/npm", _NPM, executable=True)

    def command(self, tree: Tree) -> list[str]:
        """Return a build of all packages."""
        del tree
        return [
            self.found() or self.program,
            "run",
            "build",
            f"--concurrency={JOBS}",
            "--output-logs=errors-only",
        ]

    def environment(self, tree: Tree) -> dict[str, str]:
        """Return an environment without telemetry, in which `npm` is the tree's."""
        path = tree.path("tools/bin") + os.pathsep + os.environ.get("PATH", os.defpath)
        quiet = {"TURBO_TELEMETRY_DISABLED": "1", "DO_NOT_TRACK": "1", "TURBO_NO_UPDATE_NOTIFIER": "1"}
        return {**super().environment(tree), **quiet, "PATH": path}


def _write_json(tree: Tree, path: str, value: object) -> None:
    tree.write(path, json.dumps(value) + "\n")
