"""Members made by several threads: the same bytes for any number of them, in order, and none left behind."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import subprocess
import threading
from itertools import pairwise

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from packaging_targets.formats.archive import gzip as ours
from packaging_targets.formats.archive.compress import compressor

NOISE = random.Random(1).randbytes(3 << 19)
TEXT = b"".join(b"%d little lines of text\n" % number for number in range(60_000))
MIXED = TEXT + NOISE + TEXT


def compressed(compression: str, *pieces: bytes, threads: int = 2, level: int = 4) -> bytes:
    out = io.BytesIO()
    with compressor(compression, out, level, threads=threads) as stream:
        for piece in pieces:
            stream.write(piece)
    return out.getvalue()


@pytest.mark.parametrize(
    ("compression", "level", "golden"),
    [
        ("gzip", 4, "f288aa818fbd41b3"),
        ("gzip", 12, "c3cf0d9f6e58e528"),
        ("zstd", 3, "049d574ef754dffd"),
    ],
)
def test_the_golden_bytes(compression: str, level: int, golden: str) -> None:
    data = MIXED if level < 12 else TEXT[:100_000]
    found = compressed(compression, data, level=level)
    assert hashlib.sha256(found).hexdigest()[:16] == golden
    plain = (
        gzip.decompress(found)
        if compression == "gzip"
        else zstandard.ZstdDecompressor().decompressobj().decompress(found)
    )
    assert plain == data


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_the_number_of_threads_changes_nothing(compression: str) -> None:
    assert len({compressed(compression, MIXED, threads=threads) for threads in (1, 2, 3, 8)}) == 1


def test_no_threads_make_other_bytes_than_some() -> None:
    for compression in ("gzip", "zstd"):
        assert compressed(compression, MIXED, threads=0) != compressed(compression, MIXED, threads=1)


@settings(max_examples=20)
@given(st.sampled_from(["gzip", "zstd"]), st.integers(1, 3), st.lists(st.integers(0, len(TEXT)), max_size=12))
def test_how_a_stream_is_cut_changes_nothing(compression: str, threads: int, cuts: list[int]) -> None:
    pieces = [TEXT[start:end] for start, end in pairwise([0, *sorted(cuts), len(TEXT)])]
    assert compressed(compression, *pieces, threads=threads) == compressed(compression, TEXT)


@given(st.lists(st.binary(max_size=3000), max_size=8), st.integers(1, 3))
def test_members_follow_each_other_in_order(pieces: list[bytes], threads: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ours, "PARALLEL_CHUNK", 1000)
        data, whole = compressed("gzip", *pieces, threads=threads), b"".join(pieces)
    assert gzip.decompress(data) == whole
    parts = [whole[at : at + 1000] for at in range(0, len(whole), 1000)] or [b""]
    assert data == b"".join(compressed("gzip", part) for part in parts)


def test_a_view_of_memory_that_is_used_again_is_taken_at_once() -> None:
    out, piece = io.BytesIO(), bytearray(b"a" * 1000)
    with compressor("gzip", out, 4, threads=1) as stream:
        stream.write(memoryview(piece))
        piece[:] = b"b" * 1000
        stream.write(piece)
    assert gzip.decompress(out.getvalue()) == b"a" * 1000 + b"b" * 1000


def test_what_does_not_get_smaller_is_stored() -> None:
    noise = random.Random(2).randbytes(1 << 20)
    stored = len(compressed("gzip", noise, level=12))
    assert len(noise) < stored < len(noise) + 200
    # A few pieces decide: where they are text, the chunk is compressed, noise in it or not.
    half = b"".join(noise[at : at + 4096] + TEXT[at : at + 4096] for at in range(0, 1 << 19, 4096))
    assert len(compressed("gzip", half)) < 0.8 * len(half)
    assert len(compressed("gzip", b"a" * 3000)) < 100


def test_nothing_is_a_whole_file_too() -> None:
    assert gzip.decompress(compressed("gzip")) == b""
    assert zstandard.ZstdDecompressor().decompressobj().decompress(compressed("zstd")) == b""


def test_a_failure_ends_the_threads_and_writes_nothing_more() -> None:
    before, out = threading.active_count(), io.BytesIO()

    def fail() -> None:
        with compressor("gzip", out, 6, threads=2) as stream:
            stream.write(TEXT * 4)
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        fail()
    assert threading.active_count() == before
    assert len(out.getvalue()) < len(compressed("gzip", *[TEXT] * 4, level=6))


def test_a_stream_that_takes_no_more_ends_the_threads() -> None:
    class Full:
        def write(self, data: object, /) -> None:
            raise OSError(28, "No space left on device")

    before, whole = threading.active_count(), TEXT * 10
    with pytest.raises(OSError, match="No space"), compressor("gzip", Full(), 1, threads=2) as stream:
        stream.write(whole)
    assert threading.active_count() == before


def test_real_gzip_reads_it() -> None:
    done = subprocess.run(["gzip", "-dc"], input=compressed("gzip", MIXED), capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (MIXED, b"")
