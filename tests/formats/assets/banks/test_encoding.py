"""What encoders share: the formats, what is known of a bank, and what they need to be installed."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest
from art import encoded, wave
from sources import NOTHING

from packaging_targets.build.kinds import KINDS
from packaging_targets.errors import RequestError
from packaging_targets.formats.assets.banks.encoding import FORMATS, Encoded, encode
from packaging_targets.formats.assets.diagnostics import Diagnostic


def test_what_is_known_of_a_bank_crosses_processes() -> None:
    advisory = Diagnostic("a.wav", "", "sound-clipped", "one sample is cut", "make it less loud")
    known = Encoded(4, 4, {"channels": 1}, (advisory,))
    assert Encoded.from_json(json.loads(json.dumps(known.to_json()))) == known


def test_there_is_a_kind_for_each_format() -> None:
    assert {made.kind for made in FORMATS.values()} == {"glyph/1", "sounds/1"} <= KINDS.keys()
    assert KINDS["glyph/1"].tools == KINDS["sounds/1"].tools == ()  # no version of a library decides a byte


def test_a_format_that_there_is_not() -> None:
    with pytest.raises(RequestError, match=r"there is no format `GLYPH/indexed_v2`\n  fix: did you mean"):
        encode("GLYPH/indexed_v2", {}, NOTHING, io.BytesIO())


def test_the_formats_are_known_without_the_libraries_that_encode() -> None:
    code = "import packaging_targets.formats.assets.banks.encoding, sys; print({'numpy', 'PIL'} & sys.modules.keys())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"


@pytest.mark.parametrize("lost", ["numpy", "deflate", "PIL"])
def test_what_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    monkeypatch.setitem(sys.modules, lost, None)
    params = {"tile_size": 8, "palettes": [], "transparent_index": None, "tiles": []}
    with pytest.raises(Exception, match="which is not installed") as caught:
        encode("GLYPH/indexed_v1", params, NOTHING, io.BytesIO())
    name = "pillow" if lost == "PIL" else lost
    assert str(caught.value) == (
        f"error: pictures need `{name}`, which is not installed\n  fix: pip install 'packaging-targets[assets]'"
    )


def test_sounds_that_need_no_conversion_need_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    params = {"sample_rate": None, "samples": [{"file": "a"}]}
    assert encoded("SOUNDS/pcm16le_v1", params, {"a": wave(b"ab")})[0] == b"ab"
    with pytest.raises(Exception, match="sounds that are not mono PCM of 16 bits need `numpy`"):
        encoded("SOUNDS/pcm16le_v1", params, {"a": wave(b"ab", bits=8)})
