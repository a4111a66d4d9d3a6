"""Bazel, with its server running."""

from __future__ import annotations

import subprocess

from benchmarks.builds.peers.peer import JOBS, Peer
from benchmarks.builds.tree import Module, Tree

_GENRULE = """\
genrule(
    name = "pack",
    srcs = glob(["src/**"]) + ["//tools:pack.sh"],
    outs = ["out/pkg.tar.gz", "out/Dockerfile"],
    cmd = "sh $(location //tools:pack.sh) @FOLDER@ $(RULEDIR)/out",
)
"""


class Bazel(Peer):
    """Bazel with its server running: content digests. Actions run without a sandbox, as the others' do."""

    program = "bazel"
    outputs = ("bazel-bin", "bazel-out", "bazel-testlogs")

    def configure(self, tree: Tree) -> None:
        """Write a WORKSPACE and a BUILD file for each module."""
        super().configure(tree)
        tree.write("WORKSPACE", 'workspace(name = "tree")\n')
        tree.write("BUILD.bazel", "")
        tree.write("tools/BUILD.bazel", 'exports_files(["pack.sh"])\n')
        for module in tree.modules:
            tree.write(f"{module.folder}/BUILD.bazel", _GENRULE.replace("@FOLDER@", module.folder))

    def version(self) -> str:
        """Return the version, for which Debian's Bazel has to be asked through Debian."""
        said = super().version()
        if "no_version" not in said:
            return said
        argv = ["dpkg-query", "-W", "-f", "bazel ${Version}", "bazel-bootstrap"]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    def command(self, tree: Tree) -> list[str]:
        """Return a quiet build of all packages."""
        quiet = ["--noshow_progress", "--show_result=0", "--ui_event_filters=-info,-stdout,-stderr"]
        return [*self._start(tree), "build", f"--jobs={JOBS}", "--spawn_strategy=local", *quiet, "//pkgs/..."]

    def archive(self, module: Module) -> str:
        """Return the archive's place behind Bazel's link to its own folder."""
        return f"bazel-bin/{module.folder}/out/pkg.tar.gz"

    def forget(self, tree: Tree) -> None:
        """Let Bazel remove what it made, which lies outside the tree; its server stays."""
        self._say(tree, "clean")

    def servers(self, tree: Tree) -> list[int]:
        """Return the id of the server."""
        return [int(self._say(tree, "info", "server_pid"))]

    def stop(self, tree: Tree) -> None:
        """Shut the server down."""
        self._say(tree, "shutdown")

    def _start(self, tree: Tree) -> list[str]:
        return [self.found() or self.program, f"--output_user_root={tree.root}.bazel"]

    def _say(self, tree: Tree, *words: str) -> str:
        argv = [*self._start(tree), *words]
        return subprocess.run(argv, cwd=tree.root, capture_output=True, text=True, check=True).stdout
