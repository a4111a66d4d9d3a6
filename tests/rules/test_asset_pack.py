"""The `asset_pack` rule: art and declarations become one `assets.pa`, or are refused in whole.

The marks name statements of docs/formats/assets-pa.md.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

import pytest
from games import BLUE, FILES, INK, RED, UUID, hero, jump, output, png, saved, wav

from packaging_targets.adapters.testing import Workspace
from packaging_targets.build.planning.analysis import Analysis, analyse
from packaging_targets.build.planning.context import AnalysisContext, Offered
from packaging_targets.build.planning.sources import find_sources
from packaging_targets.errors import PackagingError
from packaging_targets.formats.assets.reader import AssetPack
from packaging_targets.model.label import Label
from packaging_targets.model.target import Target, Where
from packaging_targets.workspace.rules.rulebook import Rulebook
from packaging_targets.workspace.settings import Settings

Image = pytest.importorskip("PIL.Image")

TARGET = '[[asset_pack]]\nname = "pack"\nids = {hero = 2, jump = 1}\n'
IDS = {"hero": 2, "jump": 1}
RULE = Rulebook("").rule("asset_pack")
GOLDEN = {
    "asset_table.json": "63609768fc0a0667c26922be1305973248a2e3931531a9f762f96b66e795c99f",
    "asset_table_metadata.json": "9299abc0d9aff221be70461912a100b6a7b45c4fcf63ea848588784eccdbcb33",
    "assets.pa": "f0464f7f0a85b3d993f9c29d6c87cd18cad4a74589750727438555233054dd6e",
    "banks/hero.bin": "ee9c563bfad428773857e2bf032f0dc7c870f36fa4341a7ccc73f8c00cef1aa9",
    "banks/hero.json": "00c8cf18cc2a78b7e50da649425b1b2d1dc3009826442463b2796ac5ee613ff3",
    "banks/jump.bin": "09900e23299f1e3c483217a700afe9255e00d5581d69fa535068b5b9782e2fe8",
    "banks/jump.json": "83fe926a71bc994ee80e450b3bb60dcce4a7744dd28ce40e00e22abeacd177e0",
    "preload.json": "0075baadf8bfc18b80a2149586cd1daf837f65d6c14c9e2da66d826d3dd99b08",
}


def game(ws: Workspace, *, target: str = TARGET, **assets: Any) -> Workspace:
    """Write a game with the assets `hero` and `jump`; others by keyword."""
    ws.write(
        {
            "game/TARGETS.toml": target,
            **{f"game/assets/{name}": data for name, data in FILES.items()},
        }
    )
    paths = {"hero": "hero", "jump": "sounds/jump"}
    for name, value in {"hero": hero(), "jump": jump(), **assets}.items():
        ws.write({f"game/assets/{paths.get(name, name)}/asset.json": json.dumps(value)})
    return ws


def opened(ws: Workspace) -> AssetPack:
    return AssetPack.open(io.BytesIO(ws.path("dist/game/pack/assets.pa").read_bytes()))


def analysed(ws: Workspace, ids: dict[str, int] | None = None) -> Analysis:
    """Analyse the pack of `game` in this process: what a build would do before its first action."""
    with contextlib.chdir(ws.root):
        fields = {"srcs": ["assets/**"], "exclude": [], "deps": [], **({} if ids is None else {"ids": ids})}
        target = Target(
            Label("game", "pack"),
            "asset_pack",
            fields,
            (),
            Where("game/TARGETS.toml", 1),
            (("assets/**", "$.srcs[0]"),),
        )
        settings = Settings(str(ws.root))
        sources = find_sources(settings, target, ())
        context = AnalysisContext(
            settings, target, sources, lambda _: Offered((), {}, frozenset()), lambda _: False, lambda _: "-"
        )
        return analyse(context, RULE)


def refused(ws: Workspace, ids: dict[str, int] | None = None) -> list[str]:
    """Return the problems that an analysis finds, each as one line."""
    with pytest.raises(PackagingError) as caught:
        analysed(ws, IDS if ids is None else ids)
    assert caught.value.exit_code == 2
    return [one_line(str(problem).removeprefix("error: ")) for problem in caught.value.problems]


def one_line(text: str) -> str:
    what, *rest = (line.strip() for line in text.splitlines())
    return " | ".join([what, *(line for line in rest if line.startswith(("at ", "fix: ")))])


def failed(ws: Workspace) -> list[str]:
    """Build, and return the problems that were told, each as one line."""
    run = ws.build()
    assert run.exit_code == 1, run.output
    return [one_line(block) for block in run.output.split("error: ")[1:]]


@pytest.mark.statement("A1", "A2", "A6", "A13")
def test_a_game_becomes_a_pack(ws: Workspace) -> None:
    run = game(ws).build()
    assert run.exit_code == 0, run.output
    assert run.built == ["//game:pack#assets.pa", "//game:pack#hero", "//game:pack#jump"]
    pack = opened(ws)
    assert [(entry.asset_id, entry.asset_name, entry.bank_type) for entry in pack.entries] == [
        (1, "jump", "SOUNDS"),
        (2, "hero", "GLYPH"),
    ]
    assert pack.slice(1).read() == struct.pack("<5h", 1, -2, 3, 4, 5)
    assert pack.entry(1).metadata == {
        "channels": 1,
        "samples": {
            "0": {"length": 4, "offset": 0, "sample_rate": 8000},
            "1": {"length": 6, "loop_end": 2, "loop_start": 0, "offset": 4, "sample_rate": 22050},
        },
    }
    assert pack.slice(2).read(8) == b"\x11\x11\x11\x11\x22\x22\x22\x22"
    assert [(row.asset_id, row.slot) for row in pack.preload] == [(2, 0)]
    pack.verify()


def test_golden_digest(ws: Workspace) -> None:
    game(ws).build()
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in ws.contents("dist/game/pack").items()}
    assert {name.removeprefix("dist/game/pack/"): digest for name, digest in digests.items()} == GOLDEN


@pytest.mark.statement("C1", "C2", "A6")
def test_the_companions_are_the_header(ws: Workspace) -> None:
    game(ws, hero=output(hero(), codec_configuration={"parity": 10})).build()
    table, preload = ws.read("dist/game/pack/asset_table.json"), ws.read("dist/game/pack/preload.json")
    raw = ws.path("dist/game/pack/assets.pa").read_bytes()
    assert raw[32:].startswith(f'{{"asset_table":{table},"preload":{preload}}}'.encode())
    assert b"pipeline" not in raw[: -34816 - 10]
    assert json.loads(table)[1]["metadata"]["codec"] == {"parity": 10}
    tooling = json.loads(ws.read("dist/game/pack/asset_table_metadata.json"))
    assert tooling["schema_version"] == 1
    assert tooling["assets"][1] == {
        "asset_id": 2,
        "asset_name": "hero",
        "asset_uuid": f"{UUID}02",
        "bank_type": "GLYPH",
        "declaration": "game/assets/hero/asset.json",
        "format": "GLYPH/indexed_v1",
        "pipeline": hero()["output"]["pipeline"],
        "type": "glyph_bank",
    }


def test_one_changed_tile_encodes_one_bank(ws: Workspace) -> None:
    game(ws).build()
    ws.write({"game/assets/hero/hero.png": png(BLUE, RED)})
    run = ws.build()
    assert run.built == ["//game:pack#assets.pa", "//game:pack#hero"]
    incremental = ws.contents()
    clean = game(Workspace(ws.root.parent / "clean"))
    clean.write({"game/assets/hero/hero.png": png(BLUE, RED)})
    clean.build()
    assert incremental == clean.contents()
    assert ws.build().built == []


def test_the_same_picture_in_other_bytes_stops_at_the_bank(ws: Workspace) -> None:
    game(ws).build()
    ws.write({"game/assets/hero/hero.png": saved(Image.open(io.BytesIO(png(RED, BLUE))), compress_level=0)})
    assert ws.build().built == ["//game:pack#hero"]


@pytest.mark.statement("I3")
def test_an_asset_that_is_gone_takes_its_bank_along(ws: Workspace) -> None:
    """Its id stays reserved in the target."""
    game(ws).build()
    ws.path("game/assets/hero/asset.json").unlink()
    assert ws.build().built == ["//game:pack#assets.pa"]
    assert [entry.asset_id for entry in opened(ws).entries] == [1]
    assert not ws.path("dist/game/pack/banks/hero.bin").exists()


@pytest.mark.statement("I1", "I2")
def test_the_registry_decides_where_there_is_one(ws: Workspace) -> None:
    game(ws, target='[[asset_pack]]\nname = "pack"\n')
    rows = [
        {"asset_id": 9, "asset_uuid": f"{UUID}01", "root": "sounds/jump", "included_in_build": True},
        {"asset_id": 4, "asset_uuid": f"{UUID}03", "root": "gone", "included_in_build": False},
    ]
    index = {"schema_version": 1, "next_asset_id": 10, "assets": rows}
    ws.write({"game/assets/.prometeu/index.json": json.dumps(index)})
    run = ws.build()
    assert run.exit_code == 0, run.output
    assert [entry.asset_id for entry in opened(ws).entries] == [9]
    assert [str(warning) for warning in analysed(ws).warnings] == [
        (
            "error: the asset is not registered, and is left out\n  at game/assets/hero/asset.json  (//game:pack)\n"
            "  fix: packaging assets adopt game/assets/hero"
        )
    ]


@pytest.mark.statement("I2")
def test_a_registry_that_does_not_fit_the_workspace(ws: Workspace) -> None:
    game(ws, target='[[asset_pack]]\nname = "pack"\n')
    row = {"asset_id": 2, "asset_uuid": f"{UUID}01", "root": "sounds/jump", "included_in_build": True}

    def registered(*rows: dict[str, Any], next_id: int = 10) -> list[str]:
        index = {"schema_version": 1, "next_asset_id": next_id, "assets": rows}
        ws.write({"game/assets/.prometeu/index.json": json.dumps(index)})
        return refused(ws, {})

    at = "at game/assets/.prometeu/index.json  (//game:pack, $.assets"
    assert registered(row, {**row, "root": "hero"}) == [
        f"`asset_id` is 2 in two rows | {at}[1].asset_id)",
        f'`asset_uuid` is "{UUID}01" in two rows | {at}[1].asset_uuid)',
    ]
    assert registered({**row, "asset_uuid": f"{UUID}09", "root": "sounds"}) == [
        (
            "there is no file `game/assets/sounds/asset.json` | "
            f"{at}[0]) | fix: move it back, or take it out of the build"
        )
    ]
    assert registered({**row, "asset_uuid": f"{UUID}09"}) == [
        (
            f"the UUID is not that of `game/assets/sounds/jump/asset.json`, `{UUID}01` | {at}[0]) | "
            "fix: if the file is right: forget the asset, and adopt it"
        )
    ]
    assert registered(row, next_id=2) == [f"the id 2 was never given out: `next_asset_id` is 2 | {at}[0].asset_id)"]
    assert refused(ws, IDS) == [
        (
            "`ids` are given, and `game/assets/.prometeu/index.json` too | "
            "at game/TARGETS.toml:1  (//game:pack, $.ids) | fix: remove ids"
        )
    ]


@pytest.mark.statement("I3")
def test_ids_of_the_target(ws: Workspace) -> None:
    assert refused(game(ws), {"herro": 2, "gone": 7}) == [
        ("the asset `hero` has no id | at game/assets/hero/asset.json  (//game:pack) | fix: did you mean `herro`?"),
        (
            "the asset `jump` has no id | at game/assets/sounds/jump/asset.json  (//game:pack) | "
            'fix: add to ids: "jump" = 9'
        ),
    ]
    assert refused(ws, {"hero": 1, "jump": 1}) == [
        (
            "`hero` and `jump` have one id, 1 | at game/TARGETS.toml:1  (//game:pack, $.ids) | "
            "fix: give `jump` the next one: 2"
        )
    ]


def test_nothing_to_pack(ws: Workspace) -> None:
    ws.write({"game/TARGETS.toml": "", "game/assets/x.png": b""})
    assert refused(ws) == [
        ("there is no asset to pack | at game/TARGETS.toml:1  (//game:pack, $.srcs) | fix: declare one in asset.json")
    ]


@pytest.mark.statement("A2", "A3", "A5", "A6", "A8")
def test_all_problems_of_all_declarations_at_once(ws: Workspace) -> None:
    palettes = [
        {"index": 0, "palette": {"colors": ["#000", "#123456"]}},
        {"index": 0, "palette": {"colors": []}},
    ]
    bad_hero = output(hero(type="tile_bank", preload={"enabld": True}), codec="RAW", pipeline={"palettes": palettes})
    bad_jump = output(
        jump(
            name="../jump",
            asset_uuid="X",
            artifacts=[{"index": 0, "file": "upp.wav"}, {"index": 2, "file": "up.wav"}],
        ),
        metadata={"channels": 1, "codec": 1},
        codec_configuration={},
    )
    game(ws, hero=bad_hero, jump=bad_jump)
    one = "at game/assets/hero/asset.json  (//game:pack, $"
    two = "at game/assets/sounds/jump/asset.json  (//game:pack, $"
    assert sorted(refused(ws)) == sorted(
        [
            (
                f'an asset of type "tile_bank" does not become `GLYPH/indexed_v1` | {one}.type) | '
                'fix: write "type": "glyph_bank"'
            ),
            f'there is no codec "RAW" | {one}.output.codec) | fix: write "codec": "NONE"',
            f'`enabled` is missing | {one}.preload) | fix: add "enabled": true',
            f"there is no member `enabld` | {one}.preload.enabld) | fix: did you mean `enabled`?",
            (
                f'"#000" is no colour | {one}.output.pipeline.palettes[0].palette.colors[0]) | '
                'fix: write it like "#FF8000"'
            ),
            (f"a palette has 1 to 16 colours, and here are 0 | {one}.output.pipeline.palettes[1].palette.colors)"),
            f"two palettes have the index 0 | {one}.output.pipeline.palettes[1].index)",
            (
                f'"../jump" is no asset name | {two}.name) | fix: use up to 100 letters, digits and `_.-`, '
                "with a letter, a digit or `_` first"
            ),
            f'"X" is no UUID in lower case | {two}.asset_uuid)',
            f"`upp.wav` is not among the inputs | {two}.artifacts[0].file) | fix: did you mean `up.wav`?",
            f"the index 2 leaves a gap: indices run from 0 to 1 | {two}.artifacts[1].index)",
            f"`channels` is written by the encoder | {two}.output.metadata.channels) | fix: remove it",
            (
                f"`codec` is where `output.codec_configuration` goes | {two}.output.metadata.codec) | "
                "fix: remove one of the two"
            ),
        ]
    )


def only_hero(ws: Workspace, declaration: dict[str, Any]) -> list[str]:
    game(ws, hero=declaration)
    return [problem.replace("game/assets/hero/asset.json  (//game:pack, ", "(") for problem in refused(ws)]


def tiles(*given: dict[str, Any]) -> dict[str, Any]:
    return hero(artifacts=[{"index": 0, "file": "hero.png", **tile} for tile in given])


@pytest.mark.statement("A2", "A4", "A5", "A7", "A8")
@pytest.mark.parametrize(
    ("declaration", "problem"),
    [
        (hero(artifacts=[]), "there are 0 artifacts, and 1 to 1024 are allowed | at ($.artifacts)"),
        (
            output(hero(artifacts=[{}] * 65), metadata={"tile_size": 32}),
            "there are 65 artifacts, and 1 to 64 are allowed | at ($.artifacts)",
        ),
        (
            output(hero(), metadata={"tile_size": 9}),
            '`tile_size` is 9 | at ($.output.metadata) | fix: write "tile_size": 8, 16 or 32',
        ),
        (
            output(hero(), metadata={}),
            '`tile_size` is missing | at ($.output.metadata) | fix: write "tile_size": 8, 16 or 32',
        ),
        (
            output(hero(), pipeline={}),
            (
                "`output.pipeline.palettes` must be a list of 1 to 64 palettes | "
                "at ($.output.pipeline.palettes) | "
                'fix: write "palettes": [{"index": 0, "palette": {"colors": ["#000000", "#FFFFFF"]}}]'
            ),
        ),
        (tiles({}, {}), "the index 0 is taken by $.artifacts[0] | at ($.artifacts[1].index)"),
        (tiles({"x": 1}), "`x` and `y` belong together | at ($.artifacts[0]) | fix: write both or none"),
        (
            tiles({"x": -1, "y": 0}),
            "`x` must be from 0 to 4095, but is -1 | at ($.artifacts[0].x)",
        ),
        (tiles({"palette": 1}), "no palette with the index 1 is declared | at ($.artifacts[0].palette)"),
        (tiles({"x": "1", "y": 0}), '`x` must be an integer, but is "1" | at ($.artifacts[0].x)'),
        (hero(schema_version=2), "`schema_version` is 2, and only 1 is known | at ($.schema_version)"),
        (
            output(hero(), format="GLYPH/indexed_v2"),
            ('there is no format "GLYPH/indexed_v2" | at ($.output.format) | fix: did you mean `GLYPH/indexed_v1`?'),
        ),
        (
            output(hero(), metadata={"tile_size": 8, "x": [1.0]}),
            "1.0 is no integer, and runtimes read nothing else | at ($.output.metadata.x[0])",
        ),
        (
            output(hero(), metadata={"tile_size": 8, "x": 1 << 63}),
            "the integer does not fit into 64 bits | at ($.output.metadata.x)",
        ),
        (
            output(hero(), metadata={"tile_size": 8, "x": "\ud800"}),
            "the string holds half a surrogate pair | at ($.output.metadata.x)",
        ),
        (
            hero(inputs={"sprites": ["Hero.png"]}, artifacts=[{"index": 0, "file": "Hero.png"}]),
            "there is no file `Hero.png` | at ($.inputs.sprites[0]) | fix: did you mean `hero.png`?",
        ),
        (
            hero(inputs={"sprites": "hero.png"}),
            '`sprites` must be a list of paths, but is "hero.png" | at ($.inputs.sprites)',
        ),
        (hero(colour=1), "there is no member `colour` | at ($.colour) | fix: choose one of "),
    ],
)
def test_a_declaration_that_is_refused(ws: Workspace, declaration: dict[str, Any], problem: str) -> None:
    assert any(found.startswith(problem) for found in only_hero(ws, declaration)), only_hero(ws, declaration)


@pytest.mark.statement("A1")
@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (
            b"{",
            "the file is not JSON: expecting ",
        ),
        (b'{"a": 1, "a": 2}', "the file is not JSON: `a` stands twice in one object"),
        (b"\xff", "the file is not UTF-8: byte 0"),
        (b"[" * 100_000, "the file nests deeper than 24 levels"),
        (b"[" * 25 + b"]" * 25, "the file nests deeper than 24 levels"),
        (b" " * (1 << 20) + b"1", "the file is 1048577 bytes long, and 1048576 are allowed"),
        (b"[]", "[] is no object"),
    ],
    ids=["cut-off", "twice", "not-utf8", "deep", "a-level-too-deep", "long", "list"],
)
def test_a_file_that_is_no_declaration(ws: Workspace, raw: bytes, what: str) -> None:
    game(ws).write({"game/assets/hero/asset.json": raw})
    problem = refused(ws)[0]
    assert problem.startswith(what)
    assert " | at game/assets/hero/asset.json  (//game:pack, $" in problem


@pytest.mark.statement("A2", "A3")
def test_assets_that_clash(ws: Workspace) -> None:
    game(ws, other=jump(name="JUMP", inputs={"s": ["up.wav"]}, artifacts=[{"index": 0, "file": "up.wav"}]))
    ws.write({"game/assets/other/up.wav": wav(1)})
    other = "is the {} of `game/assets/other/asset.json` too | at game/assets/sounds/jump/asset.json  (//game:pack, $."
    assert sorted(refused(ws)) == [
        f"`{UUID}01` {other.format('UUID')}asset_uuid) | fix: give a copied asset a UUID of its own",
        f"`jump` {other.format('name')}name) | fix: rename one",
    ]


@pytest.mark.statement("A4")
@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links")
def test_an_input_that_is_a_link(ws: Workspace) -> None:
    game(ws)
    ws.path("game/assets/hero/hero.png").rename(ws.path("game/far.png"))
    ws.path("game/assets/hero/hero.png").symlink_to("../../far.png")
    assert refused(ws) == [
        (
            "`hero.png` is a symbolic link | "
            "at game/assets/hero/asset.json  (//game:pack, $.inputs.sprites[0]) | "
            "fix: put the file there"
        )
    ]


@pytest.mark.statement("A4")
def test_an_input_that_nothing_uses_is_a_warning(ws: Workspace) -> None:
    game(ws, jump=jump(artifacts=[{"index": 0, "file": "up.wav"}]))
    assert [str(warning) for warning in analysed(ws, IDS).warnings] == [
        (
            "error: no artifact uses the input `game/assets/sounds/jump/down.wav`\n"
            "  at game/assets/sounds/jump/asset.json  (//game:pack, $.inputs)\n  fix: remove it"
        )
    ]


def broken(ws: Workspace, files: dict[str, bytes], **assets: Any) -> list[str]:
    game(ws, **assets)
    ws.write({f"game/assets/{name}": data for name, data in files.items()})
    return failed(ws)


FIX = "fix: paint it in a colour of the palettes in asset.json, or declare the colour there"


@pytest.mark.statement("A10", "A11")
def test_pixels_that_no_palette_can_draw(ws: Workspace) -> None:
    """The first of each tile, with file, x and y."""
    image = Image.new("RGBA", (16, 8), (*RED, 255))
    image.putpixel((5, 2), (*INK, 255))
    image.putpixel((12, 7), (0, 0, 0, 0))
    assert broken(ws, {"hero/hero.png": saved(image)}) == [
        f"the colour `#1D2B53` is in no declared palette | at game/assets/hero/hero.png (x 5, y 2) | {FIX}",
        (
            "the pixel is transparent, and `output.pipeline.transparent_index` names no colour for it | "
            f"at game/assets/hero/hero.png (x 12, y 7) | {FIX}"
        ),
    ]


@pytest.mark.statement("A12")
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_every_kind_of_picture_gives_the_same_bank(ws: Workspace, mode: str) -> None:
    image = Image.open(io.BytesIO(png(RED, BLUE)))
    converted = image.quantize(4) if mode == "P" else image.convert(mode)
    ws = game(ws)
    ws.write({"game/assets/hero/hero.png": saved(converted)})
    run = ws.build()
    assert run.exit_code == 0, run.output
    assert opened(ws).slice(2).read(8) == b"\x11\x11\x11\x11\x22\x22\x22\x22"


@pytest.mark.statement("A11")
def test_a_transparent_index(ws: Workspace) -> None:
    declaration = hero()
    declaration["output"]["pipeline"]["transparent_index"] = 2
    game(ws, hero=declaration).write({"game/assets/hero/hero.png": saved(Image.new("RGBA", (16, 8), (9, 9, 9, 0)))})
    run = ws.build()
    assert run.exit_code == 0, run.output
    assert opened(ws).slice(2).read(8) == b"\x22" * 8


@pytest.mark.statement("A7", "A12")
def test_pictures_that_do_not_fit(ws: Workspace) -> None:
    files = {"hero/hero.png": png(RED, BLUE, size=4)}
    at = "at game/assets/hero/hero.png (x 8, y 0)"
    assert f"a tile of 8 x 8 pixels does not fit: `game/assets/hero/hero.png` is 8 x 4 | {at}" in broken(ws, files)
    whole = hero(artifacts=[{"index": 0, "file": "hero.png"}])
    assert broken(ws, {"hero/hero.png": png(RED, BLUE)}, hero=whole) == [
        (
            "`game/assets/hero/hero.png` is 16 x 8 pixels, and a tile is 8 x 8 | "
            "at game/assets/hero/hero.png | "
            'fix: say where the tile lies: "x": 0, "y": 0'
        )
    ]
    assert broken(ws, {"hero/hero.png": png(RED)[:-20]}, hero=whole) == [
        (
            "`game/assets/hero/hero.png` is cut off: it has no end | at game/assets/hero/hero.png | "
            "fix: save the picture as PNG again"
        )
    ]


@pytest.mark.statement("A14", "S4")
def test_sounds_that_are_refused(ws: Workspace) -> None:
    files = {"sounds/jump/up.wav": wav(1, 2, 3, channels=3), "sounds/jump/down.wav": b"OggS"}
    at = "at game/assets/sounds/jump"
    fix = "fix: export it as WAVE: PCM of 8 to 32 bits or float, with one or two channels"
    assert broken(ws, files) == [
        (
            "`game/assets/sounds/jump/down.wav` is no WAVE file: it does not start with `RIFF` and `WAVE` | "
            f"{at}/down.wav | {fix}"
        ),
        f"`game/assets/sounds/jump/up.wav` has 3 channels, and one or two are accepted | {at}/up.wav | {fix}",
    ]
    assert broken(ws, {"sounds/jump/up.wav": wav(1), "sounds/jump/down.wav": wav(1)}) == [
        f"the loop of sample 1 ends at 2, and there are 1 frames | {at}/down.wav | fix: end it at 1 or before"
    ]


def test_a_failure_leaves_the_last_good_pack(ws: Workspace) -> None:
    game(ws).build()
    before = ws.contents()
    broken(ws, {"hero/hero.png": b"no picture"})
    assert ws.contents() == before


def test_pictures_without_pillow(ws: Workspace) -> None:
    ws.write({"none/PIL/__init__.py": "raise ImportError('not installed')\n"})
    ws.environment["PYTHONPATH"] = os.pathsep.join([str(ws.path("none")), str(Path(__file__).parents[2])])
    assert failed(game(ws)) == [
        (
            "pictures need `pillow`, which is not installed | at //game:pack#hero | "
            "fix: pip install 'packaging-targets[assets]'"
        )
    ]
