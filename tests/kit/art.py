"""PNG and WAVE files made by hand, good and bad, and what encoding them comes to."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from sources import Sources

from packaging_targets.formats.assets.banks.encoding import Encoded, encode
from packaging_targets.formats.assets.diagnostics import AssetsError

GREY, COLOR, INDEXED, GREY_ALPHA, COLOR_ALPHA = 0, 2, 3, 4, 6
PCM_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(
    data: bytes, *more: bytes, size: tuple[int, int] = (2, 2), head: tuple[int, ...] = (8, COLOR, 0, 0, 0)
) -> bytes:
    """A file of packed pixel data, whatever its head says."""
    start = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, *head))
    return b"\x89PNG\r\n\x1a\n" + start + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def drawn(rows: Sequence[Sequence[Sequence[int]]], kind: int = COLOR) -> bytes:
    """A picture of pixels, each a sequence of its channels."""
    data = b"".join(b"\0" + bytes(channel for pixel in row for channel in pixel) for row in rows)
    return png(zlib.compress(data), size=(len(rows[0]), len(rows)), head=(8, kind, 0, 0, 0))


def riff_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def form(code: int = 1, channels: int = 1, rate: int = 8000, bits: int = 16, more: bytes = b"") -> bytes:
    width = channels * bits // 8
    return riff_chunk(b"fmt ", struct.pack("<HHIIHH", code, channels, rate, rate * width, width, bits) + more)


def wave(frames: bytes, **given: Any) -> bytes:
    """A WAVE file of frames; what `form` takes says what they are."""
    return riff(form(**given), riff_chunk(b"data", frames))


def encoded(name: str, params: Mapping[str, Any], files: Mapping[str, bytes]) -> tuple[bytes, Encoded]:
    out = io.BytesIO()
    known = encode(name, params, Sources(files), out)
    assert known.size == len(out.getvalue())
    return out.getvalue(), known


def refused(name: str, params: Mapping[str, Any], files: Mapping[str, bytes]) -> list[tuple[str, ...]]:
    """Encode, and return what was wrong: code, file, place, what, for each diagnostic."""
    with pytest.raises(AssetsError) as caught:
        encoded(name, params, files)
    assert any(one.is_blocking for one in caught.value.diagnostics)
    return [(one.code, one.file, one.place, one.what) for one in caught.value.diagnostics]
