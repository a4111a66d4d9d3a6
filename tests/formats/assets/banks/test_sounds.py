"""`SOUNDS/pcm16le_v1`. The marks name statements of docs/formats/assets-pa.md."""

from __future__ import annotations

import io
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.formats.assets.banks import sounds
from packaging_targets.formats.assets.banks.sounds import Wave, place, read_wave

PCM_TAIL = bytes.fromhex("0000 0000 1000 8000 00aa00389b71")


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def form(code: int = 1, channels: int = 1, rate: int = 8000, bits: int = 16, more: bytes = b"") -> bytes:
    width = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", code, channels, rate, rate * width, width, bits) + more)


def read(data: bytes) -> Wave:
    return read_wave(io.BytesIO(data), len(data))


@pytest.mark.statement("A14")
def test_what_the_standard_library_writes() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(22050)
        out.writeframes(b"abcdef")
    assert read(file.getvalue()) == Wave(22050, 44, 6)
    assert file.getvalue()[44:50] == b"abcdef"


def test_chunks_that_mean_nothing_here_are_passed_over() -> None:
    data = riff(chunk(b"LIST", b"odd"), form(), chunk(b"fact", bytes(4)), chunk(b"data", b"abcd"), b"trailing")
    found = read(data)
    assert data[found.offset : found.offset + found.length] == b"abcd"


def test_the_extensible_spelling_of_pcm() -> None:
    more = struct.pack("<HHIH", 22, 16, 4, 1) + PCM_TAIL
    assert read(riff(form(0xFFFE, more=more), chunk(b"data", b"ab"))).length == 2


ONLY = ", and only 16-bit PCM mono is accepted"
DATA = chunk(b"data", b"abcd")
MALFORMED = {
    "empty": (b"", "is no WAVE file: it does not start with `RIFF` and `WAVE`"),
    "ogg": (b"OggS" + bytes(40), "is no WAVE file: it does not start with `RIFF` and `WAVE`"),
    "big-endian": (
        b"RIFX" + riff(form(), DATA)[4:],
        "is no WAVE file: it does not start with `RIFF` and `WAVE`",
    ),
    "avi": (
        riff(form(), DATA).replace(b"WAVE", b"AVI "),
        "is no WAVE file: it does not start with `RIFF` and `WAVE`",
    ),
    "no-chunks": (riff(), "has no frames: it holds no `data` chunk"),
    "no-data": (riff(form()), "has no frames: it holds no `data` chunk"),
    "no-format": (riff(DATA), "has no `fmt ` chunk before its frames"),
    "format-behind": (riff(DATA, form()), "has no `fmt ` chunk before its frames"),
    "short-format": (riff(chunk(b"fmt ", b"abc"), DATA), "has a `fmt ` chunk that is too short"),
    "stereo": (riff(form(channels=2), DATA), f"is 16-bit PCM with 2 channel(s){ONLY}"),
    "8-bit": (riff(form(bits=8), DATA), f"is 8-bit PCM with 1 channel(s){ONLY}"),
    "24-bit": (riff(form(bits=24), DATA), f"is 24-bit PCM with 1 channel(s){ONLY}"),
    "float": (riff(form(3, bits=32), DATA), f"is 32-bit float with 1 channel(s){ONLY}"),
    "mu-law": (riff(form(7, bits=8), DATA), f"is 8-bit mu-law with 1 channel(s){ONLY}"),
    "other": (riff(form(0x55), DATA), f"is 16-bit format 0x55 with 1 channel(s){ONLY}"),
    "extensible-float": (
        riff(form(0xFFFE, bits=32, more=struct.pack("<HHIH", 22, 32, 4, 3) + PCM_TAIL), DATA),
        f"is 32-bit float with 1 channel(s){ONLY}",
    ),
    "extensible-cut": (riff(form(0xFFFE), DATA), f"is 16-bit format 0xfffe with 1 channel(s){ONLY}"),
    "no-rate": (riff(form(rate=0), DATA), "has 0 frames a second, and 1 to 192000 are accepted"),
    "rate": (riff(form(rate=192_001), DATA), "has 192001 frames a second, and 1 to 192000 are accepted"),
    "silence": (riff(form(), chunk(b"data", b"")), "has 0 bytes of frames, and a frame is 2 bytes"),
    "half-a-frame": (riff(form(), chunk(b"data", b"abc")), "has 3 bytes of frames, and a frame is 2 bytes"),
    "cut-off": (riff(form(), DATA)[:-1], "is cut off: `data` claims 4 bytes, and 3 are left"),
    "streamed": (
        riff(form(), b"data\xff\xff\xff\xffabcd"),
        "is cut off: `data` claims 4294967295 bytes, and 4 are left",
    ),
    "many-chunks": (riff(chunk(b"junk", b"") * 2000, form(), DATA), "has more than 1000 chunks"),
}


@pytest.mark.parametrize(("data", "what"), MALFORMED.values(), ids=MALFORMED)
def test_a_file_that_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has) ") as caught:
        read(data)
    assert str(caught.value) == what


@pytest.mark.statement("S2", "S3", "S4")
def test_samples_lie_end_to_end() -> None:
    waves = [Wave(8000, 44, 6), Wave(22050, 60, 2)]
    assert place(waves, [(1, 3), None]) == {
        "channels": 1,
        "samples": {
            "0": {"length": 6, "loop_end": 3, "loop_start": 1, "offset": 0, "sample_rate": 8000},
            "1": {"length": 2, "offset": 6, "sample_rate": 22050},
        },
    }


def test_a_loop_that_ends_behind_its_sample() -> None:
    with pytest.raises(ValueError, match=r"^sample 1: the loop ends at 4, and there are 3 frames$"):
        place([Wave(1, 0, 8), Wave(1, 0, 6)], [(0, 4), (0, 4)])


@given(st.lists(st.tuples(st.integers(1, 192_000), st.integers(1, 1 << 40)), min_size=1, max_size=20))
def test_what_is_placed_keeps_the_contract(given_waves: list[tuple[int, int]]) -> None:
    waves = [Wave(rate, 44, frames * 2) for rate, frames in given_waves]
    metadata = place(waves, [(0, wave.length // 2) for wave in waves])
    size = sum(wave.length for wave in waves)
    assert list(sounds.faults(size, size, metadata)) == []
    assert set(metadata) == set(sounds.DERIVED)


@given(st.binary(max_size=300))
def test_noise_is_refused_or_lies_within_the_file(noise: bytes) -> None:
    data = riff(form(), noise)
    try:
        found = read(data)
    except ValueError:
        return
    assert 0 < found.offset + found.length <= len(data)
