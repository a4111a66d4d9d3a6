"""The vectors of names, tags, packlists and archives: all that they say is so, and they are what their script makes."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from aam_archives import archives
from make_aam import FOLDER, NAMES, PACKLISTS, TAGS, rows_of_archives

from packaging_targets.errors import IntegrityError
from packaging_targets.formats.aam.names import PackageName, name_faults, tag_fault
from packaging_targets.formats.aam.package.manifest import parse_manifest
from packaging_targets.formats.aam.package.packlist import select
from packaging_targets.formats.aam.package.paths import nfc
from packaging_targets.formats.aam.package.reader import read_manifest, read_package


def rows(name: str, key: str) -> list[Any]:
    """Return the vectors of a file as parameters, each marked with what it shows."""
    found = json.loads((FOLDER / name).read_text("utf-8"))
    return [pytest.param(row, marks=pytest.mark.uaaps(*row["ids"]), id=ascii(row[key])) for row in found]


def unpacked(data: bytes) -> bytes:
    """Return what a file holds, or itself where it is damaged: other versions of zlib make other bytes."""
    try:
        return zlib.decompress(data, 31)
    except zlib.error:
        return data


def test_the_files_are_what_the_script_makes() -> None:
    lists = {"archives": rows_of_archives(), "names": NAMES, "tags": TAGS, "packlists": PACKLISTS}
    for name, made in lists.items():
        assert json.loads((FOLDER / f"{name}.json").read_text("utf-8")) == made
    made_archives = {f"{one.name}.aam": one.data for one in archives()}
    assert {path.name for path in (FOLDER / "archives").iterdir()} == made_archives.keys()
    for name, data in made_archives.items():
        assert unpacked((FOLDER / "archives" / name).read_bytes()) == unpacked(data), name


@pytest.mark.parametrize("row", rows("names.json", "name"))
def test_names(row: dict[str, Any]) -> None:
    assert bool(list(name_faults(row["name"]))) == row.get("refused", False)
    if not row.get("refused"):
        name = PackageName.parse(row["name"])
        assert (name.folder, str(name)) == (row["folder"], row["name"])


@pytest.mark.parametrize("row", rows("tags.json", "tag"))
def test_tags(row: dict[str, Any]) -> None:
    assert bool(tag_fault(row["tag"])) == row.get("refused", False)


@pytest.mark.parametrize("row", rows("packlists.json", "case"))
def test_packlists(row: dict[str, Any]) -> None:
    manifest = parse_manifest(json.dumps({"name": "a", "version": "1.0.0", **row["manifest"]}).encode(), "m")
    selection = select(row["files"], manifest)
    assert [one.where for one in selection.errors] == row["errors"]
    assert [one.where for one in selection.warnings] == row["warnings"]
    if "packed" in row:
        assert list(map(nfc, selection.paths)) == row["packed"]


@pytest.mark.parametrize("row", rows("archives.json", "file"))
def test_archives(row: dict[str, Any]) -> None:
    data = (FOLDER / row["file"]).read_bytes()
    if row["verdict"] == "valid":
        package = read_package(io.BytesIO(data), "x.aam")
        found = {
            path: {"sha256": hashlib.sha256(file.data).hexdigest(), "executable": file.executable}
            for path, file in package.files.items()
        }
        assert found == row["files"]
        assert package.digest.hex == hashlib.sha256(data).hexdigest()
        return
    for read in (read_package,) if "bomb" in row["file"] else (read_package, read_manifest):
        with pytest.raises(IntegrityError) as caught:
            read(io.BytesIO(data), "x.aam")
        (problem,) = caught.value.problems
        assert row["what"] in problem.what
        assert problem.where.startswith("x.aam")


def test_every_kind_of_refusal_has_a_vector() -> None:
    """What the script makes is more than a token of each: a list that was cut short would pass all else."""
    listed = json.loads(Path(FOLDER / "archives.json").read_text("utf-8"))
    assert len([row for row in listed if row["verdict"] == "refused"]) > 70
    assert len([row for row in listed if row["verdict"] == "valid"]) > 10
