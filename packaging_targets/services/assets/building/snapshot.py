"""A frozen look at a project: what is built is what was seen here, or nothing.

The registry and the declarations are held as bytes, and inputs by their digests. Whoever reads an input later gets the
bytes that were hashed, or an error: a file that has another signature when it has been read stops the build.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from packaging_targets.build.keys import tool_versions
from packaging_targets.errors import RequestError
from packaging_targets.formats.assets.declared.checks import CheckedAssets
from packaging_targets.formats.assets.declared.declaration import Asset
from packaging_targets.formats.assets.diagnostics import AssetsError, Diagnostic
from packaging_targets.model.digest import Digest
from packaging_targets.model.manifest import SourceInfo
from packaging_targets.services.assets.building.record import Record
from packaging_targets.services.assets.project import ASSETS, Listing
from packaging_targets.store.states import examine, examine_all, open_regular
from packaging_targets.store.sweep import UNTRUSTED, Signature, signature_of

LARGE = 1 << 20
"""From this many bytes on, a file that nobody uses is worth a word."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is to be built: the assets that are in order, what is wrong with the others, and the state of each input."""

    listing: Listing
    checked: CheckedAssets
    assets: tuple[Asset, ...]
    diagnostics: tuple[Diagnostic, ...]
    inputs: Mapping[str, tuple[Signature, str]]

    @classmethod
    def take(cls, listing: Listing, record: Record) -> Snapshot:
        """Check what is listed, and hash the inputs whose digest is not known from the last build."""
        checked = listing.check()
        paths = sorted({path for asset in checked.assets for path in asset.inputs})
        inputs = {path: known for path in paths if (known := record.digests.get(path)) and _is(listing, path, known)}
        unknown = [path for path in paths if path not in inputs]
        try:
            found = examine_all([listing.project.path(path) for path in unknown])
        except RequestError as error:
            raise AssetsError(*_unreadable(listing, error)) from error
        inputs |= {path: (mark, state) for path, (state, mark) in zip(unknown, found, strict=True)}
        taken = cls(listing, checked, checked.assets, (), inputs)
        diagnostics = {*checked.diagnostics, *taken._duplicates(), *taken._unused()}
        return replace(taken, diagnostics=tuple(sorted(diagnostics)))

    @property
    def sources(self) -> Frozen:
        """Where encoders read from."""
        return Frozen(self)

    def key(self, asset: Asset) -> str:
        """Return the digest of all that decides the bytes of an asset's bank."""
        kind = asset.made.kind
        return Digest.of_value([kind, tool_versions(kind), self._with_digests(asset.params)]).hex

    def made_of(self) -> str:
        """Return the digest of all that decides the bytes of the outputs."""
        rows = [
            [asset.asset_id, asset.name, self.key(asset), asset.metadata, asset.preload, asset.tooling]
            for asset in self.assets
        ]
        return Digest.of(json.dumps(rows, sort_keys=True).encode()).hex

    def digests(self) -> dict[str, tuple[Signature, str]]:
        """Return signature and state of each input that is known by its signature."""
        return {path: known for path, known in self.inputs.items() if known[0] != UNTRUSTED}

    def demand_unchanged(self, asset: Asset) -> None:
        """Raise AssetsError for the inputs of an asset that are not what they were."""
        changed = [path for path in asset.inputs if not self._is_unchanged(path)]
        if changed:
            raise AssetsError(*(_changed(path, asset) for path in changed))

    def _is_unchanged(self, path: str) -> bool:
        mark, state = self.inputs[path]
        place = self.listing.project.path(path)
        return signature_of(place) == mark if mark != UNTRUSTED else examine(place)[0] == state

    def _with_digests(self, value: Any) -> Any:
        """Return parameters with the state of each file in place of its path: where an asset lies does not count."""
        if isinstance(value, list):
            return [self._with_digests(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            name: self.inputs[item][1] if name == "file" else self._with_digests(item) for name, item in value.items()
        }

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


def _is(listing: Listing, path: str, known: tuple[Signature, str]) -> bool:
    return known[0] != UNTRUSTED and listing.files[path].signature == known[0]


def _changed(path: str, asset: Asset | None = None) -> Diagnostic:
    what = f"`{path}` changed while the build was reading it"
    return Diagnostic(path, "", "input-changed", what, "build again", asset.root if asset is not None else "")


def _unreadable(listing: Listing, error: RequestError) -> Iterator[Diagnostic]:
    for problem in error.problems:
        path = listing.project.relative(problem.where)
        what = problem.what.replace(problem.where, path)
        yield Diagnostic(path, "", "input-missing", what, problem.fix)
