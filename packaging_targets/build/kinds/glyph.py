"""`glyph/1`: a `GLYPH/indexed_v1` bank from PNG files.

Params: `tile_size`; `palettes`, a list of `{"index", "colors"}`; `transparent_index` (may be null); `tiles`,
in order of their index, each `{"file"}` for an image that is the tile, or `{"file", "x", "y"}` for a place in
a larger one, with `palette` where its colours are to be read with that one alone. Outputs: the bank, and its
facts as JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging_targets.errors import BuildError, PackagingError, Problem, raise_all
from packaging_targets.formats.assets.banks import glyph
from packaging_targets.formats.assets.banks.png import FILE_LIMIT, check_png
from packaging_targets.model.digest import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from PIL.Image import Image

    from packaging_targets.model.action import Action, Step

_FIX = "paint it in a colour of the palettes in asset.json, or declare the colour there"


def run(action: Action, step: Step) -> None:
    """Encode the bank. Raises BuildError that names every bad image, and the first bad pixel of each tile."""
    params = action.params
    palettes = [glyph.Palette.parse(item["index"], item["colors"]) for item in params["palettes"]]
    tiles: dict[int, bytes] = {}
    problems: list[Problem] = []
    for path, numbers in _by_file(params["tiles"]).items():
        try:
            image = _open(path, step)
        except ValueError as error:
            problems.append(Problem(path, f"`{path}` {error}"))
            continue
        with image:
            for number in numbers:
                tile = _tile(image, params["tiles"][number], params, palettes)
                if isinstance(tile, Problem):
                    problems.append(tile)
                else:
                    tiles[number] = tile
    raise_all(problems, BuildError)
    bank, facts = action.outputs
    with step.create(bank) as out:
        out.write(glyph.pack([tiles[number] for number in sorted(tiles)], params["tile_size"], palettes))
    with step.create(facts) as out:
        out.write(canonical_json({"decoded_size": glyph.DECODED_SIZE, "metadata": glyph.metadata(palettes)}))


def _by_file(tiles: list[Any]) -> dict[str, list[int]]:
    """Group the tiles, so that each image is decoded once and no two are in memory together."""
    numbers: dict[str, list[int]] = {}
    for number, tile in enumerate(tiles):
        numbers.setdefault(tile["file"], []).append(number)
    return numbers


def _open(path: str, step: Step) -> Image:
    """Decode an image that has been checked. Raises ValueError with what is wrong about it."""
    if (size := step.info(path).size) > FILE_LIMIT:
        raise ValueError(f"is {size} bytes long, and {FILE_LIMIT} are allowed")
    with step.open(path) as stream:
        check_png(stream.read())
        stream.seek(0)
        pillow = _pillow()
        try:
            image: Image = pillow.open(stream, formats=["PNG"])
            image.load()
        except Exception as error:  # noqa: BLE001  # a decoder fails on bad bytes in many ways
            raise ValueError(f"cannot be decoded: {error}") from None
        return image


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise PackagingError.one(
            "pictures need `pillow`, which is not installed", fix="pip install 'packaging-targets[assets]'"
        ) from None
    return Image


def _tile(
    image: Image, tile: Mapping[str, Any], params: Mapping[str, Any], palettes: list[glyph.Palette]
) -> bytes | Problem:
    """Return the palette indices of a tile, or what is wrong about it."""
    path, size = tile["file"], params["tile_size"]
    x, y = tile.get("x", 0), tile.get("y", 0)
    if x + size > image.width or y + size > image.height:
        what = f"a tile of {size} x {size} pixels does not fit: `{path}` is {image.width} x {image.height}"
        return Problem(f"{path} (x {x}, y {y})", what)
    if "x" not in tile and image.size != (size, size):
        what = f"`{path}` is {image.width} x {image.height} pixels, and a tile is {size} x {size}"
        return Problem(path, what, 'say where the tile lies: "x": 0, "y": 0')
    rgba = image.crop((x, y, x + size, y + size)).convert("RGBA").tobytes()
    try:
        return glyph.index_tile(rgba, size, list(_choice(tile, palettes)), params["transparent_index"])
    except glyph.PixelError as error:
        return Problem(f"{path} (x {x + error.x}, y {y + error.y})", str(error), _FIX)


def _choice(tile: Mapping[str, Any], palettes: list[glyph.Palette]) -> Iterator[glyph.Palette]:
    return (palette for palette in palettes if tile.get("palette", palette.index) == palette.index)
