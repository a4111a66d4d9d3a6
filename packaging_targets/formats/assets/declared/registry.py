"""The registry of assets, `.prometeu/index.json`: which folders are assets, and the id of each.

It is a value: each change returns another one, and what is written is one form of that value. An id is given once, in
order, and never again: neither when its asset is forgotten, nor when that is adopted later.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from packaging_targets.errors import RequestError
from packaging_targets.formats.assets.declared.declaration import is_uuid
from packaging_targets.formats.assets.declared.findings import Findings, parse, shown
from packaging_targets.formats.assets.entries import ID_LIMIT

FOLDER = ".prometeu"
INDEX = f"{FOLDER}/index.json"
SCHEMA_VERSION = 1
FILE_LIMIT = 8 << 20
"""The longest registry, in bytes."""

_ROW = {"asset_id": int, "asset_uuid": str, "root": str, "included_in_build": bool}
_TOP = {"schema_version": int, "next_asset_id": int, "assets": list}


@dataclass(frozen=True, slots=True)
class Row:
    """A registered asset; `root` is its folder, relative to the one that holds the registry's.

    `at` is which row of its list it was in the file that was read, where rows stand in any order.
    """

    asset_id: int
    uuid: str
    root: str
    included: bool = True
    at: int = field(default=0, compare=False)

    def to_json(self) -> dict[str, Any]:
        """Return the row as it stands in the file."""
        return {
            "asset_id": self.asset_id,
            "asset_uuid": self.uuid,
            "included_in_build": self.included,
            "root": self.root,
        }


@dataclass(frozen=True, slots=True)
class Registry:
    """Rows in order of their id, the next id to be given, and the rows of what is in quarantine."""

    next_asset_id: int = 1
    rows: tuple[Row, ...] = ()
    quarantine: tuple[Row, ...] = ()

    def row(self, asset_id: int) -> Row:
        """Return the row of an id. Raises LookupError."""
        return next(row for row in self.rows if row.asset_id == asset_id)

    def registered(self, uuid: str, root: str) -> Registry:
        """Give the next id to a folder. Raises RequestError where there are no more ids."""
        if self.next_asset_id > ID_LIMIT:
            raise RequestError.one(f"all {ID_LIMIT} ids have been given", INDEX)
        row = Row(self.next_asset_id, uuid, root)
        return replace(self, next_asset_id=self.next_asset_id + 1, rows=(*self.rows, row))

    def forgotten(self, asset_id: int) -> Registry:
        """Take a row away; its id stays given."""
        return replace(self, rows=tuple(row for row in self.rows if row.asset_id != asset_id))

    def included(self, asset_id: int, *, included: bool) -> Registry:
        """Take an asset into the build, or out of it."""
        changed = replace(self.row(asset_id), included=included)
        return replace(self, rows=tuple(changed if row.asset_id == asset_id else row for row in self.rows))

    def moved(self, roots: Mapping[int, str]) -> Registry:
        """Say where some assets lie now."""
        rows = (replace(row, root=roots.get(row.asset_id, row.root)) for row in self.rows)
        return replace(self, rows=tuple(rows))

    def quarantined(self, asset_id: int) -> Registry:
        """Put a row into quarantine."""
        row = self.row(asset_id)
        return replace(self.forgotten(asset_id), quarantine=_sorted((*self.quarantine, row)))

    def restored(self, asset_id: int) -> Registry:
        """Take a row back out of quarantine, as it was."""
        row = next(row for row in self.quarantine if row.asset_id == asset_id)
        return replace(self.discarded(asset_id), rows=_sorted((*self.rows, row)))

    def discarded(self, *asset_ids: int) -> Registry:
        """Take rows away from quarantine, for good."""
        gone = set(asset_ids)
        return replace(self, quarantine=tuple(row for row in self.quarantine if row.asset_id not in gone))

    def to_bytes(self) -> bytes:
        """Return the file: a row a line, so that changes of two people merge and are easy to read."""
        parts = [
            f'  "assets": {_lines(self.rows)}',
            f'  "next_asset_id": {self.next_asset_id}',
            f'  "quarantine": {_lines(self.quarantine)}',
            f'  "schema_version": {SCHEMA_VERSION}',
        ]
        return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def read_registry(raw: bytes, findings: Findings) -> Registry | None:
    """Return the registry in `raw`, or None where `findings` says why not."""
    value = parse(raw, findings, FILE_LIMIT)
    if value is None:
        return None
    top = findings.members(value, "$", _TOP, {"quarantine": list})
    version = top.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        findings.add("$.schema_version", f"`schema_version` is {version}, and only {SCHEMA_VERSION} is known")
    limit = top.get("next_asset_id", ID_LIMIT + 1)
    if not 1 <= limit <= ID_LIMIT + 1:
        findings.add("$.next_asset_id", f"`next_asset_id` is {limit}, and must be from 1 to {ID_LIMIT + 1}")
    seen: dict[str, set[Any]] = {"asset_id": set(), "asset_uuid": set()}
    rows = _rows(top.get("assets", []), "$.assets", limit, {**seen, "root": set()}, findings)
    # What is in quarantine keeps its id and UUID from being used; its folder's place is free.
    held = _rows(top.get("quarantine", []), "$.quarantine", limit, seen, findings)
    return None if findings.blocking else Registry(limit, _sorted(rows), _sorted(held))


def _rows(
    values: list[Any], path: str, limit: int, seen: Mapping[str, set[Any]], findings: Findings
) -> tuple[Row, ...]:
    found: list[Row] = []
    for at, item in enumerate(values):
        place = f"{path}[{at}]"
        row = findings.members(item, place, _ROW)
        for name, values_seen in seen.items():
            if row.get(name) in values_seen:
                what = f"`{name}` is {shown(row[name])} in two rows"
                findings.add(f"{place}.{name}", what, code="identity-collision")
            elif name in row:
                values_seen.add(row[name])
        if row.keys() == _ROW.keys():
            _check_row(row, place, limit, findings)
            found.append(Row(row["asset_id"], row["asset_uuid"], row["root"], row["included_in_build"], at))
    return tuple(found)


def _check_row(row: Mapping[str, Any], place: str, limit: int, findings: Findings) -> None:
    if not 1 <= row["asset_id"] < min(limit, ID_LIMIT + 1):
        what = f"the id {row['asset_id']} was never given out: `next_asset_id` is {limit}"
        findings.add(f"{place}.asset_id", what)
    if not is_uuid(row["asset_uuid"]):
        findings.add(f"{place}.asset_uuid", f"{shown(row['asset_uuid'])} is no UUID in lower case")
    root = row["root"]
    if root.startswith(("/", "../")) or root in {"", ".", ".."} or posixpath.normpath(root) != root or "\0" in root:
        what = f"{shown(root)} is no folder below that of the assets"
        findings.add(f"{place}.root", what, "write it like `levels/coast`")


def _lines(rows: tuple[Row, ...]) -> str:
    if not rows:
        return "[]"
    lines = (json.dumps(row.to_json(), ensure_ascii=False) for row in rows)
    return "[\n" + ",\n".join(f"    {line}" for line in lines) + "\n  ]"


def _sorted(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: row.asset_id))
