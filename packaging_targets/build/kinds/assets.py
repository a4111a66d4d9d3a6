"""`assets_pa/1`: encoded banks become one `assets.pa` and its companions.

Params: `assets`, each `{"asset_id", "asset_name", "bank_type", "bank", "facts", "metadata", "preload",
"tooling"}`, where `bank` and `facts` name inputs that a bank's own action made, `metadata` is what the author
declared, and `tooling` is for `asset_table_metadata.json` alone. Outputs: the pack, its asset table, its
preload list, the tooling's file. The payload streams from the banks to the pack.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from packaging_targets.errors import BuildError
from packaging_targets.formats.assets.pack import Bank, Header, tooling_json, write_assets_pa

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging_targets.model.action import Action, Step


def run(action: Action, step: Step) -> None:
    """Assemble the pack."""
    assets = sorted(action.params["assets"], key=lambda asset: int(asset["asset_id"]))
    header = Header.lay_out(_bank(asset, step) for asset in assets)
    pack, table, preload, tooling = action.outputs
    with step.create(pack) as out:
        write_assets_pa(out, header, [partial(step.open, asset["bank"]) for asset in assets])
    companions = {
        table: header.companions["asset_table.json"],
        preload: header.companions["preload.json"],
        tooling: tooling_json(asset["tooling"] for asset in assets),
    }
    for path, companion in companions.items():
        with step.create(path) as out:
            out.write(companion)


def _bank(asset: Mapping[str, Any], step: Step) -> Bank:
    with step.open(asset["facts"]) as stream:
        facts = json.load(stream)
    if both := sorted(asset["metadata"].keys() & facts["metadata"].keys()):
        raise BuildError.one(
            f"the metadata of `{asset['asset_name']}` may not have {', '.join(f'`{key}`' for key in both)}: "
            "the encoder writes it",
            asset["facts"],
        )
    return Bank(
        asset["asset_id"],
        asset["asset_name"],
        asset["bank_type"],
        step.info(asset["bank"]).size,
        facts["decoded_size"],
        {**asset["metadata"], **facts["metadata"]},
        asset["preload"],
    )
