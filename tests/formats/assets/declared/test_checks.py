"""Which files a check of assets looks at."""

from __future__ import annotations

import json

from games import UUID, jump, wav

from packaging_targets.formats.assets.declared.checks import check_assets, find_registries
from packaging_targets.formats.assets.declared.declaration import AssetTree
from packaging_targets.formats.assets.declared.registry import Registry, Row


def test_of_nested_registries_the_outer_one_counts() -> None:
    registry = Registry(2, (Row(1, f"{UUID}01", "jump"),)).to_bytes()
    bank = {f"assets/jump/{name}": wav(1, 2, 3) for name in ("up.wav", "down.wav")}
    files = {
        **bank,
        "assets/jump/asset.json": json.dumps(jump()).encode(),
        "assets/.prometeu/index.json": registry,
        "assets/-/.prometeu/index.json": b"another project's",
        "assets/-/.prometeu/quarantine/1/asset.json": b"not ours",
    }
    tree = AssetTree(dict.fromkeys(files), files.__getitem__)
    assert find_registries(tree) == ["assets/.prometeu/index.json"]
    checked = check_assets(tree)
    assert ([asset.asset_id for asset in checked.assets], checked.diagnostics) == ([1], ())


def test_registries_beside_each_other_are_two() -> None:
    paths = ["a/.prometeu/index.json", "ab/.prometeu/index.json"]
    assert find_registries(AssetTree(dict.fromkeys(paths), lambda path: b"")) == paths
