"""`image load`: the image in a layout goes to docker, podman or buildah, under its name.

An engine is given an archive with the one platform that it is to have. An image that it has already stays out of it.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from packaging_targets.errors import BuildError, RequestError, reason
from packaging_targets.formats.oci.platform import Platform
from packaging_targets.services.containers.images.engines import Engine, find_engine
from packaging_targets.services.containers.layouts.archive import LayoutArchive
from packaging_targets.services.containers.layouts.targets import ImageTarget, image_targets

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging_targets.formats.archive.members import Writable


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What is to be loaded, and what takes it. `platform` is the one that is asked for, if any."""

    root: str
    engine: Engine
    targets: tuple[ImageTarget, ...]
    platform: Platform | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """An image that an engine has: `id` is what the engine calls it, `outcome` is loaded or unchanged."""

    label: str
    image: str
    platform: str
    engine: str
    id: str
    outcome: str


def plan_loading(texts: Sequence[str], builder: str | None, platform: str | None) -> LoadPlan:
    """Return what is to be loaded for labels and patterns, or all images of the workspace where there are none.

    Raises RequestError for what is no image, no platform and no engine.
    """
    root, targets = image_targets(texts)
    return LoadPlan(root, find_engine(builder), targets, wanted_platform(platform))


def wanted_platform(text: str | None) -> Platform | None:
    """Return the platform that a person asks for, if any; raises RequestError for what is none."""
    try:
        return Platform.parse(text) if text else None
    except ValueError as error:
        raise RequestError.one(str(error), "--platform", "write one such as linux/amd64 or linux/arm64") from None


def load_image(plan: LoadPlan, target: ImageTarget) -> Loaded:
    """Have the engine take an image, unless it has it already under this name.

    Raises BuildError where the engine fails, IntegrityError for a damaged layout, and as `LayoutArchive.of`.
    """
    engine, name = plan.engine, str(target.name)
    archive = LayoutArchive.of(target.layout, plan.platform)
    outcome = "unchanged"
    if engine.digest_of(name) not in archive.ids:
        outcome = "loaded"
        _load(engine, archive, target)
    return Loaded(target.label, name, str(archive.platform), engine.name, engine.digest_of(name), outcome)


def _load(engine: Engine, archive: LayoutArchive, target: ImageTarget) -> None:
    for blob in archive.blobs:
        archive.folder.demand_whole(blob)  # not every engine does
    name = target.name
    # A name without a registry is a local one to podman and buildah, and one of Docker's to docker.
    write = partial(archive.write, name=name, told_name=name.full if engine.name == "docker" else str(name))
    try:
        # buildah reads an archive more than once, which no pipe allows.
        code, told = (_from_file if engine.name == "buildah" else _from_pipe)(engine, write)
    except OSError as error:
        code, told = -1, reason(error)
    if code:
        what = f"{engine.name} does not take the image `{name}`: {told or f'it ended with exit code {code}'}"
        fix = "look at whether it runs, or name another with --builder"
        if archive.has_zstd:
            fix = f'{fix}; an old one knows no zstd: write compression = "gzip" then'
        raise BuildError.one(what, target.label, fix)


def _from_pipe(engine: Engine, write: Callable[[Writable], None]) -> tuple[int, str]:
    """Run `load` with an archive on its standard input; return the exit code, and what it said last."""
    with tempfile.TemporaryFile() as notes:
        words = (engine.name, "load", "--quiet")
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=notes, stderr=subprocess.STDOUT)
        assert process.stdin is not None
        try:
            with process.stdin as stream:
                write(stream)
        except BrokenPipeError:
            pass  # it has ended, and says why
        except BaseException:
            process.kill()
            process.wait()
            raise
        return process.wait(), _last_line(notes)


def _from_file(engine: Engine, write: Callable[[Writable], None]) -> tuple[int, str]:
    """Run `pull` of an archive; return the exit code, and what it said last."""
    with tempfile.NamedTemporaryFile(suffix=".tar") as archive, tempfile.TemporaryFile() as notes:
        write(archive)
        archive.flush()
        words = (engine.name, "pull", "--quiet", f"oci-archive:{archive.name}")
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=notes, stderr=subprocess.STDOUT, check=False)
        return done.returncode, _last_line(notes)


def _last_line(notes: BinaryIO) -> str:
    notes.seek(0)
    lines = notes.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else ""
