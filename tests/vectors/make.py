"""Makes the vectors of docs/formats/assets-pa.md: `python tests/vectors/make.py` writes them beside itself.

Nothing of the package is used here: every file is put together by hand, and what a reader has to say of it is written
beside it. What the files are for, and how to use them: README.md in this folder.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import struct
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "assets-pa"
HEADER_LIMIT, ROW_LIMIT = 4 << 20, 1 << 19
TOLD = 4_000  # bytes of a header up to which the vector repeats what it says

PLANE, BLOCK = 32_768, 2_048
BLANK = bytes(PLANE + BLOCK)
EMPTY = b'{"asset_table":[],"preload":[]}'


@dataclass
class Vector:
    """A file, and what a reader must say of it: nothing, or (place, what) when it opens or verifies it."""

    name: str
    statements: tuple[str, ...]
    data: bytes
    opening: list[tuple[str, str]] = field(default_factory=list)
    verifying: list[tuple[str, str]] = field(default_factory=list)
    banks: dict[int, bytes] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        return "malformed" if self.opening else "corrupt" if self.verifying else "valid"

    def told(self) -> dict[str, Any]:
        """Return the vector as it stands in vectors.json."""
        value: dict[str, Any] = {
            "file": f"{'valid' if self.verdict == 'valid' else 'malformed'}/{self.name}.pa.gz",
            "sha256": hashlib.sha256(self.data).hexdigest(),
            "statements": list(self.statements),
            "verdict": self.verdict,
        }
        if self.verdict != "valid":
            problems = self.opening or self.verifying
            return {**value, "problems": [{"place": place, "what": what} for place, what in problems]}
        length = struct.unpack_from("<I", self.data, 8)[0]
        header = self.data[32 : 32 + length]
        digests = {str(key): hashlib.sha256(bank).hexdigest() for key, bank in self.banks.items()}
        value["banks_sha256"] = hashlib.sha256(canonical(digests)).hexdigest()
        value["header_sha256"] = hashlib.sha256(header).hexdigest()
        if length <= TOLD:
            value["banks"] = digests
            value["header"] = json.loads(header)
            table, preload = header[len(b'{"asset_table":') : -1].split(b',"preload":')
            value["companions"] = {"asset_table.json": table.decode(), "preload.json": preload.decode()}
        return {**value, **self.more}


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def file_of(header: bytes, payload: bytes = b"", **prelude: Any) -> bytes:
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


def sounds(asset_id: int, *lengths: int, name: str = "", **more: Any) -> dict[str, Any]:
    """Return a row of samples of these lengths in bytes; its offset is set when it is packed."""
    offsets = [sum(lengths[:at]) for at in range(len(lengths))]
    samples = {
        str(at): {"length": length, "offset": offset, "sample_rate": 8000}
        for at, (length, offset) in enumerate(zip(lengths, offsets, strict=True))
    }
    size = sum(lengths)
    metadata = {"channels": 1, "samples": samples, **more}
    return row(asset_id, name or f"s{asset_id}", "SOUNDS", size, size, metadata)


def glyphs(asset_id: int, *, name: str = "", authored: int = 1, tile_size: int = 16, **more: Any) -> dict[str, Any]:
    metadata = {
        "height": 256, "palette_authored": authored, "palette_count": 64, "tile_size": tile_size, "width": 256, **more,
    }  # fmt: skip
    return row(asset_id, name or f"g{asset_id}", "GLYPH", 34_816, 67_584, metadata)


def row(asset_id: int, name: str, bank_type: str, size: int, decoded_size: int, metadata: Any) -> dict[str, Any]:
    return {
        "asset_id": asset_id,
        "asset_name": name,
        "bank_type": bank_type,
        "codec": "NONE",
        "decoded_size": decoded_size,
        "metadata": metadata,
        "offset": 0,
        "size": size,
    }


def preloaded(*pairs: tuple[int, int]) -> list[dict[str, int]]:
    return [{"asset_id": asset_id, "slot": slot} for asset_id, slot in pairs]


def valid(name: str, statements: str, *given: tuple[dict[str, Any], bytes], preload: Any = (), **more: Any) -> Vector:
    offset = 0
    for one, bank in given:
        one["offset"], offset = offset, offset + len(bank)
    header = canonical({"asset_table": [one for one, _ in given], "preload": list(preload)})
    banks = {one["asset_id"]: bank for one, bank in given}
    data = file_of(header, b"".join(banks.values()))
    return Vector(name, tuple(statements.split()), data, banks=banks, more=more)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def noise(size: int) -> bytes:
    """Return bytes that look like noise, the same everywhere."""
    out = b""
    while len(out) < size:
        out += hashlib.sha256(len(out).to_bytes(8, "big")).digest()
    return out[:size]


def painted() -> bytes:
    """A sheet with three pixels, and colours in palettes 0 and 63."""
    bank = bytearray(BLANK)
    bank[0] = 0x12  # (0, 0) is 1, (1, 0) is 2
    bank[255 * 128 + 127] = 0x0F  # (255, 255) is 15
    struct.pack_into("<3H", bank, PLANE, 0, 0xF800, 0x07E0)
    struct.pack_into("<H", bank, PLANE + 63 * 32 + 30, 0x001F)
    return bytes(bank)


def looped() -> dict[str, Any]:
    one = sounds(1, 8, 4)
    one["metadata"]["samples"]["0"] |= {"loop_start": 0, "loop_end": 4}
    one["metadata"]["samples"]["1"] |= {"loop_start": 1, "loop_end": 2}
    return one


def ordered() -> dict[str, Any]:
    """Names whose order in UTF-8 is not that in UTF-16, nor that of a dictionary."""
    one = sounds(1, 2)
    one["metadata"] |= {"Z": 1, "a": 2, "é": 3, "ﬀ": 4, "𐀀": 5}
    return one


def many_samples(count: int) -> dict[str, Any]:
    return sounds(1, *[2] * count)


def valid_vectors() -> Iterator[Vector]:
    last = (1 << 31) - 1
    yield valid("empty", "P1 P4 H4 C1")
    yield valid("sounds", "H5 H12 S1 S2 S3 C1", (sounds(1, 4), b"abcd"), preload=preloaded((1, 0)))
    yield valid("glyph", "G1 G2 G4 C1", (glyphs(1), BLANK))
    yield valid(
        "glyph-pixels", "G2 G3 G5 G6", (glyphs(1, authored=2, tile_size=8), painted()),
        pixels=[[0, 0, 1], [1, 0, 2], [2, 0, 0], [255, 255, 15]],
        colors=[[0, 1, 0xF800], [0, 2, 0x07E0], [1, 1, 0], [63, 15, 0x001F]],
    )  # fmt: skip
    yield valid("glyph-all-palettes", "G3 G4 G5", (glyphs(1, authored=64, tile_size=32), noise(34_816)))
    yield valid(
        "both",
        "H8 H11",
        (sounds(3, 4, 2, name="jump"), b"abcdef"),
        (glyphs(8, name="hero"), BLANK),
        preload=preloaded((8, 0)),
    )
    yield valid("glyph-before-sounds", "H8 H11", (glyphs(3), BLANK), (sounds(8, 2), b"ab"))
    yield valid("frames", "S1", (sounds(1, 6), struct.pack("<3h", 1, -2, -32_768)), frames=[1, -2, -32_768])
    yield valid("samples", "S2 S3", (sounds(1, 2, 4, 6), b"aabbbbcccccc"))
    yield valid("ten-samples", "S2 S3 H1", (many_samples(11), bytes(22)))  # "10" stands before "2"
    yield valid("samples-at-the-limit", "S2 H3", (many_samples(4_096), bytes(8_192)))
    yield valid("loops", "S4", (looped(), noise(12)))
    yield valid("rate-at-the-limit", "S3", (sounds(1, 2) | {"metadata": {"channels": 1, "samples": {
        "0": {"length": 2, "offset": 0, "sample_rate": 192_000}}}}, b"ab"))  # fmt: skip
    yield valid("ids-at-the-limit", "H6 H13", (sounds(1, 2), b"ab"), (sounds(last, 2), b"cd"),
                preload=preloaded((1, 0), (last, 1)))  # fmt: skip
    yield valid("slots-by-type", "H13 H14", (sounds(1, 2), b"ab"), (glyphs(2), BLANK), (sounds(3, 2), b"cd"),
                (glyphs(4), BLANK), preload=preloaded((1, 0), (2, 0), (3, 1), (4, 1)))  # fmt: skip
    yield valid("some-preloaded", "H13 H14", (sounds(1, 2), b"ab"), (sounds(2, 2), b"cd"), (sounds(5, 2), b"ef"),
                preload=preloaded((2, 0), (5, 1)))  # fmt: skip
    yield valid("names", "H1 H7", (sounds(1, 2, name="größe 🎮 日本"), b"ab"), (sounds(2, 2, name='"\\/'), b"cd"))
    yield valid("one-name-twice", "H7", (sounds(1, 2, name="same"), b"ab"), (sounds(2, 2, name="same"), b"cd"))
    yield valid("name-at-the-limit", "H7", (sounds(1, 2, name="å" * 127 + "a"), b"ab"))
    yield valid("brackets-in-a-name", "H3 H7", (sounds(1, 2, name='[{"\\' * 50), b"ab"))
    yield valid(
        "free-metadata", "H12", (sounds(1, 2, author="Jane Doe", codec={"parity": 10}, tags=[None, True]), b"ab")
    )
    yield valid("escapes", "H1", (sounds(1, 2, text='"\\/\b\f\n\r\t\0\x1f\x7f\u2028é'), b"ab"))
    yield valid("order-of-members", "H1", (ordered(), b"ab"))
    yield valid("integers", "H2", (sounds(1, 2, low=-(1 << 63), high=(1 << 63) - 1, none=0), b"ab"))
    yield valid("deep", "H3", (sounds(1, 2, deep=nested(28)), b"ab"))
    yield valid("row-at-the-limit", "H3", (long_row(ROW_LIMIT), b"ab"))
    rows = [(sounds(at, 2, name=str(at)), b"ab") for at in range(1, 16_385)]
    slots = preloaded(*((at, at - 1) for at in range(1, 16_385)))
    yield valid("rows-at-the-limit", "H5 H13 H14", *rows, preload=slots)
    yield header_at_the_limit()
    yield valid("same-bytes", "H11", (sounds(1, 2), b"ab"), (sounds(2, 2), b"ab"))


def long_row(size: int, asset_id: int = 1) -> dict[str, Any]:
    """Return a row that is `size` bytes long when it is spelt."""
    one = {**sounds(asset_id, 2, more=""), "offset": asset_id * 2 - 2}
    one["metadata"]["more"] = "x" * (size - len(canonical(one)))
    return one


def header_at_the_limit() -> Vector:
    """Return a file whose header is as long as one may be."""

    def filled(size: int) -> Vector:
        rows = [(long_row(ROW_LIMIT, at), b"ab") for at in range(1, 8)]
        return valid("header-at-the-limit", "P4 H3", *rows, (long_row(size, 8), b"ab"))

    start = filled(1_000)
    return filled(1_000 + HEADER_LIMIT - struct.unpack_from("<I", start.data, 8)[0])


SAMPLES = {
    "0": {"length": 4, "offset": 0, "sample_rate": 8000, "loop_start": 0, "loop_end": 2},
    "1": {"length": 2, "offset": 4, "sample_rate": 22050},
}
SOUND = row(3, "jump", "SOUNDS", 6, 6, {"channels": 1, "samples": SAMPLES})
GLYPHS = {**glyphs(8, name="hero"), "offset": 6}
HEADER: dict[str, Any] = {"asset_table": [SOUND, GLYPHS], "preload": preloaded((3, 0), (8, 0))}
PAYLOAD = b"abcdef" + BLANK
TEXT = canonical(HEADER)
START = 32 + len(TEXT)
GOOD = file_of(TEXT, PAYLOAD)


def malformed(name: str, statements: str, data: bytes, *problems: tuple[str, str]) -> Vector:
    return Vector(name, tuple(statements.split()), data, list(problems))


def preludes() -> Iterator[Vector]:
    magic = "the file does not start with `ASPA`: it is no asset pack"
    lengths = f"31 to {HEADER_LIMIT} are allowed"
    yield malformed("p1-empty", "P1", b"", ("", "the file is 0 bytes long, and the prelude alone is 32"))
    yield malformed("p1-31-bytes", "P1", GOOD[:31], ("", "the file is 31 bytes long, and the prelude alone is 32"))
    big = b"ASPA" + struct.pack(">IIQI8s", 1, len(TEXT), START, 0, bytes(8)) + TEXT + PAYLOAD
    yield malformed(
        "p1-big-endian", "P1 P3", big, ("byte 4", "the file has version 16777216, and only version 1 is known")
    )
    yield malformed("p2-lower-case", "P2", file_of(TEXT, PAYLOAD, magic=b"aspa"), ("byte 0", magic))
    yield malformed("p2-zip", "P2", b"PK\3\4" + bytes(60), ("byte 0", magic))
    for version in (0, 2, 0xFFFFFFFF):
        what = f"the file has version {version}, and only version 1 is known"
        yield malformed(f"p3-version-{version}", "P3", file_of(TEXT, PAYLOAD, version=version), ("byte 4", what))
    other = file_of(b"of another version", b"", version=2, flags=7, offset=0)
    yield malformed(
        "p3-all-else-wrong-too", "P3", other, ("byte 4", "the file has version 2, and only version 1 is known")
    )
    yield malformed("p4-no-header", "P4", file_of(b""), ("byte 8", f"the header is 0 bytes long, and {lengths}"))
    yield malformed("p4-30-bytes", "P4", file_of(EMPTY[:-1]), ("byte 8", f"the header is 30 bytes long, and {lengths}"))
    long = file_of(b" " * (HEADER_LIMIT + 1))
    yield malformed(
        "p4-too-long", "P4", long, ("byte 8", f"the header is {HEADER_LIMIT + 1} bytes long, and {lengths}")
    )
    claimed = file_of(TEXT, length=4000, offset=4032)
    yield malformed(
        "p4-behind-the-end",
        "P4",
        claimed,
        ("byte 8", "the header is 4000 bytes long, and the file ends before it does"),
    )
    all_ones = file_of(TEXT, length=0xFFFFFFFF, offset=32 + 0xFFFFFFFF)
    yield malformed("p4-4-gib", "P4", all_ones, ("byte 8", f"the header is 4294967295 bytes long, and {lengths}"))
    for name, offset in (
        ("gap", START + 1),
        ("overlap", 32),
        ("64-bits", START + (1 << 32)),
        ("largest", (1 << 64) - 1),
    ):
        what = f"the payload starts at {offset}, and the header ends at {START}"
        yield malformed(f"p5-{name}", "P5", file_of(TEXT, PAYLOAD, offset=offset), ("byte 12", what))
    yield malformed(
        "p6-flags", "P6", file_of(TEXT, PAYLOAD, flags=5), ("byte 20", "the flags are 0x5, and none is defined")
    )
    reserved = file_of(TEXT, PAYLOAD, reserved=bytes(7) + b"\1")
    yield malformed("p6-reserved", "P6", reserved, ("byte 24", "the reserved bytes are not zero"))
    yield malformed(
        "p6-all-at-once", "P4 P5 P6", file_of(TEXT, PAYLOAD, length=1, flags=1, reserved=b"reserved"),
        ("byte 8", f"the header is 1 bytes long, and {lengths}"),
        ("byte 12", f"the payload starts at {START}, and the header ends at 33"),
        ("byte 20", "the flags are 0x1, and none is defined"),
        ("byte 24", "the reserved bytes are not zero"),
    )  # fmt: skip
    end = len(GOOD)
    for name, data in (("cut-off", GOOD[:-1]), ("trailing", GOOD + b"\n"), ("no-payload", file_of(TEXT))):
        what = f"the file is {len(data)} bytes long, but its banks end at {end}"
        yield malformed(f"p7-{name}", "P7", data, ("", what))
    yield malformed(
        "p7-empty-with-payload", "P7", file_of(EMPTY, b"x"), ("", "the file is 64 bytes long, but its banks end at 63")
    )


CHOICE = "is not canonical JSON: it has white space, an escape that need not be, or `-0`"
ORDER = "is not canonical JSON: the members of an object are not sorted, or one stands twice"
DEEP = "nests deeper than 32 levels"


def at(byte: int) -> str:
    return f"byte {byte} of the header"


def frames() -> Iterator[Vector]:
    """What stands around the rows."""
    table, between = '`{"asset_table":[`', '`,"preload":[`'
    for name, statements, header, byte, found, due in (
        ("h1-noise", "H1 H4", b"x" * 40, 0, "x" * 24, table),
        ("h1-two-values", "H1", EMPTY + b"{}", 31, "{}", "the end"),
        ("h1-final-newline", "H1", EMPTY + b"\n", 31, "\n", "the end"),
        ("h1-white-space-in-front", "H1", b" " + EMPTY, 0, ' {"asset_table":[],"prel', table),
        ("h1-white-space", "H1", b'{"asset_table": [],"preload":[]}', 0, '{"asset_table": [],"prel', table),
        ("h1-byte-order-mark", "H1", b"\xef\xbb\xbf" + EMPTY, 0, '\ufeff{"asset_table":[],"pr', table),
        ("h1-order", "H1 H4", b'{"preload":[],"asset_table":[]}', 0, '{"preload":[],"asset_tab', table),
        ("h1-twice", "H1 H4", b'{"asset_table":[],"asset_table":[],"preload":[]}', 17, ',"asset_table":[],"prelo', between),
        ("h1-escaped-name", "H1", b'{"asset_tabl\\u0065":[],"preload":[]}', 0, '{"asset_tabl\\u0065":[],"', table),
        ("h1-comma-before-the-end", "H1", b'{"asset_table":[],"preload":[],}', 30, ",}", "`}`"),
        ("h4-list", "H4", b'[{"asset_table":[],"preload":[]}]', 0, '[{"asset_table":[],"prel', table),
        ("h4-no-table", "H4", b'{"preload":[]}' + b" " * 20, 0, '{"preload":[]}          ', table),
        ("h4-no-preload", "H4", b'{"asset_table":[]}' + b" " * 20, 17, "}                    ", between),
        ("h4-more-in-front", "H4", b'{"a":1,' + EMPTY[1:], 0, '{"a":1,"asset_table":[],', table),
        ("h4-more-between", "H4", b'{"asset_table":[],"b":1,"preload":[]}', 17, ',"b":1,"preload":[]}', between),
        ("h4-more-behind", "H4", EMPTY[:-1] + b',"version":1}', 30, ',"version":1}', "`}`"),
        ("h4-table-no-list", "H4", b'{"asset_table":{},"preload":[]}', 0, '{"asset_table":{},"prelo', table),
        ("h4-preload-no-list", "H4", b'{"asset_table":[],"preload":null}', 17, ',"preload":null}', between),
        ("h1-no-comma", "H1", TEXT.replace(b"},{", b"}{", 1), TEXT.index(b"},{") + 1, '{"asset_id":8,"asset_nam', "`,` or `]`"),
    ):  # fmt: skip
        yield malformed(name, statements, file_of(header, PAYLOAD), (at(byte), f"has `{found}` where {due} must stand"))
    cut = TEXT[: TEXT.index(b',"preload"')]
    yield malformed("h1-cut-off", "H1", file_of(cut), (at(len(cut)), f"has nothing where {between} must stand"))


def spelled() -> Iterator[Vector]:
    """Rows whose values are as they should be, or no values."""
    one, two = "$.asset_table[0]", "$.asset_table[1]"

    def changed(name: str, statements: str, old: bytes, new: bytes, place: str, what: str) -> Vector:
        assert old in TEXT
        return malformed(name, statements, file_of(TEXT.replace(old, new, 1), PAYLOAD), (place, what))

    def integer(name: str, spelling: bytes, what: str) -> Vector:
        return changed(name, "H2", b'"size":34816', b'"size":' + spelling, two, what)

    yield changed("h1-space-in-a-row", "H1", b'"size":6', b'"size": 6', one, CHOICE)
    yield changed("h1-newline-in-a-row", "H1", b'{"asset_id":8', b'{\n"asset_id":8', two, CHOICE)
    yield changed("h1-members-not-sorted", "H1", b'"offset":0,"size":6', b'"size":6,"offset":0', one, ORDER)
    yield changed("h1-member-twice", "H1", b'"size":6', b'"size":6,"size":6', one, ORDER)
    yield changed("h1-metadata-twice", "H1", b'"channels":1', b'"channels":1,"channels":1', one, ORDER)
    yield changed("h1-escape", "H1", b"jump", b"\\u006aump", one, CHOICE)
    yield changed("h1-escape-beyond-ascii", "H1", b"jump", b"\\u00e9", one, CHOICE)
    yield changed("h1-escaped-pair", "H1", b"jump", b"\\ud83c\\udfae", one, CHOICE)
    yield changed("h1-escaped-half-pair", "H1", b"jump", b"\\ud83d", one, CHOICE)
    yield changed("h1-long-escape", "H1", b"jump", b"\\u000a", one, CHOICE)
    yield changed("h1-escape-in-upper-case", "H1", b"jump", b"\\u001F", one, CHOICE)
    yield changed("h1-slash", "H1", b"jump", b"\\/", one, CHOICE)
    byte = TEXT.index(b"jump")
    yield changed("h1-not-utf8", "H1", b"jump", b"\xff", at(byte), "is not UTF-8")
    yield changed("h1-utf8-too-long", "H1", b"jump", b"\xc0\xaf", at(byte), "is not UTF-8")
    yield changed("h1-surrogate-in-utf8", "H1", b"jump", b"\xed\xa0\x80", at(byte), "is not UTF-8")
    yield changed("h1-raw-control", "H1 H7", b"jump", b"ju\1mp", f"{one}, {at(byte + 2)}", "is not JSON")
    yield changed("h1-open-string", "H1", b'jump"', b"jump", f"{one}, {at(byte + 6)}", "is not JSON")
    yield changed("h1-single-quotes", "H1", b'"jump"', b"'jump'", f"{one}, {at(byte - 1)}", "is not JSON")
    yield integer("h2-fraction", b"34816.0", "holds `34816.0`, and only integers are allowed")
    yield integer("h2-exponent", b"34816e0", "holds `34816e0`, and only integers are allowed")
    yield integer("h2-nan", b"NaN", "holds `NaN`, and only integers are allowed")
    yield integer("h2-infinity", b"-Infinity", "holds `-Infinity`, and only integers are allowed")
    yield integer("h2-65-bits", b"9223372036854775808", "holds `9223372036854775808`, which is no 64-bit integer")
    yield integer(
        "h2-65-bits-negative", b"-9223372036854775809", "holds `-9223372036854775809`, which is no 64-bit integer"
    )
    yield integer("h2-endless", b"9" * 9999, f"holds `{'9' * 40}`, which is no 64-bit integer")
    yield changed("h2-minus-zero", "H2 H1", b'"offset":0,"sample', b'"offset":-0,"sample', one, CHOICE)
    zeros = TEXT.index(b'"size":34816') + len(b'"size":') + 1
    yield changed("h2-leading-zero", "H2 H1", b'"size":34816', b'"size":034816', f"{two}, {at(zeros)}", "is not JSON")
    deep = deepcopy(HEADER)
    deep["asset_table"][0]["metadata"]["x"] = nested(29)
    yield malformed("h3-33-levels", "H3", file_of(canonical(deep), PAYLOAD), (one, DEEP))
    yield malformed("h3-500-levels", "H3", file_of(b'{"asset_table":[' + b"[" * 500 + b"]" * 500), (one, DEEP))
    yield malformed("h3-a-million-levels", "H3", file_of(b'{"asset_table":[' + b"[" * 1_000_000), (one, DEEP))
    both = b'{"asset_table":[' + b'{"":[' * 5000 + b"]}" * 5000 + b'],"preload":[]}'
    yield malformed("h3-objects-and-lists", "H3", file_of(both), (one, DEEP))
    long = canonical({"asset_table": [long_row(ROW_LIMIT + 1)], "preload": []})
    yield malformed("h3-row-too-long", "H3", file_of(long, b"ab"), (one, f"is longer than {ROW_LIMIT} bytes"))
    endless = b'{"asset_table":[{"asset_id":1,"asset_name":"' + b"x" * (ROW_LIMIT + 99)
    yield malformed(
        "h3-row-without-end", "H3", file_of(endless), (one, f"is no JSON value of at most {ROW_LIMIT} bytes")
    )


def without(*path: Any) -> Callable[[Any], None]:
    def change(header: Any) -> None:
        for key in path[:-1]:
            header = header[key]
        del header[path[-1]]

    return change


def table(index: int, **changes: Any) -> Callable[[Any], None]:
    return lambda header: header["asset_table"][index].update(changes)


def metadata(index: int, **changes: Any) -> Callable[[Any], None]:
    return lambda header: header["asset_table"][index]["metadata"].update(changes)


def sample(name: str, **changes: Any) -> Callable[[Any], None]:
    return lambda header: header["asset_table"][0]["metadata"]["samples"][name].update(changes)


def samples(value: Any) -> Callable[[Any], None]:
    return metadata(0, samples=value)


def preload(*rows: Any) -> Callable[[Any], None]:
    return lambda header: header.update(preload=list(rows))


T, S = "$.asset_table", "$.asset_table[0].metadata.samples"
ID = "must be an integer from 1 to 2147483647"
COUNT = "must be an integer of 0 or more"
TYPES = "must be one of `GLYPH`, `SOUNDS`"
MEMBERS = "must have `offset`, `length` and `sample_rate`, and may have `loop_start` with `loop_end`"
LOOP = "must lie behind `loop_start` and within the sample"

# By name: what is changed in a good header, and the first thing that is wrong with it then.
VALUES: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "h5-row-no-object": (lambda header: header["asset_table"].append(7), f"{T}[2]", "must be an object"),
    "h5-row-a-list": (lambda header: header["asset_table"].append([]), f"{T}[2]", "must be an object"),
    "h5-lacks": (without("asset_table", 1, "codec"), f"{T}[1]", "lacks `codec`"),
    "h5-more": (table(1, checksum=1), f"{T}[1]", "has a member `checksum` that the format does not know"),
    "h5-other-case": (table(1, Size=1), f"{T}[1]", "has a member `Size` that the format does not know"),
    "h6-zero": (table(0, asset_id=0), f"{T}[0].asset_id", ID),
    "h6-too-large": (table(1, asset_id=1 << 31), f"{T}[1].asset_id", ID),
    "h6-string": (table(1, asset_id="8"), f"{T}[1].asset_id", ID),
    "h6-true": (table(1, asset_id=True), f"{T}[1].asset_id", ID),
    "h6-twice": (table(1, asset_id=3), f"{T}[1].asset_id", "is 3 after 3, and ids must increase"),
    "h6-down": (table(1, asset_id=2), f"{T}[1].asset_id", "is 2 after 3, and ids must increase"),
    "h7-empty": (table(0, asset_name=""), f"{T}[0].asset_name", "must be a string that is not empty"),
    "h7-number": (table(0, asset_name=1), f"{T}[0].asset_name", "must be a string that is not empty"),
    "h7-newline": (table(0, asset_name="a\n"), f"{T}[0].asset_name", "holds a control character"),
    "h7-delete": (table(0, asset_name="\x7f"), f"{T}[0].asset_name", "holds a control character"),
    "h7-c1-control": (table(0, asset_name="a\x85"), f"{T}[0].asset_name", "holds a control character"),
    "h7-too-long": (table(0, asset_name="å" * 128), f"{T}[0].asset_name", "is longer than 255 bytes"),
    "h7-256-bytes": (table(0, asset_name="a" * 256), f"{T}[0].asset_name", "is longer than 255 bytes"),
    "h8-tiles": (table(1, bank_type="TILES"), f"{T}[1].bank_type", TYPES),
    "h8-lower-case": (table(1, bank_type="glyph"), f"{T}[1].bank_type", TYPES),
    "h8-list": (table(1, bank_type=[]), f"{T}[1].bank_type", TYPES),
    "h9-raw": (table(0, codec="RAW"), f"{T}[0].codec", "must be `NONE`, `RAW` is its old name"),
    "h9-zstd": (table(0, codec="ZSTD"), f"{T}[0].codec", "must be `NONE`"),
    "h9-null": (table(0, codec=None), f"{T}[0].codec", "must be `NONE`"),
    "h10-negative": (table(0, offset=-1), f"{T}[0].offset", COUNT),
    "h10-null": (table(1, size=None), f"{T}[1].size", COUNT),
    "h10-false": (table(0, offset=False), f"{T}[0].offset", COUNT),
    "h10-decoded": (table(1, decoded_size="1"), f"{T}[1].decoded_size", COUNT),
    "h11-gap": (table(1, offset=8), f"{T}[1].offset", "is 8, but the bank before it ends at 6"),
    "h11-overlap": (table(1, offset=0), f"{T}[1].offset", "is 0, but the bank before it ends at 6"),
    "h11-late": (table(0, offset=2), f"{T}[0].offset", "is 2, but the bank before it ends at 0"),
    "h11-far": (table(1, offset=(1 << 63) - 1), f"{T}[1].offset", f"is {(1 << 63) - 1}, but the bank before it ends at 6"),
    "h12-list": (table(0, metadata=[]), f"{T}[0].metadata", "must be an object"),
    "h12-null": (table(1, metadata=None), f"{T}[1].metadata", "must be an object"),
    "h13-no-object": (preload([3, 0]), "$.preload[0]", "must be an object"),
    "h13-lacks": (preload({"asset_id": 3}), "$.preload[0]", "lacks `slot`"),
    "h13-more": (preload({"asset_id": 3, "slot": 0, "x": 0}), "$.preload[0]", "has a member `x` that the format does not know"),
    "h13-unknown": (preload({"asset_id": 4, "slot": 0}), "$.preload[0].asset_id", "is not in the asset table"),
    "h13-list-id": (preload({"asset_id": [], "slot": 0}), "$.preload[0].asset_id", "is not in the asset table"),
    "h13-down": (preload(*preloaded((8, 0), (3, 0))), "$.preload[1].asset_id", "is 3 after 8, and ids must increase"),
    "h13-twice": (preload(*preloaded((3, 0), (3, 1))), "$.preload[1].asset_id", "is 3 after 3, and ids must increase"),
    "h14-slot": (preload(*preloaded((3, 1))), "$.preload[0].slot", "must be 0: slots of `SOUNDS` are dealt out from 0"),
    "h14-one-row-for-both": (preload(*preloaded((3, 0), (8, 1))), "$.preload[1].slot", "must be 0: slots of `GLYPH` are dealt out from 0"),
    "h14-false": (preload({"asset_id": 3, "slot": False}), "$.preload[0].slot", "must be 0: slots of `SOUNDS` are dealt out from 0"),
    "g1-size": (table(1, size=34815), f"{T}[1].size", "must be 34816"),
    "g1-pixels-alone": (table(1, size=32768), f"{T}[1].size", "must be 34816"),
    "g1-decoded": (table(1, decoded_size=34816), f"{T}[1].decoded_size", "must be 67584"),
    "g4-tile-size": (metadata(1, tile_size=12), f"{T}[1].metadata.tile_size", "must be 8, 16 or 32"),
    "g4-no-width": (without("asset_table", 1, "metadata", "width"), f"{T}[1].metadata.width", "must be 256"),
    "g4-height": (metadata(1, height=128), f"{T}[1].metadata.height", "must be 256"),
    "g4-palettes": (metadata(1, palette_count=1), f"{T}[1].metadata.palette_count", "must be 64"),
    "g4-none-authored": (metadata(1, palette_authored=0), f"{T}[1].metadata.palette_authored", "must be an integer from 1 to 64"),
    "g4-authored": (metadata(1, palette_authored=65), f"{T}[1].metadata.palette_authored", "must be an integer from 1 to 64"),
    "s1-decoded": (table(0, decoded_size=12), f"{T}[0].decoded_size", "must be 6, the same as `size`"),
    "s2-stereo": (metadata(0, channels=2), f"{T}[0].metadata.channels", "must be 1"),
    "s2-true": (metadata(0, channels=True), f"{T}[0].metadata.channels", "must be 1"),
    "s2-none": (samples({}), S, "must be an object of 1 to 4096 samples"),
    "s2-list": (samples([]), S, "must be an object of 1 to 4096 samples"),
    "s2-too-many": (samples({str(at): 0 for at in range(4097)}), S, "must be an object of 1 to 4096 samples"),
    "s2-gap": (samples({"0": SAMPLES["0"], "2": SAMPLES["1"]}), S, "lacks `1`: samples count from 0 without a gap"),
    "s2-padded": (samples({"00": SAMPLES["0"]}), S, "lacks `0`: samples count from 0 without a gap"),
    "s3-no-rate": (samples({"0": {"length": 6, "offset": 0}}), f"{S}.0", MEMBERS),
    "s3-more": (sample("1", bits=16), f"{S}.1", MEMBERS),
    "s3-string": (sample("0", sample_rate="8000"), f"{S}.0.sample_rate", "must be an integer"),
    "s3-no-hertz": (sample("1", sample_rate=0), f"{S}.1.sample_rate", "must be from 1 to 192000"),
    "s3-rate": (sample("1", sample_rate=192_001), f"{S}.1.sample_rate", "must be from 1 to 192000"),
    "s3-odd": (sample("1", length=1), f"{S}.1.length", "must be a positive multiple of 2"),
    "s3-empty": (sample("1", length=0), f"{S}.1.length", "must be a positive multiple of 2"),
    "s3-negative": (sample("1", length=-2), f"{S}.1.length", "must be a positive multiple of 2"),
    "s3-overlap": (sample("1", offset=2), f"{S}.1.offset", "is 2, but the sample before it ends at 4"),
    "s3-short": (samples({"0": SAMPLES["0"]}), f"{T}[0].size", "is 6, but the samples end at 4"),
    "s4-half-a-loop": (sample("1", loop_start=0), f"{S}.1", MEMBERS),
    "s4-empty": (sample("0", loop_start=2), f"{S}.0.loop_end", LOOP),
    "s4-negative": (sample("0", loop_start=-1), f"{S}.0.loop_end", LOOP),
    "s4-behind": (sample("0", loop_end=3), f"{S}.0.loop_end", LOOP),
}  # fmt: skip


def values() -> Iterator[Vector]:
    for name, (change, place, what) in VALUES.items():
        header = deepcopy(HEADER)
        change(header)
        yield malformed(name, name.partition("-")[0].upper(), file_of(canonical(header), PAYLOAD), (place, what))
    rows = b",".join(
        [
            canonical(sounds(at, 2)).replace(b'"offset":0,"size"', b'"offset":%d,"size"' % (at * 2 - 2))
            for at in range(1, 16_386)
        ]
    )
    many = file_of(b'{"asset_table":[%b],"preload":[]}' % rows)
    yield malformed("h5-too-many-rows", "H5", many, (T, "has more than 16384 rows"))
    zeros = file_of(b'{"asset_table":[%b],"preload":[]}' % b",".join([b"0"] * 99))
    yield malformed("h5-faults-without-end", "H5", zeros, *((f"{T}[{at}]", "must be an object") for at in range(20)))


def corrupt() -> Iterator[Vector]:
    """What only a full check finds."""
    for name, slots in (("two", (0, 63)), ("all", range(64))):
        payload = bytearray(PAYLOAD)
        for slot in slots:
            payload[6 + PLANE + slot * 32 + 31] = 1
        what = f"has colours in {len(slots)} palettes, and 1 are declared"
        yield Vector(
            f"g5-{name}-palettes", ("G3", "G5"), file_of(TEXT, bytes(payload)), verifying=[(f"{T}[1], the bank", what)]
        )


def registered(asset_id: Any = 1, uuid: str = "01", root: Any = "hero", **changes: Any) -> dict[str, Any]:
    uuid = f"00000000-0000-4000-8000-0000000000{uuid}"
    return {"asset_id": asset_id, "asset_uuid": uuid, "included_in_build": False, "root": root, **changes}


def registry(*rows: Any, **changes: Any) -> str:
    return json.dumps({"schema_version": 1, "next_asset_id": 9, "assets": list(rows), **changes}, ensure_ascii=False)


def registries() -> list[dict[str, Any]]:
    """Return the vectors of `.prometeu/index.json`."""
    one, two = registered(), registered(2, "02", "ui/button")
    lacking = registered()
    del lacking["root"]
    given: dict[str, tuple[str, list[str]]] = {
        "empty": (registry(next_asset_id=1), []),
        "two": (registry(one, two), []),
        "rows-in-any-order": (registry(two, one), []),
        "white-space": (json.dumps(json.loads(registry(one)), indent=4) + "\n", []),
        "highest-id": (registry(registered((1 << 31) - 1), next_asset_id=1 << 31), []),
        "names-beyond-ascii": (registry(registered(root="größe/日本")), []),
        "no-json": ("{", ["$"]),
        "member-twice": ('{"schema_version": 1, "schema_version": 1, "next_asset_id": 1, "assets": []}', ["$"]),
        "list": ("[]", ["$"]),
        "version": (registry(schema_version=2), ["$.schema_version"]),
        "no-version": ('{"next_asset_id": 1, "assets": []}', ["$"]),
        "no-next-id": ('{"schema_version": 1, "assets": []}', ["$"]),
        "more": (registry(owner="me"), ["$.owner"]),
        "assets-no-list": (registry(assets={}), ["$.assets"]),
        "row-no-object": (registry(7), ["$.assets[0]"]),
        "row-lacks": (registry(lacking), ["$.assets[0]"]),
        "row-more": (registry(registered(name="hero")), ["$.assets[0].name"]),
        "id-true": (registry(registered(True)), ["$.assets[0].asset_id"]),
        "id-zero": (registry(registered(0)), ["$.assets[0].asset_id"]),
        "id-not-given-out": (registry(registered(9)), ["$.assets[0].asset_id"]),
        "id-too-large": (registry(registered(1 << 31), next_asset_id=1 << 31), ["$.assets[0].asset_id"]),
        "next-id-too-large": (registry(next_asset_id=(1 << 31) + 1), ["$.next_asset_id"]),
        "next-id-zero": (registry(next_asset_id=0), ["$.next_asset_id"]),
        "id-twice": (registry(one, registered(1, "02", "ui")), ["$.assets[1].asset_id"]),
        "uuid-twice": (registry(one, registered(2, "01", "ui")), ["$.assets[1].asset_uuid"]),
        "root-twice": (registry(one, registered(2, "02")), ["$.assets[1].root"]),
        "included-no-boolean": (registry(registered(included_in_build=1)), ["$.assets[0].included_in_build"]),
    }
    return [{"name": name, "text": text, "problems": places} for name, (text, places) in given.items()]


def vectors() -> list[Vector]:
    """Return all vectors."""
    return [*valid_vectors(), *preludes(), *frames(), *spelled(), *values(), *corrupt()]


def spelt(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    made = vectors()
    told = [vector.told() for vector in made]
    for vector, value in zip(made, told, strict=True):
        path = FOLDER / value["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(vector.data, 9, mtime=0))
    (FOLDER / "vectors.json").write_text(spelt(told), "utf-8")
    (FOLDER.parent / "registry.json").write_text(spelt(registries()), "utf-8")
    count = sum(vector.verdict == "valid" for vector in made)
    sys.stdout.write(f"{count} valid, {len(made) - count} malformed\n")


if __name__ == "__main__":
    main()
