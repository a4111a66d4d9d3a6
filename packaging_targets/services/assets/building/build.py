"""`build`: the assets of a project become `build/assets.pa` and its companions.

    snapshot ──▶ check ──▶ encode what is new ──▶ assemble in staging ──▶ promote

Everything that is wrong is told at once, and then nothing is promoted: the last good outputs stay, byte for byte. One
build at a time works in a project.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from packaging_targets.errors import BuildError, PackagingError, reason
from packaging_targets.formats.assets.declared.declaration import Asset
from packaging_targets.formats.assets.diagnostics import AssetsError, Diagnostic
from packaging_targets.services.assets.building.banks import encode_all
from packaging_targets.services.assets.building.packing import assemble, promote
from packaging_targets.services.assets.building.record import BANKS, FOLDER, OUTPUTS, PACK, Kept, Record
from packaging_targets.services.assets.building.snapshot import Snapshot
from packaging_targets.services.assets.events import Listener, Operation, ignore
from packaging_targets.services.assets.project import BUILD, Project
from packaging_targets.services.assets.transaction import looking
from packaging_targets.store.journal import Journal
from packaging_targets.store.lock import folder_lock
from packaging_targets.store.sweep import signature_of


@dataclass(frozen=True, slots=True)
class Built:
    """What a build came to: the assets in the pack, those of them that were encoded, and the size of the pack in bytes.

    `changed` tells whether the outputs are other ones than before; `advisories` is what is worth to know.
    """

    assets: tuple[Asset, ...]
    encoded: tuple[Asset, ...]
    advisories: tuple[Diagnostic, ...]
    size: int
    changed: bool

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs: assets by their ids."""
        return {
            "ok": True,
            "assets": [asset.asset_id for asset in self.assets],
            "encoded": [asset.asset_id for asset in self.encoded],
            "changed": self.changed,
            "size": self.size,
            "diagnostics": [one.to_json() for one in self.advisories],
        }


def build(project: Project, listener: Listener = ignore, waiting: Callable[[], None] = lambda: None) -> Built:
    """Build a project's assets.

    `waiting` is called where another build, or a change of the registry, is to be waited for. Raises AssetsError with
    everything that is wrong, and BuildError where nothing can be written; the outputs are as they were then.
    """
    operation = Operation(project.root, listener)
    operation.tell("build_started", "looking at the assets")
    try:
        with _alone(project, waiting):
            built = _build(project, operation, waiting)
    except PackagingError as error:
        if isinstance(error, AssetsError):
            _tell(operation, error.diagnostics)
        operation.tell("build_finished", "the build failed, and the last good outputs stay")
        raise
    _tell(operation, built.advisories)
    operation.tell("build_finished", f"{len(built.assets)} assets, {built.size} bytes")
    return built


@contextlib.contextmanager
def _alone(project: Project, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of builds; finish what a build that was killed had begun to promote."""
    folder = project.path(FOLDER)
    _check_own(project)
    try:
        os.makedirs(folder, exist_ok=True)
        ignored = os.path.join(folder, ".gitignore")
        if not os.path.exists(ignored):
            with open(ignored, "w", encoding="ascii") as file:
                file.write("*\n")
    except OSError as error:
        raise BuildError.one(f"`{FOLDER}` cannot be made: {reason(error)}", FOLDER) from error
    with folder_lock(folder, waiting, shared=False):
        Journal.recover(folder, project.root)
        yield


def _check_own(project: Project) -> None:
    """Refuse to write through a link into what belongs to somebody else."""
    for path in (BUILD, FOLDER):
        if os.path.islink(project.path(path)):
            what = f"`{path}` is a symbolic link, and what it leads to belongs to somebody else"
            raise BuildError.one(what, path, "remove the link: a folder is made in its place")


def _build(project: Project, operation: Operation, waiting: Callable[[], None]) -> Built:
    record = Record.load(project)
    with looking(project, waiting) as interrupted:
        if interrupted:  # what else is wrong then may be wrong for that alone
            raise AssetsError(*interrupted)
        snapshot = Snapshot.take(project.listing(), record)
    operation.tell("asset_discovered", f"{len(snapshot.assets)} assets", [asset.root for asset in snapshot.assets])
    encoding = encode_all(snapshot, record, operation, keep=True)
    if encoding.encoded:
        roots = [asset.root for asset in encoding.encoded]
        operation.tell("asset_changed", f"{len(roots)} assets are not as they were", roots)
    diagnostics = tuple(sorted({*snapshot.checked.diagnostics, *encoding.diagnostics}))
    if any(one.is_blocking for one in diagnostics):
        raise AssetsError(*diagnostics)
    changed = encoding.made_of != record.made_of or not record.stands(project)
    if changed:
        assembled = assemble(project, encoding.banks)
        promote(project, assembled)
        shutil.rmtree(project.path(BANKS), ignore_errors=True)
        kept = {bank.key: Kept(assembled.offsets[bank.key], bank.encoded) for bank in encoding.banks}
        outputs = {path: signature_of(project.path(path)) for path in OUTPUTS}
        record = Record(outputs=outputs, banks=kept, made_of=encoding.made_of)
    seen = replace(record, digests=snapshot.digests(), read=snapshot.read())
    if changed or seen != record:
        seen.save(project)
    return Built(snapshot.assets, encoding.encoded, diagnostics, record.outputs[PACK][1], changed)


def _tell(operation: Operation, diagnostics: tuple[Diagnostic, ...]) -> None:
    if diagnostics:
        roots = sorted({one.asset for one in diagnostics if one.asset})
        operation.tell("diagnostics_updated", f"{len(diagnostics)} diagnostics", roots)
