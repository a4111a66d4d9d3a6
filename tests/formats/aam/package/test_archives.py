"""Archives of packages: written the same everywhere, read again as they were, and refused where anything is odd."""

from __future__ import annotations

import contextlib
import hashlib
import io
import struct
import zlib
from collections.abc import Mapping
from dataclasses import replace

import pytest
from aam_archives import END, GOOD, entry, manifest, packed, squeezed, stored
from hypothesis import example, given
from hypothesis import strategies as st
from sources import Sources

from packaging_targets.errors import IntegrityError, PackagingError
from packaging_targets.formats.aam.package import writer
from packaging_targets.formats.aam.package.paths import Names, path_faults
from packaging_targets.formats.aam.package.reader import LIMITS, PackageReader, read_manifest, read_package
from packaging_targets.formats.aam.package.writer import contents_of, write_aam
from packaging_targets.formats.archive.reading.tar_reader import Limits
from packaging_targets.model.manifest import Manifest

MANIFEST = "package.agent.json"
Files = Mapping[str, tuple[bytes, bool]]


def written(files: Files, mtime: int = 0) -> bytes:
    out = io.BytesIO()
    sources = Sources({path: data for path, (data, _) in files.items()})
    entries = (replace(one, executable=files[one.source or ""][1]) for one in contents_of(files).entries)
    write_aam(out, Manifest(tuple(entries)), sources, "x.aam", mtime=mtime)
    return out.getvalue()


def read(data: bytes, **limits: int) -> Files:
    found = read_package(io.BytesIO(data), "x.aam", Limits(**limits) if limits else LIMITS)
    return {path: (file.data, file.executable) for path, file in found.files.items()}


def refusal(data: bytes, **limits: int) -> str:
    with pytest.raises(IntegrityError) as caught:
        read(data, **limits)
    return str(caught.value)


EXAMPLE: Files = {
    MANIFEST: (GOOD, False),
    "skills/review/SKILL.md": (b"---\nname: review\ndescription: Reviews.\n---\n", False),
    "skills/review/scripts/run.sh": (b"#!/bin/sh\n" * 100, True),
    "e\u0301": (b"decomposed", False),
    "assets/" + "x" * 120 + ".bin": (bytes(range(256)) * 8, False),
    "empty": (b"", False),
}


@pytest.mark.uaaps("S12.1.format", "P21")
def test_the_bytes_are_these() -> None:
    """Digests that change where the bytes do; the compressed ones may change with a new version of libdeflate alone."""
    plain = {mtime: zlib_members(written(EXAMPLE, mtime)) for mtime in (0, 1_700_000_000)}
    assert [hashlib.sha256(data).hexdigest() for data in plain.values()] == [
        "7bc5684b7896fe2a428be62122f3120f4f7fb3354db95e4bde6c59ceb5a60a16",
        "f9ac5815ba310faa8878faec97b27f9c224f2f612f5b2ed793f6c47c842250e7",
    ]
    assert (
        hashlib.sha256(written(EXAMPLE)).hexdigest()
        == "38520b66ed6c39ed8228166792f05729e127e169fbbd2ee1f118e878e2f6c091"
    )
    assert written(dict(reversed(list(EXAMPLE.items())))) == written(EXAMPLE)
    assert written(EXAMPLE)[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    assert list(read(written(EXAMPLE))) == [
        "assets/" + "x" * 120 + ".bin",
        "empty",
        MANIFEST,
        "skills/review/SKILL.md",
        "skills/review/scripts/run.sh",
        "\u00e9",
    ]


def zlib_members(data: bytes) -> bytes:
    found = b""
    while data:
        unpacking = zlib.decompressobj(31)
        found += unpacking.decompress(data)
        data = unpacking.unused_data
    return found


PARTS = st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"]), min_size=1, max_size=12)
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


@given(st.dictionaries(PATHS, st.tuples(st.binary(max_size=700), st.booleans()), max_size=6), st.integers(0, 1 << 32))
def test_what_is_written_is_read_again(files: dict[str, tuple[bytes, bool]], mtime: int) -> None:
    names = Names()
    names.clash(MANIFEST)
    fits = {path: file for path, file in files.items() if not list(path_faults(path)) and not names.clash(path)}
    fits[MANIFEST] = (GOOD, False)
    try:
        data = written(fits, mtime)
    except PackagingError:  # what looks like hidden characters is refused when it is packed
        return
    assert read(data) == fits
    assert str(read_manifest(io.BytesIO(data), "x.aam").name) == "@acme/review"


@given(st.integers(0), st.integers(0, 255))
@example(3, 0x02)
def test_a_changed_byte_is_refused_or_changes_nothing(at: int, value: int) -> None:
    """What gzip says of itself, such as its time, may differ: the digest tells, and the files are the same."""
    data = bytearray(written(EXAMPLE))
    data[at % len(data)] = value
    try:
        found = read_package(io.BytesIO(bytes(data)), "x.aam")
    except IntegrityError:
        return
    assert {path: (file.data, file.executable) for path, file in found.files.items()} == read(written(EXAMPLE))
    assert found.digest.hex == hashlib.sha256(data).hexdigest()


@given(st.integers(0), st.integers(0, 255))
def test_a_changed_byte_of_the_tar_raises_nothing_else(at: int, value: int) -> None:
    data = bytearray(manifest() + entry("a/b", b"1" * 600) + entry("c", mode=0o755) + END)
    data[at % len(data)] = value
    with contextlib.suppress(IntegrityError):
        read(stored(bytes(data)))


def test_an_archive_that_was_cut_anywhere_is_refused() -> None:
    whole = manifest() + entry("a", b"1" * 1500) + entry("b", b"2") + END
    for end in range(0, len(whole), 512):
        refusal(stored(whole[:end]))
    data = packed(manifest(), entry("a", b"1" * 1500))
    for end in range(0, len(data), 7):
        refusal(data[:end])
    assert set(read(stored(whole))) == {MANIFEST, "a", "b"}


def test_a_file_that_gives_a_byte_at_a_time_is_read_all_the_same() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(1)

    whole = manifest() + entry("a", b"1" * 700) + END
    members = b"".join(stored(whole[at : at + 300]) for at in range(0, len(whole), 300))
    assert set(read_package(Slow(members), "x.aam").files) == {MANIFEST, "a"}


@pytest.mark.uaaps("S12.1.size", "P23")
def test_limits_hold_while_it_is_read() -> None:
    class Counted(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.taken += len(data)
            return data

    assert (LIMITS.packed, LIMITS.unpacked, LIMITS.entries) == (52_428_800, 512 << 20, 20_000)
    large = stored(manifest() + entry("a", bytes(200)) + END) + stored(bytes(60 << 20))
    file = Counted(large)
    with pytest.raises(IntegrityError, match="more than 52,428,800 bytes, the limit"):
        read_package(file, "x.aam")
    assert file.taken <= 52_428_800 + (1 << 18)
    assert refusal(stored(manifest() + entry("a", bytes(4 << 20)) + END), unpacked=1 << 20) == (
        "error: the archive unpacks to more than 1,048,576 bytes, the limit\n  at x.aam"
    )
    assert refusal(packed(manifest(), entry("a"), entry("b")), entries=2) == (
        "error: the archive has more than 2 entries, the limit\n  at x.aam"
    )
    bomb = squeezed(manifest() + entry("a", bytes(80 << 20)) + END)
    file = Counted(bomb)
    reader = PackageReader(file, "x.aam")
    given: list[int] = []
    with pytest.raises(IntegrityError, match="250 times its size"):
        given.extend(len(piece) for _ in reader for piece in reader.content())
    assert 0 < sum(given) < 250 * len(bomb) + (1 << 20)


@pytest.mark.uaaps("P23")
def test_gzip_streams_that_hold_nothing_are_counted() -> None:
    good = packed(manifest(), entry("a"))
    assert set(read(good + stored(b"") * 3, entries=2)) == {MANIFEST, "a"}
    assert refusal(good + stored(b"") * 4, entries=2) == (
        "error: the archive has more than 4 gzip streams behind each other, the limit\n  at x.aam"
    )


@pytest.mark.uaaps("S12.1.size")
def test_an_archive_that_would_be_too_large_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = b"".join(hashlib.sha256(struct.pack("<I", number)).digest() for number in range(4_000))
    files: Files = {MANIFEST: (GOOD, False), "big": (noise, False), "small": (noise[:9], False)}
    monkeypatch.setattr(writer._Limited, "limit", 100_000)
    with pytest.raises(PackagingError) as caught:
        written(files)
    assert str(caught.value) == (
        "error: `x.aam` would have more than 100,000 bytes, the most there may be\n"
        "  at x.aam\n"
        "  fix: leave some out by `files` in the manifest; the largest: `big` (128,000 bytes), "
        f"`package.agent.json` ({len(GOOD)} bytes), `small` (9 bytes)"
    )
    monkeypatch.undo()
    monkeypatch.setattr(writer._Plain, "limit", 100_000)
    with pytest.raises(PackagingError, match="would have more than 100,000 bytes unpacked"):
        written(files)


def test_what_readers_would_take_for_a_bomb_is_not_written() -> None:
    with pytest.raises(PackagingError, match="would unpack to more than 250 times its size"):
        written({MANIFEST: (GOOD, False), "zeros": (bytes(4 << 20), False)})
    noise = b"".join(hashlib.sha256(struct.pack("<I", number)).digest() for number in range(12_000))
    with pytest.raises(PackagingError, match="would unpack to more than 250 times its size"):
        written({MANIFEST: (GOOD, False), "a": (bytes(70 << 20), False), "b": (noise, False)})
    assert set(read(written({MANIFEST: (GOOD, False), "a": (bytes(60 << 20), False), "b": (noise, False)}))) == {
        *("a", "b", MANIFEST)
    }
    many = {f"f{number}": (b"", False) for number in range(20_001)}
    with pytest.raises(PackagingError, match="would have 20,001 files, and 20,000 is the most"):
        written(many)


@pytest.mark.uaaps("P25")
def test_the_manifest_is_checked_before_what_follows_is_given_on() -> None:
    bad = packed(manifest(b'{"name": "A",\n "version": 1}'), entry("z", b"1"))
    reader = PackageReader(io.BytesIO(bad), "x.aam")
    with pytest.raises(IntegrityError) as caught:
        next(iter(reader))
    assert [one.where for one in caught.value.problems] == ["x.aam/package.agent.json:1", "x.aam/package.agent.json:2"]


@pytest.mark.uaaps("S12.1.manifest-at-root")
def test_a_manifest_that_is_not_at_the_root_is_pointed_to() -> None:
    assert refusal(packed(manifest(name="package/package.agent.json"))) == (
        "error: there is no `package.agent.json` at the root of the archive\n"
        "  at x.aam\n"
        "  fix: pack from inside `package`: `package/package.agent.json` is not at the root"
    )


def test_nothing_is_known_of_an_archive_before_its_end() -> None:
    reader = PackageReader(io.BytesIO(packed(manifest(), entry("z", b"1"))), "x.aam")
    with pytest.raises(AssertionError):
        _ = reader.digest
    paths = [file.path for file in reader]
    assert paths == [MANIFEST, "z"]
    assert reader.manifest.archive == "acme--review-1.2.0.aam"


@given(st.lists(PATHS, max_size=5))
def test_paths_that_are_one_somewhere_do_not_stand_beside_each_other(paths: list[str]) -> None:
    names = Names()
    kept = [path for path in paths if not names.clash(path)]
    lower = {path.casefold() for path in kept}
    assert len(lower) == len(kept)
    assert not any(one != other and other.startswith(f"{one}/") for one in lower for other in lower)
