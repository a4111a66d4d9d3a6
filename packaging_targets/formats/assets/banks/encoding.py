"""From art to a bank: the one way in which a declared asset becomes bytes, for rules and services alike.

What a declaration reader must know of the formats stands here too, and costs no import of the libraries that the
encoders need.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, Self

from packaging_targets.errors import RequestError, near_miss
from packaging_targets.formats.assets.banks import glyph, sounds
from packaging_targets.formats.assets.diagnostics import Diagnostic
from packaging_targets.model.manifest import SourceReader


@dataclass(frozen=True, slots=True)
class Format:
    """An output format.

    `type` is the author's word for its assets, `bank_type` the runtime's, and `kind` is the action kind that encodes
    one. `derived` are the members that the encoder adds to the metadata.
    """

    type: str
    bank_type: str
    kind: str
    derived: tuple[str, ...]


FORMATS = {
    "GLYPH/indexed_v1": Format("glyph_bank", "GLYPH", "glyph/1", glyph.DERIVED),
    "SOUNDS/pcm16le_v1": Format("sound_bank", "SOUNDS", "sounds/1", sounds.DERIVED),
}
"""The output formats, by the name that a declaration uses."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """What is known of a bank once it is encoded: bytes in the file, bytes once loaded, and the derived metadata.

    `advisories` are what is worth to know; their `asset` is empty.
    """

    size: int
    decoded_size: int
    metadata: Mapping[str, Any]
    advisories: tuple[Diagnostic, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value."""
        return {
            "advisories": [asdict(one) for one in self.advisories],
            "decoded_size": self.decoded_size,
            "metadata": dict(self.metadata),
            "size": self.size,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return what `to_json` described."""
        advisories = tuple(Diagnostic(**one) for one in value["advisories"])
        return cls(value["size"], value["decoded_size"], value["metadata"], advisories)


def encode(format: str, params: Mapping[str, Any], sources: SourceReader, out: BinaryIO) -> Encoded:  # noqa: A002  # the word of the contract
    """Encode a bank of `format`, a name in FORMATS, from `sources` into `out`.

    "GLYPH/indexed_v1" takes `tile_size` (8, 16 or 32), `palettes` (each `{"index", "colors"}`, or `{"index", "file"}`),
    `transparent_index` (0 to 15, or None), and `tiles` in order of their index: `{"file"}` for a picture that is the
    tile, with `x` and `y` for a place in a larger one, and `palette` where its colours are read with that one alone.

    "SOUNDS/pcm16le_v1" takes `sample_rate` (in hertz, or None where each file keeps its own), and `samples` in order
    of their index: `{"file"}`, with `loop` (`[start, end]` in frames of the file) where it has one.

    Paths are those that `sources` knows. Raises AssetsError with all blocking diagnostics of the bank; what is in
    `out` is of no use then. Raises PackagingError where a library is not installed.
    """
    if format == "GLYPH/indexed_v1":
        from packaging_targets.formats.assets.banks.tiles import encode_tiles  # these two are slow to import

        return Encoded(glyph.SIZE, glyph.DECODED_SIZE, *encode_tiles(params, sources, out))
    if format == "SOUNDS/pcm16le_v1":
        from packaging_targets.formats.assets.banks.waves.samples import encode_samples

        metadata, advisories = encode_samples(params, sources, out)
        size = sum(sample["length"] for sample in metadata["samples"].values())
        return Encoded(size, size, metadata, advisories)
    raise RequestError.one(f"there is no format `{format}`", fix=near_miss(format, FORMATS))
