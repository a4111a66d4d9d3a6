"""The vectors of `.prometeu/index.json`, read by the rule `asset_pack`: the place of each problem is what counts."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from packaging_targets.adapters.testing import Workspace
from packaging_targets.build.planning.analysis import analyse
from packaging_targets.build.planning.context import AnalysisContext, Offered
from packaging_targets.build.planning.sources import find_sources
from packaging_targets.errors import PackagingError
from packaging_targets.model.label import Label
from packaging_targets.model.target import Target, Where
from packaging_targets.workspace.rules.rulebook import Rulebook
from packaging_targets.workspace.settings import Settings

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "registry.json").read_text("utf-8"))
REGISTRY = "game/assets/.prometeu/index.json"


def problems(ws: Workspace) -> list[str]:
    """Return the places in the registry that the rule finds fault with."""
    fields = {"srcs": ["assets/**"], "exclude": [], "deps": []}
    where = Where("game/TARGETS.toml", 1)
    target = Target(Label("game", "pack"), "asset_pack", fields, (), where, (("assets/**", "$.srcs[0]"),))
    with contextlib.chdir(ws.root):
        settings = Settings(str(ws.root))
        sources = find_sources(settings, target, ())
        offered = Offered((), {}, frozenset())
        context = AnalysisContext(settings, target, sources, lambda _: offered, lambda _: False, lambda _: "-")
        try:
            analyse(context, Rulebook("").rule("asset_pack"))
        except PackagingError as error:
            return [problem.field for problem in error.problems if problem.where == REGISTRY]
    return []


@pytest.mark.statement("I2")
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_registry(ws: Workspace, vector: dict[str, Any]) -> None:
    ws.write({"game/TARGETS.toml": "", REGISTRY: vector["text"]})
    assert problems(ws) == vector["problems"]
