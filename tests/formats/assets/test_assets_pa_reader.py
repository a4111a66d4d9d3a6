"""Reading `assets.pa`: what is handed out, and what a changed file comes to. What is refused: test_vectors.py."""

from __future__ import annotations

import gzip
import io
import re
import subprocess
import sys
import tracemalloc
from copy import deepcopy
from pathlib import Path
from typing import Any
from unittest.mock import patch

import make
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.errors import IntegrityError, RequestError
from packaging_targets.formats.assets import header as rules
from packaging_targets.formats.assets import plain, spelling
from packaging_targets.formats.assets.banks import glyph
from packaging_targets.formats.assets.header import HEADER_LIMIT
from packaging_targets.formats.assets.pack import Bank, Header, prelude_and_header
from packaging_targets.formats.assets.reader import AssetPack
from packaging_targets.model.digest import Digest, canonical_json

ROOT = Path(__file__).parents[3]
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
PLAIN: dict[str, Any] = {
    "asset_table": [
        {
            **SOUND,
            "asset_id": 1,
            "metadata": {"channels": 1, "samples": {"0": {**SAMPLES["0"], "length": 6, "loop_end": 3}}},
        },
        {**GLYPHS, "asset_id": 2},
        {**SOUND, "asset_id": 3, "metadata": {"channels": 1, "samples": SAMPLES, "x": {}}, "offset": 34822},
    ],
    "preload": [{"asset_id": 1, "slot": 0}, {"asset_id": 2, "slot": 0}, {"asset_id": 3, "slot": 1}],
}
PAYLOAD = b"abcdef" + bytes(glyph.SIZE)


def one_sample(size: int) -> dict[str, Any]:
    return {"channels": 1, "samples": {"0": {"length": size, "offset": 0, "sample_rate": 44_100}}}


def file_of(header: bytes, payload: bytes = PAYLOAD, **prelude: Any) -> bytes:
    return make.file_of(header, payload, **prelude)


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


def test_the_example_in_the_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "docs" / "formats" / "assets-pa.md").read_text("utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    packed = ROOT / "tests" / "vectors" / "assets-pa" / "valid" / "both.pa.gz"
    monkeypatch.chdir(tmp_path)
    Path("build").mkdir()
    Path("build/assets.pa").write_bytes(gzip.decompress(packed.read_bytes()))
    exec(example[0], {})
    assert capsys.readouterr().out == example[1]


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

        def readinto(self, buffer: Any) -> int:
            return super().readinto(memoryview(buffer)[:7])

    pack = AssetPack.open(Drops(GOOD))
    assert pack.verify()[3] == Digest.of(b"abcdef")


TEXT = canonical_json(HEADER)


def test_a_claimed_size_costs_no_memory() -> None:
    raw = file_of(TEXT, b"", length=HEADER_LIMIT, offset=32 + HEADER_LIMIT)
    tracemalloc.start()
    try:
        refusal(raw)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def judged(whole: bytes) -> None:
    """A file is refused as malformed, or read, and what was read is written as it stands; by the short cut or not."""
    header = whole[32:]
    header = header[: header.rfind(b"]}") + 2]
    short = rules.judge(header)
    with patch.multiple(rules, ENTRY=NEVER, PRELOAD=NEVER):
        assert rules.judge(header) == short
    try:
        pack = AssetPack.open(io.BytesIO(whole))
        pack.verify()
    except IntegrityError:
        return
    start = prelude_and_header(pack.header)
    assert whole[: len(start)] == start


NEVER = re.compile("(?!)")


@pytest.mark.statement("H1", "P7")
@given(st.data())
def test_a_changed_file_is_refused_or_says_the_same_form(data: st.DataObject) -> None:
    raw = bytearray(GOOD[: len(GOOD) - glyph.SIZE])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    judged(bytes(raw) + bytes(glyph.SIZE))


@pytest.mark.parametrize(
    "patterns", [{"ENTRY": plain.ENTRY}, {"ENTRY": NEVER, "PRELOAD": NEVER}], ids=["short-cut", "long-way"]
)
def test_a_header_is_the_same_wherever_its_pieces_are_cut(patterns: dict[str, Any]) -> None:
    """It is decoded in pieces of half a mebibyte; here they are small, and end at every place of a row."""
    banks = [
        Bank(at, f"größe {at}" if at % 3 else f"s{at}", "SOUNDS", 2, 2, one_sample(2), at % 2 == 0)
        for at in range(1, 20)
    ]
    header = prelude_and_header(Header.lay_out(banks))[32:]
    whole = rules.judge(header)
    assert whole[1] == []
    with patch.multiple(rules, **patterns):
        for window in range(300, 800):
            with patch.object(spelling, "_WINDOW", window):
                assert rules.judge(header) == whole, window


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(IntegrityError):
        AssetPack.open(io.BytesIO(file_of(noise)))


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) below a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in list(pairs) for found in ((value, key), *places(item))]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 1 << 40)
    | st.sampled_from(
        ["GLYPH", "SOUNDS", "NONE", "0", "-0", " ", "\\", "é", "\x7f", '"},"offset":0,"size":6}', 1 << 63]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["0", "slot", "ö", "offset"]), inner),
    max_leaves=4,
)


@given(st.data())
def test_any_value_anywhere_is_judged(data: st.DataObject) -> None:
    """Canonical headers with other values in them."""
    header = deepcopy(data.draw(st.sampled_from([HEADER, PLAIN])))
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places(header)))
        container[key] = data.draw(JSON)
    judged(file_of(canonical_json(header)))


def test_what_is_plain_is_not_parsed() -> None:
    """The rows of most packs take the short cut: else nothing would fail, but reading would take three times as long."""
    with patch.object(rules, "_judged", side_effect=AssertionError):
        rows, found = rules.judge(canonical_json(PLAIN))
    assert found == []
    assert [row.asset_id for row in rows.table] == [1, 2, 3]


@pytest.mark.slow
def test_a_pack_of_4_gib_is_listed_in_no_time(tmp_path: Path) -> None:
    """2,000 banks; a sparse file, as nothing of its payload is read."""
    sizes = [(4 << 30) // 4_000 * 2 - at * 2 for at in range(2_000)]
    banks = [Bank(at, f"s{at}", "SOUNDS", size, size, one_sample(size)) for at, size in enumerate(sizes, 1)]
    start = prelude_and_header(Header.lay_out(banks))
    path = tmp_path / "big.pa"
    with path.open("wb") as file:
        file.write(start)
        file.truncate(len(start) + sum(sizes))
    measured = """
import sys, time
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
before = peak()
from packaging_targets import AssetPack
times = []
for _ in range(9):
    started = time.process_time()
    with open(sys.argv[1], "rb") as file:
        names = [entry.asset_name for entry in AssetPack.open(file).entries]
    times.append(time.process_time() - started)
print(len(names), min(times), peak() - before, *({"numpy", "PIL"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", measured, path],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    count, seconds, grown, *heavy = done.stdout.split()
    assert (count, heavy) == ("2000", [])
    assert float(seconds) < 0.05
    assert int(grown) < 30 << 10  # in KiB
