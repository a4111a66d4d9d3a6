"""Headers of `assets.pa` that were made to cost much, and what reading them costs: `python tests/kit/hostile.py`."""

from __future__ import annotations

import io
import json
import os
import struct
import sys
import time
from collections.abc import Iterator

HEADER_LIMIT, ROW_LIMIT = 4 << 20, 1 << 19
FRONT, BEHIND = b'{"asset_table":[', b'],"preload":[]}'
ROW = (
    b'{"asset_id":%d,"asset_name":"x","bank_type":"SOUNDS","codec":"NONE","decoded_size":2,'
    b'"metadata":%b,"offset":%d,"size":2}'
)
SAMPLE = b'{"length":2,"offset":0,"sample_rate":8000}'
GOOD = b'"channels":1,"samples":{"0":%b}' % SAMPLE


def fill(piece: bytes, size: int) -> bytes:
    return piece * (size // len(piece))


def numbered(pattern: bytes, size: int) -> bytes:
    """Return different pieces, as many as there is room for."""
    pieces: list[bytes] = []
    length = 0
    while length < size:
        pieces.append(pattern % len(pieces))
        length += len(pieces[-1])
    return b"".join(pieces)


def in_rows(content: bytes) -> bytes:
    """Return a header with as many rows as there is room for, each with such metadata besides what it needs."""
    rows: list[bytes] = []
    metadata = b"{%b}" % b",".join(sorted([GOOD, content])) if content else b"{%b}" % GOOD
    length = len(FRONT) + len(BEHIND)
    while len(rows) < 16_384:
        row = ROW % (len(rows) + 1, metadata, len(rows) * 2)
        length += len(row) + 1
        if length > HEADER_LIMIT:
            break
        rows.append(row)
    return FRONT + b",".join(rows) + BEHIND


def fillers() -> Iterator[tuple[str, bytes]]:
    """Contents of a row, which is as long as a row may be."""
    room = ROW_LIMIT - 400
    yield "strings", b'"x":["ab"%b]' % fill(b',"ab"', room)
    yield "wide-strings", b'"x":["a"%b]' % fill(',"Ā"'.encode(), room)
    yield "integers", b'"x":[0%b]' % fill(b",1000", room)
    yield "lists", b'"x":[[]%b]' % fill(b",[]", room)
    yield "objects", b'"x":[{}%b]' % fill(b',{"":0}', room)
    yield "names", b'"x":{%b"zzz":0}' % numbered(b'"%06d":0,', room)
    yield "names-and-strings", b'"x":{%b"zzz":0}' % numbered(b'"%06d":"ab",', room)
    yield "escapes", b'"x":"%b"' % fill(b"\\u0000", room)
    yield "quotes", b'"x":"%b"' % fill(b'\\"', room)
    yield "wide-text", b'"x":"%b"' % fill("𐀀".encode(), room)
    yield "brackets-in-strings", b'"x":"%b"' % fill(b"[", room)
    yield "digits-in-strings", b'"x":"%b"' % fill(b"9", room)
    yield "small-rows", b""
    yield "rows-that-are-nearly-plain", b'"x":"%b "' % fill(b"a", 1_000)


def headers() -> dict[str, bytes]:
    whole = HEADER_LIMIT - 200
    samples = b",".join(b'"%d":%b' % (at, SAMPLE) for at in range(4_096))
    return {name: in_rows(content) for name, content in fillers()} | {
        "deep": FRONT + fill(b"[", whole),
        "deep-objects": FRONT + fill(b'{"":', whole),
        "closed-and-deep": FRONT + fill(b"[", whole // 2) + fill(b"]", whole // 2) + BEHIND,
        "zeros": FRONT + fill(b"0,", whole) + b"0" + BEHIND,
        "one-integer": FRONT + fill(b"9", whole) + BEHIND,
        "one-string": FRONT + b'"' + fill(b"9", whole) + b'"' + BEHIND,
        "faulty-rows": FRONT + fill(b"{},", whole) + b"{}" + BEHIND,
        "unknown-members": FRONT + b'{%b"z":0}' % numbered(b'"%06d":0,', ROW_LIMIT - 400) + BEHIND,
        "samples-that-are-not-there": in_rows(b'"x":{%b}' % samples),
        "no-utf8-at-the-end": FRONT + fill("𐀀".encode(), whole) + b"\xff",
        "wide-noise": fill("𐀀".encode(), whole),
    }


def packed(header: bytes) -> bytes:
    """Return a file with a header, and with a payload that is as long as the rows of ours ask for."""
    prelude = struct.pack("<4sIIQI8s", b"ASPA", 1, len(header), 32 + len(header), 0, bytes(8))
    return prelude + header + bytes(2 * header.count(b'"asset_id"'))


def memory(name: str) -> int:
    """Return a figure of the kernel about this process, in bytes."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith(name))


def cost(raw: bytes) -> tuple[int, float, int]:
    """Return how many problems a file has, how long it took to read, and by how much the process grew."""
    from packaging_targets.errors import PackagingError
    from packaging_targets.formats.assets.reader import AssetPack

    stream, problems = io.BytesIO(raw), 0
    before, started = memory("VmRSS"), time.process_time()
    try:
        AssetPack.open(stream).verify()
    except PackagingError as error:
        problems = len(error.problems)
    return problems, time.process_time() - started, memory("VmHWM") - before


def main() -> None:
    """Measure each header in a process of its own, which nothing has grown before."""
    for name, header in headers().items():
        raw = packed(header)
        if os.fork() == 0:
            sys.stdout.write(json.dumps([name, len(header), *cost(raw)]) + "\n")
            sys.stdout.flush()
            os._exit(0)
        os.wait()


if __name__ == "__main__":
    main()
