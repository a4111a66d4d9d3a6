"""Zip archives: what readers make of them, to the byte."""

from __future__ import annotations

import hashlib
import io
import shutil
import stat
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources import NOTHING, Sources

from packaging_targets.errors import PackagingError, RequestError
from packaging_targets.formats.archive import zip as zip_format
from packaging_targets.formats.archive.zip import write_zip
from packaging_targets.model.manifest import Entry, Manifest

if TYPE_CHECKING:
    from pathlib import Path

LOREM = b"many words that say little, " * 100
NOISE = hashlib.shake_128(b"noise").digest(5000)


def zip_of(manifest: Manifest, sources: Sources = NOTHING, *, mtime: int = 0, level: int = 6) -> bytes:
    out = io.BytesIO()
    write_zip(out, manifest, sources, mtime=mtime, level=level)
    return out.getvalue()


def opened(data: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(data))


def sample() -> tuple[Manifest, Sources]:
    files: dict[str, bytes | str] = {"a.txt": LOREM, "run.sh": b"#!/bin/sh\n", "now": "a.txt", "noise": NOISE}
    entries = [
        Entry("a.txt", "a.txt"),
        Entry("bin/run", "run.sh"),
        Entry("bin/plain", "run.sh", executable=False),
        Entry("current", "now"),
        Entry("noise", "noise"),
        Entry("übung/größe", text="ä\n"),
        Entry("zz-empty"),
    ]
    return Manifest.of(entries), Sources(files)


def test_the_golden_bytes() -> None:
    digest = hashlib.sha256(zip_of(*sample())).hexdigest()
    assert digest == "4742a6e8668166a22093a80dfa2d03efbc8591c5f0a6f2d7ba2ac396b7a83ce4"
    digest = hashlib.sha256(zip_of(*sample(), mtime=1_700_000_000, level=12)).hexdigest()
    assert digest == "5c9e758c3483426a0242597a693bbeb54096e1bbfeae84b4f5a995a3607641e7"


def test_methods_modes_and_names() -> None:
    with opened(zip_of(*sample())) as archive:
        assert archive.testzip() is None
        found = {info.filename: info for info in archive.infolist()}
        assert archive.read("a.txt") == LOREM
        assert archive.read("current") == b"a.txt"
    told = {name: (stat.filemode(info.external_attr >> 16), info.compress_type) for name, info in found.items()}
    assert told == {
        "a.txt": ("-rw-r--r--", zipfile.ZIP_DEFLATED),
        "bin/": ("drwxr-xr-x", zipfile.ZIP_STORED),
        "bin/plain": ("-rw-r--r--", zipfile.ZIP_STORED),
        "bin/run": ("-rwxr-xr-x", zipfile.ZIP_STORED),
        "current": ("lrwxrwxrwx", zipfile.ZIP_STORED),
        "noise": ("-rw-r--r--", zipfile.ZIP_STORED),
        "zz-empty/": ("drwxr-xr-x", zipfile.ZIP_STORED),
        "übung/": ("drwxr-xr-x", zipfile.ZIP_STORED),
        "übung/größe": ("-rw-r--r--", zipfile.ZIP_STORED),
    }
    assert {info.flag_bits for info in found.values()} == {0x800}
    assert {info.create_system for info in found.values()} == {3}
    assert all(found[name].external_attr & 0x10 for name in found if name.endswith("/"))


@pytest.mark.parametrize(
    ("mtime", "told"),
    [
        (0, (1980, 1, 1, 0, 0, 0)),
        (315_532_800, (1980, 1, 1, 0, 0, 0)),
        (1_700_000_001, (2023, 11, 14, 22, 13, 20)),
        (1 << 40, (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_times(mtime: int, told: tuple[int, ...]) -> None:
    with opened(zip_of(Manifest.of([Entry("a", text="")]), mtime=mtime)) as archive:
        assert archive.getinfo("a").date_time == told


def test_level_0_stores() -> None:
    with opened(zip_of(*sample(), level=0)) as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.read("a.txt") == LOREM


@pytest.mark.parametrize("level", [-1, 13])
def test_levels_that_do_not_exist(level: int) -> None:
    with pytest.raises(RequestError) as caught:
        zip_of(Manifest.of([]), level=level)
    assert str(caught.value) == f"error: zip has no level {level}\n  fix: choose a level from 0 to 12"


def test_a_source_that_changes() -> None:
    manifest = Manifest.of([Entry("x", "src/x")])
    with pytest.raises(PackagingError) as caught:
        zip_of(manifest, Sources({"src/x": [b"12345", b"1234"]}))
    assert str(caught.value) == "error: `src/x` changed while it was read\n  fix: run the build again"


def test_a_large_source_is_stored_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_format, "WHOLE", 100)
    with opened(zip_of(*sample())) as archive:
        assert archive.testzip() is None
        assert archive.getinfo("a.txt").compress_type == zipfile.ZIP_STORED
        assert archive.read("a.txt") == LOREM


def test_a_large_source_that_changes_between_its_two_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_format, "WHOLE", 3)
    sources = Sources({"src/x": [b"12345", b"12345", b"12354"]})
    with pytest.raises(PackagingError) as caught:
        zip_of(Manifest.of([Entry("x", "src/x")]), sources)
    assert str(caught.value) == "error: `src/x` changed while it was read\n  fix: run the build again"


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let zip64 begin early, so that a test does not take 4 GiB and 65,536 entries."""
    monkeypatch.setattr(zip_format, "_FULL_32", 1000)
    monkeypatch.setattr(zip_format, "_FULL_16", 5)


@pytest.mark.usefixtures("small_limits")
def test_zip64_sizes_offsets_and_counts() -> None:
    data = zip_of(*sample())
    with opened(data) as archive:
        assert archive.testzip() is None
        assert archive.read("a.txt") == LOREM
        assert archive.read("noise") == NOISE
        assert archive.read("übung/größe") == "ä\n".encode()
        assert {info.filename: info.extract_version for info in archive.infolist()} == {
            "a.txt": 45,
            "bin/": 20,
            "bin/plain": 20,
            "bin/run": 20,
            "current": 20,
            "noise": 45,
            "zz-empty/": 45,
            "übung/": 45,
            "übung/größe": 45,
        }
    assert data.count(b"PK\6\6") == data.count(b"PK\6\7") == 1


def test_no_zip64_where_it_is_not_needed() -> None:
    data = zip_of(*sample())
    assert b"PK\6\6" not in data
    with opened(data) as archive:
        assert {info.extract_version for info in archive.infolist()} == {20}
        assert {info.extra for info in archive.infolist()} == {b""}


SEGMENTS = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
PATHS = st.lists(SEGMENTS.filter(lambda part: part not in {".", ".."}), min_size=1, max_size=4).map("/".join)
DATA = st.one_of(st.binary(max_size=300), st.binary(min_size=1, max_size=9).map(lambda data: data * 99), st.none())


@given(
    st.dictionaries(PATHS, st.tuples(DATA, st.booleans()), max_size=8),
    st.integers(0, 12),
    st.integers(0, 200),
)
def test_any_manifest_comes_back(tree: dict[str, tuple[bytes | None, bool]], level: int, whole: int) -> None:
    sources = Sources({path: data for path, (data, _) in tree.items() if data is not None})
    entries = [Entry(path) if data is None else Entry(path, path, executable=x) for path, (data, x) in tree.items()]
    try:
        manifest = Manifest.of(entries)
    except ValueError:
        return  # a file in the place of a folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zip_format, "WHOLE", whole)
        archive = opened(zip_of(manifest, sources, level=level))
    assert archive.testzip() is None
    for info, entry in zip(archive.infolist(), manifest.entries, strict=True):
        assert info.orig_filename.removesuffix("/") == entry.dest
        data, executable = tree.get(entry.dest, (None, True))
        assert info.is_dir() is (data is None)
        assert archive.read(info) == (data or b"")
        assert bool(info.external_attr >> 16 & 0o111) is executable or data is None


@pytest.mark.service
@pytest.mark.parametrize("command", [["unzip", "-q", "../x.zip"], ["bsdtar", "-xf", "../x.zip"]])
@pytest.mark.parametrize("zip64", [False, True])
def test_real_tools_unpack_it(command: list[str], zip64: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    if zip64:
        monkeypatch.setattr(zip_format, "_FULL_32", 1000)
        monkeypatch.setattr(zip_format, "_FULL_16", 5)
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "x.zip").write_bytes(zip_of(*sample()))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    done = subprocess.run(command, cwd=out, capture_output=True, check=True)
    assert done.stderr == b""
    assert (out / "a.txt").read_bytes() == LOREM
    assert (out / "noise").read_bytes() == NOISE
    assert (out / "übung/größe").read_text() == "ä\n"
    assert (out / "current").readlink().as_posix() == "a.txt"
    assert (out / "bin/run").stat().st_mode & 0o777 == 0o755
