"""The vectors of what becomes of ids: changes of a registry, and what it is after each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from packaging_targets.errors import RequestError
from packaging_targets.formats.assets.declared.findings import Findings
from packaging_targets.formats.assets.declared.registry import Registry, read_registry

FOLDER = Path(__file__).parents[3] / "vectors"
VECTORS: list[dict[str, Any]] = json.loads((FOLDER / "histories.json").read_text("utf-8"))


def read(value: dict[str, Any]) -> Registry:
    registry = read_registry(json.dumps(value).encode(), Findings("index.json", "registry-invalid"))
    assert registry is not None
    return registry


def changed(registry: Registry, step: dict[str, Any]) -> Registry:
    asset_id = step["asset_id"]
    match step["do"]:
        case "register":
            return registry.registered(step["asset_uuid"], step["root"])
        case "forget":
            return registry.forgotten(asset_id)
        case "include" | "exclude":
            return registry.included(asset_id, included=step["do"] == "include")
        case "move":
            return registry.moved({asset_id: step["root"]})
        case "quarantine":
            return registry.quarantined(asset_id)
        case "restore":
            return registry.restored(asset_id)
    assert step["do"] == "discard"
    return registry.discarded(asset_id)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_history(vector: dict[str, Any]) -> None:
    registry = read(vector["start"])
    for step in vector["steps"]:
        if step.get("refused"):
            with pytest.raises(RequestError):
                changed(registry, step)
        else:
            registry = changed(registry, step)
        assert json.loads(registry.to_bytes()) == step["registry"]
        assert registry == read(step["registry"])
