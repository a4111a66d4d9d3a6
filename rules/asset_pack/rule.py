"""`asset_pack`: every asset.json among the sources becomes a bank, and the banks become one `assets.pa`.

    asset.json + files ──glyph/1, sounds/1──▶ banks/<asset>.bin, .json ──assets_pa/1──▶ assets.pa and its
    companions

Each asset is an action of its own, so that one changed tile encodes one bank. What is checked, and what is made, is
the same as by `packaging assets build`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from packaging_targets import Action, Asset, AssetTree, Context, check_assets, find_registries

from ._ids import ids_of_target

_PACK = ("assets.pa", "asset_table.json", "preload.json", "asset_table_metadata.json")


def analyse(context: Context) -> Sequence[Action]:
    """Return an action for each asset, in order of its id, and the one that assembles the pack."""
    assets = _assets(context)
    if not assets:
        context.fail("there is no asset to pack", field="$.srcs", fix="declare one in asset.json")
    return [*(_encode(context, asset) for asset in assets), _assemble(context, assets)]


def _assets(context: Context) -> Sequence[Asset]:
    """Return the assets that are built, in order of their ids."""
    remedy = "add the file, or a glob for it to srcs"
    tree = AssetTree({path: context.link(path) for path in context.sources()}, context.read, remedy)
    registries = find_registries(tree)
    if len(registries) > 1:
        fix = "name one folder of assets in `srcs`"
        context.fail(f"there are two registries: `{registries[0]}` and `{registries[1]}`", field="$.srcs", fix=fix)
    if registries and context.target.fields.get("ids"):
        context.fail(f"`ids` are given, and `{registries[0]}` too", field="$.ids", fix="remove ids")
    checked = check_assets(tree)
    for one in checked.blocking:
        context.problem(one.what, field=one.place, fix=one.fix, where=one.file)
    for one in checked.advisory:
        context.warn(one.what, field=one.place, fix=one.fix, where=one.file, label=str(context.target.label))
    context.check()
    if registries:
        return checked.assets
    ids = ids_of_target(context, {asset.name: asset.file for asset in checked.assets})
    assets = (replace(asset, asset_id=ids[asset.name]) for asset in checked.assets)
    return sorted(assets, key=lambda asset: asset.asset_id)


def _encode(context: Context, asset: Asset) -> Action:
    return Action(
        kind=asset.made.kind,
        params=asset.params,
        inputs=asset.inputs,
        outputs=_bank(context, asset),
        name=asset.name,
        title=f"encode {asset.name}",
    )


def _assemble(context: Context, assets: Sequence[Asset]) -> Action:
    return Action(
        kind="assets_pa/1",
        params={"assets": [_row(context, asset) for asset in assets]},
        inputs=tuple(path for asset in assets for path in _bank(context, asset)),
        outputs=tuple(_output(context, name) for name in _PACK),
        name="assets.pa",
        title=f"assemble {len(assets)} asset{'s' if len(assets) > 1 else ''}",
    )


def _row(context: Context, asset: Asset) -> dict[str, Any]:
    bank, facts = _bank(context, asset)
    return {
        "asset_id": asset.asset_id,
        "asset_name": asset.name,
        "bank": bank,
        "bank_type": asset.made.bank_type,
        "facts": facts,
        "metadata": dict(asset.metadata),
        "preload": asset.preload,
        "tooling": asset.tooling,
    }


def _bank(context: Context, asset: Asset) -> tuple[str, str]:
    return _output(context, f"banks/{asset.name}.bin"), _output(context, f"banks/{asset.name}.json")


def _output(context: Context, name: str) -> str:
    return context.output(f"{context.target.label.name}/{name}")
