"""Compression whose bytes do not depend on the interpreter or the processor.

gzip is made by libdeflate (through the `deflate` package): a third of zlib's time, a size within 1 % of it,
and the same bytes on every machine for one version of it. A stream becomes members of `CHUNK`, or, where several
threads work on it, smaller ones. zstd's own threads make other bytes than none, and the same for any number of them.
The reasons and the numbers: docs/decisions/003-compression.md.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from packaging_targets.errors import RequestError
from packaging_targets.formats.archive.gzip import one_by_one, several_at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.errors import PackagingError
    from packaging_targets.formats.archive.members import Writable

CHUNK = 32 << 20
"""How much of a stream, in bytes, becomes one gzip member. Its place in a stream alone decides where a
member ends.
"""

LEVELS = {"none": range(0), "gzip": range(1, 13), "zstd": range(1, 20)}
DEFAULT_LEVELS = {"gzip": 6, "zstd": 3}


class Hash(Protocol):
    """What a hash of `hashlib` is, as far as it matters here."""

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """Take `data` into account."""
        ...


@contextmanager
def compressor(
    compression: str, out: Writable, level: int | None = None, *, digest: Hash | None = None, threads: int = 0
) -> Iterator[Writable]:
    """Yield a stream that writes what it is given to `out`, compressed by `none`, `gzip` or `zstd`.

    `digest` is updated with the bytes before compression. `out` is left open, and what it holds is complete
    only when the context ends without an exception. A gzip stream keeps up to `CHUNK` in memory, and as
    much again for its compressed form at worst. With `threads`, the bytes are others, but the same for any number of
    them, and the memory is 4 MiB for each. Raises RequestError for a level that the compression does
    not have, and where `zstd` is not installed.
    """
    chosen = DEFAULT_LEVELS.get(compression, 0) if level is None else level
    if level is not None and level not in LEVELS[compression]:
        raise _no_such_level(compression, level)
    if compression == "gzip":
        gzip = several_at_once(out, chosen, threads) if threads else one_by_one(out, chosen, CHUNK)
        with gzip as stream:
            yield _hashed(stream, digest)
    elif compression == "zstd":
        with _zstd(out, chosen, threads) as stream:
            yield _hashed(stream, digest)
    else:
        yield _hashed(out, digest)


class _Hashed:
    """A stream that lets a hash see what passes."""

    def __init__(self, stream: Writable, digest: Hash) -> None:
        self._stream = stream
        self._digest = digest

    def write(self, data: bytes | bytearray | memoryview, /) -> None:
        self._digest.update(data)
        self._stream.write(data)


def _hashed(stream: Writable, digest: Hash | None) -> Writable:
    return stream if digest is None else _Hashed(stream, digest)


@contextmanager
def _zstd(out: Writable, level: int, threads: int) -> Iterator[Writable]:
    """Yield one zstd frame with a checksum and without a size; how a stream is cut into writes changes nothing."""
    try:
        import zstandard
    except ImportError:
        raise RequestError.one(
            "zstd needs the package `zstandard`, which is not installed",
            fix="pip install 'packaging-targets[zstd]'",
        ) from None
    made = zstandard.ZstdCompressor(level=level, write_checksum=True, write_content_size=False, threads=threads)
    with made.stream_writer(cast("BinaryIO", out), closefd=False) as stream:
        yield stream


def _no_such_level(compression: str, level: int) -> PackagingError:
    levels = LEVELS[compression]
    what = f"the compression `{compression}` has no level {level}"
    fix = f"choose a level from {levels[0]} to {levels[-1]}" if levels else "leave the level out"
    return RequestError.one(what, fix=fix)
