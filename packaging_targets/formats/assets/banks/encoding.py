"""Placeholder until the encoders are merged: the table of formats."""

from __future__ import annotations

from dataclasses import dataclass

from packaging_targets.formats.assets.banks import glyph, sounds


@dataclass(frozen=True, slots=True)
class Format:
    """An output format."""

    type: str
    bank_type: str
    kind: str
    derived: tuple[str, ...]
    parts: str


FORMATS = {
    "GLYPH/indexed_v1": Format("glyph_bank", "GLYPH", "glyph/1", glyph.DERIVED, "tiles"),
    "SOUNDS/pcm16le_v1": Format("sound_bank", "SOUNDS", "sounds/1", sounds.DERIVED, "samples"),
}
