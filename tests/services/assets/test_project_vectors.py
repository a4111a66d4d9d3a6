"""The vectors of whole projects, built by the service, and by the rule where ids are those of a target."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from packaging_targets.adapters.testing import Workspace
from packaging_targets.build.planning.analysis import analyse
from packaging_targets.build.planning.context import AnalysisContext, Offered
from packaging_targets.build.planning.sources import find_sources
from packaging_targets.errors import PackagingError
from packaging_targets.formats.assets.declared.checks import check_assets
from packaging_targets.formats.assets.declared.declaration import AssetTree
from packaging_targets.formats.assets.diagnostics import AssetsError, Diagnostic
from packaging_targets.model.label import Label
from packaging_targets.model.target import Target, Where
from packaging_targets.services.assets.building.build import build
from packaging_targets.services.assets.project import Project
from packaging_targets.workspace.rules.rulebook import Rulebook
from packaging_targets.workspace.settings import Settings

pytest.importorskip("deflate")
FOLDER = Path(__file__).parents[2] / "vectors"
VECTORS: list[dict[str, Any]] = json.loads((FOLDER / "projects.json").read_text("utf-8"))
INDEX = "assets/.prometeu/index.json"


def some(verdict: str, *, ids: bool) -> list[Any]:
    chosen = (vector for vector in VECTORS if vector["verdict"] == verdict and ("ids" in vector) == ids)
    return [pytest.param(vector, id=vector["project"]) for vector in chosen]


def placed(vector: dict[str, Any], root: Path) -> Path:
    """Copy a project to where it may be built."""
    source = FOLDER / "projects" / vector["project"]
    root.mkdir(exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, root, dirs_exist_ok=True)
    return root


def told(diagnostics: Iterable[Diagnostic]) -> list[dict[str, str]]:
    return [{"code": one.code, "file": one.file, "place": one.place} for one in sorted(set(diagnostics), key=_key)]


def _key(one: Diagnostic) -> tuple[str, str, str]:
    return one.code, one.file, one.place


def digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


@pytest.mark.parametrize("vector", some("valid", ids=False))
def test_a_project_that_is_valid(vector: dict[str, Any], tmp_path: Path) -> None:
    root = placed(vector, tmp_path / "game")
    before = (root / INDEX).read_bytes()
    built = build(Project(str(root)))
    assert told(built.advisories) == vector["advisories"]
    assert [
        {"asset_id": asset.asset_id, "asset_name": asset.name, "root": asset.root} for asset in built.assets
    ] == vector["assets"]
    assert digests(root / "build", vector["outputs"]) == vector["outputs"]
    assert (root / INDEX).read_bytes() == before, "a build gives no ids"


@pytest.mark.parametrize("vector", some("refused", ids=False))
def test_a_project_that_is_refused(vector: dict[str, Any], tmp_path: Path) -> None:
    root = placed(vector, tmp_path / "game")
    with pytest.raises(AssetsError) as caught:
        build(Project(str(root)))
    assert told(one for one in caught.value.diagnostics if one.is_blocking) == vector["diagnostics"]


@pytest.mark.parametrize("vector", some("valid", ids=True))
def test_ids_of_a_target(vector: dict[str, Any], tmp_path: Path) -> None:
    ws = Workspace(placed(vector, tmp_path / "game"))
    ids = ", ".join(f"{name} = {asset_id}" for name, asset_id in vector["ids"].items())
    ws.write(
        {"TARGETS.toml": f'[workspace]\n\n[[asset_pack]]\nname = "pack"\nsrcs = ["assets/**"]\nids = {{ {ids} }}\n'}
    )
    run = ws.build()
    assert run.exit_code == 0, run.output
    assert digests(ws.path("dist/pack"), vector["outputs"]) == vector["outputs"]


@pytest.mark.parametrize("vector", some("refused", ids=True))
def test_ids_of_a_target_that_are_refused(vector: dict[str, Any], tmp_path: Path) -> None:
    """Where an asset is to blame, the check has the code of it; what is about ids has none."""
    root = placed(vector, tmp_path / "game")
    with contextlib.chdir(root):
        files = {path.as_posix(): path.read_bytes() for path in Path("assets").rglob("*") if path.is_file()}
        found = told(check_assets(AssetTree(dict.fromkeys(files), files.__getitem__)).blocking)
        if not found:
            found = [{"code": "", "file": file, "place": place} for file, place in analysed(vector["ids"])]
    assert found == vector["diagnostics"]


def analysed(ids: dict[str, int]) -> list[tuple[str, str]]:
    """Return the files and places that the rule finds fault with, in the current folder."""
    fields = {"srcs": ["assets/**"], "exclude": [], "deps": [], "ids": ids}
    target = Target(
        Label("", "pack"), "asset_pack", fields, (), Where("TARGETS.toml", 1), (("assets/**", "$.srcs[0]"),)
    )
    settings = Settings(str(Path.cwd()))
    offered = Offered((), {}, frozenset())
    sources = find_sources(settings, target, ())
    context = AnalysisContext(settings, target, sources, lambda _: offered, lambda _: False, lambda _: "-")
    with pytest.raises(PackagingError) as caught:
        analyse(context, Rulebook("").rule("asset_pack"))
    return [(problem.where.partition(":")[0], problem.field) for problem in caught.value.problems]


def test_wherever_assets_lie_the_pack_is_the_same() -> None:
    """What I5 promises, seen in the vectors themselves."""
    packs = {vector["project"]: vector.get("outputs", {}).get("assets.pa") for vector in VECTORS}
    names = (
        "two",
        "two-in-another-order",
        "moved",
        "swapped",
        "moved-into-the-place-of-another",
        "moved-and-replaced",
        "copied",
    )
    assert len({packs[f"valid/{name}"] for name in names}) == 1
