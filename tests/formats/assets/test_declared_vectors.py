"""The vectors of declarations: what is committed is what the script makes, and each becomes what it must, or is refused."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import make_declared
import pytest
from sources import Sources

from packaging_targets.formats.assets.banks.encoding import encode
from packaging_targets.formats.assets.declared.checks import CheckedAssets, check_assets
from packaging_targets.formats.assets.declared.declaration import AssetTree
from packaging_targets.formats.assets.diagnostics import AssetsError, Diagnostic
from packaging_targets.model.digest import Digest

pytest.importorskip("deflate")
FOLDER = Path(make_declared.__file__).parent
VECTORS: list[dict[str, Any]] = json.loads((FOLDER / "declared.json").read_text("utf-8"))
VALID = [vector for vector in VECTORS if vector["verdict"] == "valid"]
REFUSED = [vector for vector in VECTORS if vector["verdict"] == "refused"]
ROOT = "assets/it/"


def name(vector: dict[str, Any]) -> str:
    return str(vector["case"])


def files_of(vector: dict[str, Any]) -> dict[str, bytes]:
    """Return the files of a case as paths of a workspace."""
    folder = FOLDER / "declared" / vector["case"]
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    padded = vector.get("padded", {})
    return {f"{ROOT}{path}": data.ljust(padded.get(path, 0)) for path, data in files.items()}


def checked(vector: dict[str, Any], files: dict[str, bytes]) -> CheckedAssets:
    links = {f"{ROOT}{path}": target for path, target in vector.get("links", {}).items()}
    return check_assets(AssetTree({**dict.fromkeys(files), **links}, files.__getitem__))


def told(diagnostics: Iterable[Diagnostic]) -> list[dict[str, str]]:
    """Return each place that something is wrong with, as vectors have it."""
    found = {(one.code, one.file.removeprefix(ROOT), one.place) for one in diagnostics}
    return [{"code": code, "file": file, "place": place} for code, file, place in sorted(found)]


def test_what_is_committed_is_what_the_script_makes() -> None:
    made = dict(make_declared.made())
    folders = (FOLDER / "declared", FOLDER / "projects")
    committed = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    committed |= {FOLDER / path for path in made if "/" not in path}
    differing = [
        path for path, data in made.items() if (FOLDER / path) in committed and (FOLDER / path).read_bytes() != data
    ]
    assert differing == [], "run `python tests/vectors/make_declared.py`"
    assert {path.relative_to(FOLDER).as_posix() for path in committed} == set(made)


def test_there_are_many_and_they_are_small() -> None:
    assert len({vector["case"] for vector in VECTORS}) == len(VECTORS)
    assert len(VALID) >= 100
    assert len(REFUSED) >= 150
    assert sum(len(data) for _, data in make_declared.made()) < 600_000


@pytest.mark.parametrize("vector", VALID, ids=name)
def test_a_declaration_that_is_valid(vector: dict[str, Any]) -> None:
    files = files_of(vector)
    found = checked(vector, files)
    assert found.blocking == ()
    (asset,) = found.assets
    out = io.BytesIO()
    encoded = encode(asset.format, asset.params, Sources(files), out)
    assert told([*found.advisory, *encoded.advisories]) == vector["advisories"]
    assert {**asset.metadata, **encoded.metadata} == vector["metadata"]
    assert (encoded.size, encoded.decoded_size) == (vector["size"], vector["decoded_size"])
    assert len(out.getvalue()) == vector["size"]
    assert Digest.of(out.getvalue()).hex == vector["sha256"]


@pytest.mark.parametrize("vector", REFUSED, ids=name)
def test_a_declaration_that_is_refused(vector: dict[str, Any]) -> None:
    files = files_of(vector)
    found = checked(vector, files)
    diagnostics = found.blocking
    if not diagnostics:
        (asset,) = found.assets
        with pytest.raises(AssetsError) as caught:
            encode(asset.format, asset.params, Sources(files), io.BytesIO())
        diagnostics = tuple(one for one in caught.value.diagnostics if one.is_blocking)
    assert told(diagnostics) == vector["diagnostics"]
