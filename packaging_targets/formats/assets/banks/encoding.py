"""Placeholder until the encoders are merged: the table of formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from packaging_targets.formats.assets.banks import glyph, sounds
from packaging_targets.formats.assets.diagnostics import Diagnostic
from packaging_targets.model.manifest import SourceReader


@dataclass(frozen=True, slots=True)
class Format:
    """An output format."""

    type: str
    bank_type: str
    kind: str
    derived: tuple[str, ...]
    parts: str


@dataclass(frozen=True, slots=True)
class Encoded:
    """An encoded bank."""

    size: int
    decoded_size: int
    metadata: Mapping[str, Any]
    advisories: tuple[Diagnostic, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return JSON."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Encoded:
        """Return what to_json described."""
        raise NotImplementedError(value)


FORMATS = {
    "GLYPH/indexed_v1": Format("glyph_bank", "GLYPH", "glyph/1", glyph.DERIVED, "tiles"),
    "SOUNDS/pcm16le_v1": Format("sound_bank", "SOUNDS", "sounds/1", sounds.DERIVED, "samples"),
}


def encode(format: str, params: Mapping[str, Any], sources: SourceReader, out: BinaryIO) -> Encoded:  # noqa: A002
    """Encode."""
    raise NotImplementedError(format, params, sources, out)
