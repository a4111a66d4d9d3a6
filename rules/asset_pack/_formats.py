"""What the artifacts of an asset mean in each output format: the parameters of the action that encodes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ._findings import Findings, choices, shown

_TILE_SIZES = (8, 16, 32)
_SHEET = 256
_PALETTES = 64
_COLORS = 16
_SAMPLES = 4_096
_SIDE = 4_096  # of an image
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


@dataclass(frozen=True, slots=True)
class Declared:
    """What a declaration gives to its format.

    `inputs` maps paths as the declaration writes them to workspace paths.
    """

    artifacts: list[Any]
    inputs: Mapping[str, str]
    metadata: Mapping[str, Any]
    pipeline: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Format:
    """An output format.

    `type` is the author's word for its assets, `kind` encodes one, `derived` are the members that the encoder
    adds to the metadata, and `parts` is the parameter that lists what the artifacts became.
    """

    type: str
    bank_type: str
    kind: str
    derived: tuple[str, ...]
    parts: str
    params: Callable[[Declared, Findings], dict[str, Any]]


def _glyph_params(declared: Declared, findings: Findings) -> dict[str, Any]:
    """Return the parameters of `glyph/1`."""
    tile_size = declared.metadata.get("tile_size")
    if tile_size not in _TILE_SIZES:
        findings.add(
            "$.output.metadata",
            f"`tile_size` is {shown(tile_size) if tile_size is not None else 'missing'}",
            'write "tile_size": 8, 16 or 32',
        )
        tile_size = _TILE_SIZES[0]
    palettes = _palettes(declared.pipeline.get("palettes"), findings)
    transparent = declared.pipeline.get("transparent_index")
    if transparent is not None and (type(transparent) is not int or not 0 <= transparent < _COLORS):
        findings.add(
            "$.output.pipeline.transparent_index",
            f"`transparent_index` must be an integer from 0 to {_COLORS - 1}, but is {shown(transparent)}",
        )
    tiles = _artifacts(declared, findings, {"x": int, "y": int, "palette": int}, (_SHEET // tile_size) ** 2)
    for place, tile in tiles:
        _check_tile(place, tile, {palette["index"] for palette in palettes}, findings)
    return {
        "palettes": palettes,
        "tile_size": tile_size,
        "tiles": [_without_index(tile) for _, tile in tiles],
        "transparent_index": transparent,
    }


def _sounds_params(declared: Declared, findings: Findings) -> dict[str, Any]:
    """Return the parameters of `sounds/1`."""
    samples = []
    for place, sample in _artifacts(declared, findings, {"loop_start": int, "loop_end": int}, _SAMPLES):
        entry: dict[str, Any] = {"file": sample["file"]}
        start, end = sample.get("loop_start"), sample.get("loop_end")
        if (start is None) != (end is None):
            findings.add(place, "`loop_start` and `loop_end` belong together", "write both or none")
        elif start is not None and end is not None:
            if not 0 <= start < end:
                findings.add(place, f"the loop from {start} to {end} is empty or starts before the sample")
            entry["loop"] = [start, end]
        samples.append(entry)
    return {"samples": samples}


FORMATS = {
    "GLYPH/indexed_v1": Format(
        "glyph_bank",
        "GLYPH",
        "glyph/1",
        ("height", "palette_authored", "palette_count", "width"),
        "tiles",
        _glyph_params,
    ),
    "SOUNDS/pcm16le_v1": Format("sound_bank", "SOUNDS", "sounds/1", ("channels", "samples"), "samples", _sounds_params),
}
"""The output formats, by the name that a declaration uses."""


def _artifacts(
    declared: Declared, findings: Findings, optional: Mapping[str, type], limit: int
) -> list[tuple[str, dict[str, Any]]]:
    """Return the artifacts in order of their index, each with its JSON path; `file` is a workspace path."""
    if not 1 <= len(declared.artifacts) <= limit:
        findings.add("$.artifacts", f"there are {len(declared.artifacts)} artifacts, and 1 to {limit} are allowed")
        return []
    found: dict[int, tuple[str, dict[str, Any]]] = {}
    for place, value in ((f"$.artifacts[{at}]", value) for at, value in enumerate(declared.artifacts)):
        before = len(findings.problems)
        artifact = findings.members(value, place, {"index": int, "file": str}, optional)
        if len(findings.problems) > before:
            continue
        file = artifact["file"]
        if file not in declared.inputs:
            findings.add(f"{place}.file", f"`{file}` is not among the inputs", choices(file, declared.inputs))
        index = artifact["index"]
        if index in found:
            findings.add(f"{place}.index", f"the index {index} is taken by {found[index][0]}")
        elif not 0 <= index < len(declared.artifacts):
            due = len(declared.artifacts) - 1
            findings.add(f"{place}.index", f"the index {index} leaves a gap: indices run from 0 to {due}")
        else:
            found[index] = place, {**artifact, "file": declared.inputs.get(file, file)}
    return [found[index] for index in sorted(found)]


def _without_index(artifact: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in artifact.items() if name != "index"}


def _check_tile(place: str, tile: Mapping[str, Any], palettes: set[int], findings: Findings) -> None:
    if ("x" in tile) != ("y" in tile):
        findings.add(place, "`x` and `y` belong together", "write both or none")
    for name in ("x", "y"):
        if not 0 <= tile.get(name, 0) < _SIDE:
            findings.add(f"{place}.{name}", f"`{name}` must be from 0 to {_SIDE - 1}, but is {tile[name]}")
    if palettes and "palette" in tile and tile["palette"] not in palettes:
        findings.add(f"{place}.palette", f"no palette with the index {tile['palette']} is declared")


def _palettes(value: Any, findings: Findings) -> list[dict[str, Any]]:
    """Return the declared palettes in order of their index."""
    path = "$.output.pipeline.palettes"
    if not isinstance(value, list) or not 1 <= len(value) <= _PALETTES:
        example = '"palettes": [{"index": 0, "palette": {"colors": ["#000000", "#FFFFFF"]}}]'
        what = f"`output.pipeline.palettes` must be a list of 1 to {_PALETTES} palettes"
        findings.add(path, what, f"write {example}")
        return []
    found: dict[int, dict[str, Any]] = {}
    for place, item in ((f"{path}[{at}]", item) for at, item in enumerate(value)):
        entry = findings.members(item, place, {"index": int, "palette": dict}, {})
        inner = f"{place}.palette"
        colors = findings.inner(entry, inner, {"colors": list}).get("colors")
        if colors is not None:
            _check_colors(colors, f"{inner}.colors", findings)
        index = entry.get("index", 0)
        if not 0 <= index < _PALETTES:
            findings.add(f"{place}.index", f"the index {index} is not from 0 to {_PALETTES - 1}")
        elif index in found and "index" in entry:
            findings.add(f"{place}.index", f"two palettes have the index {index}")
        found[index] = {"colors": colors, "index": index}
    return [found[index] for index in sorted(found)]


def _check_colors(colors: list[Any], path: str, findings: Findings) -> None:
    if not 1 <= len(colors) <= _COLORS:
        findings.add(path, f"a palette has 1 to {_COLORS} colours, and here are {len(colors)}")
    for at, color in enumerate(colors):
        if not isinstance(color, str) or not _COLOR.fullmatch(color):
            findings.add(f"{path}[{at}]", f"{shown(color)} is no colour", 'write it like "#FF8000"')
