"""Cases of sound banks: A13, A14, A16 and A17."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from cases import SOUND, SOUNDS, WAVE, Case, Place, declared, refused, sound
from handmade import FLOAT, PCM, extensible, form, frames, riff, riff_chunk, wave

ARTIFACTS = "artifacts-invalid"
CLIPPED: tuple[Place, ...] = (("sound-clipped", "x.wav", ""),)
NO_SOUND: Place = ("sound-invalid", "x.wav", "")
TINY = 2.0**-40
HALF = 0.5 / 32_768  # half of a step of a sample


def all_sounds() -> Iterator[Case]:
    yield from loops()
    yield from forms()
    yield from no_sounds()
    yield from roundings()
    yield from rates()
    yield from no_rates()


def data(values: Sequence[float], code: int = PCM, bits: int = 16) -> bytes:
    return riff_chunk(b"data", frames(values, code, bits))


def loops() -> Iterator[Case]:
    yield sound("loop", "A13", WAVE, SOUND, loop=(1, 4))
    yield sound("loop-of-all", "A13", WAVE, SOUND, loop=(0, 6))
    yield sound("loop-of-one", "A13", WAVE, SOUND, loop=(5, 6))
    yield sound("loop-in-frames-of-the-file", "A13", wave([1] * 8, channels=2), [1] * 8, channels=2, loop=(1, 4))
    for slug, loop in {"empty": (2, 2), "backwards": (3, 1), "negative": (-1, 2)}.items():
        changes = {"artifacts.0.loop_start": loop[0], "artifacts.0.loop_end": loop[1]}
        yield refused(f"loop-{slug}", "A13", *declared(ARTIFACTS, "$.artifacts[0]"), base=SOUNDS, changes=changes)
    for name in ("loop_start", "loop_end"):
        place = declared(ARTIFACTS, "$.artifacts[0]")
        yield refused(f"{name.replace('_', '-')}-alone", "A13", *place, base=SOUNDS, changes={f"artifacts.0.{name}": 1})
    late = {"artifacts.0.loop_start": 0, "artifacts.0.loop_end": 7}
    yield refused("loop-behind-the-end", "A13", ("loop-invalid", "x.wav", ""), base=SOUNDS, changes=late)
    text = {"artifacts.0.loop_start": "0", "artifacts.0.loop_end": 2}
    place = declared(ARTIFACTS, "$.artifacts[0].loop_start")
    yield refused("loop-text", "A13", *place, base=SOUNDS, changes=text)
    yield refused(
        "tile-of-a-sound", "A13", *declared(ARTIFACTS, "$.artifacts[0].x"), base=SOUNDS, changes={"artifacts.0.x": 0}
    )


def forms() -> Iterator[Case]:
    for bits in (8, 16, 24, 32):
        top = (1 << bits - 1) - 1
        values = [0, 1, -1, top, -top - 1, top // 3]
        for channels in (1, 2):
            given: dict[str, Any] = {"channels": channels, "bits": bits}
            yield sound(f"pcm-{bits}-{channels}", "A14 A16", wave(values, **given), values, **given)
    floats = [0.0, 0.5, -0.5, 1.0, -1.0, 0.123456789]
    for bits in (32, 64):
        exact = [*struct.unpack(f"<{6}f", struct.pack(f"<{6}f", *floats))] if bits == 32 else floats
        for channels in (1, 2):
            given = {"channels": channels, "bits": bits, "code": FLOAT}
            yield sound(f"float-{bits}-{channels}", "A14 A16", wave(floats, **given), exact, **given)
    yield sound("extensible-pcm", "A14", riff(extensible(), data(SOUND)), SOUND)
    long = riff(extensible(FLOAT, 1, 8000, 64), data(floats, FLOAT, 64))
    yield sound("extensible-float", "A14", long, floats, code=FLOAT, bits=64)
    others = riff(
        riff_chunk(b"LIST", b"odd"), form(), riff_chunk(b"smpl", bytes(36)), data(SOUND), riff_chunk(b"cue ", b"")
    )
    yield sound("other-chunks", "A14", others, SOUND)
    yield sound("head-without-a-size", "A14", WAVE[:4] + b"\xff" * 4 + WAVE[8:], SOUND)
    yield sound("odd-length-without-padding", "A14", wave([1, 2, 3], bits=8)[:-1], [1, 2, 3], bits=8)
    yield sound("one-frame", "A14", wave([7]), [7])
    for rate in (1, 192_000):
        yield sound(f"rate-{rate}", "A14", wave(SOUND, rate=rate), SOUND, rate=rate)
    many = riff(form(), *[riff_chunk(b"junk", b"")] * 998, data(SOUND))
    yield sound("as-many-chunks-as-may-be", "A14", many, SOUND)


def no_sounds() -> Iterator[Case]:
    some = data(SOUND)
    whole = form() + some
    kinds = {
        "empty": b"",
        "text": b"a jump",
        "ogg": b"OggS" + bytes(40),
        "rifx": riff(whole, name=b"RIFX"),
        "rf64": riff(whole, name=b"RF64"),
        "bw64": riff(whole, name=b"BW64"),
        "avi": WAVE[:8] + b"AVI " + WAVE[12:],
        "no-form": riff(some),
        "form-behind-the-frames": riff(some, form()),
        "form-too-short": riff(riff_chunk(b"fmt ", form()[8:22]), some),
        "no-frames": riff(form()),
        "cut-off": WAVE[:-1],
        "chunk-behind-the-end": riff(riff_chunk(b"LIST", b"")[:4] + b"\xff\xff\0\0", whole),
        "data-of-0-bytes": riff(form(), b"data" + bytes(4) + bytes(12)),
        "data-of-4-gib": riff(form(), b"data" + b"\xff" * 4 + bytes(12)),
        "nothing-in-it": riff(form(), data([])),
        "half-a-frame": riff(form(channels=2), data([1, 2, 3])),
        "12-bits": riff(form(bits=12, frame=2), some),
        "64-bits-pcm": riff(form(bits=64), riff_chunk(b"data", bytes(16))),
        "float-16": riff(form(FLOAT), some),
        "a-law": riff(form(6, bits=8), some),
        "adpcm": riff(form(2, bits=4, frame=256), some),
        "extensible-a-law": riff(extensible(6, bits=8), some),
        "extensible-without-its-end": riff(form(0xFFFE), some),
        "no-channels": riff(form(channels=0, frame=2), some),
        "three-channels": riff(form(channels=3), some),
        "rate-0": riff(form(rate=0), some),
        "rate-192001": riff(form(rate=192_001), some),
        "frame-size": riff(form(frame=4), some),
        "too-many-chunks": riff(form(), *[riff_chunk(b"junk", b"")] * 999, riff_chunk(b"junk", b""), some),
    }
    for name, file in kinds.items():
        yield refused(f"wav-{name}", "A14", NO_SOUND, base=SOUNDS, x_wav=file)


def roundings() -> Iterator[Case]:
    ties = [128, 384, -128, -384, 127, 129, 640, 8_388_607, -8_388_608]
    made = [0, 2, 0, -2, 0, 1, 2, 32_767, -32_768]
    yield sound("ties-to-even", "A16", wave(ties, bits=24), ties, bits=24, frames=made)
    pairs = [1, 2, 3, 4, -1, -2, 32_767, 32_767, -32_768, -32_767, 5, 0]
    means = [2, 4, -2, 32_767, -32_768, 2]
    yield sound("means-of-16-bits", "A16", wave(pairs, channels=2), pairs, channels=2, frames=means)
    once = [255, 256, 256, 257, 127, 130, -255, -257]  # rounding each channel first would give other samples
    given: dict[str, Any] = {"channels": 2, "bits": 24}
    yield sound("rounded-once", "A16", wave(once, **given), once, **given, frames=[1, 1, 1, -1])
    bytes_ = [0, 127, -128, 1, 3, 4]
    yield sound("8-bits", "A16", wave(bytes_, bits=8), bytes_, bits=8, frames=[0, 32_512, -32_768, 256, 768, 1_024])
    given = {"code": FLOAT, "bits": 64}
    steps = [HALF, 3 * HALF, -HALF, HALF + TINY, HALF - TINY, 1.0, 1 - HALF, -1.0]
    made = [0, 2, 0, 1, 0, 32_767, 32_767, -32_768]
    yield sound("floats", "A16", wave(steps, **given), steps, **given, frames=made)
    stereo = [
        2 * HALF,
        2.0**-80,
        2 * HALF,
        -(2.0**-80),
        2 * HALF,
        0.0,
    ]  # one half, and more or less than a double can say
    given |= {"channels": 2}
    yield sound("exact-sums-of-floats", "A16", wave(stereo, **given), stereo, **given, frames=[1, 0, 0])
    opposite = [1.5, -1.0, 2.0, 0.0]
    yield sound("only-the-mean-is-cut", "A16", wave(opposite, **given), opposite, **given, frames=[8_192, 32_767])
    loud = [1.0000001, -1.5, 0.0, 1e300]
    given = {"code": FLOAT, "bits": 64}
    made = [32_767, -32_768, 0, 32_767]
    yield sound("cut-at-full-scale", "A16", wave(loud, **given), loud, **given, advisories=CLIPPED, frames=made)
    for bits in (32, 64):
        for name, value in {"nan": math.nan, "infinite": math.inf, "minus-infinite": -math.inf}.items():
            file = wave([0.0, value], code=FLOAT, bits=bits)
            yield refused(f"float-{bits}-{name}", "A16", NO_SOUND, base=SOUNDS, x_wav=file)
    both = wave([math.inf, -math.inf], code=FLOAT, bits=64, channels=2)
    yield refused("float-infinite-both-ways", "A16", NO_SOUND, base=SOUNDS, x_wav=both)


def triangle(count: int, top: int) -> list[int]:
    """Return what goes up and down between -top and top, in steps of an eighth."""
    return [(abs(at * 5 % 32 - 16) - 8) * top // 8 for at in range(count)]


def rates() -> Iterator[Case]:
    soft = triangle(40, 9_000)
    file = wave(soft)
    for slug, to, ratio in (
        ("same", 8_000, Fraction(1)),
        ("twice", 16_000, Fraction(2)),
        ("half", 4_000, Fraction(1, 2)),
        ("three-halves", 12_000, Fraction(3, 2)),
        ("nearest-ratio", 16_001, Fraction(2)),
        ("64-times-less", 125, Fraction(1, 64)),
    ):
        yield sound(f"resampled-{slug}", "A17", file, soft, to=to, ratio=ratio, loop=(3, 20))
    for old, new in ((44_100, 48_000), (48_000, 44_100)):
        known: dict[str, Any] = {"rate": old, "to": new, "ratio": Fraction(new, old)}
        yield sound(f"resampled-{old}-to-{new}", "A17", wave(soft, rate=old), soft, **known, loop=(7, 39))
    pair = [9_000, -9_000]
    yield sound("resampled-64-times-more", "A17", wave(pair, rate=125), pair, to=8_000, ratio=Fraction(64))
    yield sound("loop-becomes-one-sample", "A17", file, soft, to=4_000, ratio=Fraction(1, 2), loop=(38, 39))
    yield sound("loop-at-ties", "A17", file, soft, to=4_000, ratio=Fraction(1, 2), loop=(5, 11))
    for bits in (8, 24, 32):
        values = [value << bits - 16 if bits > 16 else value >> 8 for value in soft]
        yield sound(
            f"resampled-pcm-{bits}", "A17", wave(values, bits=bits), values, bits=bits, to=6_000, ratio=Fraction(3, 4)
        )
    given: dict[str, Any] = {"channels": 2, "to": 16_000, "ratio": Fraction(2)}
    yield sound("resampled-stereo", "A17", wave(soft, channels=2), soft, **given)
    floats = [value / 32_768 + 2.0**-33 for value in soft]
    given = {"code": FLOAT, "bits": 64, "to": 4_000, "ratio": Fraction(1, 2)}
    yield sound("resampled-floats", "A17", wave(floats, code=FLOAT, bits=64), floats, **given)
    loud = [1.5, -1.5, 0.25, 0.5] * 6
    yield sound("resampled-and-cut-before", "A17", wave(loud, code=FLOAT, bits=64), loud, **given, advisories=CLIPPED)
    square = [32_767, 32_767, 32_767, 32_767, -32_768, -32_768, -32_768, -32_768] * 6
    yield sound(
        "resampled-and-cut-behind", "A17", wave(square), square, to=16_000, ratio=Fraction(2), advisories=CLIPPED
    )
    constant = [12_345] * 200
    yield sound("resampled-constant", "A17", wave(constant), constant, to=16_000, ratio=Fraction(2))


def no_rates() -> Iterator[Case]:
    for slug, rate, to in (("up", 100, 6_401), ("down", 192_000, 2_999)):
        changes = {"output.pipeline": {"sample_rate": to}}
        file = wave(SOUND, rate=rate)
        yield refused(f"rates-too-far-{slug}", "A17", NO_SOUND, base=SOUNDS, changes=changes, x_wav=file)
    for name, value in {"0": 0, "192001": 192_001, "text": "8000", "true": True}.items():
        place = declared("output-contract", "$.output.pipeline.sample_rate")
        yield refused(
            f"sample-rate-{name}", "A17", *place, base=SOUNDS, changes={"output.pipeline": {"sample_rate": value}}
        )
