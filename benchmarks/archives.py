"""Measure our archives beside those of other programs, in one sitting.

python -m benchmarks.archives [--tree FOLDER] [--rounds 5]

Every format over the same tree on one processor, two archives at once on two, many small archives, and the
memory that one large file takes. Without `--tree`, the tree is a copy of the interpreter's standard library
and 30 MB of noise. Runs of all programs take turns; the median counts. Ratios are to the first program of
each table.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import io
import os
import random
import shutil
import statistics
import sys
import sysconfig
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import BinaryIO

import deflate

from benchmarks.machine import describe_machine
from benchmarks.measure import measure
from packaging_targets.formats.archive.compress import compressor
from packaging_targets.formats.archive.members import PIECE
from packaging_targets.formats.archive.tar import write_tar
from packaging_targets.formats.archive.zip import WHOLE, write_zip
from packaging_targets.model.manifest import Entry, Manifest, SourceInfo

GNU = "tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=ustar -cf - -C {tree} ."
TABLES: Mapping[str, Mapping[str, str]] = {
    "tar": {"GNU tar": GNU + " >{out}", "Python tarfile": "{pack} tarfile", "ours": "{pack} none"},
    "tar.gz": {
        "GNU tar | gzip -6 -n": GNU + " | gzip -6 -n >{out}",
        "GNU tar | pigz -6 -n -p1": GNU + " | pigz -6 -n -p1 >{out}",
        "Python tarfile, gzip 6": "{pack} tarfile-gz",
        "ours, level 6": "{pack} gzip",
    },
    "tar.zst": {"GNU tar | zstd -3 -T1": GNU + " | zstd -q -3 -T1 >{out}", "ours, level 3": "{pack} zstd"},
    "zip": {
        "Info-ZIP -6": "cd {tree} && zip -q -X -r -6 {out} .",
        "Python zipfile, deflate 6": "{pack} zipfile",
        "ours, level 6": "{pack} zip",
    },
}
SMALL, FILES, LARGE = 500, 11, 400 << 20


class Disk:
    """Sources in a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def info(self, path: str) -> SourceInfo:
        """Describe a file."""
        stats = os.lstat(os.path.join(self.folder, path))
        return SourceInfo(stats.st_size, bool(stats.st_mode & 0o100))

    def open(self, path: str) -> BinaryIO:
        """Open a file as the engine does, without a buffer."""
        return open(os.path.join(self.folder, path), "rb", buffering=0)


def files_of(folder: str) -> Iterator[str]:
    """Yield the files below a folder, relative to it."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (os.path.relpath(os.path.join(parent, name), folder) for name in sorted(names))


def pack(kind: str, tree: str, out: str) -> None:
    """Make one archive: this is what is measured, in a process of its own."""
    paths = list(files_of(tree))
    if kind.startswith("tarfile"):
        mode, options = ("w:gz", {"compresslevel": 6}) if kind.endswith("gz") else ("w", {})
        with tarfile.open(out, mode, format=tarfile.USTAR_FORMAT, **options) as archive:  # type: ignore[call-overload]  # of literals only
            for path in paths:
                archive.add(os.path.join(tree, path), path)
    elif kind == "zipfile":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6, strict_timestamps=False) as zipped:
            for path in paths:
                zipped.write(os.path.join(tree, path), path)
    else:
        manifest = Manifest.of(Entry(path, path) for path in paths)
        with open(out, "wb") as file:
            if kind == "zip":
                write_zip(file, manifest, Disk(tree))
                return
            with compressor(kind, file) as stream:
                write_tar(stream, manifest, Disk(tree))


def command(text: str, tree: str, out: str) -> str:
    """Return the shell command that a table's text means."""
    packing = f"{sys.executable} -m benchmarks.archives --tree {tree} --out {out} --pack"
    return text.format(tree=tree, out=out, pack=packing)


def run(text: str, look: float = 0) -> tuple[float, float]:
    """Run a shell command; return seconds and the largest process in MB, or raise where it fails."""
    done = measure(["/bin/sh", "-c", text], os.getcwd(), os.environ, look=look)
    if done.code:
        raise RuntimeError(done.log)
    return done.wall, done.largest_mb


def compare(tree: str, folder: str, rounds: int) -> None:
    """Print every format's table, all on one processor."""
    size = sum(os.path.getsize(os.path.join(tree, path)) for path in files_of(tree))
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(every)})
    for form, programs in TABLES.items():
        found = {name: text for name, text in programs.items() if shutil.which(_program(text))}
        times: dict[str, list[float]] = {name: [] for name in found}
        sizes: dict[str, int] = {}
        for _ in range(rounds):
            for name, text in found.items():
                out = os.path.join(folder, f"out.{form}")
                if os.path.exists(out):
                    os.unlink(out)
                times[name].append(run(command(text, tree, out))[0])
                sizes[name] = os.path.getsize(out)
        print(f"\n| {form}, one processor | s | MB/s | speed | MB | size |\n|---|---|---|---|---|---|")
        medians = {name: statistics.median(taken) for name, taken in times.items()}
        first = next(iter(found))
        for name, took in medians.items():
            print(
                f"| {name} | {took:.2f} | {size / took / 1e6:.0f} | {medians[first] / took:.2f} x "
                f"| {sizes[name] / 1e6:.1f} | {sizes[name] / sizes[first]:.3f} |"
            )
    os.sched_setaffinity(0, every)


def _program(text: str) -> str:
    """Return the program of a pipeline that may not be installed."""
    if text.startswith("{pack}"):
        return sys.executable
    return text.rpartition("| ")[2].split()[0] if "| " in text else text.rpartition("&& ")[2].split()[0]


def compressors(tree: str) -> None:
    """Print what else could make gzip: the candidates of decision 003, over one tar in memory."""
    out = io.BytesIO()
    write_tar(out, Manifest.of(Entry(path, path) for path in files_of(tree)), Disk(tree))
    data = out.getbuffer()
    candidates: dict[str, Callable[[], int]] = {"zlib 6": lambda: _streamed("zlib", 6, data)}
    for module, level in (("zlib_ng.zlib_ng", 6), ("isal.isal_zlib", 2), ("isal.isal_zlib", 3)):
        if importlib.util.find_spec(module.partition(".")[0]):
            candidates[f"{module.partition('.')[0]} {level}"] = partial(_streamed, module, level, data)
    for level in (1, 6, 9, 12):
        candidates[f"libdeflate {level}"] = partial(_in_chunks, level, len(data), data)
    for size in (1, 4, 16, 32, 64):
        candidates[f"libdeflate 6 in chunks of {size} MiB"] = partial(_in_chunks, 6, size << 20, data)
    print("\n| deflate, in memory | MB/s | speed | size |\n|---|---|---|---|")
    first = (0.0, 0)
    for name, compress in candidates.items():
        start = time.process_time()
        size = compress()
        took = time.process_time() - start
        first = first if first[1] else (took, size)
        print(f"| {name} | {len(data) / took / 1e6:.0f} | {first[0] / took:.2f} x | {size / first[1]:.4f} |")


def _streamed(module: str, level: int, data: memoryview) -> int:
    stream = importlib.import_module(module).compressobj(level, 8, -15)
    return sum(len(stream.compress(data[at : at + PIECE])) for at in range(0, len(data), PIECE)) + len(stream.flush())


def _in_chunks(level: int, chunk: int, data: memoryview) -> int:
    return sum(len(deflate.deflate_compress(data[at : at + chunk], level)) for at in range(0, len(data), chunk))


def pair(tree: str, folder: str, rounds: int) -> None:
    """Print how much faster two processes make two archives than one process after the other."""
    one, two = (command(TABLES["tar.gz"]["ours, level 6"], tree, os.path.join(folder, name)) for name in ("a", "b"))
    after, beside = [], []
    for _ in range(rounds):
        after.append(run(f"{one} && {two}")[0])
        beside.append(run(f"{one} & first=$!; {two} && wait $first")[0])
    a, b = map(statistics.median, (after, beside))
    print(f"\ntwo tar.gz: one after the other {a:.2f} s, in two processes {b:.2f} s: {a / b:.2f} x")


def small(folder: str, rounds: int) -> None:
    """Print what an archive of a few small files takes, in the process that packs it."""
    tree = os.path.join(folder, "small")
    os.makedirs(tree)
    for place in range(FILES):
        with open(os.path.join(tree, f"file{place}.py"), "w", encoding="utf-8") as file:
            file.write(f"line {place} of a small file\n" * 40)
    paths = list(files_of(tree))
    manifest = Manifest.of(Entry(path, path) for path in paths)

    def ours(kind: str) -> None:
        with compressor(kind, io.BytesIO()) as stream:
            write_tar(stream, manifest, Disk(tree))

    def theirs(mode: str, **options: int) -> None:
        with tarfile.open(fileobj=io.BytesIO(), mode=mode, format=tarfile.USTAR_FORMAT, **options) as archive:  # type: ignore[call-overload]  # of literals only
            for path in paths:
                archive.add(os.path.join(tree, path), path)

    print(f"\n| {FILES} small files | µs an archive | speed |\n|---|---|---|")
    table = {"Python tarfile": lambda: theirs("w"), "ours": lambda: ours("none")}
    show(table, rounds)
    table = {
        "Python tarfile, gzip 6": lambda: theirs("w:gz", compresslevel=6),
        "ours, gzip 6": lambda: ours("gzip"),
    }
    show(table, rounds)


def show(table: Mapping[str, Callable[[], None]], rounds: int) -> None:
    """Print the best of some rounds of each."""
    best = {name: min(_timed(pack_one) for _ in range(rounds)) for name, pack_one in table.items()}
    first = next(iter(best.values()))
    for name, took in best.items():
        print(f"| {name} | {took * 1e6:.0f} | {first / took:.2f} x |")


def _timed(pack_one: Callable[[], None]) -> float:
    start = time.process_time()
    for _ in range(SMALL):
        pack_one()
    return (time.process_time() - start) / SMALL


def memory(folder: str) -> None:
    """Print the memory that an archive of one large file takes, more than that of an empty one."""
    print("\n| one file that does not compress | MiB | MB more than for an empty one |\n|---|---|---|")
    for kind, size in (("none", LARGE), ("gzip", LARGE), ("zstd", LARGE), ("zip", WHOLE), ("zip", LARGE)):
        sizes = [_largest(kind, folder, each) for each in (0, size)]
        print(f"| {kind} | {size >> 20} | {sizes[1] - sizes[0]:.0f} |")


def _largest(kind: str, folder: str, size: int) -> float:
    with tempfile.TemporaryDirectory(dir=folder) as tree:
        with open(os.path.join(tree, "file"), "wb") as file:
            file.writelines(random.randbytes(1 << 20) for _ in range(size >> 20))
        return run("exec " + command(f"{{pack}} {kind}", tree, f"{tree}.out"), 0.01)[1]


def default_tree(folder: str) -> str:
    """Copy the standard library, and add what does not compress."""
    tree = os.path.join(folder, "tree")
    shutil.copytree(sysconfig.get_path("stdlib"), tree, ignore=shutil.ignore_patterns("site-packages"), symlinks=False)
    noise = random.Random(1)
    for place in range(60):
        with open(os.path.join(tree, f"noise{place}"), "wb") as file:
            file.write(noise.randbytes(500_000))
    return tree


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure everything, or make one archive."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", help="the folder to pack")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pack", help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.pack:
        pack(options.pack, options.tree, options.out)
        return
    print("; ".join(describe_machine().values()))
    with tempfile.TemporaryDirectory() as folder:
        tree = options.tree or default_tree(folder)
        compare(tree, folder, options.rounds)
        compressors(tree)
        pair(tree, folder, options.rounds)
        small(folder, options.rounds)
        memory(folder)


if __name__ == "__main__":
    main()
