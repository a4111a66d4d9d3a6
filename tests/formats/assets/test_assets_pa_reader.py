"""Reading `assets.pa`: what is handed out, and every way to be refused.

The ids of the malformed files start with the statement of docs/formats/assets-pa.md that they break.
"""

from __future__ import annotations

import io
import struct
import tracemalloc
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.errors import IntegrityError, RequestError
from packaging_targets.formats.assets.banks import glyph
from packaging_targets.formats.assets.header import HEADER_LIMIT
from packaging_targets.formats.assets.reader import AssetPack
from packaging_targets.model.digest import Digest, canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = {
    "0": {"length": 4, "offset": 0, "sample_rate": 8000, "loop_start": 0, "loop_end": 2},
    "1": {"length": 2, "offset": 4, "sample_rate": 22050},
}
SOUND = {
    "asset_id": 3,
    "asset_name": "jump",
    "bank_type": "SOUNDS",
    "codec": "NONE",
    "decoded_size": 6,
    "metadata": {"channels": 1, "samples": SAMPLES},
    "offset": 0,
    "size": 6,
}
GLYPHS = {
    "asset_id": 8,
    "asset_name": "hero",
    "bank_type": "GLYPH",
    "codec": "NONE",
    "decoded_size": 67584,
    "metadata": {"height": 256, "palette_authored": 1, "palette_count": 64, "tile_size": 16, "width": 256},
    "offset": 6,
    "size": 34816,
}
HEADER: dict[str, Any] = {
    "asset_table": [SOUND, GLYPHS],
    "preload": [{"asset_id": 3, "slot": 0}, {"asset_id": 8, "slot": 0}],
}
PAYLOAD = b"abcdef" + bytes(glyph.SIZE)


def file_of(header: bytes, payload: bytes = PAYLOAD, **prelude: Any) -> bytes:
    fields = {
        "magic": b"ASPA",
        "version": 1,
        "length": len(header),
        "offset": 32 + len(header),
        "flags": 0,
        "reserved": bytes(8),
        **prelude,
    }
    return struct.pack("<4sIIQI8s", *fields.values()) + header + payload


GOOD = file_of(canonical_json(HEADER))


def refusal(raw: bytes) -> list[tuple[str, str]]:
    with pytest.raises(IntegrityError) as caught:
        AssetPack.open(io.BytesIO(raw), "x.pa")
    return [(problem.where, problem.what) for problem in caught.value.problems]


def test_the_good_file_is_good() -> None:
    pack = AssetPack.open(io.BytesIO(GOOD))
    assert [entry.asset_name for entry in pack.entries] == ["jump", "hero"]
    assert [(row.asset_id, row.slot) for row in pack.preload] == [(3, 0), (8, 0)]
    assert pack.entry(3).metadata["samples"]["1"]["offset"] == 4
    assert pack.slice(3).read() == b"abcdef"
    assert pack.verify() == {3: Digest.of(b"abcdef"), 8: Digest.of(bytes(glyph.SIZE))}


def test_an_asset_that_is_not_there() -> None:
    pack = AssetPack.open(io.BytesIO(GOOD), "x.pa")
    with pytest.raises(RequestError) as caught:
        pack.slice(4)
    assert str(caught.value) == "error: there is no asset 4\n  at x.pa"


def test_a_slice_stays_inside_its_bank() -> None:
    pack = AssetPack.open(io.BytesIO(GOOD))
    one, other = pack.slice(3), pack.slice(8)
    assert one.read(4) == b"abcd"
    assert other.read(2) == b"\0\0"  # slices share the stream and keep their own place
    assert one.read() == b"ef"
    assert one.read(1) == b""
    assert (one.seek(-3, io.SEEK_END), one.read(2)) == (3, b"de")
    assert (one.seek(-1, io.SEEK_CUR), one.read()) == (4, b"ef")
    assert (one.seek(99), one.read()) == (6, b"")
    assert (one.seek(-9), one.read(1)) == (0, b"a")
    assert io.BufferedReader(pack.slice(3), 16).read(3) == b"abc"


def test_a_file_that_shrinks_after_it_was_opened() -> None:
    stream = io.BytesIO(GOOD)
    pack = AssetPack.open(stream)
    stream.truncate(len(GOOD) - 1)
    with pytest.raises(IntegrityError, match="the file has become shorter since it was opened"):
        pack.verify()


def test_g5_colours_in_more_palettes_than_are_declared() -> None:
    payload = bytearray(PAYLOAD)
    for palette in (0, 63):
        payload[6 + glyph.PLANE_SIZE + palette * 32] = 1
    pack = AssetPack.open(io.BytesIO(file_of(canonical_json(HEADER), bytes(payload))), "x.pa")
    with pytest.raises(IntegrityError) as caught:
        pack.verify()
    assert str(caught.value) == (
        "error: has colours in 2 palettes, and 1 are declared\n  at x.pa ($.asset_table[1], the bank)"
    )


def test_opening_reads_no_payload() -> None:
    class Watched(io.BytesIO):
        furthest = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.furthest = max(self.furthest, self.tell())
            return data

    stream = Watched(GOOD)
    AssetPack.open(stream)
    assert stream.furthest == len(GOOD) - len(PAYLOAD)


def test_a_stream_that_gives_little_at_a_time() -> None:
    class Drops(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(7, size) if size is not None and size >= 0 else 7)

    pack = AssetPack.open(Drops(GOOD))
    assert pack.verify()[3] == Digest.of(b"abcdef")


TEXT = canonical_json(HEADER)
START = len(TEXT) + 32
PRELUDE = {
    "P1-empty": (b"", "x.pa", "the file is 0 bytes long, and the prelude alone is 32"),
    "P1-31-bytes": (GOOD[:31], "x.pa", "the file is 31 bytes long, and the prelude alone is 32"),
    "P1-big-endian": (
        b"ASPA" + struct.pack(">IIQI8s", 1, len(TEXT), START, 0, bytes(8)) + TEXT + PAYLOAD,
        "x.pa (byte 4)",
        "the file has version 16777216, and only version 1 is known",
    ),
    "P2-other-magic": (
        file_of(TEXT, magic=b"aspa"),
        "x.pa (byte 0)",
        "the file does not start with `ASPA`: it is no asset pack",
    ),
    "P2-zip": (
        b"PK\3\4" + bytes(60),
        "x.pa (byte 0)",
        "the file does not start with `ASPA`: it is no asset pack",
    ),
    "P3-version-0": (
        file_of(TEXT, version=0),
        "x.pa (byte 4)",
        "the file has version 0, and only version 1 is known",
    ),
    "P3-version-2": (
        file_of(TEXT, version=2),
        "x.pa (byte 4)",
        "the file has version 2, and only version 1 is known",
    ),
    "P4-no-header": (
        file_of(b"", b""),
        "x.pa (byte 8)",
        f"the header is 0 bytes long, and 31 to {HEADER_LIMIT} are allowed",
    ),
    "P4-too-long": (
        file_of(b" " * (HEADER_LIMIT + 1)),
        "x.pa (byte 8)",
        f"the header is {HEADER_LIMIT + 1} bytes long, and 31 to {HEADER_LIMIT} are allowed",
    ),
    "P4-behind-the-end": (
        file_of(TEXT, b"", length=4000, offset=4032),
        "x.pa (byte 8)",
        "the header is 4000 bytes long, and the file ends before it does",
    ),
    "P5-gap": (
        file_of(TEXT, b"\0" + PAYLOAD, offset=START + 1),
        "x.pa (byte 12)",
        f"the payload starts at {START + 1}, and the header ends at {START}",
    ),
    "P5-overlap": (
        file_of(TEXT, offset=32),
        "x.pa (byte 12)",
        f"the payload starts at 32, and the header ends at {START}",
    ),
    "P5-64-bits": (
        file_of(TEXT, offset=START + (1 << 32)),
        "x.pa (byte 12)",
        f"the payload starts at {START + (1 << 32)}, and the header ends at {START}",
    ),
    "P6-flags": (file_of(TEXT, flags=5), "x.pa (byte 20)", "the flags are 0x5, and none is defined"),
    "P6-reserved": (
        file_of(TEXT, reserved=bytes(7) + b"\1"),
        "x.pa (byte 24)",
        "the reserved bytes are not zero",
    ),
    "P7-cut-off": (
        GOOD[:-1],
        "x.pa",
        f"the file is {len(GOOD) - 1} bytes long, but its banks end at {len(GOOD)}",
    ),
    "P7-trailing": (
        GOOD + b"\n",
        "x.pa",
        f"the file is {len(GOOD) + 1} bytes long, but its banks end at {len(GOOD)}",
    ),
}


@pytest.mark.parametrize(("raw", "where", "what"), PRELUDE.values(), ids=PRELUDE)
def test_a_malformed_prelude(raw: bytes, where: str, what: str) -> None:
    assert refusal(raw) == [(where, what)]


def test_all_that_is_wrong_with_a_prelude_is_told_at_once() -> None:
    found = refusal(file_of(TEXT, length=1, flags=1, reserved=b"reserved"))
    assert [where for where, _ in found] == [
        "x.pa (byte 8)",
        "x.pa (byte 12)",
        "x.pa (byte 20)",
        "x.pa (byte 24)",
    ]


PADDING = b'{"asset_table":[],"preload":[]}'
CANONICAL = "the header is not canonical JSON (sorted keys, each once, no white space, no escapes)"
SPELLING = {
    "H1-not-json": (b"x" * 40, "the header is not JSON: expecting value at 0"),
    "H1-two-values": (PADDING + b"{}", "the header is not JSON: extra data at 31"),
    "H1-cut-off": (PADDING[:-1] + b"  ", "the header is not JSON: expecting ',' delimiter at 32"),
    "H1-not-utf8": (PADDING[:-1] + b"\xff}", "the header is not UTF-8: byte 30 of it"),
    "H1-byte-order-mark": (b"\xef\xbb\xbf" + PADDING, "the header is not JSON: "),
    "H1-white-space": (b'{"asset_table": [],"preload":[]}', CANONICAL),
    "H1-final-newline": (PADDING + b"\n", CANONICAL),
    "H1-order": (b'{"preload":[],"asset_table":[]}', CANONICAL),
    "H1-twice": (b'{"asset_table":[],"asset_table":[],"preload":[]}', CANONICAL),
    "H1-escape": (TEXT.replace(b"jump", b"\\u006aump"), CANONICAL),
    "H1-long-escape": (TEXT.replace(b"jump", b"\\u000a"), CANONICAL),
    "H1-slash": (TEXT.replace(b"jump", b"\\/"), CANONICAL),
    "H1-lone-surrogate": (
        TEXT.replace(b"jump", b"\\ud83d"),
        "the header holds half a surrogate pair, which UTF-8 has no form for",
    ),
    "H1-low-surrogate": (TEXT.replace(b"jump", b"\\udc80"), CANONICAL),
    "H2-fraction": (
        TEXT.replace(b":34816", b":34816.0"),
        "the header holds `34816.0`, and only integers are allowed",
    ),
    "H2-exponent": (
        TEXT.replace(b":34816", b":34816e0"),
        "the header holds `34816e0`, and only integers are allowed",
    ),
    "H2-nan": (TEXT.replace(b":34816", b":NaN"), "the header holds `NaN`, and only integers are allowed"),
    "H2-infinity": (
        TEXT.replace(b":34816", b":-Infinity"),
        "the header holds `-Infinity`, and only integers are allowed",
    ),
    "H2-minus-zero": (TEXT.replace(b'"slot":0', b'"slot":-0'), CANONICAL),
    "H2-64-bits": (
        TEXT.replace(b":34816", b":9223372036854775808"),
        "the header holds `9223372036854775808`, which is no 64-bit integer",
    ),
    "H2-endless-integer": (
        TEXT.replace(b":34816", b":" + b"9" * 9999),
        f"the header holds `{'9' * 40}`, which is no 64-bit integer",
    ),
    "H3-deep": (b"[" * 500 + b"]" * 500, "the header nests deeper than 32 levels"),
    "H3-deep-and-open": (b'{"a":' * 5000, "the header nests deeper than 32 levels"),
    "H3-many": (b"[" + b"[]," * 300_000 + b"[]]", "the header holds more than 262144 objects and lists"),
}


@pytest.mark.parametrize(("header", "what"), SPELLING.values(), ids=SPELLING)
def test_a_malformed_spelling(header: bytes, what: str) -> None:
    found = refusal(file_of(header))
    assert len(found) == 1
    assert found[0][0] == "x.pa (header)"
    assert found[0][1].startswith(what)


def test_brackets_in_strings_do_not_nest() -> None:
    header = deepcopy(HEADER)
    header["asset_table"][0]["asset_name"] = '[{"\\' * 50
    pack = AssetPack.open(io.BytesIO(file_of(canonical_json(header))))
    assert pack.entries[0].asset_name == '[{"\\' * 50


def table(row: int, **changes: Any) -> Callable[[Any], None]:
    return lambda header: header["asset_table"][row].update(changes)


def metadata(row: int, **changes: Any) -> Callable[[Any], None]:
    return lambda header: header["asset_table"][row]["metadata"].update(changes)


def sample(name: str, **changes: Any) -> Callable[[Any], None]:
    return lambda header: header["asset_table"][0]["metadata"]["samples"][name].update(changes)


def samples(value: Any) -> Callable[[Any], None]:
    return metadata(0, samples=value)


def preload(*rows: Any) -> Callable[[Any], None]:
    return lambda header: header.update(preload=list(rows))


def without(*path: Any) -> Callable[[Any], None]:
    def change(header: Any) -> None:
        for key in path[:-1]:
            header = header[key]
        del header[path[-1]]

    return change


T, S = "$.asset_table", "$.asset_table[0].metadata.samples"
MEMBERS = "must have `offset`, `length` and `sample_rate`, and may have `loop_start` with `loop_end`"
VALUES: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "H4-no-table": (without("asset_table"), "$", "lacks `asset_table`"),
    "H4-no-preload": (without("preload"), "$", "lacks `preload`"),
    "H4-more": (
        lambda header: header.update(pipeline={}),
        "$",
        "has a member `pipeline` that the format does not know",
    ),
    "H4-table-no-list": (lambda header: header.update(asset_table={}, preload=[]), T, "must be a list"),
    "H4-preload-no-list": (lambda header: header.update(preload=None), "$.preload", "must be a list"),
    "H5-row-no-object": (lambda header: header["asset_table"].append(7), f"{T}[2]", "must be an object"),
    "H5-lacks": (without("asset_table", 1, "codec"), f"{T}[1]", "lacks `codec`"),
    "H5-more": (table(1, checksum=1), f"{T}[1]", "has a member `checksum` that the format does not know"),
    "H6-too-large": (
        table(1, asset_id=1 << 31),
        f"{T}[1].asset_id",
        "must be an integer from 1 to 2147483647",
    ),
    "H6-string": (table(1, asset_id="8"), f"{T}[1].asset_id", "must be an integer from 1 to 2147483647"),
    "H6-true": (table(1, asset_id=True), f"{T}[1].asset_id", "must be an integer from 1 to 2147483647"),
    "H6-twice": (table(1, asset_id=3), f"{T}[1].asset_id", "is 3 after 3, and ids must increase"),
    "H6-down": (table(1, asset_id=2), f"{T}[1].asset_id", "is 2 after 3, and ids must increase"),
    "H7-empty": (table(0, asset_name=""), f"{T}[0].asset_name", "must be a string that is not empty"),
    "H7-number": (table(0, asset_name=1), f"{T}[0].asset_name", "must be a string that is not empty"),
    "H7-control": (table(0, asset_name="a\n"), f"{T}[0].asset_name", "holds a control character"),
    "H7-too-long": (table(0, asset_name="å" * 128), f"{T}[0].asset_name", "is longer than 255 bytes"),
    "H8-tiles": (table(1, bank_type="TILES"), f"{T}[1].bank_type", "must be one of `GLYPH`, `SOUNDS`"),
    "H8-list": (table(1, bank_type=[]), f"{T}[1].bank_type", "must be one of `GLYPH`, `SOUNDS`"),
    "H9-raw": (table(0, codec="RAW"), f"{T}[0].codec", "must be `NONE`, `RAW` is its old name"),
    "H9-zstd": (table(0, codec="ZSTD"), f"{T}[0].codec", "must be `NONE`"),
    "H10-negative": (table(0, offset=-1), f"{T}[0].offset", "must be an integer of 0 or more"),
    "H10-null": (table(1, size=None), f"{T}[1].size", "must be an integer of 0 or more"),
    "H10-decoded": (table(1, decoded_size="1"), f"{T}[1].decoded_size", "must be an integer of 0 or more"),
    "H11-gap": (table(1, offset=8), f"{T}[1].offset", "is 8, but the bank before it ends at 6"),
    "H11-overlap": (table(1, offset=0), f"{T}[1].offset", "is 0, but the bank before it ends at 6"),
    "H11-late": (table(0, offset=2), f"{T}[0].offset", "is 2, but the bank before it ends at 0"),
    "H12-list": (table(0, metadata=[]), f"{T}[0].metadata", "must be an object"),
    "H13-no-object": (preload([3, 0]), "$.preload[0]", "must be an object"),
    "H13-lacks": (preload({"asset_id": 3}), "$.preload[0]", "lacks `slot`"),
    "H13-unknown": (
        preload({"asset_id": 4, "slot": 0}),
        "$.preload[0].asset_id",
        "is not in the asset table",
    ),
    "H13-list-id": (
        preload({"asset_id": [], "slot": 0}),
        "$.preload[0].asset_id",
        "is not in the asset table",
    ),
    "H13-down": (
        preload({"asset_id": 8, "slot": 0}, {"asset_id": 3, "slot": 0}),
        "$.preload[1].asset_id",
        "is 3 after 8, and ids must increase",
    ),
    "H14-slot": (
        preload({"asset_id": 3, "slot": 1}),
        "$.preload[0].slot",
        "must be 0: slots of `SOUNDS` are dealt out from 0",
    ),
    "H14-true": (
        preload({"asset_id": 3, "slot": False}),
        "$.preload[0].slot",
        "must be 0: slots of `SOUNDS` are dealt out from 0",
    ),
    "G1-size": (table(1, size=34815), f"{T}[1].size", "must be 34816"),
    "G1-decoded": (table(1, decoded_size=34816), f"{T}[1].decoded_size", "must be 67584"),
    "G4-tile-size": (metadata(1, tile_size=12), f"{T}[1].metadata.tile_size", "must be 8, 16 or 32"),
    "G4-no-width": (without("asset_table", 1, "metadata", "width"), f"{T}[1].metadata.width", "must be 256"),
    "G4-palettes": (metadata(1, palette_count=1), f"{T}[1].metadata.palette_count", "must be 64"),
    "G4-authored": (
        metadata(1, palette_authored=65),
        f"{T}[1].metadata.palette_authored",
        "must be an integer from 1 to 64",
    ),
    "S1-decoded": (table(0, decoded_size=12), f"{T}[0].decoded_size", "must be 6, the same as `size`"),
    "S2-stereo": (metadata(0, channels=2), f"{T}[0].metadata.channels", "must be 1"),
    "S2-none": (samples({}), S, "must be an object of 1 to 4096 samples"),
    "S2-list": (samples([]), S, "must be an object of 1 to 4096 samples"),
    "S2-gap": (
        samples({"0": SAMPLES["0"], "2": SAMPLES["1"]}),
        S,
        "lacks `1`: samples count from 0 without a gap",
    ),
    "S2-padded": (samples({"00": SAMPLES["0"]}), S, "lacks `0`: samples count from 0 without a gap"),
    "S3-no-rate": (samples({"0": {"length": 6, "offset": 0}}), f"{S}.0", MEMBERS),
    "S3-float-like": (sample("0", sample_rate="8000"), f"{S}.0.sample_rate", "must be an integer"),
    "S3-rate": (sample("1", sample_rate=0), f"{S}.1.sample_rate", "must be from 1 to 192000"),
    "S3-odd": (sample("0", length=3), f"{S}.0.length", "must be a positive multiple of 2"),
    "S3-empty": (sample("1", length=0), f"{S}.1.length", "must be a positive multiple of 2"),
    "S3-overlap": (sample("1", offset=2), f"{S}.1.offset", "is 2, but the sample before it ends at 4"),
    "S3-short": (samples({"0": SAMPLES["0"]}), f"{T}[0].size", "is 6, but the samples end at 4"),
    "S4-half-a-loop": (sample("1", loop_start=0), f"{S}.1", MEMBERS),
    "S4-backwards": (
        sample("0", loop_start=2),
        f"{S}.0.loop_end",
        "must lie behind `loop_start` and within the sample",
    ),
    "S4-behind": (
        sample("0", loop_end=3),
        f"{S}.0.loop_end",
        "must lie behind `loop_start` and within the sample",
    ),
}


@pytest.mark.parametrize(("change", "place", "what"), VALUES.values(), ids=VALUES)
def test_a_malformed_value(change: Callable[[Any], Any], place: str, what: str) -> None:
    header = deepcopy(HEADER)
    change(header)
    assert (f"x.pa ({place})", what) in refusal(file_of(canonical_json(header)))


def test_a_header_with_a_thousand_faults_names_twenty() -> None:
    header = {"asset_table": [7] * 1000, "preload": []}
    assert len(refusal(file_of(canonical_json(header)))) == 20


def test_h5_more_rows_than_are_allowed() -> None:
    header = {"asset_table": [0] * 16_385, "preload": [0] * 16_385}
    assert refusal(file_of(canonical_json(header))) == [
        ("x.pa ($.asset_table)", "has 16385 rows, and 16384 are allowed"),
        ("x.pa ($.preload)", "has 16385 rows, and 16384 are allowed"),
    ]


def test_a_claimed_size_costs_no_memory() -> None:
    raw = file_of(TEXT, b"", length=HEADER_LIMIT, offset=32 + HEADER_LIMIT)
    tracemalloc.start()
    try:
        refusal(raw)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@given(st.data())
def test_a_changed_file_is_refused_or_says_the_same_form(data: st.DataObject) -> None:
    """The reader refuses, or the header that it read is written as it stands in the file."""
    raw = bytearray(GOOD[: len(GOOD) - glyph.SIZE])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    whole = bytes(raw) + bytes(glyph.SIZE)
    try:
        pack = AssetPack.open(io.BytesIO(whole))
        pack.verify()
    except IntegrityError:
        return
    encoded = canonical_json(pack.header.to_json())
    assert whole[: 32 + len(encoded)] == file_of(encoded, b"")


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(IntegrityError):
        AssetPack.open(io.BytesIO(file_of(noise)))


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) below a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in list(pairs) for found in ((value, key), *places(item))]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 1 << 40) | st.sampled_from(["GLYPH", "SOUNDS", "NONE", "0"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["0", "slot"]), inner),
    max_leaves=4,
)


@given(st.data())
def test_any_value_anywhere_is_judged(data: st.DataObject) -> None:
    """Canonical headers with other values in them: refused as a malformed file, or read, and nothing else."""
    header = deepcopy(HEADER)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places(header)))
        container[key] = data.draw(JSON)
    raw = file_of(canonical_json(header))
    try:
        pack = AssetPack.open(io.BytesIO(raw))
        pack.verify()
    except IntegrityError:
        return
    assert pack.header.to_json() == header
