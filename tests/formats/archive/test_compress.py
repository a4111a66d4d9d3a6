"""Compression: the same bytes however a stream is cut, and readable everywhere."""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import sys
import textwrap
from itertools import pairwise

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.errors import RequestError
from packaging_targets.formats.archive import compress
from packaging_targets.formats.archive.compress import compressor

TEXT = b"".join(b"%d little lines of text\n" % number for number in range(3000))


def compressed(compression: str, *pieces: bytes, level: int | None = None) -> bytes:
    out = io.BytesIO()
    with compressor(compression, out, level) as stream:
        for piece in pieces:
            stream.write(piece)
    return out.getvalue()


def plain(compression: str, data: bytes) -> bytes:
    if compression == "gzip":
        return gzip.decompress(data)
    if compression == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data


@pytest.mark.parametrize(
    ("compression", "level", "golden"),
    [
        ("none", None, "4eb525ec14e50820d9db4ce1ebccf33b46801187bca3f8c5f6c2a0308253f37b"),
        ("gzip", None, "a7f188be4037a1edc5d5e1948633609362e513e5d160fb8f9debcafed9f77c9a"),
        ("gzip", 1, "a7814819550237c335961509d3e1f92e152048093c84f8c75e376100d0d7b2ef"),
        ("gzip", 12, "43e0592a708ed48f1e93d8befcf2ad6f327b6ad535181d6aa8fdeb784fcc4bc5"),
        ("zstd", None, "8911d96f35f6f012c118e11918c4267de3a61535526256ed102b6e6a7c64e874"),
        ("zstd", 19, "27e0ff55b33407d0313cb51328a5487f062d72356d4f5a519a1c00069a8a0fbd"),
    ],
)
def test_the_golden_bytes(compression: str, level: int | None, golden: str) -> None:
    data = compressed(compression, TEXT, level=level)
    assert hashlib.sha256(data).hexdigest() == golden
    assert plain(compression, data) == TEXT


def test_the_gzip_header_says_nothing() -> None:
    for level in (1, 6, 12):
        assert compressed("gzip", TEXT, level=level)[:10] == bytes.fromhex("1f8b08000000000000ff")


def test_an_empty_stream_is_a_whole_file() -> None:
    assert compressed("none") == b""
    assert gzip.decompress(compressed("gzip")) == b""
    assert compressed("gzip", b"") == compressed("gzip")
    assert zstandard.ZstdDecompressor().decompressobj().decompress(compressed("zstd")) == b""


@given(st.sampled_from(["none", "gzip", "zstd"]), st.lists(st.integers(0, len(TEXT)), max_size=12))
def test_how_a_stream_is_cut_changes_nothing(compression: str, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(TEXT)]
    pieces = [TEXT[start:end] for start, end in pairwise(places)]
    assert compressed(compression, *pieces) == compressed(compression, TEXT)


@given(st.lists(st.binary(max_size=3000), max_size=8))
def test_a_long_stream_becomes_members_of_one_file(pieces: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compress, "CHUNK", 1000)
        data, whole = compressed("gzip", *pieces), b"".join(pieces)
        assert data == compressed("gzip", whole)
    assert gzip.decompress(data) == whole
    parts = [whole[at : at + 1000] for at in range(0, len(whole), 1000)] or [b""]
    assert data == b"".join(compressed("gzip", part) for part in parts)


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_the_digest_is_that_of_the_plain_bytes(compression: str) -> None:
    digest, out = hashlib.sha256(), io.BytesIO()
    with compressor(compression, out, digest=digest) as stream:
        stream.write(TEXT[:1000])
        stream.write(TEXT[1000:])
    assert digest.digest() == hashlib.sha256(TEXT).digest()
    assert out.getvalue() == compressed(compression, TEXT)


@pytest.mark.parametrize(
    ("compression", "level", "fix"),
    [
        ("gzip", 0, "choose a level from 1 to 12"),
        ("gzip", 13, "choose a level from 1 to 12"),
        ("zstd", 20, "choose a level from 1 to 19"),
        ("zstd", 0, "choose a level from 1 to 19"),
        ("none", 1, "leave the level out"),
    ],
)
def test_levels_that_do_not_exist(compression: str, level: int, fix: str) -> None:
    with pytest.raises(RequestError) as caught:
        compressed(compression, level=level)
    assert str(caught.value) == f"error: the compression `{compression}` has no level {level}\n  fix: {fix}"


def test_zstd_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(RequestError) as caught:
        compressed("zstd", TEXT)
    assert str(caught.value) == (
        "error: zstd needs the package `zstandard`, which is not installed\n"
        "  fix: pip install 'packaging-targets[zstd]'"
    )


def test_a_failure_leaves_the_stream_open_and_without_an_end() -> None:
    out = io.BytesIO()

    def fail() -> None:
        with compressor("gzip", out) as stream:
            stream.write(TEXT)
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        fail()
    assert out.getvalue() == b""


def test_real_gzip_reads_several_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compress, "CHUNK", 1000)
    done = subprocess.run(["gzip", "-dc"], input=compressed("gzip", TEXT), capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (TEXT, b"")


@pytest.mark.service
def test_node_reads_several_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compress, "CHUNK", 1000)
    script = "process.stdin.pipe(require('zlib').createGunzip()).pipe(process.stdout)"
    done = subprocess.run(["node", "-e", script], input=compressed("gzip", TEXT), capture_output=True, check=True)
    assert done.stdout == TEXT


@pytest.mark.slow
def test_memory_is_bounded() -> None:
    script = """
        import os, resource, sys
        from packaging_targets.formats.archive.compress import CHUNK, compressor
        with open(os.devnull, "wb") as out:
            with compressor("gzip", out, 1) as stream:
                stream.write(b"x")
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            noise = os.urandom(1 << 20)
            with compressor("gzip", out, 1) as stream:
                for _ in range(200):
                    stream.write(noise)
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert float(done.stdout) < 2 * 32 + 8
