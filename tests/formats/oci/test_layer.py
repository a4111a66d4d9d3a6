"""Layers: their bytes, their digests, and the folders that are none of their business."""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
import textwrap

import pytest
import zstandard
from sources import Sources

from packaging_targets.errors import PackagingError, Problem
from packaging_targets.formats.archive.tar import Owner
from packaging_targets.formats.oci.layer import Packing, on_parent, write_layer
from packaging_targets.model.manifest import Entry, Manifest

SOURCES = Sources({"a": b"hello\n" * 1000, "run.sh": b"#!/bin/sh\n", "link": "a"})
MANIFEST = Manifest.of(
    [Entry("app/a", "a"), Entry("app/bin/run", "run.sh"), Entry("app/l", "link"), Entry("etc/x", text="1")]
)


def layer(compression: str, level: int, manifest: Manifest = MANIFEST, **more: int) -> tuple[bytes, str]:
    out = io.BytesIO()
    packing = Packing(compression, level, 7, Owner(1000, 1000, b"app"))
    digest = write_layer(out, manifest, SOURCES, packing, **more)
    return out.getvalue(), digest.hex


def test_the_golden_bytes() -> None:
    found = {name: layer(name, level) for name, level in (("gzip", 4), ("zstd", 3))}
    assert {name: hashlib.sha256(data).hexdigest()[:16] for name, (data, _) in found.items()} == {
        "gzip": "386c4b2c7c1e67f6",
        "zstd": "382af59575e941c3",
    }
    assert {digest[:16] for _, digest in found.values()} == {"195ef47931fb7db8"}


def test_the_diff_id_is_the_digest_of_the_plain_tar() -> None:
    packed, digest = layer("gzip", 6)
    assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == digest
    packed, same = layer("zstd", 1)
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(packed)
    assert hashlib.sha256(plain).hexdigest() == digest == same
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        owners = {member.name: (member.uid, member.mtime) for member in tar}
    assert owners == {
        "app": (1000, 7),
        "app/a": (1000, 7),
        "app/bin": (1000, 7),
        "app/bin/run": (1000, 7),
        "app/l": (1000, 7),
        "etc": (0, 7),
        "etc/x": (0, 7),
    }


def test_any_number_of_threads_makes_the_same_layer() -> None:
    assert len({layer("gzip", 4, threads=threads) for threads in (0, 1, 5, 500)}) == 1


def test_folders_that_every_parent_has_are_left_as_they_are() -> None:
    entries = [
        Entry(path, text="") for path in ("bin/x", "usr/bin/y", "usr/local/bin/z", "tmp/t/u", "var/lib/v", "app/w")
    ]
    kept = [entry.dest for entry in on_parent(Manifest.of([*entries, Entry("etc"), Entry("opt", link="app")])).entries]
    assert kept == [
        "app",
        "app/w",
        "bin/x",
        "opt",
        "tmp/t",
        "tmp/t/u",
        "usr/bin/y",
        "usr/local",
        "usr/local/bin",
        "usr/local/bin/z",
        "var/lib",
        "var/lib/v",
    ]


@pytest.mark.slow
def test_memory_is_bounded() -> None:
    script = """
        import os, resource, sys
        sys.path.insert(0, "tests/kit")
        from sources import Sources
        from packaging_targets.formats.archive.tar import ROOT
        from packaging_targets.formats.oci.layer import Packing, write_layer
        from packaging_targets.model.manifest import Entry, Manifest
        sources = Sources({"noise": os.urandom(1 << 20)})
        small = Manifest.of([Entry("x", "noise")])
        large = Manifest.of([Entry(f"d/{number}", "noise") for number in range(400)])
        with open(os.devnull, "wb") as out:
            for compression, level in (("gzip", 4), ("zstd", 3)):
                write_layer(out, small, sources, Packing(compression, level), threads=2)
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                write_layer(out, large, sources, Packing(compression, level), threads=2)
                print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert all(float(grown) < 60 for grown in done.stdout.split()), done.stdout


@pytest.mark.parametrize("name", [".wh.a", "app/.wh..wh..opq", "app/.wh.lib/a"])
def test_names_by_which_a_layer_takes_files_away_are_refused(name: str) -> None:
    entry = Entry(name, text="a")
    with pytest.raises(PackagingError) as caught:
        layer("gzip", 4, Manifest.of([entry], folders=False))
    what = f"`{name}` is no file in an image: a name with `.wh.` before it takes that name away from lower layers"
    assert caught.value.problems == (Problem("", what, "rename it, or exclude it"),)
