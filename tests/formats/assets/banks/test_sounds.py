"""`SOUNDS/pcm16le_v1`. The numbers in brackets are those of docs/formats/assets-pa.md."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging_targets.formats.assets.banks import sounds
from packaging_targets.formats.assets.banks.sounds import Sample, place


@pytest.mark.statement("S2", "S3", "S4")
def test_samples_lie_end_to_end() -> None:
    assert place([Sample(8000, 3, (1, 3)), Sample(22050, 1)]) == {
        "channels": 1,
        "samples": {
            "0": {"length": 6, "loop_end": 3, "loop_start": 1, "offset": 0, "sample_rate": 8000},
            "1": {"length": 2, "offset": 6, "sample_rate": 22050},
        },
    }


@given(st.lists(st.tuples(st.integers(1, 192_000), st.integers(1, 1 << 40)), min_size=1, max_size=20))
def test_what_is_placed_keeps_the_contract(given_waves: list[tuple[int, int]]) -> None:
    metadata = place([Sample(rate, frames, (0, frames)) for rate, frames in given_waves])
    size = sum(frames * 2 for _, frames in given_waves)
    assert list(sounds.faults(size, size, metadata)) == []
    assert set(metadata) == set(sounds.DERIVED)
