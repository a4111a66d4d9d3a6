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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from packaging_targets.errors import PackagingError, Problem, raise_all
from packaging_targets.formats.assets.entries import AssetEntry, PreloadEntry
from packaging_targets.formats.assets.header import judge
from packaging_targets.model.digest import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MAGIC = b"ASPA"
SCHEMA_VERSION = 1
TOOLING_VERSION = 1
"""That of `asset_table_metadata.json`, which is no part of the format."""
PRELUDE = struct.Struct("<4sIIQI8s")
"""Magic, schema version, header length, payload offset, flags, reserved."""

_BUFFER = 1 << 18


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
class Header:
    """All that a pack says of its banks."""

    asset_table: tuple[AssetEntry, ...]
    preload: tuple[PreloadEntry, ...]

    @classmethod
    def lay_out(cls, banks: Iterable[Bank]) -> Header:
        """Put `banks` end to end by asset id, and deal the preload slots out per bank type from 0.

        Raises PackagingError for metadata that has no canonical JSON.
        """
        table: list[AssetEntry] = []
        preloaded: list[tuple[int, str]] = []
        offset = 0
        for bank in sorted(banks, key=lambda bank: bank.asset_id):
            table.append(_entry(bank, offset))
            offset += bank.size
            if bank.preload:
                preloaded.append((bank.asset_id, bank.bank_type))
        return cls(tuple(table), tuple(deal_slots(preloaded)))

    @property
    def companions(self) -> dict[str, bytes]:
        """The files that hold the header's members, byte for byte, by name."""
        return {
            "asset_table.json": b"[%b]" % b",".join(row.spelling for row in self.asset_table),
            "preload.json": b"[%b]" % b",".join(row.spelling for row in self.preload),
        }


def tooling_json(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return `asset_table_metadata.json`, of the `tooling` of each asset in the pack, in the order of its table."""
    return canonical_json({"assets": list(rows), "schema_version": TOOLING_VERSION})


def deal_slots(preloaded: Iterable[tuple[int, str]]) -> Iterator[PreloadEntry]:
    """Yield the preload slot of each asset, given as id and bank type in order of the ids: from 0 for each type."""
    slots: dict[str, int] = {}
    for asset_id, bank_type in preloaded:
        slot = slots.get(bank_type, 0)
        slots[bank_type] = slot + 1
        yield PreloadEntry(asset_id, slot)


def prelude_and_header(header: Header) -> bytes:
    """Return all of a pack that stands before its payload.

    Raises PackagingError with what a reader would refuse: what is written can be read, limits and all.
    """
    try:
        companions = header.companions
    except ValueError as error:
        raise PackagingError.one(str(error), "assets.pa") from None
    spelling = b'{"asset_table":%b,"preload":%b}' % (companions["asset_table.json"], companions["preload.json"])
    _, found = judge(spelling)
    raise_all((Problem(f"assets.pa ({place})", what) for place, what in found), PackagingError)
    return PRELUDE.pack(MAGIC, SCHEMA_VERSION, len(spelling), PRELUDE.size + len(spelling), 0, bytes(8)) + spelling


def write_assets_pa(stream: BinaryIO, header: Header, payloads: Iterable[Callable[[], BinaryIO]]) -> None:
    """Write a pack: `payloads` opens the bank of each row of the table, in its order, when its turn comes.

    The payload streams through one small buffer. Raises PackagingError, before a byte is written, where the header
    breaks a rule of the format, and later where a bank is not as long as its row says.
    """
    stream.write(prelude_and_header(header))
    buffer = memoryview(bytearray(_BUFFER))
    for entry, opened in zip(header.asset_table, payloads, strict=True):
        with opened() as bank:
            _copy(bank, stream, entry, buffer)


def _entry(bank: Bank, offset: int) -> AssetEntry:
    try:
        metadata = canonical_json(bank.metadata)
    except ValueError as error:
        raise PackagingError.one(str(error), f"the metadata of `{bank.asset_name}`") from None
    return AssetEntry(bank.asset_id, bank.asset_name, bank.bank_type, offset, bank.size, bank.decoded_size, metadata)


def _copy(bank: BinaryIO, stream: BinaryIO, entry: AssetEntry, buffer: memoryview) -> None:
    read_into: Callable[[memoryview], int] = bank.readinto  # type: ignore[attr-defined]  # all binary streams have it
    left = entry.size
    # One byte more than is left is asked for at the end, so that a bank which grew is noticed.
    while count := read_into(buffer[: left + 1]):
        left -= count
        if left < 0:
            break
        stream.write(buffer[:count])
    if left:
        what = f"the bank of `{entry.asset_name}` is not {entry.size} bytes long any more"
        raise PackagingError.one(what, f"asset {entry.asset_id}", "build again")
