"""Judging WAVE files: what they claim is believed where it can be so. [A14]"""

from __future__ import annotations

import io
import struct
import wave as standard

import pytest
from art import PCM_TAIL, form, riff, riff_chunk, wave
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.formats.assets.banks.waves.riff import FIX, FLOAT, Wave, WaveError, read_wave


def read(data: bytes) -> Wave:
    return read_wave(io.BytesIO(data), len(data))


def test_what_the_standard_library_writes() -> None:
    file = io.BytesIO()
    with standard.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(3)
        out.setframerate(22050)
        out.writeframes(bytes(12))
    assert read(file.getvalue()) == Wave(22050, 44, 12, 2, bits=24)
    assert read(file.getvalue()).frames == 2


def test_chunks_that_mean_nothing_here_are_passed_over() -> None:
    data = riff(
        riff_chunk(b"LIST", b"odd"), form(), riff_chunk(b"fact", bytes(4)), riff_chunk(b"data", b"abcd"), b"trailing"
    )
    found = read(data)
    assert data[found.offset : found.offset + found.length] == b"abcd"
    assert read(data[:-10] + b"cd").length == 4  # nothing behind, as in most files
    many = [riff_chunk(b"junk", b"x")] * 998
    assert read(riff(*many, form(), riff_chunk(b"data", b"ab"))).length == 2


@pytest.mark.parametrize("size", [0, 1, 0xFFFFFFFF])
def test_the_size_in_the_head_is_not_read(size: int) -> None:
    data = bytearray(wave(b"abcd"))
    data[4:8] = struct.pack("<I", size)
    assert read(bytes(data)).length == 4


@pytest.mark.parametrize(("code", "bits"), [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)])
@pytest.mark.parametrize("channels", [1, 2])
def test_forms_that_are_accepted(code: int, bits: int, channels: int) -> None:
    frame = channels * bits // 8
    expected = Wave(8000, 44, 3 * frame, channels, code, bits)
    assert read(wave(bytes(3 * frame), code=code, channels=channels, bits=bits)) == expected
    more = struct.pack("<HHIH", 22, bits, 4, code) + PCM_TAIL
    extensible = read(wave(bytes(frame), code=0xFFFE, channels=channels, bits=bits, more=more))
    assert (extensible.code, extensible.bits, extensible.frames) == (code, bits, 1)


ONLY = ", and PCM of 8, 16, 24 or 32 bits and float of 32 or 64 are accepted"
DATA = riff_chunk(b"data", b"abcd")
NO_WAVE = "is no WAVE file: it does not start with `RIFF` and `WAVE`"
MALFORMED = {
    "empty": (b"", NO_WAVE),
    "ogg": (b"OggS" + bytes(40), NO_WAVE),
    "avi": (wave(b"ab").replace(b"WAVE", b"AVI "), NO_WAVE),
    "big-endian": (b"RIFX" + wave(b"ab")[4:], "is a WAVE file with the big end first (RIFX)"),
    "rf64": (b"RF64" + wave(b"ab")[4:], "is a WAVE file of 64 bits (RF64)"),
    "bw64": (b"BW64" + wave(b"ab")[4:], "is a WAVE file of 64 bits (BW64)"),
    "no-chunks": (riff(), "has no frames: it holds no `data` chunk"),
    "no-data": (riff(form()), "has no frames: it holds no `data` chunk"),
    "no-format": (riff(DATA), "has no `fmt ` chunk before its frames"),
    "format-behind": (riff(DATA, form()), "has no `fmt ` chunk before its frames"),
    "short-format": (riff(riff_chunk(b"fmt ", b"abc"), DATA), "has a `fmt ` chunk that is too short"),
    "no-channels": (wave(b"ab", channels=0), "has 0 channels, and one or two are accepted"),
    "surround": (wave(bytes(12), channels=6), "has 6 channels, and one or two are accepted"),
    "12-bit": (riff(form(bits=12), DATA), f"is 12-bit PCM{ONLY}"),
    "half-float": (riff(form(3, bits=16), DATA), f"is 16-bit float{ONLY}"),
    "mu-law": (riff(form(7, bits=8), DATA), f"is 8-bit mu-law{ONLY}"),
    "other": (riff(form(0x77), DATA), f"is 16-bit format 0x77{ONLY}"),
    "extensible-cut": (riff(form(0xFFFE), DATA), f"is 16-bit format 0xfffe{ONLY}"),
    "frame": (
        riff(riff_chunk(b"fmt ", struct.pack("<HHIIHH", 1, 2, 8000, 16000, 2, 16)), DATA),
        "says that a frame is 2 bytes, and with 2 x 16 bits it is 4",
    ),
    "no-rate": (riff(form(rate=0), DATA), "has 0 frames a second, and 1 to 192000 are accepted"),
    "rate": (riff(form(rate=192_001), DATA), "has 192001 frames a second, and 1 to 192000 are accepted"),
    "silence": (wave(b""), "has 0 bytes of frames, and a frame is 2 bytes"),
    "half-a-frame": (wave(b"abc"), "has 3 bytes of frames, and a frame is 2 bytes"),
    "cut-off": (wave(b"abcd")[:-1], "is cut off: `data` claims 4 bytes, and 3 are left"),
    "cut-off-before": (
        riff(b"LIST\xff\xff\0\0", form(), DATA),
        "is cut off: `LIST` claims 65535 bytes, and 36 are left",
    ),
    "many-chunks": (riff(riff_chunk(b"junk", b"") * 2000, form(), DATA), "has more than 1000 chunks"),
}


@pytest.mark.parametrize(("data", "what"), MALFORMED.values(), ids=MALFORMED)
def test_a_file_that_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(WaveError) as caught:
        read(data)
    assert (str(caught.value), caught.value.fix) == (what, FIX)


@pytest.mark.parametrize(
    ("length", "what"),
    [
        (0, "says that it has no frames, as programs leave it that write to a pipe"),
        (0xFFFFFFFF, "does not say how many frames it has, as programs leave it that write to a pipe"),
    ],
)
def test_what_a_program_left_that_wrote_to_a_pipe(length: int, what: str) -> None:
    with pytest.raises(WaveError) as caught:
        read(riff(form(), b"data" + struct.pack("<I", length) + b"abcd"))
    fix = "write it to a file again, as with `ffmpeg -i old.wav new.wav`"
    assert (str(caught.value), caught.value.fix) == (what, fix)


def test_a_file_cut_off_anywhere() -> None:
    good = riff(riff_chunk(b"LIST", b"odd"), form(3, 2, bits=32), riff_chunk(b"data", bytes(16)))
    for length in range(len(good)):
        with pytest.raises(WaveError):
            read(good[:length])


@given(st.binary(max_size=300))
def test_noise_is_refused_or_lies_within_the_file(noise: bytes) -> None:
    data = riff(form(FLOAT, bits=32), noise)
    try:
        found = read(data)
    except WaveError:
        return
    assert 0 < found.offset + found.length <= len(data)
