"""Reading an asset.json whose mistakes are many."""

from __future__ import annotations

import json

from games import hero

from packaging_targets.formats.assets.declared.checks import check_assets
from packaging_targets.formats.assets.declared.declaration import AssetTree


def test_of_many_files_that_are_not_there_the_first_few_are_looked_for() -> None:
    inputs = {"sprites": [f"art/{number}.png" for number in range(20)]}
    raw = json.dumps(hero(inputs=inputs, artifacts=[{"index": 0, "file": "art/0.png"}])).encode()
    files = {
        "hero/asset.json": raw,
        **{f"hero/arts/{number}.png": b"" for number in range(20)},
        "heroes/art/7.png": b"",
    }
    checked = check_assets(AssetTree(dict.fromkeys(files), files.__getitem__, remedy="add it"))
    found = [one for one in checked.blocking if one.code == "input-missing"]
    fixes = {one.what: one.fix for one in found}
    assert len(fixes) == 20
    assert [fixes[f"there is no file `art/{number}.png`"] for number in range(5)] == [
        f"did you mean `arts/{number}.png`?" for number in range(5)
    ]
    assert {fixes[f"there is no file `art/{number}.png`"] for number in range(5, 20)} == {"add it"}
