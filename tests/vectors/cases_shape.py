"""Cases of what every asset.json has: A1 to A6."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cases import (
    GLYPHS,
    GONE,
    SOUND,
    SOUNDS,
    TILES,
    WAVE,
    Case,
    declared,
    edited,
    glyph,
    refused,
    sound,
    text,
)

INVALID, CONTRACT, ARTIFACTS = "declaration-invalid", "output-contract", "artifacts-invalid"
LIMIT = 1 << 20
PLAIN = text(GLYPHS).decode()


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


def shapes() -> Iterator[Case]:
    yield from files()
    yield from members()
    yield from names()
    yield from inputs()
    yield from artifacts()
    yield from metadata()


def files() -> Iterator[Case]:
    yield glyph("plain", "A1 A2 A3 A4 A5 A6 A7 A8")
    yield glyph(
        "things-lie-about", "A1",
        files={"tiles.png": TILES, "notes.txt": b"to do", "old/tiles.png": b"no picture", "asset.json.bak": b"{"},
    )  # fmt: skip
    yield replace(
        glyph("without-white-space", "A1"),
        files={"asset.json": json.dumps(GLYPHS, separators=(",", ":")).encode(), "tiles.png": TILES},
    )
    title = {"output.metadata.title": 'größe \U0001f3ae \\ " \n'}
    escaped = json.dumps(edited(GLYPHS, title), ensure_ascii=True).encode()
    yield replace(glyph("escapes", "A1", title), files={"asset.json": escaped, "tiles.png": TILES})
    yield glyph("beyond-ascii", "A1", title)
    yield glyph(
        "integers-at-the-limit", "A1", {"output.metadata.low": -(1 << 63), "output.metadata.high": (1 << 63) - 1}
    )
    yield glyph("as-deep-as-may-be", "A1", {"output.metadata.deep": nested(21)})
    yield glyph("as-long-as-may-be", "A1", padded={"asset.json": LIMIT})
    too_long = refused("too-long", "A1", *declared(INVALID, "$"))
    yield replace(too_long, padded={"asset.json": LIMIT + 1})
    deepest = "$.output.metadata.deep" + "[0]" * 21
    yield refused("too-deep", "A1", *declared(INVALID, deepest), changes={"output.metadata.deep": nested(22)})
    for name, raw in {
        "empty": b"",
        "no-json": b"{",
        "trailing": PLAIN.encode() + b"{}",
        "comment": b"// a hero\n" + PLAIN.encode(),
        "trailing-comma": PLAIN.replace('"tile_size": 8', '"tile_size": 8,').encode(),
        "byte-order-mark": b"\xef\xbb\xbf" + PLAIN.encode(),
        "utf-16": PLAIN.encode("utf-16"),
        "latin-1": PLAIN.replace("hero", "höro").encode("latin-1"),
        "list": b"[]",
        "null": b"null",
        "member-twice": PLAIN.replace('"name": "hero"', '"name": "hero",\n "name": "hero"').encode(),
        "member-twice-further-in": PLAIN.replace('"tile_size": 8', '"tile_size": 8, "tile_size": 8').encode(),
    }.items():
        yield refused(name, "A1", *declared(INVALID, "$"), raw=raw)
    for name, number in {
        "fraction": "1.5",
        "whole-fraction": "1.0",
        "exponent": "1e3",
        "nan": "NaN",
        "infinity": "-Infinity",
        "65-bits": str(1 << 63),
        "65-bits-negative": str(-(1 << 63) - 1),
    }.items():
        raw = PLAIN.replace('"tile_size": 8', f'"tile_size": 8, "weight": {number}').encode()
        yield refused(f"number-{name}", "A1", *declared(INVALID, "$.output.metadata.weight"), raw=raw)
    half = PLAIN.replace('"tile_size": 8', '"tile_size": 8, "title": "\\ud83c"').encode()
    yield refused("half-a-pair", "A1", *declared(INVALID, "$.output.metadata.title"), raw=half)
    for path in ("owner", "output.size", "preload.slot"):
        code = "preload-invalid" if path.startswith("preload") else INVALID
        name = f"unknown-member-{path.replace('.', '-')}"
        yield refused(name, "A1", *declared(code, f"$.{path}"), changes={path: 1})
    yield refused(
        "unknown-member-of-an-artifact", "A1 A5", *declared(ARTIFACTS, "$.artifacts[0].name"),
        changes={"artifacts.0.name": "run"},
    )  # fmt: skip


def members() -> Iterator[Case]:
    yield glyph("build-hints", "A2", {"build": {"threads": 8, "any": ["thing"]}})
    yield sound("without-what-is-optional", "A2", WAVE, SOUND)
    for name in ("schema_version", "asset_uuid", "name", "type", "inputs", "artifacts"):
        more = (*declared(ARTIFACTS, "$.artifacts[0].file"),) if name == "inputs" else ()
        more = declared(ARTIFACTS, "$.artifacts") if name == "artifacts" else more
        yield refused(f"no-{name.replace('_', '-')}", "A2", *declared(INVALID, "$"), *more, changes={name: GONE})
    yield refused("no-preload", "A2", *declared(INVALID, "$"), changes={"preload": GONE})
    yield refused("no-preload-enabled", "A2", *declared("preload-invalid", "$.preload"), changes={"preload": {}})
    yield refused("no-format", "A2", *declared(INVALID, "$.output"), changes={"output.format": GONE})
    yield refused("no-codec", "A2", *declared(INVALID, "$.output"), changes={"output.codec": GONE})
    for path, value, code, slug in (
        ("schema_version", 2, INVALID, "version-2"),
        ("schema_version", True, INVALID, "version-true"),
        ("asset_uuid", "6F9619FF-8B86-4011-B42D-00C04FC964FF", INVALID, "uuid-in-upper-case"),
        ("asset_uuid", "6f9619ff8b864011b42d00c04fc964ff", INVALID, "uuid-without-dashes"),
        ("asset_uuid", "{6f9619ff-8b86-4011-b42d-00c04fc964ff}", INVALID, "uuid-in-braces"),
        ("asset_uuid", None, INVALID, "uuid-null"),
        ("type", "sound_bank", CONTRACT, "type-of-another-format"),
        ("type", "GLYPH", CONTRACT, "type-of-the-runtime"),
        ("output.format", "GLYPH/indexed_v2", CONTRACT, "format-unknown"),
        ("output.format", "glyph/indexed_v1", CONTRACT, "format-in-lower-case"),
        ("output.codec", "RAW", CONTRACT, "codec-raw"),
        ("output.codec", "none", CONTRACT, "codec-in-lower-case"),
        ("preload.enabled", "yes", "preload-invalid", "preload-yes"),
        ("preload.enabled", 1, "preload-invalid", "preload-1"),
        ("build", [], INVALID, "build-no-object"),
        ("output.pipeline.palettes", {}, "palette-invalid", "palettes-no-list"),
    ):
        yield refused(slug, "A2", *declared(code, f"$.{path}"), changes={path: value})


def names() -> Iterator[Case]:
    for at, name in enumerate(("_", "9.lives", "a", "A" * 100, "x.-_", "con", "assets.pa2")):
        yield glyph(f"name-{at}", "A3", {"name": name})
    for slug, name in {
        "empty": "",
        "101-letters": "a" * 101,
        "dash-first": "-hero",
        "dot-first": ".hero",
        "space": "my hero",
        "slash": "ui/hero",
        "umlaut": "höro",
        "newline": "hero\n",
        "taken": "assets.pa",
        "taken-in-upper-case": "ASSETS.PA",
    }.items():
        yield refused(f"name-{slug}", "A3", *declared(INVALID, "$.name"), changes={"name": name})


def inputs() -> Iterator[Case]:
    art = {"inputs": {"Eine Rolle": ["art/tiles.png"], "none": []}, "artifacts.0.file": "art/tiles.png"}
    yield glyph("input-in-a-folder", "A4", art, files={"art/tiles.png": TILES})
    yield glyph("two-roles", "A4", {"inputs": {"a": ["tiles.png"], "b": ["tiles.png"]}})
    yield glyph(
        "input-unused", "A4", {"inputs.notes": ["notes.txt"]},
        files={"tiles.png": TILES, "notes.txt": b"to do"}, advisories=declared("input-unused", "$.inputs"),
    )  # fmt: skip
    for slug, path in {
        "gone": "gone.png",
        "above": "../tiles.png",
        "absolute": "/tiles.png",
        "case": "Tiles.png",
    }.items():
        place = declared("input-missing", "$.inputs.more[0]")
        yield refused(f"input-{slug}", "A4", *place, changes={"inputs.more": [path]})
    folder = refused(
        "input-folder", "A4", *declared("input-missing", "$.inputs.more[0]"), changes={"inputs.more": ["art"]}
    )
    yield replace(folder, files={**folder.files, "art/x.png": TILES})
    link = refused(
        "input-link", "A4", *declared("input-missing", "$.inputs.more[0]"), changes={"inputs.more": ["two.png"]}
    )
    yield replace(link, links={"two.png": "tiles.png"})
    for slug, role in {"text": "tiles.png", "numbers": [1]}.items():
        place = declared(INVALID, "$.inputs.more")
        yield refused(f"role-{slug}", "A4", *place, changes={"inputs.more": role})


def artifacts() -> Iterator[Case]:
    two = [{"index": 1, "file": "b.png"}, {"index": 0, "file": "tiles.png"}]
    both = {"inputs.sprites": ["tiles.png", "b.png"], "artifacts": two}
    yield sound_order()
    good = two[1]
    for slug, listed, places in (
        ("none", [], ["$.artifacts"]),
        ("gap", [good, {"index": 2, "file": "tiles.png"}], ["$.artifacts[1].index"]),
        ("from-one", [{"index": 1, "file": "tiles.png"}], ["$.artifacts[0].index"]),
        ("negative", [good, {"index": -1, "file": "tiles.png"}], ["$.artifacts[1].index"]),
        ("twice", [good, good], ["$.artifacts[1].index"]),
        ("index-true", [{"index": True, "file": "tiles.png"}], ["$.artifacts[0].index"]),
        ("index-text", [{"index": "0", "file": "tiles.png"}], ["$.artifacts[0].index"]),
        ("no-index", [{"file": "tiles.png"}], ["$.artifacts[0]"]),
        ("no-file", [{"index": 0}], ["$.artifacts[0]"]),
        ("no-object", ["tiles.png"], ["$.artifacts[0]"]),
        ("no-input", [{"index": 0, "file": "other.png"}], ["$.artifacts[0].file"]),
        ("input-spelt-otherwise", [{"index": 0, "file": "./tiles.png"}], ["$.artifacts[0].file"]),
        ("all-at-once", [{"index": 0, "file": "a"}, {"index": 0, "file": "tiles.png"}], ["$.artifacts[0].file", "$.artifacts[1].index"]),
    ):  # fmt: skip
        yield refused(f"artifacts-{slug}", "A5", *declared(ARTIFACTS, *places), changes={"artifacts": listed})
    gone = declared("input-missing", "$.inputs.sprites[1]")
    yield refused("artifacts-of-a-missing-input", "A4 A5", *gone, changes=both)


def sound_order() -> Case:
    """Artifacts in another order than their indices."""
    files = [{"index": 1, "file": "b.wav"}, {"index": 0, "file": "x.wav"}]
    case = sound("artifacts-in-any-order", "A5 A13", WAVE, SOUND)
    assert case.bank
    case.bank.data += WAVE[-4:]
    case.bank.decoded_size += 4
    case.bank.derived["samples"]["1"] = {"offset": 12, "length": 4, "sample_rate": 8000}
    case.shown["frames"] += [-32_768, 5]
    case.files["asset.json"] = text(edited(SOUNDS, {"inputs.sources": ["x.wav", "b.wav"], "artifacts": files}))
    case.files["b.wav"] = WAVE[:40] + (4).to_bytes(4, "little") + WAVE[-4:]
    return case


def metadata() -> Iterator[Case]:
    free = {"author": "Jane Doe", "tags": ["a", None, True], "channels": 2}
    more = {f"output.metadata.{name}": value for name, value in free.items()}
    yield glyph("free-metadata", "A6", {**more, "output.pipeline.tool": {"version": 3}})
    yield glyph("codec-configuration", "A6", {"output.codec_configuration": {"level": 3}})
    yield glyph("codec-in-metadata", "A6", {"output.metadata.codec": {"level": 3}})
    for name in ("width", "height", "palette_count", "palette_authored"):
        place = declared("metadata-collision", f"$.output.metadata.{name}")
        yield refused(f"collision-{name.replace('_', '-')}", "A6", *place, changes={f"output.metadata.{name}": 256})
    for name in ("channels", "samples"):
        place = declared("metadata-collision", f"$.output.metadata.{name}")
        yield refused(f"collision-{name}", "A6", *place, base=SOUNDS, changes={f"output.metadata.{name}": 1})
    yield refused(
        "collision-codec", "A6", *declared("metadata-collision", "$.output.metadata.codec"),
        changes={"output.metadata.codec": {}, "output.codec_configuration": {}},
    )  # fmt: skip
