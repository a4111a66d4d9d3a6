"""Sound banks from WAVE files. The numbers in brackets are those of docs/formats/assets-pa.md."""

from __future__ import annotations

import contextlib
import hashlib
import io
import struct
import tracemalloc
from typing import Any, BinaryIO

import pytest
from art import encoded, refused, riff_chunk, wave
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.formats.assets.banks.encoding import encode
from packaging_targets.formats.assets.diagnostics import AssetsError, Diagnostic
from packaging_targets.model.manifest import SourceInfo

FORMAT = "SOUNDS/pcm16le_v1"


def params(*files: str, rate: int | None = None, **loops: Any) -> dict[str, Any]:
    samples = [{"file": file, **({"loop": loops[file]} if file in loops else {})} for file in files]
    return {"sample_rate": rate, "samples": samples}


def pcm(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}h", *values)


def test_files_keep_their_own_rates() -> None:
    """[S1-S4, A13, A16]"""
    files = {
        "a": wave(pcm(1, 2, 3)),
        "b": wave(struct.pack("<4f", 0.5, 0.25, -1, -1), code=3, bits=32, channels=2, rate=22050),
    }
    bank, known = encoded(FORMAT, params("a", "b", "a", b=[0, 2]), files)
    assert bank == pcm(1, 2, 3, 12288, -32768, 1, 2, 3)
    assert known.metadata == {
        "channels": 1,
        "samples": {
            "0": {"length": 6, "offset": 0, "sample_rate": 8000},
            "1": {"length": 4, "loop_end": 2, "loop_start": 0, "offset": 6, "sample_rate": 22050},
            "2": {"length": 6, "offset": 10, "sample_rate": 8000},
        },
    }
    assert (known.decoded_size, known.advisories) == (16, ())


@pytest.mark.statement("A17")
def test_all_at_one_rate() -> None:
    """[A17] One at that rate already is copied; loops move along."""
    files = {"a": wave(pcm(1, -2)), "b": wave(pcm(*[1000] * 400), rate=16000)}
    bank, known = encoded(FORMAT, params("a", "b", rate=8000, b=[100, 301]), files)
    assert bank[:4] == pcm(1, -2)
    assert bank[4 + 200 : 4 + 220] == pcm(*[1000] * 10)
    assert known.metadata["samples"]["1"] == {
        "length": 400,
        "loop_end": 150,
        "loop_start": 50,
        "offset": 4,
        "sample_rate": 8000,
    }


def test_golden_digest() -> None:
    """[A16, A17] Every form, mono and stereo, as it is and at another rate."""
    noise = bytes((at * at * 31 + at * 17) % 251 for at in range(2400))
    files: dict[str, bytes] = {}
    for code, bits in ((1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)):
        for channels in (1, 2):
            frames = noise
            if code == 3:
                values = [byte / 100 - 1.2 for byte in noise[:300]]
                frames = struct.pack(f"<300{'f' if bits == 32 else 'd'}", *values)
            files[f"{code}-{bits}-{channels}"] = wave(frames, code=code, bits=bits, channels=channels, rate=44100)
    digests = [
        hashlib.sha256(encoded(FORMAT, params(*files, rate=rate), files)[0]).hexdigest()
        for rate in (None, 48000, 11025)
    ]
    assert digests == [
        "3c6b87211385d2eac3b6135e76b3c62fd8909f7aa9c6de31b7ea24cf927f5ad0",
        "fec66b6c5c738f9bad924b72534a5371b0acd329d6e131188ad6213dc2bef392",
        "201cb4a9cf7af42be2bf08b26e4296c107f0d4ca73ad77a4ab0aaa5becc7273b",
    ]


def test_all_that_is_wrong_is_told_at_once() -> None:
    """[A14]"""
    files = {"ogg": b"OggS", "slow": wave(pcm(1), rate=100), "loop": wave(pcm(1, 2), rate=48000)}
    assert refused(FORMAT, params("ogg", "slow", "loop", "ogg", rate=48000, loop=[0, 3]), files) == [
        ("loop-invalid", "loop", "", "the loop of sample 2 ends at 3, and there are 2 frames"),
        ("sound-invalid", "ogg", "", "`ogg` is no WAVE file: it does not start with `RIFF` and `WAVE`"),
        (
            "sound-invalid",
            "slow",
            "",
            "`slow` cannot become 48000 frames a second from 100: 64 times as many is the limit",
        ),
    ]
    no_numbers = wave(struct.pack("<2f", 0, float("nan")), code=3, bits=32)
    loud = wave(struct.pack("<3f", 0, 2, -2), code=3, bits=32)
    assert refused(FORMAT, params("one", "loud", "two"), {"one": no_numbers, "loud": loud, "two": no_numbers}) == [
        ("sound-clipped", "loud", "", "2 samples are beyond full scale, and cut: the first is 1"),
        ("sound-invalid", "one", "", "`one` has a sample that is no number, in frame 1"),
        ("sound-invalid", "two", "", "`two` has a sample that is no number, in frame 1"),
    ]


@pytest.mark.statement("A16")
def test_what_is_beyond_full_scale_is_cut_and_told() -> None:
    """[A16, A17]"""
    square = [32767] * 50 + [-32768] * 50
    files = {
        "loud": wave(struct.pack("<2f", 1.0, 1.0001), code=3, bits=32),
        "square": wave(pcm(*square * 4), rate=16000),
    }
    bank, known = encoded(FORMAT, params("loud"), files)
    assert bank == pcm(32767, 32767)
    assert [one.to_json() for one in known.advisories] == [
        {
            "asset": "",
            "code": "sound-clipped",
            "file": "loud",
            "fix": "make it less loud",
            "place": "",
            "severity": "advisory",
            "what": "one sample is beyond full scale, and cut: the first is 1",
        }
    ]
    _, known = encoded(FORMAT, params("square", rate=32000), files)
    assert [one.what for one in known.advisories] == [
        "420 samples are beyond full scale at 32000 frames a second, and cut: the first is 1"
    ]


class Changing:
    """A file that has become shorter when it is opened for the second time."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._opened = 0

    def info(self, path: str) -> SourceInfo:
        return SourceInfo(len(self._data))

    def open(self, path: str) -> BinaryIO:
        self._opened += 1
        return io.BytesIO(self._data[: None if self._opened == 1 else -3])


@pytest.mark.parametrize(("bits", "rate"), [(16, None), (8, None), (16, 16000)])
def test_a_file_that_changes_meanwhile(bits: int, rate: int | None) -> None:
    with pytest.raises(AssetsError) as caught:
        encode(FORMAT, params("a", rate=rate), Changing(wave(pcm(1, 2, 3), bits=bits)), io.BytesIO())
    assert [one.what for one in caught.value.diagnostics] == ["`a` became shorter while it was read"]
    assert caught.value.diagnostics[0].code == "input-changed"


class Silence(io.RawIOBase):
    """A WAVE file of so many bytes of frames, which are nowhere."""

    def __init__(self, size: int, bits: int, channels: int) -> None:
        self._head = wave(b"", bits=bits, channels=channels, rate=44100)[:-8] + riff_chunk(b"data", b"")[:4]
        self._head += struct.pack("<I", size)
        self.size = len(self._head) + size
        self._at = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset
        return offset

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert 0 <= size < 1 << 20
        data = self._head[self._at : self._at + size]
        data += bytes(min(size, self.size - self._at) - len(data))
        self._at += len(data)
        return data


class Nothing(io.RawIOBase):
    def write(self, data: Any) -> int:
        return len(data)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)


class OneFile:
    def __init__(self, file: Silence) -> None:
        self._file = file

    def info(self, path: str) -> SourceInfo:
        return SourceInfo(self._file.size)

    def open(self, path: str) -> Any:
        return _Kept(self._file)


class _Kept:
    """A stream whose `with` block does not close it."""

    def __init__(self, file: Silence) -> None:
        self._file = file

    def __enter__(self) -> Silence:
        return self._file

    def __exit__(self, *error: object) -> None:
        return


@pytest.mark.parametrize(("bits", "channels", "rate"), [(16, 1, None), (24, 2, None), (16, 2, 11025)])
def test_memory_is_bounded(bits: int, channels: int, rate: int | None) -> None:
    """[A16] The file is never in memory, however long it is."""
    size = (24 if rate is None else 6) * (1 << 20)
    encode(FORMAT, params("a", rate=rate), OneFile(Silence(6 * 1024, bits, channels)), Nothing())  # type: ignore[arg-type]  # imports, weights
    tracemalloc.start()
    encode(FORMAT, params("a", rate=rate), OneFile(Silence(size - size % 6, bits, channels)), Nothing())  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@given(st.integers(0, 59), st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_encoded(at: int, flip: int) -> None:
    data = bytearray(wave(struct.pack("<4f", 0.1, 0.2, 0.3, 0.4), code=3, bits=32, channels=2))
    data[at] ^= flip
    found: tuple[Diagnostic, ...] = ()
    with contextlib.suppress(AssetsError):
        found = encoded(FORMAT, params("a"), {"a": bytes(data)})[1].advisories
    assert {one.code for one in found} <= {"sound-clipped"}
