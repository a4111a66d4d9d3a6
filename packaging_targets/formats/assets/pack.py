"""`assets.pa`, version 1: the banks of a game in one file that is opened without reading its payload.

    prelude   32 bytes, little-endian: magic, schema version, header length, payload offset, flags, reserved
    header    canonical JSON: {"asset_table": [...], "preload": [...]}
    payload   the banks, one after the other, in the order of the table

A pack has exactly one form: the same banks give the same bytes, and a reader refuses every other spelling.
The contract, statement by statement: `docs/formats/assets-pa.md`. Here are the values and the writer; the
rules that hold a header together are in `header`, the reader is in `reader`.
"""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from packaging_targets.errors import PackagingError, Problem, raise_all
from packaging_targets.formats.assets.header import decode, faults
from packaging_targets.model.digest import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging_targets.model.manifest import SourceReader

MAGIC = b"ASPA"
SCHEMA_VERSION = 1
PRELUDE = struct.Struct("<4sIIQI8s")
"""Magic, schema version, header length, payload offset, flags, reserved."""

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Bank:
    """An encoded bank to pack: `size` bytes in the file, `decoded_size` bytes once it is loaded."""

    asset_id: int
    asset_name: str
    bank_type: str
    size: int
    decoded_size: int
    metadata: Mapping[str, Any]
    preload: bool = False


@dataclass(frozen=True, slots=True)
class AssetEntry:
    """One row of the asset table. `offset` counts from the start of the payload; sizes are in bytes."""

    asset_id: int
    asset_name: str
    bank_type: str
    offset: int
    size: int
    decoded_size: int
    codec: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PreloadEntry:
    """An asset that is loaded at boot, and its slot among those of its bank type."""

    asset_id: int
    slot: int


@dataclass(frozen=True, slots=True)
class Header:
    """All that a pack says of its banks."""

    asset_table: tuple[AssetEntry, ...]
    preload: tuple[PreloadEntry, ...]

    @classmethod
    def lay_out(cls, banks: Iterable[Bank]) -> Header:
        """Put `banks` end to end by asset id, and deal the preload slots out per bank type from 0."""
        table: list[AssetEntry] = []
        preload: list[PreloadEntry] = []
        slots: dict[str, int] = {}
        offset = 0
        for bank in sorted(banks, key=lambda bank: bank.asset_id):
            table.append(_entry(bank, offset))
            offset += bank.size
            if bank.preload:
                slot = slots.get(bank.bank_type, 0)
                slots[bank.bank_type] = slot + 1
                preload.append(PreloadEntry(bank.asset_id, slot))
        return cls(tuple(table), tuple(preload))

    def to_json(self) -> dict[str, Any]:
        """Return the header as the JSON value that stands in the file."""
        return {
            "asset_table": [asdict(entry) for entry in self.asset_table],
            "preload": [asdict(entry) for entry in self.preload],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Header:
        """Return the header that `to_json` described; `value` must have passed `header.faults`."""
        return cls(
            tuple(AssetEntry(**row) for row in value["asset_table"]),
            tuple(PreloadEntry(**row) for row in value["preload"]),
        )


def write_assets_pa(stream: BinaryIO, header: Header, payloads: Sequence[str], sources: SourceReader) -> None:
    """Write a pack: `payloads` names the source of each row of the table, in its order.

    The payload streams: no more than a mebibyte of it is in memory. Raises PackagingError, before a byte is
    written, where the header breaks a rule of the format, and later where a source is not as long as its row
    says.
    """
    encoded = _encode(header)
    start = PRELUDE.size + len(encoded)
    stream.write(PRELUDE.pack(MAGIC, SCHEMA_VERSION, len(encoded), start, 0, bytes(8)))
    stream.write(encoded)
    for entry, path in zip(header.asset_table, payloads, strict=True):
        with sources.open(path) as source:
            _copy(source, stream, entry.size, path)


def _encode(header: Header) -> bytes:
    try:
        encoded = canonical_json(header.to_json())
        value = decode(encoded)  # as a reader would: what is written can be read, limits and all
    except ValueError as error:
        raise PackagingError.one(str(error), "assets.pa") from None
    raise_all((Problem(f"assets.pa ({place})", what) for place, what in faults(value)), PackagingError)
    return encoded


def _entry(bank: Bank, offset: int) -> AssetEntry:
    return AssetEntry(
        bank.asset_id,
        bank.asset_name,
        bank.bank_type,
        offset,
        bank.size,
        bank.decoded_size,
        "NONE",
        bank.metadata,
    )


def _copy(source: BinaryIO, stream: BinaryIO, size: int, path: str) -> None:
    left = size
    # One byte more than is left is asked for at the end, so that a source which grew is noticed.
    while chunk := source.read(min(_CHUNK, left + 1)):
        left -= len(chunk)
        if left < 0:
            break
        stream.write(chunk)
    if left:
        raise PackagingError.one(f"`{path}` is not {size} bytes long any more", path, "build again")
