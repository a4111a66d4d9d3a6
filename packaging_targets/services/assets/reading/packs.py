"""What any `assets.pa` holds, whoever made it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging_targets.errors import RequestError, legible, reason
from packaging_targets.formats.assets.entries import AssetEntry
from packaging_targets.formats.assets.reader import AssetPack
from packaging_targets.store.states import open_regular


@dataclass(frozen=True, slots=True)
class PackContents:
    """The file at `path`: its table, the preload slot of each id that has one, and, where asked for, its digests."""

    path: str
    entries: tuple[AssetEntry, ...]
    slots: Mapping[int, int]
    digests: Mapping[int, str] = field(default_factory=dict)

    def entry(self, asset_id: int) -> AssetEntry:
        """Return the row of an asset. Raises RequestError where the pack does not hold it."""
        for entry in self.entries:
            if entry.asset_id == asset_id:
                return entry
        raise RequestError.one(f"there is no asset {asset_id}", self.path, f"packaging assets show --pack {self.path}")

    def row(self, entry: AssetEntry) -> dict[str, Any]:
        """Return all of an entry as a JSON value, for programs; `slot` is None where it is not preloaded."""
        digest = {"sha256": self.digests[entry.asset_id]} if self.digests else {}
        return {**json.loads(entry.spelling), "slot": self.slots.get(entry.asset_id), **digest}

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        return {"path": self.path, "assets": [self.row(entry) for entry in self.entries]}


def look_into(path: str, *, verify: bool = False) -> PackContents:
    """Open a pack and check its header; `verify` also reads its banks, and computes the SHA-256 of each.

    Raises RequestError where there is no such file, and IntegrityError where it is no asset pack or a broken one.
    """
    try:
        with open(os.path.realpath(path), "rb", opener=open_regular) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise RequestError.one(f"`{legible(path)}` is no regular file", legible(path))
            pack = AssetPack.open(stream, path)
            digests = {asset_id: digest.hex for asset_id, digest in pack.verify().items()} if verify else {}
    except OSError as error:
        what = f"`{path}` cannot be read: {reason(error).rstrip('.')}"
        raise RequestError.one(what, path) from error
    return PackContents(path, pack.entries, {row.asset_id: row.slot for row in pack.preload}, digests)
