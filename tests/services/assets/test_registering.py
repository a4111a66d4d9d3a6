"""`add`: what it makes of pictures and sounds builds at once, and what it cannot make is told."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from studio import Studio, indexed, png, wav

from packaging_targets.errors import PackagingError
from packaging_targets.services.assets.reading.details import details
from packaging_targets.services.assets.registering.register import Registration, register


def refused(studio: Studio, *paths: str, **request: object) -> str:
    before = studio.tree()
    with pytest.raises(PackagingError) as caught:
        register(studio.project, Registration(paths, **request))  # type: ignore[arg-type]
    assert studio.tree() == before
    return str(caught.value)


def text_of(studio: Studio, root: str) -> str:
    return (studio.root / root / "asset.json").read_text("utf-8")


def test_what_is_written_is_nice_to_read(studio: Studio) -> None:
    colors = [(255, 0, 255), (29, 43, 83), (255, 241, 232)]
    studio.write("assets/hero/hero.png", indexed(32, 20, colors, lambda x, y: (x + y) % 3, transparency=0))
    made = register(studio.project, Registration(("assets/hero",), preload=True), studio.events.append)
    assert (made.asset_id, made.name, made.diagnostics) == (1, "hero", ())
    assert made.written == ("assets/.prometeu/index.json", "assets/hero/asset.json")
    assert [event.kind for event in studio.events] == ["asset_discovered", "action_applied"]
    assert (
        text_of(studio, "assets/hero")
        == f"""\
{{
  "schema_version": 1,
  "asset_uuid": "{made.uuid}",
  "name": "hero",
  "type": "glyph_bank",
  "inputs": {{"sprites": ["hero.png"]}},
  "output": {{
    "format": "GLYPH/indexed_v1",
    "codec": "NONE",
    "metadata": {{"tile_size": 16}},
    "pipeline": {{
      "palettes": [
        {{"index": 0, "palette": {{"colors": ["#FF00FF", "#1D2B53", "#FFF1E8"]}}}}
      ],
      "transparent_index": 0
    }}
  }},
  "preload": {{"enabled": true}},
  "artifacts": [
    {{"index": 0, "file": "hero.png", "x": 0, "y": 0}},
    {{"index": 1, "file": "hero.png", "x": 16, "y": 0}}
  ]
}}
"""
    )


def test_several_pictures_are_several_sheets_in_the_order_in_which_they_are_named(studio: Studio) -> None:
    for name in "abc":
        studio.write(f"assets/hero/{name}.png", png(8, 8))
    register(studio.project, Registration(("assets/hero/c.png", "assets/hero/a.png"), name="Hero", tile_size=8))
    found = details(studio.project, "Hero")
    assert [one.path for one in found.inputs] == ["assets/hero/c.png", "assets/hero/a.png"]
    assert (found.asset.state, found.asset.artifacts) == ("ok", 2)


def test_sounds_become_samples(studio: Studio) -> None:
    studio.write("assets/sounds/b.WAV", wav())
    studio.write("assets/sounds/deep/a.wav", wav())
    studio.write("assets/sounds/notes.txt", "junk")
    register(studio.project, Registration(("assets/sounds/",)))
    found = details(studio.project, "assets/sounds")
    assert [(one.path, one.size) for one in found.inputs] == [
        ("assets/sounds/b.WAV", 144),
        ("assets/sounds/deep/a.wav", 144),
    ]
    assert (found.asset.type, found.asset.artifacts, found.diagnostics) == ("sound_bank", 2, ())


def test_transparent_tiles_are_left_out_where_that_is_asked_for(studio: Studio) -> None:
    picture = png(32, 8, lambda x, y: (0, 0, 0, 0) if 8 <= x < 16 else (x, 1, 2, 255))
    studio.write("assets/a/a.png", picture)
    studio.write("assets/b/b.png", picture)
    register(studio.project, Registration(("assets/a",), tile_size=8))
    register(studio.project, Registration(("assets/b",), tile_size=8, skip_transparent=True))
    whole, cut = (json.loads(text_of(studio, root)) for root in ("assets/a", "assets/b"))
    assert [one["x"] for one in whole["artifacts"]] == [0, 8, 16, 24]
    assert [one["x"] for one in cut["artifacts"]] == [0, 16, 24]
    assert whole["output"]["pipeline"]["transparent_index"] == 0
    assert "transparent_index" not in cut["output"]["pipeline"]
    assert studio.assets()[1].state == studio.assets()[2].state == "ok"


def test_an_asset_json_is_never_written_over(studio: Studio) -> None:
    studio.write("assets/hero/hero.png", png(16, 16))
    studio.write("assets/hero/asset.json", "somebody's")
    assert refused(studio, "assets/hero") == (
        "error: there is an `asset.json` in `assets/hero` already\n"
        "  at assets/hero/asset.json\n"
        "  fix: packaging assets adopt assets/hero"
    )
    (studio.root / "assets/hero/asset.json").unlink()
    (studio.root / "assets/hero/asset.json").symlink_to("nowhere")
    assert "there is an `asset.json`" in refused(studio, "assets/hero/hero.png")


def test_wrong_requests_are_told_with_all_that_is_wrong(studio: Studio) -> None:
    assert refused(studio, tile_size=9, name="a/b", type="glyphbank") == (
        "error: `a/b` is no asset name\n"
        "  fix: use up to 100 letters, digits and `_.-`, with a letter, a digit or `_` first\n\n"
        "error: a tile size is 8, 16 or 32, and not 9\n\n"
        "error: nothing to add is named\n"
        "  fix: name a folder, or files in one\n\n"
        "error: there is no type `glyphbank`\n"
        "  fix: did you mean `glyph_bank`?"
    )


def test_files_that_cannot_be_an_asset(studio: Studio) -> None:
    studio.write("art/hero.png", png(16, 16))
    studio.write("assets/flat.png", png(16, 16))
    studio.write("assets/empty/notes.txt", "x")
    studio.write("assets/both/a.png", png(16, 16))
    studio.write("assets/both/a.wav", wav())
    (studio.root / "assets/link.png").symlink_to(studio.root / "art/hero.png")
    assert refused(studio, "art/hero.png") == (
        "error: `art/hero.png` is not below `assets`\n"
        "  at art/hero.png\n"
        "  fix: put it into a folder there, such as `assets/hero`"
    )
    assert refused(studio, "nothing") == "error: there is no `nothing`\n  at nothing"
    assert refused(studio, "assets/flat.png") == (
        "error: `assets` itself cannot be an asset\n"
        "  at assets\n"
        "  fix: put its files into a folder of their own, such as `assets/hero`"
    )
    assert refused(studio, "assets/empty").startswith("error: `assets/empty` holds no PNG and no WAV\n")
    assert refused(studio, "assets/empty/notes.txt", "assets/link.png") == (
        "error: `assets/empty/notes.txt` is no PNG and no WAV\n"
        "  at assets/empty/notes.txt\n"
        "  fix: name one folder, or such files\n\n"
        "error: `assets/link.png` is no regular file\n"
        "  at assets/link.png\n"
        "  fix: put the file there"
    )
    assert refused(studio, "assets/both").startswith("error: `assets/both` holds both PNG and WAV\n")
    assert register(studio.project, Registration(("assets/both",), type="sound_bank")).diagnostics == ()


def test_names_that_are_taken_or_none(studio: Studio) -> None:
    studio.sound("assets/hero")
    studio.write("assets/other/x.wav", wav())
    assert refused(studio, "assets/other", name="HERO") == (
        "error: `HERO` is the name of the asset 1 in `assets/hero`\n  at assets/other\n  fix: give another one: --name"
    )
    studio.write("assets/Ärger 2/x.wav", wav())
    assert register(studio.project, Registration(("assets/Ärger 2",))).name == "_rger_2"
    studio.write("assets/..., /x.wav", wav())
    assert register(studio.project, Registration(("assets/..., /",))).name == "_"
    studio.write("assets/.-/x.wav", wav())
    assert "gives no name to its asset" in refused(studio, "assets/.-")


def test_what_lies_in_another_asset_or_around_one(studio: Studio) -> None:
    studio.sound("assets/people/hero")
    studio.write("assets/people/hero/face/f.png", png(16, 16))
    studio.write("assets/people/all.png", png(16, 16))
    assert refused(studio, "assets/people/hero/face").startswith(
        "error: `assets/people/hero/face` lies inside the asset `assets/people/hero`\n"
    )
    assert refused(studio, "assets/people/all.png").startswith(
        "error: the asset `assets/people/hero` lies inside `assets/people`\n"
    )
    assert refused(studio, "assets/people/hero").startswith("error: `assets/people/hero` is the folder of the asset 1")


def test_names_that_are_not_utf_8(studio: Studio) -> None:
    raw = os.fsencode(studio.root / "assets/a") + b"\xff"
    os.mkdir(raw)
    Path(os.fsdecode(raw + b"/x.wav")).write_bytes(wav())
    assert refused(studio, os.fsdecode(raw)) == (
        "error: the name of `assets/a\\xff` is not UTF-8\n  at assets/a\\xff\n  fix: rename it"
    )


def test_bad_pictures_and_sounds_are_all_told(studio: Studio) -> None:
    studio.write("assets/a/a.png", b"no picture")
    studio.write("assets/a/b.png", png(8, 8))
    studio.write("assets/a/c.png", png(16, 16, lambda x, y: (x, y, 0, 255)))
    studio.write("assets/a/d.png", png(16, 16, lambda x, y: (x, y, 0, 9 if y else 255)))
    told = refused(studio, "assets/a")
    assert told == (
        "error: `a.png` is no PNG file\n  at a.png\n\n"
        "error: `b.png` is 8 x 8 pixels, and a tile is 16 x 16\n  at b.png\n  fix: choose another tile size\n\n"
        "error: the pixel is half transparent, which no palette can draw\n"
        "  at d.png (x 0, y 1)\n"
        "  fix: paint it in a full colour, or clear it"
    )
    assert refused(studio, "assets/a/c.png").startswith(
        "error: the tile has 256 colours, and a palette has 16\n  at c.png (x 0, y 0)\n"
    )
    studio.write("assets/s/x.wav", b"no sound")
    assert "`assets/s/x.wav` is no WAVE file" in refused(studio, "assets/s")
