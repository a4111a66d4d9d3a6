"""Ours, through each of its two entries."""

from __future__ import annotations

from benchmarks.builds.peers.peer import Peer
from benchmarks.builds.tree import Module, Tree

_TEMPLATE = """\
FROM debian:12
LABEL module={{ id }}
COPY pkg.tar.gz /opt/
RUN tar -xf /opt/pkg.tar.gz
"""


class Packaging(Peer):
    """Ours, through its own entry point."""

    program = "packaging"
    state = (".packaging",)
    outputs = ("dist", "ops")

    def version(self) -> str:
        """Return the version of the distribution."""
        from importlib.metadata import version

        return f"packaging-targets {version('packaging-targets')}"

    def configure(self, tree: Tree) -> None:
        """Write a target file for each module, the workspace's, and the template of all Dockerfiles."""
        tree.write("TARGETS.toml", "[workspace]\n")
        tree.write("pyproject.toml", '[tool.doit]\nloader = "packaging"\n')
        tree.write("tools/Dockerfile.j2", _TEMPLATE)
        for module in tree.modules:
            tree.write(f"{module.folder}/TARGETS.toml", _targets(module))

    def command(self, tree: Tree) -> list[str]:
        """Return `packaging build`."""
        del tree
        return [self.found() or self.program, "build"]

    def archive(self, module: Module) -> str:
        """Return the archive's place in the folder of outputs."""
        return f"dist/{module.folder}/pkg.tar.gz"


class DoitBuild(Packaging):
    """Ours, as a plugin of doit."""

    program = "doit"

    def found(self) -> str | None:
        """Return doit, where our plugin is installed beside it."""
        return super().found() if Packaging().found() else None


def _targets(module: Module) -> str:
    """Return a module's target file: its archive, and its Dockerfile from the template of all."""
    return f"""\
[[archive]]
name = "pkg"
srcs = ["src/**"]
format = "tar.gz"

[[service]]
name = "{module.id}"
srcs = ["src/**"]
template = "//tools/Dockerfile.j2"
"""
