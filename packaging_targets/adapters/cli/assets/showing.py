"""`show`: one asset, a pack, or one entry of a pack, on a page for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.assets.telling import diagnose, project_of
from packaging_targets.adapters.output import counted, table, tell
from packaging_targets.errors import RequestError

if TYPE_CHECKING:
    from argparse import Namespace

    from packaging_targets.formats.assets.entries import AssetEntry
    from packaging_targets.services.assets.reading.details import Details
    from packaging_targets.services.assets.reading.packs import PackContents

_LISTED = 8  # artifacts that people read one by one


def asset(options: Namespace) -> int:
    """Tell all of one asset."""
    from packaging_targets.services.assets.reading.details import details

    found = details(project_of(options), options.asset)
    code = tell(options, found.to_json(), list(_asset_lines(found)))
    if options.format == "text":
        diagnose(found.diagnostics)
    return code


def _asset_lines(found: Details) -> Iterator[str]:
    one = found.asset
    facts: list[tuple[str, object]] = [
        ("id", one.asset_id or "none: it is not registered"),
        ("uuid", one.uuid or "-"),
        ("folder", one.root if one.root == one.home else f"{one.root}  (the registry says {one.home})"),
        ("state", f"{one.state}, {'in the build' if one.included else 'not in the build'}"),
        ("type", one.type or "?"),
        ("format", one.format or "?"),
        ("preload", "no" if found.slot is None else f"at boot, slot {found.slot}"),
    ]
    yield from table([(one.name or one.root,)])
    yield from _block(facts)
    yield from _declared(found.declaration or {})
    if found.inputs:
        yield "inputs"
        sizes = ("not there" if one.size is None else counted(one.size, "byte") for one in found.inputs)
        yield from _block([(one.role, f"{one.path}  {size}") for one, size in zip(found.inputs, sizes, strict=True)])
    fault = f"build/assets.pa is of no use: {found.fault}" if found.fault else "not in build/assets.pa"
    yield "in build/assets.pa" if found.packed else fault
    yield from _entry_lines(found.packed) if found.packed else ()


def _declared(declaration: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an asset.json says of what goes in; its shape is what somebody wrote, and may be any."""
    artifacts, output = declaration.get("artifacts"), declaration.get("output")
    if isinstance(artifacts, list) and artifacts:
        yield f"artifacts  {len(artifacts):,}"
        yield from _block([_artifact(row) for row in artifacts[:_LISTED]])
        if len(artifacts) > _LISTED:
            yield f"  and {len(artifacts) - _LISTED:,} more"
    for name in ("metadata", "pipeline", "codec_configuration"):
        part = output.get(name) if isinstance(output, dict) else None
        if isinstance(part, dict) and part:
            yield name
            yield from _block([row for key, value in part.items() for row in _member(key, value)])


def _artifact(row: Any) -> tuple[str, str, str]:
    """Return an artifact as its number, its file and all else."""
    if not isinstance(row, dict):
        return "?", _short(row), ""
    more = ", ".join(f"{key} {_short(value)}" for key, value in row.items() if key not in {"index", "file"})
    return str(row.get("index", "?")), str(row.get("file", "?")), more


def _member(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield a member of the output; palettes, which everybody has, are told one by one, and not as JSON."""
    if key != "palettes" or not isinstance(value, list):
        yield key, _short(value)
        return
    for row in value:
        palette = row.get("palette") if isinstance(row, dict) else None
        colors = palette.get("colors", palette.get("file")) if isinstance(palette, dict) else None
        told = " ".join(map(str, colors)) if isinstance(colors, list) else _short(colors or row)
        yield (f"palette {row.get('index', '?')}" if isinstance(row, dict) else "palette ?"), told


def pack(options: Namespace) -> int:
    """Tell what a pack holds, or one entry of it."""
    from packaging_targets.services.assets.reading.packs import look_into

    if options.asset and not options.asset.isdecimal():
        raise RequestError.one(
            f"`{options.asset}` is no id", options.pack, "write the number that show --pack FILE lists"
        )
    found = look_into(options.pack, verify=options.verify)
    if not options.asset:
        return tell(options, found.to_json(), list(_pack_lines(found)))
    entry = found.entry(int(options.asset))
    slot = found.slots.get(entry.asset_id)
    facts: list[tuple[str, object]] = [("preload", "no" if slot is None else f"at boot, slot {slot}")]
    if entry.asset_id in found.digests:
        facts.append(("sha256", found.digests[entry.asset_id]))
    lines = [*table([(f"{entry.asset_name}  (asset {entry.asset_id})",)]), *_entry_lines(entry), *_block(facts)]
    return tell(options, found.row(entry), lines)


def _pack_lines(found: PackContents) -> Iterator[str]:
    banks = sum(entry.size for entry in found.entries)
    yield f"{found.path}: {counted(len(found.entries), 'asset')}, {counted(banks, 'byte')} of banks"
    if not found.entries:
        return
    digests = ("sha256",) if found.digests else ()
    rows: list[tuple[object, ...]] = [("id", "name", "bank", "offset", "size", "decoded", "slot", *digests)]
    for entry in found.entries:
        digest = (found.digests[entry.asset_id],) if found.digests else ()
        sizes = (entry.offset, entry.size, entry.decoded_size)
        slot = found.slots.get(entry.asset_id, "-")
        rows.append((entry.asset_id, entry.asset_name, entry.bank_type, *sizes, slot, *digest))
    yield from table(rows, right=(0, 3, 4, 5, 6))


def _entry_lines(entry: AssetEntry) -> Iterator[str]:
    yield from _block(
        [
            ("bank", entry.bank_type),
            ("codec", entry.codec),
            ("offset", f"{entry.offset:,}"),
            ("size", counted(entry.size, "byte")),
            ("decoded", counted(entry.decoded_size, "byte")),
            *((f"metadata.{key}", _short(value)) for key, value in sorted(entry.metadata.items())),
        ]
    )


def _block(facts: Sequence[Sequence[object]]) -> list[str]:
    return [f"  {line}" for line in table(facts)] if facts else []


def _short(value: Any) -> str:
    """Return a value as JSON, cut where it is long; escaped, since a foreign pack may hold anything."""
    text = json.dumps(value)
    return text if len(text) <= 160 else f"{text[:157]}..."  # noqa: PLR2004  # two lines of a terminal
