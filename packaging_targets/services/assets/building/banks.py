"""Encoding what is new: banks become files of their own, which the pack is put together from.

A bank is encoded where neither the last pack has it nor a failed build left it. All cores work, a wave of assets at a
time, so that somebody who watches sees how far it is; everything that is wrong with any asset is told together.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from packaging_targets.errors import BuildError, reason
from packaging_targets.formats.assets.banks.encoding import Encoded, encode
from packaging_targets.formats.assets.declared.declaration import Asset
from packaging_targets.formats.assets.diagnostics import AssetsError, Diagnostic
from packaging_targets.model.digest import Digest
from packaging_targets.services.assets.building.record import BANKS, PACK, Record
from packaging_targets.services.assets.building.snapshot import Snapshot
from packaging_targets.services.assets.events import Operation
from packaging_targets.services.assets.project import Project
from packaging_targets.store.states import file_digest
from packaging_targets.store.sweep import spread

if TYPE_CHECKING:
    from typing_extensions import Buffer

_ALONE = 8  # assets below which a fork costs more than it saves
_WAVE = 64  # assets that a core encodes before progress is told


@dataclass(frozen=True, slots=True)
class BankFile:
    """An encoded bank: the file at `path` of the project has its bytes from `offset` on. Tried banks have no file."""

    asset: Asset
    key: str
    encoded: Encoded
    path: str = ""
    offset: int = 0

    @property
    def advisories(self) -> Iterator[Diagnostic]:
        """What its encoder had to say; what it said of files that lie elsewhere now is left out."""
        return (replace(one, asset=self.asset.root) for one in self.encoded.advisories if one.file in self.asset.inputs)


@dataclass(frozen=True, slots=True)
class Encoding:
    """What encoding came to: a bank for each asset that is in order, what is wrong, and which assets were encoded."""

    banks: tuple[BankFile, ...]
    diagnostics: tuple[Diagnostic, ...]
    encoded: tuple[Asset, ...]

    @property
    def made_of(self) -> str:
        """The digest of all that decides the bytes of the outputs: a key covers the whole of an asset.json."""
        rows = [[bank.asset.asset_id, bank.asset.file, bank.key] for bank in self.banks]
        return Digest.of(json.dumps(rows).encode()).hex


def encode_all(snapshot: Snapshot, record: Record, operation: Operation, *, keep: bool) -> Encoding:
    """Encode what is new; `keep` writes banks to the disk, without it they are only tried."""
    project = snapshot.listing.project
    keys = {asset.root: snapshot.key(asset) for asset in snapshot.assets}
    last = record.banks if record.stands(project) else {}
    known = (_known(project, last, asset, keys[asset.root]) for asset in snapshot.assets)
    banks = {bank.asset.root: bank for bank in known if bank is not None}
    fresh = [asset for asset in snapshot.assets if asset.root not in banks]
    if banks:
        operation.tell("cache_hit", f"{len(banks)} of {len(snapshot.assets)} banks are as they were", banks)
    if fresh:
        operation.tell("cache_miss", f"{len(fresh)} banks are to be encoded", [asset.root for asset in fresh])
    if keep and fresh:
        _make_folder(project)
    diagnostics: list[Diagnostic] = []
    for bank in _encode(snapshot, fresh, keys, operation, keep=keep):
        if isinstance(bank, BankFile):
            banks[bank.asset.root] = bank
        else:
            diagnostics.append(bank)
    diagnostics += (one for bank in banks.values() for one in bank.advisories)
    ordered = tuple(banks[asset.root] for asset in snapshot.assets if asset.root in banks)
    return Encoding(ordered, tuple(sorted(set(diagnostics))), tuple(fresh))


def _make_folder(project: Project) -> None:
    try:
        os.makedirs(project.path(BANKS), exist_ok=True)
    except OSError as error:
        raise BuildError.one(f"`{BANKS}` cannot be made: {reason(error)}", BANKS) from error


def _known(project: Project, last: Mapping[str, Any], asset: Asset, key: str) -> BankFile | None:
    """Return a bank that need not be encoded: out of the last pack, or what a failed build left."""
    if key in last:
        return BankFile(asset, key, last[key].encoded, PACK, last[key].offset)
    path = f"{BANKS}/{key}"
    try:
        with open(project.path(f"{path}.json"), "rb") as file:
            facts = json.load(file)
        if file_digest(project.path(path)) == facts["sha256"]:
            return BankFile(asset, key, Encoded.from_json(facts["encoded"]), path)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        pass
    return None


def _encode(
    snapshot: Snapshot, fresh: Sequence[Asset], keys: Mapping[str, str], operation: Operation, *, keep: bool
) -> Iterator[BankFile | Diagnostic]:
    """Yield the bank of each asset, or what is wrong with it."""
    size = _WAVE * (os.cpu_count() or 1)
    for start in range(0, len(fresh), size):
        wave = fresh[start : start + size]
        for asset, outcome in zip(wave, _encode_wave(snapshot, wave, keys, keep=keep), strict=True):
            if "encoded" in outcome:
                key = keys[asset.root]
                path = f"{BANKS}/{key}" if keep else ""
                yield BankFile(asset, key, Encoded.from_json(outcome["encoded"]), path)
            yield from (Diagnostic(**{**row, "asset": asset.root}) for row in outcome.get("diagnostics", ()))
        done = (start + len(wave), len(fresh))
        operation.tell("progress_updated", f"{done[0]} of {done[1]} banks are encoded", [], done)


def _encode_wave(
    snapshot: Snapshot, wave: Sequence[Asset], keys: Mapping[str, str], *, keep: bool
) -> list[dict[str, Any]]:
    """Return what each asset came to as a JSON value, in their order: it crosses processes."""

    def encode_one(asset: Asset) -> dict[str, Any]:
        return _encode_one(snapshot, asset, keys[asset.root] if keep else "")

    return spread(encode_one, wave, 1 if len(wave) < _ALONE else os.cpu_count() or 1)


def _encode_one(snapshot: Snapshot, asset: Asset, key: str) -> dict[str, Any]:
    """Encode a bank, into a file where it has a key; return what it came to."""
    place = snapshot.listing.project.path(f"{BANKS}/{key}")
    beside = f"{place}.{os.getpid()}" if key else os.devnull
    digest = hashlib.sha256()
    try:
        with open(beside, "wb") as file:
            out = cast("BinaryIO", _Hashed(file, digest))
            encoded = encode(asset.format, snapshot.params(asset), snapshot.sources, out)
        snapshot.demand_unchanged(asset)
        if key:
            os.replace(beside, place)
            with open(f"{place}.json", "w", encoding="utf-8") as facts:
                json.dump({"encoded": encoded.to_json(), "sha256": digest.hexdigest()}, facts)
    except AssetsError as error:
        return {"diagnostics": [asdict(one) for one in _cause(snapshot, asset, error).diagnostics]}
    except OSError as error:
        what = f"the bank of `{asset.name}` cannot be written: {reason(error)}"
        raise BuildError.one(what, BANKS, "the last good outputs are as they were") from error
    finally:
        if key:
            with contextlib.suppress(OSError):
                os.remove(beside)
    return {"encoded": encoded.to_json()}


def _cause(snapshot: Snapshot, asset: Asset, error: AssetsError) -> AssetsError:
    """Return why an asset cannot be encoded: what is wrong with a file that has changed meanwhile says nothing."""
    try:
        snapshot.demand_unchanged(asset)
    except AssetsError as changed:
        return changed
    return error


class _Hashed(io.RawIOBase):
    """A file whose digest is known when it is written."""

    def __init__(self, file: BinaryIO, digest: hashlib._Hash) -> None:
        super().__init__()
        self._file = file
        self._digest = digest

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        self._digest.update(data)
        return self._file.write(data)
