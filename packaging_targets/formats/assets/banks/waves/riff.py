"""RIFF WAVE files: where the frames lie, and what form they have.

The container is read here, and not with the standard library's `wave`: that one accepts other files from one Python to
the next, and believes the sizes that a file claims. Here a chunk must lie within the file. The size in the file's head
is not read: programs that stream leave anything there, and it decides nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from packaging_targets.formats.assets.banks.sounds import RATE_LIMIT

PCM, FLOAT = 1, 3
FIX = "export it as WAVE: PCM of 8 to 32 bits or float, with one or two channels"

_EXTENSIBLE = 0xFFFE
_NAMES = {PCM: "PCM", FLOAT: "float", 2: "ADPCM", 6: "A-law", 7: "mu-law", 0x11: "ADPCM", 0x55: "MP3"}
_BITS = {PCM: (8, 16, 24, 32), FLOAT: (32, 64)}
_CHANNELS = 2
_CHUNKS_LIMIT = 1_000  # before the frames
_FORMAT = struct.Struct("<HHIIHH")
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_UNKNOWN_LENGTH = 0xFFFFFFFF
_OTHERS = {
    b"RIFX": "is a WAVE file with the big end first (RIFX)",
    b"RF64": "is a WAVE file of 64 bits (RF64)",
    b"BW64": "is a WAVE file of 64 bits (BW64)",
}


class WaveError(ValueError):
    """A file whose frames cannot be had; `fix` says what to do."""

    def __init__(self, what: str, fix: str = FIX) -> None:
        super().__init__(what)
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Wave:
    """The frames of a WAVE file: their place in it in bytes, and their form.

    `code` is PCM or FLOAT, and `bits` are those of one channel.
    """

    sample_rate: int
    offset: int
    length: int
    channels: int = 1
    code: int = PCM
    bits: int = 16

    @property
    def frame(self) -> int:
        """Bytes of a frame."""
        return self.channels * self.bits // 8

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return self.length // self.frame

    @property
    def is_bank_form(self) -> bool:
        """Whether the bytes are those that a bank holds."""
        return (self.code, self.bits, self.channels) == (PCM, 16, 1)


def read_wave(stream: BinaryIO, size: int) -> Wave:
    """Find the frames in a seekable WAVE file of `size` bytes. Raises WaveError with what is wrong about it."""
    stream.seek(0)
    riff = stream.read(12)
    if riff[:4] in _OTHERS:
        raise WaveError(_OTHERS[riff[:4]])
    if riff[:4] != b"RIFF" or riff[8:] != b"WAVE":
        raise WaveError("is no WAVE file: it does not start with `RIFF` and `WAVE`")
    form: Wave | None = None
    for name, at, length in _chunks(stream, size):
        if name == b"fmt ":
            form = _form(stream.read(min(length, 40)))
        elif name == b"data":
            if form is None:
                raise WaveError("has no `fmt ` chunk before its frames")
            return _with_frames(form, at, length, size)
    raise WaveError("has no frames: it holds no `data` chunk")


def _chunks(stream: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, offset and length of each chunk; the stream stands at the chunk's bytes."""
    at = 12
    for _ in range(_CHUNKS_LIMIT):
        stream.seek(at)
        head = stream.read(8)
        if len(head) < 8:  # noqa: PLR2004  # a name and a length, 4 bytes each
            return
        name, length = struct.unpack("<4sI", head)
        at += 8
        if name == b"data" and length == _UNKNOWN_LENGTH:
            raise WaveError("does not say how many frames it has, as programs leave it that write to a pipe", _REWRITE)
        if at + length > size:
            shown = name.decode("latin-1").strip()
            raise WaveError(f"is cut off: `{shown}` claims {length} bytes, and {size - at} are left")
        yield name, at, length
        at += length + length % 2
    raise WaveError(f"has more than {_CHUNKS_LIMIT} chunks")


_REWRITE = "write it to a file again, as with `ffmpeg -i old.wav new.wav`"


def _form(raw: bytes) -> Wave:
    if len(raw) < _FORMAT.size:
        raise WaveError("has a `fmt ` chunk that is too short")
    code, channels, rate, _, frame, bits = map(int, _FORMAT.unpack_from(raw))
    if code == _EXTENSIBLE and raw[26:40] == _GUID_TAIL:
        code = int.from_bytes(raw[24:26], "little")
    if bits not in _BITS.get(code, ()):
        what = f"is {bits}-bit {_NAMES.get(code, f'format {code:#x}')}"
        raise WaveError(f"{what}, and PCM of 8, 16, 24 or 32 bits and float of 32 or 64 are accepted")
    if not 1 <= channels <= _CHANNELS:
        raise WaveError(f"has {channels} channels, and one or two are accepted")
    if not 1 <= rate <= RATE_LIMIT:
        raise WaveError(f"has {rate} frames a second, and 1 to {RATE_LIMIT} are accepted")
    wave = Wave(rate, 0, 0, channels, code, bits)
    if frame != wave.frame:
        raise WaveError(f"says that a frame is {frame} bytes, and with {channels} x {bits} bits it is {wave.frame}")
    return wave


def _with_frames(form: Wave, at: int, length: int, size: int) -> Wave:
    if length == 0 and size - at >= form.frame:
        raise WaveError("says that it has no frames, as programs leave it that write to a pipe", _REWRITE)
    if length == 0 or length % form.frame:
        raise WaveError(f"has {length} bytes of frames, and a frame is {form.frame} bytes")
    return Wave(form.sample_rate, at, length, form.channels, form.code, form.bits)
