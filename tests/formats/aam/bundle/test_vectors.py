"""The vectors of bundles: those that are good are read, those that are hostile refused, and packages compile as said."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from packaging_targets.errors import IntegrityError
from packaging_targets.formats.aam.bundle.archive import may_write, read_bundle, write_bundle
from packaging_targets.formats.aam.bundle.compiling import compile_bundle
from packaging_targets.formats.aam.bundle.values import TARGETS
from packaging_targets.formats.aam.manifest import MANIFEST
from packaging_targets.formats.aam.package.manifest import parse_manifest
from packaging_targets.formats.aam.package.reader import AgentPackage, PackageFile
from packaging_targets.model.digest import Digest

make_bundles = pytest.importorskip("make_bundles")

FOLDER = Path(__file__).parents[3] / "vectors" / "aam" / "bundles"
VECTORS = json.loads((FOLDER / "bundles.json").read_text("utf-8"))
COMPILED = json.loads((FOLDER / "compiled.json").read_text("utf-8"))
GOOD = [one["file"] for one in VECTORS if one["verdict"] == "good"]
HOSTILE = {one["file"]: one["about"] for one in VECTORS if one["verdict"] == "hostile"}


def test_the_vectors_are_those_of_the_script() -> None:
    for name, text in make_bundles.documents().items():
        assert (FOLDER / name).read_text("utf-8") == text
    made = make_bundles.archives()
    assert {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.aam")} == made.keys() == {*GOOD, *HOSTILE}
    for name, tar in made.items():
        assert gzip.decompress((FOLDER / name).read_bytes()) == tar


@pytest.mark.uaaps("S12.4.structure", "P29", "P35")
@pytest.mark.parametrize("name", GOOD)
def test_a_good_bundle_is_read(name: str) -> None:
    with (FOLDER / name).open("rb") as file:
        bundle = read_bundle(file, name)
    assert bundle.target in TARGETS
    assert MANIFEST in bundle.files
    assert MANIFEST not in bundle.deployed
    out = io.BytesIO()
    write_bundle(out, bundle)
    assert read_bundle(io.BytesIO(out.getvalue()), name) == bundle


@pytest.mark.uaaps("P29", "P35")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_bundle_is_refused(name: str) -> None:
    with (FOLDER / name).open("rb") as file, pytest.raises(IntegrityError) as refused:
        read_bundle(file, name)
    assert HOSTILE[name] in str(refused.value)
    assert all(problem.where.startswith(name) for problem in refused.value.problems)


@pytest.mark.uaaps("P35")
@pytest.mark.parametrize(
    ("path", "told"),
    [
        (
            ".git/hooks/post-checkout",
            "the path `.git/hooks/post-checkout` has a name that is version control's, `.git`",
        ),
        (".github/workflows/x.yml", "`.github/workflows/x.yml` is nothing that a bundle for Cursor may write"),
    ],
)
def test_a_bundle_that_would_run_something_else_is_refused_in_words(path: str, told: str) -> None:
    tar = make_bundles.bundle({**make_bundles.CURSOR, path: "x"})
    with pytest.raises(IntegrityError) as refused:
        read_bundle(io.BytesIO(gzip.compress(tar)), "a.bundle.aam")
    assert str(refused.value) == f"error: {told}\n  at a.bundle.aam"


def test_a_bundle_that_is_no_bundle_is_told_as_what_it_is() -> None:
    tar = make_bundles.packed({MANIFEST: make_bundles.MANIFEST})
    with pytest.raises(IntegrityError) as refused:
        read_bundle(io.BytesIO(gzip.compress(tar)), "a.bundle.aam")
    assert str(refused.value) == (
        "error: there is no `bundle.json` at the root: this is no bundle\n"
        "  at a.bundle.aam\n"
        "  fix: install it as a package: it is called `.aam`"
    )


@pytest.mark.uaaps("P35")
@pytest.mark.parametrize("target", TARGETS)
def test_no_bundle_may_write_where_git_or_a_shell_looks(target: str) -> None:
    for path in (
        ".git/config",
        ".git/hooks/x",
        ".GIT/config",
        "git~1/config",
        ".bashrc",
        ".github/workflows/a.yml",
        ".vscode/tasks.json",
    ):
        assert not may_write(target, path)


def in_memory(files: dict[str, str]) -> AgentPackage:
    manifest = parse_manifest(files[MANIFEST].encode(), MANIFEST)
    held = {path: PackageFile(text.encode()) for path, text in files.items()}
    return AgentPackage(manifest, held, Digest.of(repr(files).encode()))


@pytest.mark.uaaps("S12.4.structure", "P31", "P34")
@pytest.mark.parametrize("case", COMPILED, ids=lambda case: case["target"])
def test_a_package_compiles_to_what_was_written_by_hand(case: dict[str, Any]) -> None:
    pytest.importorskip("yaml")
    bundle = compile_bundle(
        in_memory(case["package"]), [in_memory(one) for one in case["dependencies"]], case["target"]
    )
    assert {path: file.data.decode() for path, file in bundle.deployed.items()} == case["files"]
    assert bundle.files[MANIFEST].data.decode() == case["package"][MANIFEST]
    out = io.BytesIO()
    write_bundle(out, bundle)
    assert read_bundle(io.BytesIO(out.getvalue()), "x").files == bundle.files
    assert [one.where for one in bundle.warnings] == case["warnings"]
    assert bundle.name == case["name"]


@pytest.mark.uaaps("P35")
def test_what_a_bundle_may_not_hold_is_told_in_words() -> None:
    tar = make_bundles.holding(*make_bundles.UNHOLDABLE["permissions"][:4])
    with pytest.raises(IntegrityError) as refused:
        read_bundle(io.BytesIO(gzip.compress(tar)), "a.bundle.aam")
    assert str(refused.value) == (
        "error: it has `permissions`, and a bundle brings `hooks` alone\n  at a.bundle.aam/.claude/settings.json"
    )
