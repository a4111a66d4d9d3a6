"""`aam pkg build`: a package and all that it depends on become a bundle for each platform that is wanted."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.errors import BuildError, PackagingError, Problem, RequestError, raise_all, reason
from packaging_targets.formats.aam.bundle.archive import write_bundle
from packaging_targets.formats.aam.bundle.closure import Closure, closure_of
from packaging_targets.formats.aam.bundle.compiling import compile_bundle, platform_of
from packaging_targets.formats.aam.bundle.values import bundle_targets
from packaging_targets.formats.aam.integrity import integrity_of, sha256sum_line
from packaging_targets.formats.aam.package.reader import AgentPackage, read_package
from packaging_targets.model.digest import Digest
from packaging_targets.registry.aam.clock import told_time
from packaging_targets.services.aam.bundling.dependencies import dependencies_of
from packaging_targets.services.aam.config.reading import read_config
from packaging_targets.services.aam.packing.folder import list_package
from packaging_targets.services.aam.packing.pack import OUTPUT, CountedFile, write_package
from packaging_targets.store.change import Change

if TYPE_CHECKING:
    from packaging_targets.formats.aam.bundle.values import Bundle
    from packaging_targets.formats.aam.manifest import AgentManifest

ALL = "all"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to build: the folder or archive of a package, a target or ALL, and where the bundles go.

    `registry` serves all that the package depends on, where it is given.
    """

    path: str = "."
    target: str = ALL
    output: str = OUTPUT
    scoped_dirs: str = "flat"
    registry: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle that was written: its target, where it is, its size in bytes, its digest, and what it could not have."""

    target: str
    path: str
    size: int
    digest: Digest
    artifacts: int
    warnings: tuple[Problem, ...]

    @property
    def integrity(self) -> str:
        """What others may know the bundle by."""
        return integrity_of(self.digest)


@dataclass(frozen=True, slots=True)
class Built:
    """What a build came to."""

    manifest: AgentManifest
    dependencies: tuple[AgentManifest, ...]
    bundles: tuple[Made, ...]
    warnings: tuple[Problem, ...]


def build(wanted: Wanted) -> Built:
    """Compile a package for each platform; the bundles stand in their places when all of them are whole.

    Raises PackagingError with all that is wrong with the package, or with what it depends on, and RequestError where
    there is no such package or target.
    """
    if wanted.target != ALL:
        platform_of(wanted.target)  # before anything is read
    root, warnings = _package(wanted.path)
    needed, unsigned = dependencies_of(root.manifest, wanted.path, wanted.registry)
    closure = closure_of(root, needed)
    raise_all(closure.errors, BuildError, closure.warnings)
    targets = _targets(root, wanted.target)
    bundles = tuple(_compiled(root, closure, targets, wanted.scoped_dirs))
    change = Change(wanted.output)
    made = tuple(_put(change, bundle, wanted.output) for bundle in bundles)
    change.apply()
    manifests = tuple(one.manifest for one in closure.dependencies)
    return Built(root.manifest, manifests, made, (*warnings, *unsigned, *closure.warnings))


def _package(path: str) -> tuple[AgentPackage, tuple[Problem, ...]]:
    """Return the package in a folder, as its archive would have it, or in an archive."""
    if not os.path.isdir(path):
        try:
            with open(path, "rb") as file:
                return read_package(file, path), ()
        except OSError as error:
            fix = "name the folder of a package, or an archive"
            raise RequestError.one(f"`{path}` cannot be read: {reason(error)}", path, fix) from error
    folder = list_package(path)
    found = folder.check()
    raise_all(found.errors, PackagingError, found.warnings)
    packed = io.BytesIO()
    write_package(CountedFile(packed), folder, found, path)
    packed.seek(0)
    return read_package(packed, path), found.warnings


def _targets(root: AgentPackage, target: str) -> tuple[str, ...]:
    if target != ALL:
        return (platform_of(target).target,)
    return bundle_targets(root.manifest.value.get("engines", {}), read_config().active_platforms)


def _compiled(root: AgentPackage, closure: Closure, targets: Sequence[str], scoped_dirs: str) -> Iterator[Bundle]:
    """Yield the bundle for each target; raises RequestError with what is wrong for any of them."""
    errors: dict[Problem, None] = {}
    for target in targets:
        try:
            yield compile_bundle(root, closure.dependencies, target, scoped_dirs=scoped_dirs, built_at=told_time() or 0)
        except RequestError as error:
            errors |= dict.fromkeys(error.problems)
    raise_all(errors)


def _put(change: Change, bundle: Bundle, output: str) -> Made:
    packed = io.BytesIO()
    write_bundle(packed, bundle)
    data = packed.getvalue()
    digest = Digest.of(data)
    change.write(bundle.name, data).write(f"{bundle.name}.sha256", sha256sum_line(digest, bundle.name))
    path = os.path.join(output, bundle.name)
    return Made(bundle.target, path, len(data), digest, len(bundle.about["artifacts"]), bundle.warnings)
