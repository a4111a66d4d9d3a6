"""Which assets are built, and the id of each: from the registry in the workspace, or from the target.

The registry is `.prometeu/index.json` in the folder that holds the assets; where it is among the sources, it
alone decides. Otherwise every asset.json among the sources is built, and the target's `ids` gives each its
id.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging_targets import Context, Problem, RequestError

from ._findings import Findings, choices, parse, shown

REGISTRY = ".prometeu/index.json"
SCHEMA_VERSION = 1

_ID_LIMIT = (1 << 31) - 1
_ENTRY = {"asset_id": int, "asset_uuid": str, "root": str, "included_in_build": bool}


@dataclass(frozen=True, slots=True)
class Registered:
    """A row of the registry; `file` is the workspace path of its asset.json, `path` that of the row in the registry."""

    asset_id: int
    uuid: str
    file: str
    included: bool
    path: str


def find_registry(context: Context) -> str | None:
    """Return the registry among the sources, of which there may be one."""
    found = [source for source in context.sources() if f"/{source}".endswith(f"/{REGISTRY}")]
    if len(found) > 1:
        fix = "name one folder of assets in `srcs`"
        context.fail(f"there are two registries: `{found[0]}` and `{found[1]}`", field="$.srcs", fix=fix)
    return found[0] if found else None


def read_registry(context: Context, path: str) -> list[Registered]:
    """Return the rows of the registry. Raises RequestError with all that is wrong with them."""
    findings = Findings(path, context.target.label)
    value = parse(context.read(path), findings)
    rows: list[Registered] = []
    if value is not None:
        top = findings.members(value, "$", {"schema_version": int, "next_asset_id": int, "assets": list}, {})
        version = top.get("schema_version", SCHEMA_VERSION)
        if version != SCHEMA_VERSION:
            findings.add("$.schema_version", f"`schema_version` is {version}, and only {SCHEMA_VERSION} is known")
        rows = _rows(top, posixpath.dirname(posixpath.dirname(path)), findings)
    if findings.problems:
        raise RequestError(*findings.problems)
    return rows


def ids_of_target(context: Context, names: Mapping[str, str]) -> dict[str, int]:
    """Return the id of each asset in `names` (name to file), from the target's `ids`."""
    ids: Mapping[str, int] = context.target.fields.get("ids", {})
    by_id: dict[int, str] = {}
    for name, asset_id in ids.items():
        if by_id.setdefault(asset_id, name) != name:
            context.fail(
                f"`{by_id[asset_id]}` and `{name}` have one id, {asset_id}",
                field="$.ids",
                fix=f"give `{name}` the next one: {max(by_id) + 1}",
            )
    free = max(by_id, default=0)
    problems = []
    for name in sorted(names.keys() - ids.keys()):
        free += 1
        unused = sorted(ids.keys() - names.keys())
        hint = choices(name, unused) if unused else ""
        fix = hint if hint.startswith("did you mean") else f'add to ids: "{name}" = {free}'
        problems.append(Problem(names[name], f"the asset `{name}` has no id", fix))
    if problems:
        raise RequestError(*problems)
    return {name: ids[name] for name in names}


def _rows(top: Mapping[str, Any], folder: str, findings: Findings) -> list[Registered]:
    found: list[Registered] = []
    seen: dict[str, set[Any]] = {"asset_id": set(), "asset_uuid": set(), "root": set()}
    for at, item in enumerate(top.get("assets", [])):
        place = f"$.assets[{at}]"
        row = findings.members(item, place, _ENTRY, {})
        for name, values in seen.items():
            if row.get(name) in values:
                findings.add(f"{place}.{name}", f"`{name}` is {shown(row[name])} in two rows")
            elif name in row:
                values.add(row[name])
        if row.keys() < _ENTRY.keys():
            continue
        if not 1 <= row["asset_id"] < min(top.get("next_asset_id", _ID_LIMIT + 1), _ID_LIMIT + 1):
            what = f"the id {row['asset_id']} was never given out: `next_asset_id` is {top.get('next_asset_id')}"
            findings.add(f"{place}.asset_id", what)
        file = posixpath.normpath(posixpath.join(folder, row["root"], "asset.json"))
        included = row["included_in_build"]
        found.append(Registered(row["asset_id"], row["asset_uuid"], file, included, place))
    return found
