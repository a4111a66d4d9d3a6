"""The vectors of what becomes of ids: changes of a registry, and what it is after each."""

from __future__ import annotations

import json
from collections.abc import Callable
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
    changes: dict[str, Callable[[], Registry]] = {
        "register": lambda: registry.registered(step["asset_uuid"], step["root"]),
        "forget": lambda: registry.forgotten(asset_id),
        "include": lambda: registry.included(asset_id, included=True),
        "exclude": lambda: registry.included(asset_id, included=False),
        "move": lambda: registry.moved({asset_id: step["root"]}),
        "quarantine": lambda: registry.quarantined(asset_id),
        "restore": lambda: registry.restored(asset_id),
        "discard": lambda: registry.discarded(asset_id),
    }
    return changes[step["do"]]()


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
