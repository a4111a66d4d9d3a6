"""`aam pkg validate`: all that is wrong with a package, in a folder or in an archive, and nothing written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging_targets.errors import PackagingError, RequestError, raise_all, reason
from packaging_targets.formats.aam.checking.deployable import deployable_artifacts
from packaging_targets.formats.aam.package.reader import read_package
from packaging_targets.formats.aam.package.scanning.allowed import allowances
from packaging_targets.formats.aam.package.scanning.scan import look_into
from packaging_targets.services.aam.packing.folder import list_package
from packaging_targets.services.aam.packing.pack import CountedFile, write_package

if TYPE_CHECKING:
    from packaging_targets.errors import Problem
    from packaging_targets.formats.aam.manifest import AgentManifest


@dataclass(frozen=True, slots=True)
class Valid:
    """A package that is in order: its files, and its size in bytes when it is packed."""

    manifest: AgentManifest
    files: tuple[str, ...]
    size: int
    warnings: tuple[Problem, ...]


def validate(path: str) -> Valid:
    """Check the package in the folder, or the archive, at `path`.

    Raises PackagingError with all that is wrong with it, and RequestError where there is nothing.
    """
    return _valid_folder(path) if os.path.isdir(path) else _valid_archive(path)


def _valid_folder(path: str) -> Valid:
    folder = list_package(path)
    found = folder.check()
    out = CountedFile()
    errors = list(found.errors)
    if found.manifest is not None and found.contents.entries:
        try:
            write_package(out, folder, found, found.manifest.archive)
        except PackagingError as error:
            errors += error.problems
    raise_all(errors, PackagingError, found.warnings)
    if found.manifest is None:
        raise AssertionError  # a folder without a manifest has errors
    return Valid(found.manifest, tuple(entry.dest for entry in found.contents.entries), out.size, found.warnings)


def _valid_archive(path: str) -> Valid:
    try:
        with open(path, "rb") as file:
            package = read_package(file, path)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        fix = "name the folder of a package, or an archive"
        raise RequestError.one(f"`{path}` cannot be read: {reason(error)}", path, fix) from error
    files = {name: one.data for name, one in package.files.items()}
    artifacts = deployable_artifacts(package.manifest, files, path)
    allowed = allowances(package.manifest)
    carried = [one for name, data in files.items() for one in look_into(f"{path}/{name}", data, allowed(name))]
    # What its author allows is told all the same: whoever checks an archive may be another.
    all_carried = (one for name, data in files.items() if allowed(name) for one in look_into(f"{path}/{name}", data))
    warnings = (*artifacts.warnings, *(one for one in all_carried if one not in carried))
    raise_all((*artifacts.errors, *carried), PackagingError, warnings)
    return Valid(package.manifest, tuple(package.files), size, warnings)
