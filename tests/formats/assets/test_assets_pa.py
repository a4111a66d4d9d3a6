"""Writing `assets.pa`. The marks name statements of docs/formats/assets-pa.md."""

from __future__ import annotations

import hashlib
import io
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.errors import PackagingError
from packaging_targets.formats.assets import header
from packaging_targets.formats.assets.banks import glyph
from packaging_targets.formats.assets.pack import Bank, Header, prelude_and_header, write_assets_pa
from packaging_targets.formats.assets.reader import AssetPack
from packaging_targets.model.digest import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping

GLYPH_METADATA = {"height": 256, "palette_authored": 1, "palette_count": 64, "tile_size": 8, "width": 256}


def sounds(asset_id: int, size: int, *, preload: bool = False, **metadata: Any) -> Bank:
    samples = {"0": {"length": size, "offset": 0, "sample_rate": 8000}}
    return Bank(
        asset_id,
        f"s{asset_id}",
        "SOUNDS",
        size,
        size,
        {"channels": 1, "samples": samples, **metadata},
        preload=preload,
    )


def glyphs(asset_id: int, *, preload: bool = False) -> Bank:
    return Bank(
        asset_id,
        f"g{asset_id}",
        "GLYPH",
        glyph.SIZE,
        glyph.DECODED_SIZE,
        dict(GLYPH_METADATA),
        preload=preload,
    )


def packed(banks: list[Bank], payloads: Mapping[int, bytes]) -> bytes:
    header = Header.lay_out(banks)
    out = io.BytesIO()
    write_assets_pa(out, header, [partial(io.BytesIO, payloads[entry.asset_id]) for entry in header.asset_table])
    return out.getvalue()


def test_the_bytes_of_a_pack() -> None:
    raw = packed([sounds(7, 4, preload=True)], {7: b"abcd"})
    header = (
        b'{"asset_table":[{"asset_id":7,"asset_name":"s7","bank_type":"SOUNDS","codec":"NONE","decoded_size":4,'
        b'"metadata":{"channels":1,"samples":{"0":{"length":4,"offset":0,"sample_rate":8000}}},"offset":0,"size":4}],'
        b'"preload":[{"asset_id":7,"slot":0}]}'
    )
    prelude = bytes.fromhex("41535041 01000000 f4000000 1401000000000000 00000000 0000000000000000")
    assert len(header) == 0xF4
    assert raw == prelude + header + b"abcd"


def test_golden_digest() -> None:
    banks = [sounds(9, 2, preload=True), glyphs(2, preload=True), glyphs(5), sounds(3, 6, codec={"n": "å"})]
    plane = bytes(range(256)) * (glyph.SIZE // 256)
    raw = packed(banks, {9: b"\1\2", 2: plane, 5: bytes(glyph.SIZE), 3: b"sample"})
    digest = hashlib.sha256(raw).hexdigest()
    assert digest == "2800d40db474200f98a8d4a906728e17cee13a3e19583ecfc4d5ab29063b0231"


def test_an_empty_pack_is_63_bytes() -> None:
    assert packed([], {}) == bytes.fromhex("41535041 01000000 1f000000 3f00000000000000") + bytes(12) + (
        b'{"asset_table":[],"preload":[]}'
    )


@pytest.mark.statement("H6", "H11", "H14")
def test_banks_are_laid_out_by_id_without_gaps_and_slots_are_dealt_out_by_type() -> None:
    banks = [
        sounds(9, 2, preload=True),
        glyphs(4, preload=True),
        sounds(1, 8, preload=True),
        glyphs(3),
        glyphs(8, preload=True),
    ]
    header = Header.lay_out(banks)
    placed = [(entry.asset_id, entry.offset) for entry in header.asset_table]
    assert placed == [(1, 0), (3, 8), (4, 34824), (8, 69640), (9, 104456)]
    assert [(row.asset_id, row.slot) for row in header.preload] == [(1, 0), (4, 0), (8, 1), (9, 1)]


def test_the_order_in_which_banks_are_given_does_not_matter() -> None:
    banks = [sounds(1, 2), sounds(2, 4), sounds(3, 2)]
    payloads = {1: b"11", 2: b"2222", 3: b"33"}
    assert packed(banks[::-1], payloads) == packed(banks, payloads)


def test_what_a_reader_would_refuse_is_not_written() -> None:
    out = io.BytesIO()
    banks = [Bank(0, "", "TILES", -1, 0, {}), sounds(2, 3)]
    with pytest.raises(PackagingError) as caught:
        write_assets_pa(out, Header.lay_out(banks), [])
    assert str(caught.value) == (
        "error: must be an integer from 1 to 2147483647\n  at assets.pa ($.asset_table[0].asset_id)\n\n"
        "error: must be a string that is not empty\n  at assets.pa ($.asset_table[0].asset_name)\n\n"
        "error: must be one of `GLYPH`, `SOUNDS`\n  at assets.pa ($.asset_table[0].bank_type)\n\n"
        "error: must be an integer of 0 or more\n  at assets.pa ($.asset_table[0].size)\n\n"
        "error: must be a positive multiple of 2\n"
        "  at assets.pa ($.asset_table[1].metadata.samples.0.length)\n\n"
        "error: must be an integer of 0 or more\n  at assets.pa ($.asset_table[1].offset)"
    )
    assert out.getvalue() == b""


@pytest.mark.statement("H1", "H2")
@pytest.mark.parametrize(
    ("value", "what"),
    [
        (1.5, "a float has no canonical form: 1.5"),
        (1 << 63, "holds `9223372036854775808`, which is no 64-bit integer"),
        ("\ud800", "'utf-8' codec can't encode character '\\ud800'"),
        ("\udc80", "is not UTF-8"),
    ],
)
def test_metadata_without_a_canonical_form_is_not_written(value: object, what: str) -> None:
    with pytest.raises(PackagingError) as caught:
        packed([sounds(1, 2, extra=value)], {1: b"ab"})
    assert what in str(caught.value)


@pytest.mark.statement("H3")
def test_deep_metadata_is_not_written() -> None:
    value: object = 1
    for _ in range(100):
        value = [value]
    with pytest.raises(PackagingError, match="nests deeper than 32 levels"):
        packed([sounds(1, 2, extra=value)], {1: b"ab"})


@pytest.mark.statement("P4")
def test_a_header_that_is_too_long_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "HEADER_LIMIT", 100)
    with pytest.raises(PackagingError, match="is 221 bytes long, and 100 are allowed"):
        packed([sounds(1, 2)], {1: b"ab"})


@pytest.mark.parametrize("data", [b"abc", b"abcde"])
def test_a_bank_that_changed_while_it_was_read(data: bytes) -> None:
    with pytest.raises(PackagingError) as caught:
        packed([sounds(1, 4)], {1: data})
    assert str(caught.value) == (
        "error: the bank of `s1` is not 4 bytes long any more\n  at asset 1\n  fix: build again"
    )


def test_the_payload_is_never_in_memory() -> None:
    """A bank of 64 MiB passes through a buffer of 256 KiB."""
    asked: list[int] = []

    class Endless(io.RawIOBase):
        left = 64 << 20

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            asked.append(len(buffer))
            size = min(len(buffer), self.left)
            self.left -= size
            return size

    class Counter(io.BytesIO):
        written = 0

        def write(self, data: Any) -> int:
            self.written += len(data)
            return len(data)

    out = Counter()
    write_assets_pa(out, Header.lay_out([sounds(1, 64 << 20)]), [Endless])  # type: ignore[list-item]  # what is used
    assert max(asked) == 1 << 18
    assert out.written > 64 << 20


def test_a_bank_is_opened_when_its_turn_comes_and_closed_behind() -> None:
    opened: list[io.BytesIO] = []

    def bank(data: bytes) -> io.BytesIO:
        assert all(stream.closed for stream in opened)
        opened.append(io.BytesIO(data))
        return opened[-1]

    write_assets_pa(
        io.BytesIO(), Header.lay_out([sounds(1, 2), sounds(2, 4)]), [partial(bank, b"ab"), partial(bank, b"cdef")]
    )
    assert [stream.closed for stream in opened] == [True, True]


@pytest.mark.statement("C1")
def test_the_companions_are_the_members_of_the_header() -> None:
    header = Header.lay_out([sounds(1, 2, preload=True, author="Åsa"), glyphs(2), sounds(7, 4, preload=True)])
    companions = header.companions
    assert sorted(companions) == ["asset_table.json", "preload.json"]
    assert prelude_and_header(header)[32:] == (
        b'{"asset_table":' + companions["asset_table.json"] + b',"preload":' + companions["preload.json"] + b"}"
    )
    assert json.loads(companions["preload.json"]) == [{"asset_id": 1, "slot": 0}, {"asset_id": 7, "slot": 1}]
    assert canonical_json(json.loads(companions["asset_table.json"])) == companions["asset_table.json"]


@st.composite
def banks_and_payloads(draw: st.DrawFn) -> tuple[list[Bank], dict[int, bytes]]:
    ids = draw(st.lists(st.integers(1, (1 << 31) - 1), unique=True, max_size=6))
    json = st.recursive(
        st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    )
    payloads = {asset_id: draw(st.binary(min_size=1, max_size=9)) * 2 for asset_id in ids}
    banks = [
        sounds(asset_id, len(data), preload=draw(st.booleans()), author=draw(json))
        for asset_id, data in payloads.items()
    ]
    return banks, payloads


@given(banks_and_payloads())
def test_every_pack_is_read_back(made: tuple[list[Bank], dict[int, bytes]]) -> None:
    banks, payloads = made
    pack = AssetPack.open(io.BytesIO(packed(banks, payloads)))
    assert pack.header == Header.lay_out(banks)
    assert {entry.asset_id: pack.slice(entry.asset_id).read() for entry in pack.entries} == payloads
    assert pack.verify().keys() == payloads.keys()
