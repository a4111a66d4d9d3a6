"""gzip files of libdeflate's members, made one after the other or several at once.

libdeflate compresses whole buffers, so a stream is cut into chunks, and each becomes a gzip member: RFC 1952 makes one
file of them. The place of a byte in the stream alone decides into which chunk it comes, so how the stream is written,
and how many threads there are, changes nothing.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from packaging_targets.formats.archive.members import Writable

    Member = tuple[bytes, bytes | bytearray, bytes]

PARALLEL_CHUNK = 1 << 20
"""How much of a stream becomes one member where several are made at once: a hundredth of a second's work.

Members of 1 MiB cost 0.3 % of a file's size against one of 32 MiB.
"""

# Deflate, no flags and hence no name, time 0, no hint about the level, system unknown.
_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_SAMPLES, _SAMPLE = 17, 2 << 10  # an odd number, so that the samples fall in no step with what data is made of
_WORTH_IT = 0.98


class GzipStream:
    """Cuts what is written into chunks of `size` bytes, the last as long as what is left, and hands each on."""

    def __init__(self, hand_on: Callable[[bytes], None], size: int) -> None:
        self._hand_on = hand_on
        self._size = size
        self._held: list[bytes] = []
        self._room = size

    def write(self, data: bytes | bytearray | memoryview, /) -> None:
        """Take all of `data`."""
        start = 0
        # A full chunk waits for more to come, so that the last member is never an empty one.
        while len(data) - start > self._room:
            end = start + self._room
            self._held.append(bytes(data[start:end]))
            self.finish()
            start = end
        self._held.append(bytes(data[start:]))
        self._room -= len(data) - start

    def finish(self) -> None:
        """Hand on what is left."""
        chunk = b"".join(self._held)
        self._held, self._room = [], self._size
        self._hand_on(chunk)


@contextmanager
def one_by_one(out: Writable, level: int, size: int) -> Iterator[Writable]:
    """Yield a stream that becomes a gzip file of members of `size` bytes."""

    def hand_on(chunk: bytes) -> None:
        for part in _member(chunk, level):
            out.write(part)

    stream = GzipStream(hand_on, size)
    yield stream
    stream.finish()


@contextmanager
def several_at_once(out: Writable, level: int, threads: int) -> Iterator[Writable]:
    """Yield a stream that becomes a gzip file of members of `PARALLEL_CHUNK` bytes, made in so many threads.

    What does not get smaller is stored: looking for what repeats takes longest where nothing does. Up to
    `2 * threads + 2` chunks are in memory, and their compressed forms.
    """
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(threads)
    under_way: deque[Future[Member]] = deque()

    def hand_on(chunk: bytes) -> None:
        under_way.append(pool.submit(_member_or_stored, chunk, level))
        while len(under_way) > 2 * threads or under_way[0].done():
            write_first()
            if not under_way:
                break

    def write_first() -> None:
        for part in under_way.popleft().result():
            out.write(part)

    stream = GzipStream(hand_on, PARALLEL_CHUNK)
    try:
        yield stream
        stream.finish()
        while under_way:
            write_first()
    finally:
        pool.shutdown(cancel_futures=True)


def _member(data: bytes, level: int) -> Member:
    """Return the header, the deflate stream and the trailer of a member. The interpreter's lock is not held."""
    import deflate  # imported late: only a build with something to pack needs it

    trailer = deflate.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return _HEADER, deflate.deflate_compress(data, level), trailer


def _member_or_stored(data: bytes, level: int) -> Member:
    return _member(data, level if _gets_smaller(data) else 0)


def _gets_smaller(data: bytes) -> bool:
    """Tell whether a few pieces of a chunk get smaller: a chunk is worth its time then."""
    import deflate

    step = len(data) // _SAMPLES
    if step <= _SAMPLE:
        return True
    pieces = b"".join(data[at : at + _SAMPLE] for at in range(0, _SAMPLES * step, step))
    return len(deflate.deflate_compress(pieces, 1)) < _WORTH_IT * len(pieces)
