"""Bundles: their files go into the project as they are, nothing is resolved, and nothing that people wrote is lost.

What several bundles bring alike is there once, and goes with the last of them. What people had before stays theirs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

from packaging_targets.errors import BuildError, RequestError, raise_all, reason
from packaging_targets.formats.aam.bundle.archive import read_bundle
from packaging_targets.model.digest import Digest
from packaging_targets.services.aam.installing.deploying.arriving import Arriving
from packaging_targets.services.aam.installing.deploying.changes import Deployed
from packaging_targets.services.aam.installing.deploying.leaving import take_back
from packaging_targets.services.aam.installing.deploying.records import Record, records_bytes, records_of
from packaging_targets.services.aam.installing.deploying.standing import Standing
from packaging_targets.services.aam.installing.project import Project, unwritable
from packaging_targets.store.aam.places import DEPLOYED, STAGING
from packaging_targets.store.journal import Journal


def deployments(project: Project, gone: Sequence[str], paths: Sequence[str], *, force: bool) -> list[Deployed]:
    """Return what taking bundles back, and deploying those at `paths`, comes to, each on top of the one before.

    Raises IntegrityError, or RequestError with all that is in the way of one.
    """
    standing = Standing(project)
    return [_withdrawal(standing, name) for name in gone] + [_deployment(standing, path, force=force) for path in paths]


def _deployment(standing: Standing, path: str, *, force: bool) -> Deployed:
    try:
        with open(standing.project.path(path), "rb") as file:
            bundle = read_bundle(file, path)
    except OSError as error:
        raise BuildError.one(f"`{path}` cannot be read: {reason(error)}", path) from error
    done = Deployed(str(bundle.about["package"]), str(bundle.about["package_version"]), bundle.target)
    done.warnings += bundle.warnings
    key = done.name, bundle.target
    old = standing.records.get(key, Record(""))
    record = Arriving(standing, bundle, done, old, list(standing.others(key)), force).record()
    raise_all(done.problems, RequestError)
    done.records[key] = standing.records[key] = record
    return done


def _withdrawal(standing: Standing, name: str) -> Deployed:
    keys = [key for key in standing.records if key[0] == name]
    done = Deployed(name, "", ", ".join(target for _, target in keys))
    others = [one for _, one in standing.others(*keys)]
    for key in keys:
        take_back(standing, done, standing.records.pop(key), (), others)
        done.records[key] = None
    return done


def deploy(project: Project, changes: Sequence[Deployed], journal: Journal) -> None:
    """Let a journal write what bundles come to, and what is known of them."""
    records, files = records_of(project), dict[str, tuple[bytes | None, bool]]()
    for one in changes:
        files |= {path: (data, path in one.executables) for path, data in one.files.items()}
        for key, record in one.records.items():
            if record is not None:
                records[key] = record
            else:
                del records[key]
    for number, (path, (data, executable)) in enumerate(files.items()):
        _write(project, journal, path, data, f"deployed-{number}" if executable else "")
    journal.write(DEPLOYED, records_bytes(records))


def sweep(project: Project, changes: Sequence[Deployed]) -> None:
    """Remove the folders that are empty now that files of bundles are gone."""
    gone = {path for one in changes for path, data in one.files.items() if data is None}
    folders = {path[:at] for path in gone for at, letter in enumerate(path) if letter == "/"}
    for folder in sorted(folders, reverse=True):
        with suppress(OSError):  # something is in it
            os.rmdir(project.path(folder))


def _write(project: Project, journal: Journal, path: str, data: bytes | None, staged: str) -> None:
    if data is None:
        if os.path.lexists(project.path(path)):  # it may have come and gone in the same change
            journal.remove(path)
    elif not staged:
        journal.write(path, data)
    else:
        beside = f"{STAGING}/{staged}-{len(data)}-{Digest.of(path.encode()).short}"
        try:
            with open(project.path(beside), "xb") as file:
                file.write(data)
            os.chmod(project.path(beside), 0o755)  # noqa: S103  # as an archive has it
        except OSError as error:
            raise unwritable(beside, error) from error
        journal.move(beside, path, replacing=True)
