"""Every cause that the contract knows: how it comes about, that `doctor` tells it, and whether it stops a build."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from games import BLUE, INK, RED, UUID, Game, hero, interrupt, jump, output, png, wav

from packaging_targets.formats.assets.declared.registry import INDEX
from packaging_targets.formats.assets.diagnostics import ADVISORY, BLOCKING, AssetsError
from packaging_targets.services.assets.building.build import build
from packaging_targets.services.assets.events import Event
from packaging_targets.services.assets.reading.doctor import doctor


def asset(**files: Any) -> Callable[[Game], None]:
    """Write files of `hero`; `declared` is its asset.json."""
    given = {name.replace("_", "."): data for name, data in files.items() if name != "declared"}
    given |= {"asset.json": files["declared"]} if "declared" in files else {}
    return lambda game: game.write({f"hero/{name}": data for name, data in given.items()})


def sound(**changes: Any) -> Callable[[Game], None]:
    return lambda game: game.write({"sounds/jump/asset.json": jump(**changes)})


def registry(**changes: Any) -> Callable[[Game], None]:
    def write(game: Game) -> None:
        game.write({INDEX: {**json.loads(game.path(INDEX).read_bytes()), **changes}})

    return write


def row(asset_id: int, uuid: str, root: str) -> dict[str, Any]:
    return {"asset_id": asset_id, "asset_uuid": UUID + uuid, "included_in_build": True, "root": root}


def nest(game: Game) -> None:
    game.write({"hero/inner/asset.json": jump(asset_uuid=f"{UUID}09", name="inner")})
    game.register({"hero": f"{UUID}02", "hero/inner": f"{UUID}09"})


def palettes(*colors: list[str]) -> dict[str, Any]:
    declared = [{"index": at, "palette": {"colors": one}} for at, one in enumerate(colors)]
    return output(hero(), pipeline={"palettes": declared})


def move(game: Game) -> None:
    game.path("hero").rename(game.path("people"))


def loud(game: Game) -> None:
    game.write({"sounds/jump/up.wav": floats(0.5, 1.5)})


def floats(*frames: float) -> bytes:
    data = struct.pack(f"<{len(frames)}f", *frames)
    head = struct.pack("<HHIIHH", 3, 1, 8000, 32_000, 4, 32)
    body = b"WAVE" + b"fmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


CAUSES: dict[str, Callable[[Game], None]] = {
    "declaration-missing": lambda game: game.path("hero/asset.json").unlink(),
    "declaration-invalid": asset(declared=hero(colour=1)),
    "input-missing": lambda game: game.path("hero/hero.png").unlink(),
    "output-contract": asset(declared=output(hero(), codec="RAW")),
    "metadata-collision": asset(declared=output(hero(), metadata={"tile_size": 8, "width": 256})),
    "preload-invalid": asset(declared=hero(preload={"enabled": "yes"})),
    "artifacts-invalid": asset(declared=hero(artifacts=[{"index": 1, "file": "hero.png", "x": 0, "y": 0}])),
    "identity-collision": sound(name="HERO"),
    "identity-mismatch": sound(asset_uuid=f"{UUID}07"),
    "ownership-ambiguous": nest,
    "registry-invalid": registry(next_asset_id="3"),
    "palette-invalid": asset(declared=palettes(["red"])),
    "image-invalid": asset(hero_png=b"GIF89a"),
    "tile-invalid": asset(hero_png=png(INK, RED)),
    "sound-invalid": lambda game: game.write({"sounds/jump/up.wav": b"OggS"}),
    "loop-invalid": sound(artifacts=[{"index": 0, "file": "up.wav", "loop_start": 0, "loop_end": 9}]),
    "change-interrupted": interrupt,
    "asset-moved": move,
    "asset-unregistered": lambda game: game.write({"new/asset.json": hero(asset_uuid=f"{UUID}09", name="new")}),
    "content-duplicate": lambda game: game.write({"sounds/jump/up.wav": wav(3, 4, 5, rate=22050)}),
    "file-unused": asset(hero_psd=bytes(2_000_000)),
    "input-unused": asset(declared=hero(inputs={"sprites": ["hero.png", "old.png"]}), old_png=png(RED)),
    "name-style": sound(name="he-ro"),
    "palette-fragile": asset(declared=palettes(["#FF0000", "#0000FF"], ["#0000FF", "#FF0000"])),
    "sound-clipped": loud,
}
HYGIENE = {"content-duplicate", "file-unused"}
"""What only those hear of who ask for the whole workspace."""
ELSEWHERE = {"input-changed", "pack-invalid"}
"""What comes about only while something is built: the tests below, and those of builds."""


def test_all_causes_are_here() -> None:
    assert CAUSES.keys() | ELSEWHERE == BLOCKING.keys() | ADVISORY.keys()


@pytest.mark.parametrize("code", CAUSES)
def test_a_cause_is_told_and_stops_a_build_if_it_must(tmp_path: Path, code: str) -> None:
    game = Game(tmp_path / "game")
    build(game.project)
    before = game.outputs()
    assert doctor(game.project, workspace=True).diagnostics == ()
    CAUSES[code](game)
    diagnosis = doctor(game.project, workspace=True)
    told = {one.code: one for one in diagnosis.diagnostics}
    assert code in told
    assert told[code].what
    assert diagnosis.is_sound == (code in ADVISORY)
    assert game.outputs() == before, "a doctor changes nothing"
    if code in HYGIENE:
        assert build(game.project).advisories == ()
    elif code in ADVISORY:
        assert code in {one.code for one in build(game.project).advisories}
    else:
        with pytest.raises(AssetsError) as caught:
            build(game.project)
        assert code in {one.code for one in caught.value.diagnostics}
        assert game.outputs() == before


def test_hygiene_is_told_to_those_who_ask_for_it(tmp_path: Path) -> None:
    game = Game(tmp_path / "game")
    for code in HYGIENE:
        CAUSES[code](game)
    assert doctor(game.project).diagnostics == ()
    assert build(game.project).advisories == ()


def test_a_file_that_changes_while_doctor_looks(tmp_path: Path) -> None:
    game = Game(tmp_path / "game")

    def listen(event: Event) -> None:
        if event.kind == "cache_miss":
            game.write({"hero/hero.png": png(BLUE, RED)})

    assert [one.code for one in doctor(game.project, listener=listen).diagnostics] == ["input-changed"]
