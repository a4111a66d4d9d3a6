"""`asset_pack`: every asset.json among the sources becomes a bank, and the banks become one `assets.pa`.

    asset.json + files ──glyph/1, sounds/1──▶ banks/<asset>.bin, .json ──assets_pa/1──▶ assets.pa and its
    companions

Each asset is an action of its own, so that one changed tile encodes one bank.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from packaging_targets import Action, Context, Problem, RequestError

from ._declaration import FILE, Asset, read_asset
from ._findings import Findings
from ._formats import FORMATS
from ._ids import Registered, find_registry, ids_of_target, read_registry

_PACK = ("assets.pa", "asset_table.json", "preload.json", "asset_table_metadata.json")


def analyse(context: Context) -> Sequence[Action]:
    """Return an action for each asset, in order of its id, and the one that assembles the pack."""
    sources = context.sources()
    registry = find_registry(context)
    files = [source for source in sources if posixpath.basename(source) == FILE]
    if registry is None:
        assets = _read(context, files)
        ids = ids_of_target(context, {asset.name: asset.file for asset in assets})
    else:
        rows = _registered(context, registry, files)
        assets = _read(context, [row.file for row in rows])
        ids = _matched(assets, rows, Findings(registry, context.target.label))
    if not assets:
        context.fail("there is no asset to pack", field="$.srcs", fix=f"declare one in {FILE}")
    assets.sort(key=lambda asset: ids[asset.name])
    return [*(_encode(context, asset) for asset in assets), _assemble(context, assets, ids)]


def _read(context: Context, files: Sequence[str]) -> list[Asset]:
    """Read the declarations in `files`. Raises RequestError with all that is wrong with any of them."""
    sources = frozenset(context.sources())
    read: list[tuple[Asset, Findings]] = []
    problems: list[Problem] = []
    for file in files:
        findings = Findings(file, context.target.label)
        if (asset := read_asset(context, file, sources, findings)) is not None:
            read.append((asset, findings))
        problems += findings.problems
    problems += _clashes(read)
    if problems:
        raise RequestError(*problems)
    return [asset for asset, _ in read]


def _clashes(read: Sequence[tuple[Asset, Findings]]) -> Iterator[Problem]:
    """Yield what two assets may not have in common."""
    names: dict[str, Asset] = {}
    uuids: dict[str, Asset] = {}
    for asset, findings in read:
        # Banks are files named after their assets, and some file systems do not tell case apart.
        if (other := names.setdefault(asset.name.casefold(), asset)) is not asset:
            what = f"`{asset.name}` is the name of `{other.file}` too"
            yield findings.problem("$.name", what, "rename one")
        if (other := uuids.setdefault(asset.uuid, asset)) is not asset:
            what = f"`{asset.uuid}` is the UUID of `{other.file}` too"
            yield findings.problem("$.asset_uuid", what, "give a copied asset a UUID of its own")


def _registered(context: Context, registry: str, files: Sequence[str]) -> list[Registered]:
    """Return the rows that are in the build; warn of assets that the registry does not know."""
    if context.target.fields.get("ids"):
        context.fail(f"`ids` are given, and `{registry}` too", field="$.ids", fix="remove ids")
    known = read_registry(context, registry)
    rows = [row for row in known if row.included]
    lost = [row for row in rows if row.file not in files]
    if lost:
        fix = "move it back, or take it out of the build"
        findings = Findings(registry, context.target.label)
        raise RequestError(*(findings.problem(row.path, f"there is no source `{row.file}`", fix) for row in lost))
    for file in sorted(set(files) - {row.file for row in known}):
        context.warn("the asset is not registered, and is left out", where=file, fix=f"add it to {registry}")
    return rows


def _matched(assets: Sequence[Asset], rows: Sequence[Registered], findings: Findings) -> dict[str, int]:
    by_file = {row.file: row for row in rows}
    for asset in assets:
        if by_file[asset.file].uuid != asset.uuid:
            findings.add(by_file[asset.file].path, f"the UUID is not that of `{asset.file}`, `{asset.uuid}`")
    if findings.problems:
        raise RequestError(*findings.problems)
    return {asset.name: by_file[asset.file].asset_id for asset in assets}


def _encode(context: Context, asset: Asset) -> Action:
    return Action(
        kind=FORMATS[asset.format].kind,
        params=asset.params,
        inputs=asset.inputs,
        outputs=_bank(context, asset),
        name=asset.name,
        title=f"encode {asset.name}",
    )


def _assemble(context: Context, assets: Sequence[Asset], ids: Mapping[str, int]) -> Action:
    return Action(
        kind="assets_pa/1",
        params={"assets": [_row(context, asset, ids[asset.name]) for asset in assets]},
        inputs=tuple(path for asset in assets for path in _bank(context, asset)),
        outputs=tuple(_output(context, name) for name in _PACK),
        name="assets.pa",
        title=f"assemble {len(assets)} asset{'s' if len(assets) > 1 else ''}",
    )


def _row(context: Context, asset: Asset, asset_id: int) -> dict[str, Any]:
    bank, facts = _bank(context, asset)
    return {
        "asset_id": asset_id,
        "asset_name": asset.name,
        "bank": bank,
        "bank_type": FORMATS[asset.format].bank_type,
        "facts": facts,
        "metadata": dict(asset.metadata),
        "preload": asset.preload,
        "tooling": {
            "asset_uuid": asset.uuid,
            "declaration": asset.file,
            "format": asset.format,
            "pipeline": dict(asset.pipeline),
            "type": asset.type,
        },
    }


def _bank(context: Context, asset: Asset) -> tuple[str, str]:
    return _output(context, f"banks/{asset.name}.bin"), _output(context, f"banks/{asset.name}.json")


def _output(context: Context, name: str) -> str:
    return context.output(f"{context.target.label.name}/{name}")
