"""The rules that hold the header of an `assets.pa` together, for its writer and its reader alike.

`decode` meets untrusted bytes: it looks at their length, depth and number of values before it parses them, so
that a hostile header costs no more memory than a small multiple of its length. `faults` then judges the
parsed value and says of everything that is wrong where it is, as a JSON path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from packaging_targets.formats.assets.banks import glyph, sounds
from packaging_targets.model.digest import canonical_json

HEADER_LIMIT = 4 << 20
"""The longest header, in bytes."""
ENTRY_LIMIT = 16_384
"""The most rows of the asset table."""
NAME_LIMIT = 255
"""The longest asset name, in bytes of UTF-8."""
DEPTH_LIMIT = 32
"""How deep objects and lists may nest; the header itself is depth 1."""

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_COUNT_LIMIT = 1 << 18  # objects and lists: the costliest values for a byte of JSON
_INTEGER_LIMIT = 1 << 63
_DIGITS_LIMIT = 20
_ID_LIMIT = (1 << 31) - 1
_ENTRY = ("asset_id", "asset_name", "bank_type", "codec", "decoded_size", "metadata", "offset", "size")
_PRELOAD = ("asset_id", "slot")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))

Fault = tuple[str, str]
"""Where (a JSON path), and what is wrong."""

_BANKS: dict[str, Callable[[int, int, dict[str, Any]], Iterator[Fault]]] = {
    "GLYPH": glyph.faults,
    "SOUNDS": sounds.faults,
}


def decode(raw: bytes) -> Any:
    """Return the JSON value of a header's bytes. Raises ValueError with what is wrong about them."""
    if len(raw) > HEADER_LIMIT:
        raise ValueError(f"the header is {len(raw)} bytes long, and {HEADER_LIMIT} are allowed")
    _limit_nesting(raw)
    try:
        value = json.loads(raw.decode(), parse_float=_float, parse_constant=_float, parse_int=_integer)
    except UnicodeDecodeError as error:
        raise ValueError(f"the header is not UTF-8: byte {error.start} of it") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"the header is not JSON: {error.msg[0].lower()}{error.msg[1:]} at {error.pos}") from None
    try:
        canonical = canonical_json(value)
    except UnicodeEncodeError:
        raise ValueError("the header holds half a surrogate pair, which UTF-8 has no form for") from None
    if canonical != raw:
        raise ValueError("the header is not canonical JSON (sorted keys, each once, no white space, no escapes)")
    return value


def faults(header: Any) -> Iterator[Fault]:
    """Yield each rule of the format that a header breaks: where, as a JSON path, and what is wrong."""
    yield from _shape(header, "$", ("asset_table", "preload"))
    if not isinstance(header, dict):
        return
    table, preload = header.get("asset_table"), header.get("preload")
    if isinstance(table, list):
        yield from _table(table)
    elif "asset_table" in header:
        yield "$.asset_table", "must be a list"
    if isinstance(preload, list):
        yield from _preload(preload, table if isinstance(table, list) else [])
    elif "preload" in header:
        yield "$.preload", "must be a list"


def _limit_nesting(raw: bytes) -> None:
    """Refuse what is deep or made of very many values, without a parser's stack or objects."""
    brackets = _STRING.sub(b"", raw).translate(None, _NOT_BRACKETS)
    if brackets.count(b"[") + brackets.count(b"{") > _COUNT_LIMIT:
        raise ValueError(f"the header holds more than {_COUNT_LIMIT} objects and lists")
    for _ in range(DEPTH_LIMIT):  # each round takes the innermost level away
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    if brackets.count(b"[") + brackets.count(b"{") > DEPTH_LIMIT:
        raise ValueError(f"the header nests deeper than {DEPTH_LIMIT} levels")


def _float(text: str) -> Any:
    raise ValueError(f"the header holds `{text[:40]}`, and only integers are allowed")


def _integer(text: str) -> int:
    if len(text) > _DIGITS_LIMIT or not -_INTEGER_LIMIT <= int(text) < _INTEGER_LIMIT:
        raise ValueError(f"the header holds `{text[:40]}`, which is no 64-bit integer")
    return int(text)


def _shape(value: Any, place: str, names: tuple[str, ...]) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield place, "must be an object"
        return
    for name in names:
        if name not in value:
            yield place, f"lacks `{name}`"
    for name in value:
        if name not in names:
            yield place, f"has a member `{name}` that the format does not know"


def _table(table: list[Any]) -> Iterator[Fault]:
    if len(table) > ENTRY_LIMIT:
        yield "$.asset_table", f"has {len(table)} rows, and {ENTRY_LIMIT} are allowed"
        return
    last_id, end = 0, 0
    for index, row in enumerate(table):
        place = f"$.asset_table[{index}]"
        shape = list(_shape(row, place, _ENTRY))
        yield from shape
        if not shape:
            yield from _row(row, place, last_id, end)
            last_id = row["asset_id"] if _is_id(row["asset_id"]) else last_id
            end += row["size"] if _is_count(row["size"]) else 0


def _row(row: dict[str, Any], place: str, last_id: int, end: int) -> Iterator[Fault]:
    if not _is_id(row["asset_id"]):
        yield f"{place}.asset_id", f"must be an integer from 1 to {_ID_LIMIT}"
    elif row["asset_id"] <= last_id:
        yield f"{place}.asset_id", f"is {row['asset_id']} after {last_id}, and ids must increase"
    if (what := _name_fault(row["asset_name"])) is not None:
        yield f"{place}.asset_name", what
    if row["codec"] != "NONE":
        yield (
            f"{place}.codec",
            "must be `NONE`" + (", `RAW` is its old name" if row["codec"] == "RAW" else ""),
        )
    sizes = {name: row[name] for name in ("offset", "size", "decoded_size")}
    for name, value in sizes.items():
        if not _is_count(value):
            yield f"{place}.{name}", "must be an integer of 0 or more"
    if _is_count(row["offset"]) and row["offset"] != end:
        yield f"{place}.offset", f"is {row['offset']}, but the bank before it ends at {end}"
    yield from _bank(row, place)


def _bank(row: dict[str, Any], place: str) -> Iterator[Fault]:
    bank_type, metadata = row["bank_type"], row["metadata"]
    check = _BANKS.get(bank_type) if isinstance(bank_type, str) else None
    if check is None:
        yield f"{place}.bank_type", f"must be one of {', '.join(f'`{name}`' for name in _BANKS)}"
    elif not isinstance(metadata, dict):
        yield f"{place}.metadata", "must be an object"
    elif _is_count(row["size"]) and _is_count(row["decoded_size"]):
        for inner, what in check(row["size"], row["decoded_size"], metadata):
            yield f"{place}.{inner}", what


def _preload(preload: list[Any], table: list[Any]) -> Iterator[Fault]:
    if len(preload) > ENTRY_LIMIT:
        yield "$.preload", f"has {len(preload)} rows, and {ENTRY_LIMIT} are allowed"
        return
    bank_types = {
        row["asset_id"]: row.get("bank_type")
        for row in table
        if isinstance(row, dict) and _is_id(row.get("asset_id")) and isinstance(row.get("bank_type"), str)
    }
    last_id = 0
    slots: dict[Any, int] = {}
    for index, row in enumerate(preload):
        place = f"$.preload[{index}]"
        shape = list(_shape(row, place, _PRELOAD))
        yield from shape
        if shape:
            continue
        asset_id, slot = row["asset_id"], row["slot"]
        if not _is_id(asset_id) or asset_id not in bank_types:
            yield f"{place}.asset_id", "is not in the asset table"
            continue
        if asset_id <= last_id:
            yield f"{place}.asset_id", f"is {asset_id} after {last_id}, and ids must increase"
        last_id = asset_id
        bank_type = bank_types[asset_id]
        due = slots.get(bank_type, 0)
        slots[bank_type] = due + 1
        if not _is_count(slot) or slot != due:
            yield f"{place}.slot", f"must be {due}: slots of `{bank_type}` are dealt out from 0"


def _name_fault(name: Any) -> str | None:
    if not isinstance(name, str) or not name:
        return "must be a string that is not empty"
    if _UNPRINTABLE.search(name):  # not str.isprintable, which differs from one Python to the next
        return "holds a control character"
    if len(name.encode()) > NAME_LIMIT:
        return f"is longer than {NAME_LIMIT} bytes"
    return None


def _is_id(value: Any) -> bool:
    return type(value) is int and 1 <= value <= _ID_LIMIT


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < _INTEGER_LIMIT
