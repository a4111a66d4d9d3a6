"""docker, podman and buildah: which is there, how each is told to build, and which image it has under a name."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAMES = ("docker", "podman", "buildah")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class Order:
    """What an engine is to build: paths are relative to the repository's root, `reference` is name and tag."""

    dockerfile: str
    reference: str
    context: str
    ignore: str = ""
    platforms: Sequence[str] = ()
    arguments: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Engine:
    """A program that builds images."""

    name: str

    def command(self, order: Order) -> tuple[str, ...]:
        """Return the command line of a build, which runs in the repository's root."""
        words = [self.name, "build", "-f", order.dockerfile, "-t", order.reference]
        if order.ignore and self.name != "docker":  # which finds the one beside the Dockerfile by itself
            words += ["--ignorefile", order.ignore]
        if order.platforms:
            words += ["--platform", ",".join(order.platforms)]
        for name, value in (order.arguments or {}).items():
            words += ["--build-arg", f"{name}={value}"]
        context = order.context if not order.context.startswith("-") else f"./{order.context}"
        return (*words, context)

    def build(self, root: str, order: Order) -> int:
        """Build, with the program's output on ours; return its exit code."""
        # `.dockerignore` files beside Dockerfiles and cache mounts are BuildKit's.
        environment = {"DOCKER_BUILDKIT": "1", **os.environ}
        return subprocess.run(self.command(order), cwd=root, env=environment, check=False).returncode

    def digest_of(self, reference: str) -> str:
        """Return the digest of the image that the engine has under a name, or nothing."""
        words = ["image", "inspect", "--format", "{{.Id}}"]
        if self.name == "buildah":
            words = ["inspect", "--type", "image", "--format", "{{.FromImageID}}"]
        done = subprocess.run([self.name, *words, reference], capture_output=True, text=True, check=False)
        found = done.stdout.strip()
        if done.returncode or not found:
            return ""
        return found if ":" in found else f"sha256:{found}"


def find_engine(name: str | None, *, demanded: bool = True) -> Engine:
    """Return the engine `name`, or the first that is there; raises RequestError where there is none.

    Where none is `demanded`, since nothing is to run, docker stands for it.
    """
    for one in (name,) if name else NAMES:
        if shutil.which(one):
            return Engine(one)
    if not demanded:
        return Engine(name or NAMES[0])
    what = f"`{name}` is not on PATH" if name else "none of docker, podman and buildah is on PATH"
    raise RequestError.one(what, "--builder", "install one of them, or name another")


def reference_of(image: str, tag: str | None) -> tuple[str, str]:
    """Return name and tag of what is built as `image`: `tag`, or else the name's own, or `latest`.

    A digest in the name goes: it is that of another image. Raises RequestError for what is no tag.
    """
    name = image.partition("@")[0]
    before, colon, own = name.rpartition(":")
    if colon and "/" not in own:
        name = before
    else:
        own = ""
    found = own if tag is None else tag
    found = "latest" if tag is None and not own else found
    if not _TAG.fullmatch(found):
        raise RequestError.one(f"`{found}` is no tag", "--tag", "letters, digits and `_.-`, such as v1.0.0")
    return name, found
