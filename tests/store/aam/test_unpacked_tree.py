"""Unpacking below a new folder: the files, their modes and digests, or nothing at all."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from aam_archives import Archive, archives, entry, manifest, packed

from packaging_targets.errors import BuildError, IntegrityError
from packaging_targets.formats.aam.package.reader import PackageReader
from packaging_targets.store.aam.unpacked_tree import unpack

SLOW = {"bomb-files", "bomb-headers"}  # the reader's own tests have them
HOSTILE = [one for one in archives() if one.what and one.name not in SLOW]


def files_below(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode & 0o7777)
        for path in folder.rglob("*")
        if path.is_file()
    }


def reader_of(data: bytes) -> PackageReader:
    return PackageReader(io.BytesIO(data), "x.aam")


@pytest.fixture(params=[0o022, 0o077, 0])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_umask")
def test_files_modes_and_digests(tmp_path: Path) -> None:
    data = packed(manifest(), entry("a/b/run.sh", b"1" * 1000, mode=0o4711), entry("a/c", b"", mode=0o600))
    reader = reader_of(data)
    digests = unpack(reader, str(tmp_path / "new"))
    found = files_below(tmp_path / "new")
    assert found["a/b/run.sh"] == (b"1" * 1000, 0o755)
    assert found["a/c"] == (b"", 0o644)
    assert digests == {path: hashlib.sha256(content).hexdigest() for path, (content, _) in found.items()}
    assert reader.digest.hex == hashlib.sha256(data).hexdigest()
    assert reader.manifest.archive == "acme--review-1.2.0.aam"


@pytest.mark.uaaps("P23", "P24", "S12.1.no-links", "S12.1.no-absolute")
@pytest.mark.parametrize("archive", HOSTILE, ids=lambda one: one.name)
def test_of_a_hostile_archive_nothing_stays_and_nothing_is_written_elsewhere(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    with pytest.raises(IntegrityError):
        unpack(reader_of(archive.data), str(tmp_path / "inner" / "new"))
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["inner"]


def test_what_stands_there_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "there"
    target.mkdir()
    (target / "mine").write_text("1")
    for place in ("there", "link", "there/mine"):
        if place == "link":
            (tmp_path / "link").symlink_to(target)
        with pytest.raises(BuildError) as caught:
            unpack(reader_of(packed(manifest())), str(tmp_path / place))
        assert str(caught.value) == (
            f"error: `{tmp_path / place}` cannot be written: file exists\n  at {tmp_path / place}"
        )
    assert files_below(target) == {"mine": (b"1", (target / "mine").stat().st_mode & 0o7777)}


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, written = os.write, []

    def write(descriptor: int, data: bytes) -> int:
        written.append(len(data))
        if sum(written) > 1500:
            raise OSError(28, "No space left on device")
        return real(descriptor, data[:100])  # the system need not take all at once

    monkeypatch.setattr(os, "write", write)
    data = packed(manifest(), entry("a", b"1" * 300), entry("b", b"2" * 3000))
    with pytest.raises(BuildError, match="cannot be written: no space left on device"):
        unpack(reader_of(data), str(tmp_path / "new"))
    assert list(tmp_path.iterdir()) == []
    written.clear()
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:100]))
    unpack(reader_of(data), str(tmp_path / "new"))
    assert (tmp_path / "new" / "b").read_bytes() == b"2" * 3000


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    class Interrupted(PackageReader):
        def content(self) -> Iterator[bytes]:
            yield b"1"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack(Interrupted(io.BytesIO(packed(manifest())), "x.aam"), str(tmp_path / "new"))
    assert list(tmp_path.iterdir()) == []
