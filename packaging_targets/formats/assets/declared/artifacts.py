"""What the artifacts of an asset mean in each output format: what its encoder is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from packaging_targets.formats.assets.banks import glyph, sounds
from packaging_targets.formats.assets.banks.png import SIDE_LIMIT
from packaging_targets.formats.assets.declared.findings import Findings, shown

_PALETTES_PATH = "$.output.pipeline.palettes"


@dataclass(frozen=True, slots=True)
class Declared:
    """What a declaration gives to its format; `inputs` maps paths as the declaration writes them to workspace paths."""

    artifacts: list[Any]
    inputs: Mapping[str, str]
    metadata: Mapping[str, Any]
    pipeline: Mapping[str, Any]


def _glyph_params(declared: Declared, findings: Findings) -> dict[str, Any]:
    tile_size = _tile_size(declared.metadata.get("tile_size"), findings)
    palettes = _palettes(declared, findings)
    transparent = declared.pipeline.get("transparent_index")
    if transparent is not None and (type(transparent) is not int or not 0 <= transparent < glyph.COLORS):
        findings.add(
            "$.output.pipeline.transparent_index",
            f"`transparent_index` must be an integer from 0 to {glyph.COLORS - 1}, but is {shown(transparent)}",
            code="palette-invalid",
        )
    tiles = _artifacts(declared, findings, {"x": int, "y": int, "palette": int}, glyph.capacity(tile_size))
    indices = {palette["index"] for palette in palettes}
    for place, tile in tiles:
        if not (0 <= tile.get("x", -1) < SIDE_LIMIT and 0 <= tile.get("y", -1) < SIDE_LIMIT) or "palette" in tile:
            _check_tile(place, tile, indices, findings)
    return {
        "palettes": palettes,
        "tile_size": tile_size,
        "tiles": [tile for _, tile in tiles],
        "transparent_index": transparent,
    }


def _tile_size(value: Any, findings: Findings) -> int:
    if type(value) is int and value in glyph.TILE_SIZES:
        return value
    what = f"`tile_size` is {shown(value) if value is not None else 'missing'}"
    findings.add("$.output.metadata", what, 'write "tile_size": 8, 16 or 32', "output-contract")
    return glyph.TILE_SIZES[0]


def _sounds_params(declared: Declared, findings: Findings) -> dict[str, Any]:
    rate = declared.pipeline.get("sample_rate")
    if rate is not None and (type(rate) is not int or not 1 <= rate <= sounds.RATE_LIMIT):
        what = f"`sample_rate` must be an integer from 1 to {sounds.RATE_LIMIT}, but is {shown(rate)}"
        findings.add("$.output.pipeline.sample_rate", what, code="output-contract")
    samples = []
    optional = {"loop_start": int, "loop_end": int}
    for place, sample in _artifacts(declared, findings, optional, sounds.SAMPLE_LIMIT):
        entry: dict[str, Any] = {"file": sample["file"]}
        start, end = sample.get("loop_start"), sample.get("loop_end")
        if (start is None) != (end is None):
            what = "`loop_start` and `loop_end` belong together"
            findings.add(place, what, "write both or none", "artifacts-invalid")
        elif start is not None and end is not None:
            if not 0 <= start < end:
                what = f"the loop from {start} to {end} is empty or starts before the sample"
                findings.add(place, what, code="artifacts-invalid")
            entry["loop"] = [start, end]
        samples.append(entry)
    return {"sample_rate": rate, "samples": samples}


PARAMS: dict[str, Callable[[Declared, Findings], dict[str, Any]]] = {
    "GLYPH/indexed_v1": _glyph_params,
    "SOUNDS/pcm16le_v1": _sounds_params,
}
"""What makes the parameters of each format's encoder."""

PIPELINE = {
    "GLYPH/indexed_v1": ("palettes", "transparent_index"),
    "SOUNDS/pcm16le_v1": ("sample_rate",),
}
"""The members of `output.pipeline` that each format's encoder reads; others are for tools."""


def _artifacts(
    declared: Declared, findings: Findings, optional: Mapping[str, type], limit: int
) -> list[tuple[str, dict[str, Any]]]:
    """Return the artifacts in order of their index, each with its JSON path; `file` is a workspace path."""
    if not 1 <= len(declared.artifacts) <= limit:
        what = f"there are {len(declared.artifacts)} artifacts, and 1 to {limit} are allowed"
        findings.add("$.artifacts", what, code="artifacts-invalid")
        return []
    found: dict[int, tuple[str, dict[str, Any]]] = {}
    shapes: set[tuple[tuple[str, type], ...]] = set()  # of artifacts that were found to be in order: most are alike
    for at, value in enumerate(declared.artifacts):
        place = f"$.artifacts[{at}]"
        shape = tuple(zip(value, map(type, value.values()), strict=True)) if type(value) is dict else ()
        if shape not in shapes:
            before = len(findings.diagnostics)
            findings.members(value, place, {"index": int, "file": str}, optional, "artifacts-invalid")
            if len(findings.diagnostics) > before:
                continue
            shapes.add(shape)
        part = dict(value)
        index = part.pop("index")
        part["file"] = declared.inputs.get(value["file"])
        if part["file"] is None:
            fix = findings.near(value["file"], declared.inputs)
            findings.add(f"{place}.file", f"`{value['file']}` is not among the inputs", fix, "artifacts-invalid")
        if index in found or not 0 <= index < len(declared.artifacts):
            _bad_index(place, index, len(declared.artifacts), found, findings)
        else:
            found[index] = place, part
    return [found[index] for index in sorted(found)]


def _bad_index(place: str, index: int, count: int, found: Mapping[int, tuple[str, Any]], findings: Findings) -> None:
    what = f"the index {index} leaves a gap: indices run from 0 to {count - 1}"
    if index in found:
        what = f"the index {index} is taken by {found[index][0]}"
    findings.add(f"{place}.index", what, code="artifacts-invalid")


def _check_tile(place: str, tile: Mapping[str, Any], palettes: set[int], findings: Findings) -> None:
    if ("x" in tile) != ("y" in tile):
        findings.add(place, "`x` and `y` belong together", "write both or none", "artifacts-invalid")
    for name in ("x", "y"):
        if not 0 <= tile.get(name, 0) < SIDE_LIMIT:
            what = f"`{name}` must be from 0 to {SIDE_LIMIT - 1}, but is {tile[name]}"
            findings.add(f"{place}.{name}", what, code="artifacts-invalid")
    if palettes and "palette" in tile and tile["palette"] not in palettes:
        what = f"no palette with the index {tile['palette']} is declared"
        findings.add(f"{place}.palette", what, code="artifacts-invalid")


def _palettes(declared: Declared, findings: Findings) -> list[dict[str, Any]]:
    """Return the declared palettes in order of their index, each with `colors` or a `file`."""
    value = declared.pipeline.get("palettes")
    if not isinstance(value, list) or not 1 <= len(value) <= glyph.PALETTES:
        example = '"palettes": [{"index": 0, "palette": {"colors": ["#000000", "#FFFFFF"]}}]'
        what = f"`output.pipeline.palettes` must be a list of 1 to {glyph.PALETTES} palettes"
        findings.add(_PALETTES_PATH, what, f"write {example}", "palette-invalid")
        return []
    found: dict[int, dict[str, Any]] = {}
    for place, item in ((f"{_PALETTES_PATH}[{at}]", item) for at, item in enumerate(value)):
        entry = findings.members(item, place, {"index": int, "palette": dict}, code="palette-invalid")
        index = entry.get("index", 0)
        if not 0 <= index < glyph.PALETTES:
            what = f"the index {index} is not from 0 to {glyph.PALETTES - 1}"
            findings.add(f"{place}.index", what, code="palette-invalid")
        elif index in found and "index" in entry:
            findings.add(f"{place}.index", f"two palettes have the index {index}", code="palette-invalid")
        found[index] = {"index": index, **_palette(declared, entry, f"{place}.palette", findings)}
    return [found[index] for index in sorted(found)]


def _palette(declared: Declared, entry: Mapping[str, Any], path: str, findings: Findings) -> dict[str, Any]:
    """Return the colours of a palette, or the file that has them, which must be among the inputs."""
    if "file" not in entry.get("palette", {}):
        colors = findings.inner(entry, path, {"colors": list}, code="palette-invalid").get("colors")
        if colors is not None:
            _check_colors(colors, f"{path}.colors", findings)
        return {"colors": colors}
    file = findings.inner(entry, path, {"file": str}, code="palette-invalid").get("file", "")
    if file and file not in declared.inputs:
        fix = findings.near(file, declared.inputs)
        findings.add(f"{path}.file", f"`{file}` is not among the inputs", fix, "palette-invalid")
    return {"file": declared.inputs.get(file, file)}


def _check_colors(colors: list[Any], path: str, findings: Findings) -> None:
    if not 1 <= len(colors) <= glyph.COLORS:
        what = f"a palette has 1 to {glyph.COLORS} colours, and here are {len(colors)}"
        findings.add(path, what, code="palette-invalid")
    for at, color in enumerate(colors):
        if not isinstance(color, str) or not glyph.is_color(color):
            fix = 'write it like "#FF8000"'
            findings.add(f"{path}[{at}]", f"{shown(color)} is no colour", fix, "palette-invalid")
