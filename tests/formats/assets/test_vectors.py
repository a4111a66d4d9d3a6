"""The vectors of `assets.pa`: what is committed is what the script makes, and our reader says of each what it must say."""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import struct
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from packaging_targets import AssetPack, PackagingError
from packaging_targets.errors import IntegrityError
from packaging_targets.formats.assets.banks import glyph
from packaging_targets.formats.assets.pack import prelude_and_header
from packaging_targets.model.digest import Digest

FOLDER = Path(__file__).parents[2] / "vectors"
VECTORS: list[dict[str, Any]] = json.loads((FOLDER / "assets-pa" / "vectors.json").read_text("utf-8"))
VALID = [vector for vector in VECTORS if vector["verdict"] == "valid"]
REFUSED = [vector for vector in VECTORS if vector["verdict"] != "valid"]


def name(vector: dict[str, Any]) -> str:
    return Path(vector["file"]).name.partition(".")[0]


def data_of(vector: dict[str, Any]) -> bytes:
    return gzip.decompress((FOLDER / "assets-pa" / vector["file"]).read_bytes())


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_vectors", FOLDER / "make.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_vectors"] = module
    spec.loader.exec_module(module)
    return module


def test_what_is_committed_is_what_the_script_makes(make: ModuleType) -> None:
    made = make.vectors()
    assert [vector.told() for vector in made] == VECTORS, "run `python tests/vectors/make.py`"
    assert make.registries() == json.loads((FOLDER / "registry.json").read_text("utf-8"))
    files = sorted(path.relative_to(FOLDER / "assets-pa").as_posix() for path in FOLDER.rglob("*.gz"))
    assert files == sorted(vector["file"] for vector in VECTORS)
    assert [vector.name for vector, told in zip(made, VECTORS, strict=True) if data_of(told) != vector.data] == []


def test_there_are_many() -> None:
    assert len(VALID) >= 20
    assert len(REFUSED) >= 70
    assert sum(path.stat().st_size for path in (FOLDER / "assets-pa").rglob("*")) < 2 << 20


@pytest.mark.parametrize("vector", VALID, ids=name)
def test_a_valid_file(vector: dict[str, Any]) -> None:
    raw = data_of(vector)
    pack = AssetPack.open(io.BytesIO(raw))
    start = prelude_and_header(pack.header)
    assert raw.startswith(start)
    assert Digest.of(start[32:]).hex == vector["header_sha256"]
    banks = {str(key): digest.hex for key, digest in pack.verify().items()}
    assert Digest.of_value(banks).hex == vector["banks_sha256"]
    if "header" in vector:
        assert banks == vector["banks"]
        rows = [
            {**entry._asdict(), "codec": entry.codec, "metadata": entry.metadata, "metadata_json": None}
            for entry in pack.entries
        ]
        assert rows == [{**row, "metadata_json": None} for row in vector["header"]["asset_table"]]
        assert [row._asdict() for row in pack.preload] == vector["header"]["preload"]
        assert {key: text.decode() for key, text in pack.header.companions.items()} == vector["companions"]


@pytest.mark.statement("G2", "G3", "S1")
def test_what_stands_in_the_banks() -> None:
    """as another implementation would look at it."""
    looked_at = 0
    for vector in VALID:
        if {"pixels", "frames"} & vector.keys():
            looked_at += 1
            bank = AssetPack.open(io.BytesIO(data_of(vector))).slice(1).read()
            for x, y, index in vector.get("pixels", ()):
                assert bank[y * 128 + x // 2] >> (0 if x % 2 else 4) & 15 == index
            for palette, color, value in vector.get("colors", ()):
                assert struct.unpack_from("<H", bank, glyph.PLANE_SIZE + palette * 32 + color * 2) == (value,)
            if "frames" in vector:
                assert list(struct.unpack(f"<{len(bank) // 2}h", bank)) == vector["frames"]
    assert looked_at == 2


def problems(error: PackagingError) -> list[dict[str, str]]:
    """Return what an error says, with places in the file alone."""
    return [
        {"place": one.where.removeprefix("x.pa").removeprefix(" (").removesuffix(")"), "what": one.what}
        for one in error.problems
    ]


@pytest.mark.parametrize("vector", REFUSED, ids=name)
def test_a_file_that_is_refused(vector: dict[str, Any]) -> None:
    stream = io.BytesIO(data_of(vector))
    if vector["verdict"] == "malformed":
        with pytest.raises(IntegrityError) as caught:
            AssetPack.open(stream, "x.pa")
    else:
        pack = AssetPack.open(stream, "x.pa")
        with pytest.raises(IntegrityError) as caught:
            pack.verify()
    assert problems(caught.value) == vector["problems"]
