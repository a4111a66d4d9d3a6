"""A frozen look at a project: what is built is what was seen here, or nothing.

Declarations are held as what they mean, and they and their inputs by their digests. Whoever reads one of them later
gets the bytes that were hashed, or an error: a file that has another signature when it was read stops the build.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from packaging_targets.build.keys import tool_versions
from packaging_targets.errors import RequestError
from packaging_targets.formats.assets.declared.checks import CheckedAssets, check_assets
from packaging_targets.formats.assets.declared.declaration import Asset, AssetTree, Read, read_asset
from packaging_targets.formats.assets.declared.findings import Findings
from packaging_targets.formats.assets.diagnostics import AssetsError, Diagnostic
from packaging_targets.model.digest import Digest
from packaging_targets.model.manifest import SourceInfo
from packaging_targets.services.assets.building.record import Record
from packaging_targets.services.assets.project import ASSETS, Listing
from packaging_targets.store.states import examine, examine_all, is_young, open_regular
from packaging_targets.store.sweep import UNTRUSTED, signature_of

if TYPE_CHECKING:
    from packaging_targets.store.sweep import Signature

LARGE = 1 << 20
"""From this many bytes on, a file that nobody uses is worth a word."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is to be built: the assets that are in order, and the state of each input.

    `began` is when it was taken, in nanoseconds since 1970.
    """

    listing: Listing
    tree: AssetTree
    checked: CheckedAssets
    inputs: Mapping[str, tuple[Signature, str]]
    began: int

    @classmethod
    def take(cls, listing: Listing, record: Record) -> Snapshot:
        """Check what is listed, and hash the inputs whose digest is not known from the last build."""
        began = time.time_ns()
        tree = listing.tree(record.remembered(listing))
        checked = check_assets(tree)
        paths = sorted({path for asset in checked.assets for path in asset.inputs})
        inputs = {path: one for path in paths if (one := record.digests.get(path)) and listing.has(path, one[0])}
        unknown = [path for path in paths if path not in inputs]
        try:
            found = examine_all([listing.project.path(path) for path in unknown])
        except RequestError as error:
            raise AssetsError(*_unreadable(listing, error)) from error
        inputs |= {path: (mark, state) for path, (state, mark) in zip(unknown, found, strict=True)}
        return cls(listing, tree, checked, inputs, began)

    @property
    def assets(self) -> tuple[Asset, ...]:
        """The assets of the build that are in order, by id."""
        return self.checked.assets

    @property
    def sources(self) -> Frozen:
        """Where encoders read from."""
        return Frozen(self)

    def key(self, asset: Asset) -> str:
        """Return the digest of all that decides the bytes of an asset's bank: not where it lies, nor its id."""
        kind = asset.made.kind
        inputs = [[path.removeprefix(asset.root), self.inputs[path][1]] for path in asset.inputs]
        return Digest.of(json.dumps([kind, tool_versions(kind), asset.declared, inputs]).encode()).hex

    def params(self, asset: Asset) -> Mapping[str, Any]:
        """Return what the encoder of an asset is told. Raises AssetsError if its asset.json is another one by now."""
        read = read_asset(self.tree, asset.file, Findings(asset.file, "declaration-invalid", asset.root))
        if read is None or read.asset.declared != asset.declared:
            raise AssetsError(_changed(asset.file, asset))
        return read.asset.params

    def digests(self) -> dict[str, tuple[Signature, str]]:
        """Return signature and state of each input that is known by its signature."""
        return {path: known for path, known in self.inputs.items() if known[0] != UNTRUSTED}

    def read(self) -> dict[str, tuple[Signature, Read]]:
        """Return what each asset.json came to, where that is known by its signature from now on."""
        return {
            one.asset.file: (mark, one)
            for one in self.checked.read
            if not is_young(mark := self.listing.files[one.asset.file].signature, self.began)
        }

    def demand_unchanged(self, asset: Asset) -> None:
        """Raise AssetsError for the inputs of an asset that are not what they were."""
        changed = [path for path in asset.inputs if not self._is_unchanged(path)]
        if changed:
            raise AssetsError(*(_changed(path, asset) for path in changed))

    def _is_unchanged(self, path: str) -> bool:
        mark, state = self.inputs[path]
        place = self.listing.project.path(path)
        return signature_of(place) == mark if mark != UNTRUSTED else examine(place)[0] == state

    def hygiene(self) -> Iterator[Diagnostic]:
        """Yield what lies about twice or unused: no business of a build."""
        yield from self._duplicates()
        yield from self._unused()

    def _duplicates(self) -> Iterator[Diagnostic]:
        first: dict[str, str] = {}
        for path, (_, state) in sorted(self.inputs.items()):
            if (other := first.setdefault(state, path)) != path:
                yield Diagnostic(path, "", "content-duplicate", f"`{path}` has the same bytes as `{other}`")

    def _unused(self) -> Iterator[Diagnostic]:
        """Yield the large files in folders of assets that no asset uses."""
        used = {*self.inputs, *(asset.file for asset in self.assets)}
        roots = {asset.root for asset in self.assets}
        for path, file in self.listing.files.items():
            root = path
            while file.size >= LARGE and path not in used and root != ASSETS and root:
                root = os.path.dirname(root)
                if root in roots:
                    what = f"no artifact uses `{path}`, and it is {file.size:,} bytes long"
                    yield Diagnostic(path, "", "file-unused", what, "move it out of the asset's folder", root)
                    break


@dataclass(frozen=True, slots=True)
class Frozen:
    """The inputs of a snapshot as encoders read them."""

    snapshot: Snapshot

    def info(self, path: str) -> SourceInfo:
        """Describe an input."""
        file = self.snapshot.listing.files[path]
        return SourceInfo(file.size, link=file.link)

    def open(self, path: str) -> BinaryIO:
        """Open an input."""
        try:
            return open(self.snapshot.listing.project.path(path), "rb", opener=open_regular)
        except OSError as error:
            raise AssetsError(_changed(path)) from error


def _changed(path: str, asset: Asset | None = None) -> Diagnostic:
    what = f"`{path}` changed while the build was reading it"
    return Diagnostic(path, "", "input-changed", what, "build again", asset.root if asset is not None else "")


def _unreadable(listing: Listing, error: RequestError) -> Iterator[Diagnostic]:
    for problem in error.problems:
        path = listing.project.relative(problem.where)
        what = problem.what.replace(problem.where, path)
        yield Diagnostic(path, "", "input-missing", what, problem.fix)
