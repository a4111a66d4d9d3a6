"""The rules that hold the header of an `assets.pa` together, for its writer and its reader alike.

`judge` meets untrusted bytes. It goes through them a row at a time, as `spelling` hands them out, and keeps of each
what takes little room. `plain` is a short cut for rows as most packs have them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from packaging_targets.formats.assets.banks import glyph, sounds
from packaging_targets.formats.assets.entries import ID_LIMIT, AssetEntry, PreloadEntry
from packaging_targets.formats.assets.plain import ENTRY, PRELOAD, Plain, preload_entry
from packaging_targets.formats.assets.spelling import HeaderText, Piece, SpellingError, text_of

HEADER_LIMIT = 4 << 20
"""The longest header, in bytes."""
ENTRY_LIMIT = 16_384
"""The most rows of the asset table, and of the preload list."""
NAME_LIMIT = 255
"""The longest asset name, in bytes of UTF-8."""

_REPORTED = 20  # faults of one header: a hostile one could break a rule in each of its rows
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f]")
_COUNT_LIMIT = 1 << 63
_ENTRY = frozenset(("asset_id", "asset_name", "bank_type", "codec", "decoded_size", "metadata", "offset", "size"))
_PRELOAD = frozenset(("asset_id", "slot"))

Fault = tuple[str, str]
"""Where (a JSON path, or a byte of the header), and what is wrong."""

_BANKS: dict[str, Callable[[int, int, dict[str, Any]], Iterator[Fault]]] = {
    "GLYPH": glyph.faults,
    "SOUNDS": sounds.faults,
}


class Rows(NamedTuple):
    """What a header says: the rows of the asset table, and of the preload list."""

    table: list[AssetEntry]
    preload: list[PreloadEntry]


def judge(raw: bytes) -> tuple[Rows, list[Fault]]:
    """Return what the bytes of a header say, and the first faults found; where there are any, rows are missing."""
    rows = Rows([], [])
    return rows, list(islice(_faults(raw, rows), _REPORTED))


def _faults(raw: bytes, rows: Rows) -> Iterator[Fault]:
    """Yield each rule that a header breaks, and put its good rows into `rows`."""
    if len(raw) > HEADER_LIMIT:
        yield "header", f"is {len(raw)} bytes long, and {HEADER_LIMIT} are allowed"
        return
    try:
        if not raw.isascii():
            raw.decode()
        text = HeaderText(raw)
        text.expect('{"asset_table":[')
        plain = Plain(partial(_is_good_bank, text))
        table = _table(text.rows("$.asset_table", ENTRY, plain.entry), rows)
        if (first := next(table, None)) is not None:
            yield first
            yield from table
            return  # what a preload list says of a table that is not good means nothing
        text.expect(',"preload":[')
        yield from _preload(text.rows("$.preload", PRELOAD, preload_entry), rows)
        text.expect("}")
        text.expect_end()
    except UnicodeDecodeError as error:
        yield f"byte {error.start} of the header", "is not UTF-8"
    except SpellingError as error:
        yield error.place, error.what


def _is_good_bank(text: HeaderText, bank_type: str, size: int, decoded_size: int, metadata: str) -> bool:
    if bank_type not in _BANKS:
        return False
    try:
        return not any(_BANKS[bank_type](size, decoded_size, text.metadata(metadata)))
    except ValueError:
        return False


def _table(pieces: Iterator[AssetEntry | Piece], rows: Rows) -> Iterator[Fault]:
    last_id, end = 0, 0
    for index, piece in enumerate(pieces):
        if index == ENTRY_LIMIT:
            raise SpellingError("$.asset_table", f"has more than {ENTRY_LIMIT} rows")
        entry, found = (piece, []) if isinstance(piece, AssetEntry) else _judged(*piece)
        if entry is not None:
            found += _out_of_order(entry, last_id, end)
            if not found:
                rows.table.append(entry)
            last_id = entry.asset_id if _is_id(entry.asset_id) else last_id
            end += entry.size if _is_count(entry.size) else 0
        yield from _at(f"$.asset_table[{index}]", found) if found else ()


def _preload(pieces: Iterator[PreloadEntry | Piece], rows: Rows) -> Iterator[Fault]:
    bank_types = {entry.asset_id: entry.bank_type for entry in rows.table}
    slots = dict.fromkeys(_BANKS, 0)
    last_id = 0
    for index, piece in enumerate(pieces):
        if index == ENTRY_LIMIT:
            raise SpellingError("$.preload", f"has more than {ENTRY_LIMIT} rows")
        found = [] if isinstance(piece, PreloadEntry) else _shape(piece[0], _PRELOAD)
        if not found:
            row = piece if isinstance(piece, PreloadEntry) else PreloadEntry(**piece[0])
            found = _preload_faults(row, last_id, bank_types, slots)
            if not found:
                last_id = row.asset_id
                rows.preload.append(row)
        yield from _at(f"$.preload[{index}]", found) if found else ()


def _at(place: str, found: list[Fault]) -> Iterator[Fault]:
    return ((place + inner, what) for inner, what in found)


def _shape(row: Any, names: frozenset[str]) -> list[Fault]:
    if not isinstance(row, dict):
        return [("", "must be an object")]
    lacking = sorted(names - row.keys())
    unknown = islice((name for name in row if name not in names), _REPORTED)
    return [("", f"lacks `{name}`") for name in lacking] + [
        ("", f"has a member `{text_of(name)}` that the format does not know") for name in unknown
    ]


def _judged(row: Any, spelling: str) -> tuple[AssetEntry | None, list[Fault]]:
    """Return a row and its faults; it may hold anything where it has some, and is None where it has not its shape."""
    found = _shape(row, _ENTRY)
    if found:
        return None, found
    # Where the row is good, nothing before its metadata and behind it can spell these marks.
    metadata = spelling[spelling.index(',"metadata":') + 12 : spelling.rindex(',"offset":')]
    entry = AssetEntry(
        row["asset_id"],
        row["asset_name"],
        row["bank_type"],
        row["offset"],
        row["size"],
        row["decoded_size"],
        metadata.encode("latin-1"),
    )
    found = list(_row(row))
    return (entry if found else entry._replace(asset_name=text_of(entry.asset_name))), found


def _row(row: dict[str, Any]) -> Iterator[Fault]:
    if not _is_id(row["asset_id"]):
        yield ".asset_id", f"must be an integer from 1 to {ID_LIMIT}"
    if (what := _name_fault(row["asset_name"])) is not None:
        yield ".asset_name", what
    if row["codec"] != "NONE":
        yield ".codec", "must be `NONE`" + (", `RAW` is its old name" if row["codec"] == "RAW" else "")
    for name in ("offset", "size", "decoded_size"):
        if not _is_count(row[name]):
            yield f".{name}", "must be an integer of 0 or more"
    bank_type, metadata = row["bank_type"], row["metadata"]
    check = _BANKS.get(bank_type) if isinstance(bank_type, str) else None
    if check is None:
        yield ".bank_type", f"must be one of {', '.join(f'`{name}`' for name in _BANKS)}"
    elif not isinstance(metadata, dict):
        yield ".metadata", "must be an object"
    elif _is_count(row["size"]) and _is_count(row["decoded_size"]):
        yield from ((f".{inner}", what) for inner, what in check(row["size"], row["decoded_size"], metadata))


def _out_of_order(entry: AssetEntry, last_id: int, end: int) -> list[Fault]:
    found = []
    if _is_id(entry.asset_id) and entry.asset_id <= last_id:
        found.append((".asset_id", f"is {entry.asset_id} after {last_id}, and ids must increase"))
    if _is_count(entry.offset) and entry.offset != end:
        found.append((".offset", f"is {entry.offset}, but the bank before it ends at {end}"))
    return found


def _preload_faults(row: PreloadEntry, last_id: int, bank_types: dict[int, str], slots: dict[str, int]) -> list[Fault]:
    if not _is_id(row.asset_id) or row.asset_id not in bank_types:
        return [(".asset_id", "is not in the asset table")]
    found = []
    if row.asset_id <= last_id:
        found.append((".asset_id", f"is {row.asset_id} after {last_id}, and ids must increase"))
    bank_type = bank_types[row.asset_id]
    due = slots[bank_type]
    slots[bank_type] += 1
    if not _is_count(row.slot) or row.slot != due:
        found.append((".slot", f"must be {due}: slots of `{bank_type}` are dealt out from 0"))
    return found


def _name_fault(latin: Any) -> str | None:
    if not isinstance(latin, str) or not latin:
        return "must be a string that is not empty"
    if len(latin) > NAME_LIMIT:  # a character of Latin-1 is a byte of UTF-8
        return f"is longer than {NAME_LIMIT} bytes"
    if _UNPRINTABLE.search(text_of(latin)):  # not str.isprintable, which differs from one Python to the next
        return "holds a control character"
    return None


def _is_id(value: Any) -> bool:
    return type(value) is int and 1 <= value <= ID_LIMIT


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < _COUNT_LIMIT
