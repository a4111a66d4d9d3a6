"""A new asset.json, written so that people like to go on with it: an artifact and a palette a line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packaging_targets.formats.assets.banks.encoding import FORMATS
from packaging_targets.formats.assets.declared.declaration import SCHEMA_VERSION
from packaging_targets.formats.assets.declared.tiling import Tiling


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new asset is declared with; `files` are relative to its folder."""

    uuid: str
    name: str
    format: str
    files: tuple[str, ...]
    artifacts: tuple[Mapping[str, Any], ...]
    preload: bool
    metadata: Mapping[str, Any] = field(default_factory=dict)
    pipeline: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_tiles(cls, uuid: str, name: str, tiling: Tiling, tile_size: int, *, preload: bool) -> Draft:
        """Return the draft of a glyph bank."""
        palettes = [{"index": at, "palette": {"colors": list(colors)}} for at, colors in enumerate(tiling.palettes)]
        pipeline: dict[str, Any] = {"palettes": palettes}
        if tiling.transparent is not None:
            pipeline["transparent_index"] = tiling.transparent
        tiles = ({"index": at, "file": one.file, "x": one.x, "y": one.y} for at, one in enumerate(tiling.tiles))
        files = tuple(dict.fromkeys(tile.file for tile in tiling.tiles))
        metadata = {"tile_size": tile_size}
        return cls(uuid, name, "GLYPH/indexed_v1", files, tuple(tiles), preload, metadata, pipeline)

    @classmethod
    def of_samples(cls, uuid: str, name: str, files: Sequence[str], *, preload: bool) -> Draft:
        """Return the draft of a sound bank, with a sample for each file."""
        samples = ({"index": at, "file": file} for at, file in enumerate(files))
        return cls(uuid, name, "SOUNDS/pcm16le_v1", tuple(files), tuple(samples), preload)

    def to_bytes(self) -> bytes:
        """Return the file."""
        role = "sprites" if FORMATS[self.format].bank_type == "GLYPH" else "sources"
        output: dict[str, Any] = {"format": self.format, "codec": "NONE"}
        if self.metadata:
            output["metadata"] = self.metadata
        if self.pipeline:
            output["pipeline"] = self.pipeline
        value = {
            "schema_version": SCHEMA_VERSION,
            "asset_uuid": self.uuid,
            "name": self.name,
            "type": FORMATS[self.format].type,
            "inputs": {role: list(self.files)},
            "output": output,
            "preload": {"enabled": self.preload},
            "artifacts": self.artifacts,
        }
        return f"{_text(value, 0)}\n".encode()


_LINE, _DEEP_LINE = 100, 240  # what is shorter stands in one line; further in, a palette of 16 colours does
_INDENT = "  "


def _text(value: Any, depth: int) -> str:
    """Return JSON; what fits is one line, and what a list of objects holds is a line each."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, Mapping | list | tuple) or not value:
        return flat
    is_table = not isinstance(value, Mapping) and isinstance(value[0], Mapping)
    if depth and not is_table and len(flat) <= (_LINE if depth < 3 else _DEEP_LINE):  # noqa: PLR2004  # as palettes are
        return flat
    inner = _INDENT * (depth + 1)
    if isinstance(value, Mapping):
        parts = [f"{json.dumps(name)}: {_text(item, depth + 1)}" for name, item in value.items()]
    else:
        parts = [_text(item, depth + 1) for item in value]
    opening, closing = "{}" if isinstance(value, Mapping) else "[]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(parts) + f"\n{_INDENT * depth}{closing}"
