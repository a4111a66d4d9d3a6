"""Cases of glyph banks: A7 to A12, A15 and A18."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import handmade
from cases import COLORS, TILES, Case, Place, declared, glyph, grid, painted, paletted, refused, striped
from handmade import GREY, GREY_ALPHA, INDEXED, RGB, RGBA, chunk, file_of, head, png

ARTIFACTS, PALETTE, CONTRACT = "artifacts-invalid", "palette-invalid", "output-contract"
PALETTES = "output.pipeline.palettes"
GREYS = ("#000000", "#555555", "#AAAAAA")


def glyphs() -> Iterator[Case]:
    yield from places()
    yield from palettes()
    yield from choices()
    yield from transparency()
    yield from pictures()
    yield from no_pictures()
    yield from palette_files()
    yield from no_palette_files()


def pixel(x: int, y: int) -> tuple[Place, ...]:
    return (("tile-invalid", "tiles.png", f"x {x}, y {y}"),)


def places() -> Iterator[Case]:
    for size in (16, 32):
        picture = png(size, size, painted(COLORS))
        yield glyph(
            f"tile-size-{size}", "A7", {"output.metadata.tile_size": size},
            files={"tiles.png": picture}, tiles=[grid(size)],
        )  # fmt: skip
    sheet = png(19, 11, painted(COLORS))
    spots = [(0, 0), (11, 3), (5, 1), (5, 1)]
    listed = [{"index": at, "file": "tiles.png", "x": x, "y": y} for at, (x, y) in enumerate(spots)]
    tiles = [grid(8, x=x, y=y) for x, y in spots]
    yield glyph("places-in-a-sheet", "A7 G6", {"artifacts": listed}, files={"tiles.png": sheet}, tiles=tiles)
    whole: dict[str, Any] = {
        "artifacts": [{"index": at, "file": "tiles.png"} for at in range(64)],
        "output.metadata.tile_size": 32,
    }
    large = png(32, 32, painted(COLORS))
    yield glyph("as-many-tiles-as-fit", "A7 G6", whole, files={"tiles.png": large}, tiles=[grid(32)] * 64)
    more = {**whole, "artifacts": [*whole["artifacts"], {"index": 64, "file": "tiles.png"}]}
    yield refused("more-tiles-than-fit", "A7 G6", *declared(ARTIFACTS, "$.artifacts"), changes=more, tiles_png=large)
    for slug, wrong in {"7": 7, "0": 0, "64": 64, "true": True, "text": "8", "null": None}.items():
        place = declared(CONTRACT, "$.output.metadata")
        yield refused(f"tile-size-{slug}", "A7", *place, changes={"output.metadata.tile_size": wrong})
    yield refused("no-tile-size", "A7", *declared(CONTRACT, "$.output.metadata"), changes={"output.metadata": {}})
    for slug, width, height in (("wide", 9, 8), ("high", 8, 9), ("narrow", 7, 8)):
        picture = png(width, height, painted(COLORS))
        yield refused(f"picture-too-{slug}", "A7", ("tile-invalid", "tiles.png", ""), tiles_png=picture)
    for slug, x, y in (("right", 12, 0), ("bottom", 0, 4), ("outside", 4095, 4095)):
        spot = {"artifacts.0.x": x, "artifacts.0.y": y}
        yield refused(f"place-beyond-the-{slug}", "A7", *pixel(x, y), changes=spot, tiles_png=sheet)
    yield refused("place-half", "A7", *declared(ARTIFACTS, "$.artifacts[0]"), changes={"artifacts.0.x": 0})
    for name, value in (("x", 4096), ("y", -1)):
        spot = {"artifacts.0.x": 0, "artifacts.0.y": 0, f"artifacts.0.{name}": value}
        yield refused(f"place-{name}-out-of-range", "A7", *declared(ARTIFACTS, f"$.artifacts[0].{name}"), changes=spot)


def palettes() -> Iterator[Case]:
    many = dict.fromkeys(range(64), COLORS)
    one = [{"index": 63, "palette": {"colors": [*COLORS]}}]
    yield glyph("palette-63", "A8 G3", {PALETTES: one}, palettes={63: COLORS})
    yield glyph("64-palettes", "A8", {PALETTES: paletted(*many.values())}, palettes=many)
    full = (*COLORS, *(f"#0000{at:02X}" for at in range(13)))
    yield glyph("16-colours", "A8", {PALETTES: paletted(full)}, palettes={0: full})
    yield glyph("colours-in-lower-case", "A8", {PALETTES: paletted([color.lower() for color in COLORS])})
    single = png(8, 8, painted(["#FFF1E8"], lambda x, y: 0))
    yield glyph(
        "one-colour", "A8 G3", {PALETTES: paletted(["#FFF1E8"])}, files={"tiles.png": single},
        tiles=[grid(8, lambda x, y: 0)], palettes={0: ["#FFF1E8"]},
    )  # fmt: skip
    inner = {"index": 0, "palette": {"colors": [*COLORS]}}
    for slug, listed, place in (
        ("none", [], ""),
        ("65", paletted(*[COLORS[:1]] * 65), ""),
        ("null", None, ""),
        ("index-64", [inner | {"index": 64}], "[0].index"),
        ("index-negative", [inner | {"index": -1}], "[0].index"),
        ("index-twice", [inner, inner], "[1].index"),
        ("no-index", [{"palette": inner["palette"]}], "[0]"),
        ("no-palette", [{"index": 0}], "[0]"),
        ("more", [inner | {"name": "day"}], "[0].name"),
        ("no-object", ["#FF00FF"], "[0]"),
        ("no-colours", paletted([]), "[0].palette.colors"),
        ("17-colours", paletted([*COLORS] * 5 + ["#000000"] * 2), "[0].palette.colors"),
        ("short-colour", paletted(["#FFF"]), "[0].palette.colors[0]"),
        ("named-colour", paletted(["red"]), "[0].palette.colors[0]"),
        ("colour-with-alpha", paletted([COLORS[0], "#FF00FFFF"]), "[0].palette.colors[1]"),
        ("colour-without-hash", paletted(["FF00FF"]), "[0].palette.colors[0]"),
        ("file-no-input", [{"index": 0, "palette": {"file": "day.hex"}}], "[0].palette.file"),
        ("file-and-colours", [{"index": 0, "palette": {"file": "tiles.png", "colors": []}}], "[0].palette.colors"),
    ):
        yield refused(f"palettes-{slug}", "A8", *declared(PALETTE, f"$.{PALETTES}{place}"), changes={PALETTES: listed})


def choices() -> Iterator[Case]:
    """Which palette a tile takes its indices from."""
    turned = COLORS[::-1]
    fragile: tuple[Place, ...] = (("palette-fragile", "tiles.png", "x 0, y 0"),)
    two = {0: COLORS, 1: turned}
    yield glyph("lowest-palette", "A9 A15", {PALETTES: paletted(COLORS, turned)}, palettes=two, advisories=fragile)
    listed = paletted(COLORS, turned)[::-1]
    yield glyph("palettes-in-any-order", "A8 A9 A15", {PALETTES: listed}, palettes=two, advisories=fragile)
    yield glyph(
        "lowest-that-holds-all", "A9 A10", {PALETTES: paletted(turned[:2], COLORS)}, palettes={0: turned[:2], 1: COLORS},
    )  # fmt: skip
    turned_tile = [grid(8, lambda x, y: 2 - striped(x, y))]
    named = {PALETTES: paletted(COLORS, turned), "artifacts.0.palette": 1}
    yield glyph("named-palette", "A9 A15", named, tiles=turned_tile, palettes=two)
    alike = {0: COLORS, 5: (*COLORS, "#000000")}
    same = [{"index": at, "palette": {"colors": [*colors]}} for at, colors in alike.items()]
    yield glyph("two-palettes-that-agree", "A9 A15", {PALETTES: same}, palettes=alike)
    twice = (COLORS[0], COLORS[0], *COLORS[1:], COLORS[2])
    yield glyph(
        "equal-colours", "A9", {PALETTES: paletted(twice)},
        tiles=[grid(8, lambda x, y: (0, 2, 3)[striped(x, y)])], palettes={0: twice},
    )  # fmt: skip
    near = ("#080808", "#0B0B0B", "#0F0B0F")  # all are one colour in RGB565
    yield glyph(
        "equal-in-rgb565-alone", "A9", {PALETTES: paletted(near)},
        files={"tiles.png": png(8, 8, painted(near))}, palettes={0: near},
    )  # fmt: skip
    spots = [(0, 0), (1, 0)]
    both = [{"index": at, "file": "tiles.png", "x": x, "y": y} for at, (x, y) in enumerate(spots)]
    wide = png(16, 8, painted(COLORS))
    yield glyph(
        "fragile-twice", "A15", {PALETTES: paletted(COLORS, turned), "artifacts": both}, files={"tiles.png": wide},
        tiles=[grid(8, x=x, y=y) for x, y in spots], palettes=two, advisories=fragile,
    )  # fmt: skip
    yield refused("colour-in-no-palette", "A10", *pixel(2, 0), changes={PALETTES: paletted(COLORS[:2])})
    yield refused(
        "colour-nearly-there", "A9 A10", *pixel(1, 0), changes={PALETTES: paletted([COLORS[0], "#1D2B52", COLORS[2]])}
    )
    split = paletted(COLORS[:1], COLORS[:2], [COLORS[0], COLORS[2]])
    yield refused("no-single-palette", "A10", *pixel(2, 0), changes={PALETTES: split})
    best = paletted(COLORS[1:2], [COLORS[0], COLORS[2]])
    yield refused("no-single-palette-best-last", "A10", *pixel(1, 0), changes={PALETTES: best})
    shifted = png(16, 16, painted(COLORS, lambda x, y: 2 if (x, y) == (9, 12) else 0))
    spot = {PALETTES: paletted(COLORS[:2]), "artifacts.0.x": 4, "artifacts.0.y": 7}
    yield refused("place-is-that-in-the-picture", "A10", *pixel(9, 12), changes=spot, tiles_png=shifted)
    lacking = {PALETTES: paletted(COLORS, COLORS[:1]), "artifacts.0.palette": 1}
    yield refused("named-palette-lacks", "A9 A10", *pixel(1, 0), changes=lacking)
    place = declared(ARTIFACTS, "$.artifacts[0].palette")
    yield refused("named-palette-undeclared", "A9", *place, changes={"artifacts.0.palette": 1})


def transparency() -> Iterator[Case]:
    clear, half = (7, 7, 7, 0), (255, 0, 255, 128)

    def paint(x: int, y: int) -> Sequence[int]:
        return (*painted(COLORS)(x, y), 255) if striped(x, y) else clear

    picture = png(8, 8, paint, RGBA)
    index = {"output.pipeline.transparent_index": 15}
    tiles = [grid(8, lambda x, y: striped(x, y) or 15)]
    yield glyph("transparent", "A11", index, files={"tiles.png": picture}, tiles=tiles)
    nothing = png(8, 8, lambda x, y: clear, RGBA)
    empty = [grid(8, lambda x, y: 15)]
    yield glyph("nothing-but-transparent", "A11", index, files={"tiles.png": nothing}, tiles=empty)
    yield glyph("transparent-index-unused", "A11", {"output.pipeline.transparent_index": 0})
    yield refused("transparent-without-an-index", "A11", *pixel(0, 0), tiles_png=picture)
    halved = png(8, 8, lambda x, y: half if (x, y) == (3, 2) else (255, 0, 255, 255), RGBA)
    yield refused("half-transparent", "A11", *pixel(3, 2), changes=index, tiles_png=halved)
    faint = png(8, 8, lambda x, y: (255, 0, 255, 254 if (x, y) == (7, 7) else 255), RGBA)
    yield refused("nearly-opaque", "A11", *pixel(7, 7), changes=index, tiles_png=faint)
    for slug, value in {"16": 16, "negative": -1, "text": "0", "true": True}.items():
        place = declared(PALETTE, "$.output.pipeline.transparent_index")
        yield refused(f"transparent-index-{slug}", "A11", *place, changes={"output.pipeline.transparent_index": value})


def pictures() -> Iterator[Case]:
    """Every kind of PNG; what it shows is always the same."""
    kinds: dict[str, bytes] = {
        "interlaced": png(8, 8, painted(COLORS), interlaced=True),
        "every-filter": png(8, 8, painted(COLORS), filters=(1, 2, 3, 4, 0, 4, 3)),
        "opaque-alpha": png(8, 8, lambda x, y: (*painted(COLORS)(x, y), 255), RGBA),
        "gamma": png(8, 8, painted(COLORS), RGB, 8, chunk(b"gAMA", (100_000).to_bytes(4, "big"))),
        "significant-bits-and-text": png(
            8, 8, painted(COLORS), RGB, 8, chunk(b"sBIT", b"\5\6\5"), chunk(b"tEXt", b"a\0b")
        ),
        "colour-profile": png(8, 8, painted(COLORS), RGB, 8, chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile"))),
        "suggested-palette": png(8, 8, painted(COLORS), RGB, 8, handmade.palette("#123456")),
    }
    for depth in (2, 4, 8):
        kinds[f"indexed-{depth}"] = png(8, 8, lambda x, y: [striped(x, y)], INDEXED, depth, handmade.palette(*COLORS))
    turned = handmade.palette(*COLORS[::-1])
    kinds["indexed-otherwise"] = png(8, 8, lambda x, y: [2 - striped(x, y)], INDEXED, 8, turned)
    kinds["indexed-interlaced"] = png(
        8, 8, lambda x, y: [striped(x, y)], INDEXED, 2, handmade.palette(*COLORS), interlaced=True
    )
    data = zlib.compress(
        b"".join(b"\0" + bytes(v for x in range(8) for v in painted(COLORS)(x, y)) for y in range(8)), 9
    )
    kinds["pixels-in-pieces"] = file_of(
        head(8, 8), *(chunk(b"IDAT", data[at : at + 7]) for at in range(0, len(data), 7))
    )
    kinds["compressed-in-no-way"] = file_of(head(8, 8), chunk(b"IDAT", zlib.compress(zlib.decompress(data), 0)))
    for name, picture in kinds.items():
        yield glyph(f"png-{name}", "A12", files={"tiles.png": picture})
    two = [grid(8, lambda x, y: (x + y) % 2)]
    bits = png(8, 8, lambda x, y: [(x + y) % 2], INDEXED, 1, handmade.palette(*COLORS[:2]))
    yield glyph("png-indexed-1", "A12", files={"tiles.png": bits}, tiles=two)
    ends = ("#000000", "#FFFFFF")
    white = {PALETTES: paletted(ends)}
    bits = png(8, 8, lambda x, y: [(x + y) % 2], GREY, 1)
    yield glyph("png-grey-1", "A12", white, files={"tiles.png": bits}, tiles=two, palettes={0: ends})
    grey = {PALETTES: paletted(GREYS)}
    for depth, step in ((2, 1), (4, 5), (8, 85)):
        picture = png(8, 8, lambda x, y, step=step: [striped(x, y) * step], GREY, depth)  # type: ignore[misc]
        yield glyph(f"png-grey-{depth}", "A12", grey, files={"tiles.png": picture}, palettes={0: GREYS})
    alpha = png(8, 8, lambda x, y: [striped(x, y) * 85, 255], GREY_ALPHA)
    yield glyph("png-grey-alpha", "A12", grey, files={"tiles.png": alpha}, palettes={0: GREYS})
    yield from transparent_pictures(grey)


def transparent_pictures(grey: dict[str, Any]) -> Iterator[Case]:
    index = {"output.pipeline.transparent_index": 9}
    tiles = [grid(8, lambda x, y: striped(x, y) or 9)]
    indexed = png(8, 8, lambda x, y: [striped(x, y)], INDEXED, 8, handmade.palette(*COLORS), chunk(b"tRNS", b"\0"))
    yield glyph("png-indexed-transparency", "A11 A12", index, files={"tiles.png": indexed}, tiles=tiles)
    true = png(8, 8, painted(COLORS), RGB, 8, chunk(b"tRNS", b"\0\xff\0\0\0\xff"))
    yield glyph("png-true-colour-transparency", "A11 A12", index, files={"tiles.png": true}, tiles=tiles)
    greys = png(8, 8, lambda x, y: [striped(x, y)], GREY, 2, chunk(b"tRNS", b"\0\0"))
    yield glyph(
        "png-grey-transparency", "A11 A12", {**grey, **index}, files={"tiles.png": greys}, tiles=tiles,
        palettes={0: GREYS},
    )  # fmt: skip


def no_pictures() -> Iterator[Case]:
    data = zlib.compress(bytes(8 * 25))
    body = chunk(b"IDAT", data)
    sums = bytearray(TILES)
    sums[29] ^= 1
    pixels = bytearray(TILES)
    pixels[-14] ^= 1
    kinds = {
        "empty": b"",
        "text": b"a picture of a hero",
        "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
        "cut-off": TILES[:-13],
        "no-end": TILES[:-12],
        "checksum-of-the-head": bytes(sums),
        "checksum-of-the-pixels": bytes(pixels),
        "16-bits": png(8, 8, lambda x, y: (0, 0, 0), RGB, 16),
        "16-bits-grey": png(8, 8, lambda x, y: [0], GREY, 16),
        "animation": file_of(head(8, 8), chunk(b"acTL", b"\0\0\0\1\0\0\0\0"), body),
        "wide": file_of(head(4097, 8), body),
        "high": file_of(head(8, 4097), body),
        "no-width": file_of(head(0, 8), body),
        "bomb": file_of(head(8, 8), chunk(b"IDAT", zlib.compress(bytes(50_000), 9))),
        "one-byte-more": file_of(head(8, 8), chunk(b"IDAT", zlib.compress(bytes(8 * 25 + 1)))),
        "one-byte-less": file_of(head(8, 8), chunk(b"IDAT", zlib.compress(bytes(8 * 25 - 1)))),
        "no-pixels": file_of(head(8, 8)),
        "pixels-damaged": file_of(head(8, 8), chunk(b"IDAT", b"\x78\x9c" + b"\xff" * 20)),
        "unknown-filter": png(8, 8, painted(COLORS)).replace(
            TILES[33:-12], chunk(b"IDAT", zlib.compress((b"\5" + bytes(24)) * 8))
        ),
        "colour-type-1": file_of(head(8, 8, 1), body),
        "true-colour-of-4-bits": file_of(head(8, 8, RGB, 4), body),
        "head-second": file_of(chunk(b"tEXt", b"a\0b"), head(8, 8), body),
        "head-twice": file_of(head(8, 8), head(8, 8), body),
        "unknown-chunk-that-must-be-known": file_of(head(8, 8), chunk(b"ABCd"), body),
        "palette-twice": file_of(head(8, 8), handmade.palette(*COLORS), handmade.palette(*COLORS), body),
        "indexed-without-a-palette": png(8, 8, lambda x, y: [0], INDEXED),
        "colour-beyond-the-palette": png(8, 8, lambda x, y: [striped(x, y)], INDEXED, 8, handmade.palette(*COLORS[:2])),
        "palette-of-half-colours": png(8, 8, lambda x, y: [0], INDEXED, 8, chunk(b"PLTE", b"\0\0\0\0")),
    }
    for name, picture in kinds.items():
        yield refused(f"png-{name}", "A12", ("image-invalid", "tiles.png", ""), tiles_png=picture)


def from_file(name: str) -> dict[str, Any]:
    return {"inputs.palettes": [name], f"{PALETTES}": [{"index": 0, "palette": {"file": name}}]}


GPL = "GIMP Palette\nName: day\nColumns: 3\n# a comment\n255   0 255\tkey\n 29  43  83\n255 241 232 white of eggs\n"
PAL = "JASC-PAL\r\n0100\r\n3\r\n255 0 255\r\n29 43 83\r\n255 241 232\r\n"
HEX = "FF00FF\n#1d2b53\n\nFFF1E8"


def palette_files() -> Iterator[Case]:
    pixels = png(3, 1, lambda x, y: painted(COLORS)(x, 0))
    upright = png(1, 3, lambda x, y: painted(COLORS)(y, 0))
    indexed = png(1, 1, lambda x, y: [1], INDEXED, 2, handmade.palette(*COLORS), chunk(b"tRNS", b"\0"))
    for slug, name, data in (
        ("gimp", "day.gpl", GPL.encode()),
        ("gimp-with-a-mark", "day.gpl", b"\xef\xbb\xbf" + GPL.replace("\n", "\r\n").encode()),
        ("jasc", "day.pal", PAL.encode()),
        ("hex", "day.hex", HEX.encode()),
        ("pixels", "day.png", pixels),
        ("pixels-upright", "day.png", upright),
        ("indexed", "day.png", indexed),
    ):
        yield glyph(f"palette-file-{slug}", "A18", from_file(name), files={"tiles.png": TILES, name: data})
    long = glyph(
        "palette-file-at-the-limit", "A18", from_file("day.hex"), files={"tiles.png": TILES, "day.hex": HEX.encode()}
    )
    yield replace(long, padded={"day.hex": 65_536})
    too_long = refused(
        "palette-file-too-long", "A18", (PALETTE, "day.hex", ""), changes=from_file("day.hex"), day_hex=HEX.encode()
    )
    yield replace(too_long, padded={"day.hex": 65_537})


def no_palette_files() -> Iterator[Case]:
    clear = png(2, 2, lambda x, y: (0, 0, 0, 254 if (x, y) == (1, 1) else 255), RGBA)
    for slug, name, data, place in (
        ("empty", "day.hex", b"", ""),
        ("hex-no-colour", "day.hex", b"FF00FF\n\nFFF", "line 3"),
        ("hex-comment", "day.hex", b"; day\nFF00FF", "line 1"),
        ("hex-17", "day.hex", b"FF00FF\n" * 17, "line 17"),
        ("gimp-no-head", "day.gpl", b"255 0 255\n", "line 1"),
        ("gimp-empty", "day.gpl", b"GIMP Palette\n", ""),
        ("gimp-256", "day.gpl", b"GIMP Palette\n256 0 255\n", "line 2"),
        ("gimp-two-numbers", "day.gpl", b"GIMP Palette\n0 0 0\n25 0\n", "line 3"),
        ("gimp-17", "day.gpl", b"GIMP Palette\n" + b"0 0 0\n" * 17, "line 18"),
        ("jasc-no-head", "day.pal", b"0100\n1\n0 0 0\n", "line 1"),
        ("jasc-count", "day.pal", b"JASC-PAL\n0100\n2\n0 0 0\n", "line 3"),
        ("jasc-name", "day.pal", b"JASC-PAL\n0100\n1\n0 0 0 black\n", "line 4"),
        ("jasc-17", "day.pal", b"JASC-PAL\n0100\n17\n" + b"0 0 0\n" * 17, "line 20"),
        ("17-pixels", "day.png", png(17, 1, lambda x, y: (0, 0, 0)), ""),
        ("17-entries", "day.png", png(1, 1, lambda x, y: [0], INDEXED, 8, handmade.palette(*["#000000"] * 17)), ""),
        ("transparent-pixel", "day.png", clear, "x 1, y 1"),
        ("no-picture", "day.png", b"", ""),
        ("adobe", "day.aco", b"\0\1\0\0", ""),
    ):
        where = (PALETTE, name, place)
        case = refused(f"palette-file-{slug}", "A18", where, changes=from_file(name))
        yield replace(case, files={**case.files, name: data})
