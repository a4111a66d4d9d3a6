"""docker, podman and buildah: which is there, how each is told to build, and which image it has under a name."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.errors import RequestError, reason
from packaging_targets.services.containers.images import ENGINES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]+)")
_PATIENCE = 10  # seconds that an engine may clear up after Ctrl-C


@dataclass(frozen=True, slots=True)
class Order:
    """What an engine is to build: paths are relative to the repository's root, `reference` is name and tag.

    `checks_health` says that the Dockerfile has a HEALTHCHECK.
    """

    dockerfile: str
    reference: str
    context: str
    ignore: str = ""
    platforms: Sequence[str] = ()
    arguments: Mapping[str, str] | None = None
    checks_health: bool = False


@dataclass(frozen=True, slots=True)
class Engine:
    """A program that builds images."""

    name: str

    def commands(self, order: Order) -> tuple[tuple[str, ...], ...]:
        """Return the command lines of a build, which run in the repository's root. The last one builds.

        Those before it make room, and fail where there is nothing to be removed.
        """
        docker = self.name == "docker"
        # podman and buildah add to a list of images that stands, and would tag only the last of several platforms.
        is_list = len(order.platforms) > 1 and not docker
        words = [self.name, "build", "-f", order.dockerfile, "--manifest" if is_list else "-t", order.reference]
        if order.ignore and not docker:  # which finds the one beside the Dockerfile by itself
            words += ["--ignorefile", order.ignore]
        if order.checks_health and not docker:  # OCI's own format has no place for it
            words += ["--format", "docker"]
        if order.platforms:
            words += ["--platform", ",".join(order.platforms)]
        for name, value in (order.arguments or {}).items():
            words += ["--build-arg", f"{name}={value}"]
        context = order.context if not order.context.startswith("-") else f"./{order.context}"
        room = ((self.name, "manifest", "rm", order.reference), (self.name, "rmi", order.reference))
        return (*(room if is_list else ()), (*words, context))

    def build(self, root: str, order: Order) -> str:
        """Build, with the program's output on ours; return why that failed, or nothing."""
        *room, build = self.commands(order)
        for command in room:
            self._ask(*command[1:])
        # `.dockerignore` files beside Dockerfiles and cache mounts are BuildKit's.
        environment = {"DOCKER_BUILDKIT": "1", **os.environ}
        try:
            code = _run(build, root, environment)
        except OSError as error:
            return f"{self.name} cannot be run: {reason(error)}"
        if code < 0:
            return f"{self.name} was ended by signal {-code}"
        return f"{self.name} ended with exit code {code}" if code else ""

    def digest_of(self, reference: str) -> str:
        """Return the digest of the image that the engine has under a name, or nothing."""
        words = ["image", "inspect", "--format", "{{.Id}}"]
        if self.name == "buildah":
            words = ["inspect", "--type", "image", "--format", "{{.FromImageID}}"]
        code, found, _ = self._ask(*words, reference)
        match = _DIGEST.fullmatch(found)
        return f"sha256:{match[1]}" if match and not code else ""

    def has(self, reference: str, digest: str) -> bool:
        """Tell whether the engine has an image of this digest under a name."""
        return bool(digest) and self.digest_of(reference) == digest

    def silence(self) -> str:
        """Return what the program says of why it cannot build at all, such as docker without its daemon, or nothing."""
        code, _, told = self._ask("version")
        return told.splitlines()[-1].strip() if code and told else ""

    def _ask(self, *words: str) -> tuple[int, str, str]:
        """Return the exit code of a short question, and what was written to standard output and error."""
        try:
            done = subprocess.run((self.name, *words), capture_output=True, stdin=subprocess.DEVNULL, check=False)
        except OSError as error:
            return 1, "", f"{self.name} cannot be run: {reason(error)}"
        answer, told = (text.decode("utf-8", "replace").strip() for text in (done.stdout, done.stderr))
        return done.returncode, answer, told


def find_engine(name: str | None, *, demanded: bool = True) -> Engine:
    """Return the engine `name`, or the first that is there and answers; raises RequestError where there is none.

    Where none is `demanded`, since nothing is to run, none is asked, and docker stands for one that is not there.
    """
    there = [Engine(one) for one in ((name,) if name else ENGINES) if shutil.which(one)]
    if len(there) > 1 and demanded:
        return next((engine for engine in there if not engine.silence()), there[0])
    if there:
        return there[0]
    if not demanded:
        return Engine(name or ENGINES[0])
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
    found = (own or "latest") if tag is None else tag
    if not _TAG.fullmatch(found):
        raise RequestError.one(f"`{found}` is no tag", "--tag", "letters, digits and `_.-`, such as v1.0.0")
    return name, found


def _run(command: Sequence[str], root: str, environment: Mapping[str, str]) -> int:
    """Run a program to its end, and to that of its clearing up after Ctrl-C, which it hears of as we do."""
    process = subprocess.Popen(command, cwd=root, env=environment)
    try:
        return process.wait()
    except BaseException:
        try:
            process.wait(_PATIENCE)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):  # nobody waits longer than that
            process.kill()
            process.wait()
        raise
