"""`build` of a project's assets: what is seen is whole, what is unchanged is kept, and what fails changes nothing."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
from pathlib import Path

import pytest
from games import BLUE, INK, RED, UUID, Game, hero, jump, output, png, wav

from packaging_targets.errors import BuildError
from packaging_targets.formats.assets.diagnostics import AssetsError
from packaging_targets.formats.assets.reader import AssetPack
from packaging_targets.services.assets.building.build import Built, build
from packaging_targets.services.assets.events import Event


@pytest.fixture
def game(tmp_path: Path) -> Game:
    return Game(tmp_path / "game")


def encoded(built: Built) -> list[str]:
    return [asset.name for asset in built.encoded]


def codes(error: AssetsError) -> list[str]:
    return [one.code for one in error.diagnostics]


def clean(game: Game) -> dict[str, bytes]:
    """Build the same assets elsewhere, from nothing."""
    other = Game(game.root.parent / "clean")
    shutil.rmtree(other.root)
    shutil.copytree(game.root / "assets", other.root / "assets", symlinks=True)
    build(other.project)
    outputs = other.outputs()
    shutil.rmtree(other.root)
    return outputs


def test_assets_become_a_pack(game: Game) -> None:
    built = build(game.project)
    assert encoded(built) == ["jump", "hero"]
    assert built.changed
    outputs = game.outputs()
    assert built.size == len(outputs["build/assets.pa"])
    pack = AssetPack.open(io.BytesIO(outputs["build/assets.pa"]))
    assert [(entry.asset_id, entry.asset_name) for entry in pack.entries] == [(1, "jump"), (2, "hero")]
    assert pack.slice(1).read() == struct.pack("<5h", 1, -2, 3, 4, 5)
    assert [(row.asset_id, row.slot) for row in pack.preload] == [(2, 0)]
    pack.verify()


def test_the_companions_are_the_members_of_the_header(game: Game) -> None:
    build(game.project)
    outputs = game.outputs()
    table, preload = outputs["build/asset_table.json"], outputs["build/preload.json"]
    assert outputs["build/assets.pa"][32:].startswith(b'{"asset_table":%s,"preload":%s}' % (table, preload))
    tooling = json.loads(outputs["build/asset_table_metadata.json"])["assets"][1]
    assert (tooling["asset_name"], tooling["declaration"]) == ("hero", "assets/hero/asset.json")


def test_nothing_to_do(game: Game) -> None:
    build(game.project)
    times = {path: os.stat(game.root / path).st_mtime_ns for path in game.outputs()}
    built = build(game.project)
    assert (encoded(built), built.changed) == ([], False)
    assert {path: os.stat(game.root / path).st_mtime_ns for path in game.outputs()} == times


def test_one_changed_tile_encodes_one_bank(game: Game) -> None:
    build(game.project)
    game.write({"hero/hero.png": png(BLUE, RED)})
    assert encoded(build(game.project)) == ["hero"]
    assert game.outputs() == clean(game)


def test_a_new_name_is_a_new_pack(game: Game) -> None:
    build(game.project)
    game.write({"sounds/jump/asset.json": jump(name="leap", preload={"enabled": True})})
    assert build(game.project).changed
    assert game.outputs() == clean(game)


@pytest.mark.statement("I5")
def test_a_moved_asset_is_found_again_and_encoded_by_nobody(game: Game) -> None:
    build(game.project)
    before = game.outputs()
    game.path("hero").rename(game.path("people"))
    built = build(game.project)
    assert encoded(built) == []
    assert [one.code for one in built.advisories] == ["asset-moved"]
    assert game.outputs()["build/assets.pa"] == before["build/assets.pa"]
    assert game.outputs() == clean(game)


@pytest.mark.statement("I5")
def test_two_assets_that_swap_their_folders(game: Game) -> None:
    build(game.project)
    before = game.outputs()["build/assets.pa"]
    game.path("hero").rename(game.path("other"))
    game.path("sounds/jump").rename(game.path("hero"))
    game.path("other").rename(game.path("sounds/jump"))
    assert encoded(build(game.project)) == []
    assert game.outputs()["build/assets.pa"] == before


def test_what_a_failing_build_leaves(game: Game) -> None:
    build(game.project)
    before = game.outputs()
    game.write({"hero/hero.png": png(INK, RED), "sounds/jump/up.wav": b"OggS"})
    with pytest.raises(AssetsError) as caught:
        build(game.project)
    assert sorted(codes(caught.value)) == ["sound-invalid", "tile-invalid"]
    assert {one.asset for one in caught.value.diagnostics} == {"assets/hero", "assets/sounds/jump"}
    assert game.outputs() == before
    assert sorted(path.name for path in (game.root / "build/.packer").iterdir()) == [
        ".gitignore",
        "banks",
        "record.json",
    ]


def test_declarations_and_pixels_are_told_together(game: Game) -> None:
    game.write({"hero/asset.json": hero(name="../x"), "sounds/jump/up.wav": b"OggS"})
    with pytest.raises(AssetsError) as caught:
        build(game.project)
    assert sorted(codes(caught.value)) == ["declaration-invalid", "sound-invalid"]
    assert game.outputs() == {}


def test_a_failed_build_keeps_what_it_has_encoded(game: Game) -> None:
    game.write({"hero/hero.png": png(INK, RED)})
    with pytest.raises(AssetsError):
        build(game.project)
    game.write({"hero/hero.png": png(RED, BLUE)})
    assert encoded(build(game.project)) == ["hero"]
    assert not (game.root / "build/.packer/banks").exists()
    assert game.outputs() == clean(game)


def test_a_bank_of_a_failed_build_that_was_damaged_is_encoded_again(game: Game) -> None:
    game.write({"hero/hero.png": png(INK, RED)})
    with pytest.raises(AssetsError):
        build(game.project)
    game.write({"hero/hero.png": png(RED, BLUE)})
    for path in (game.root / "build/.packer/banks").iterdir():
        if path.suffix != ".json":
            path.write_bytes(bytes(path.stat().st_size))
    assert encoded(build(game.project)) == ["jump", "hero"]
    assert game.outputs() == clean(game)


def test_outputs_that_somebody_changed_or_took_away_are_made_again(game: Game) -> None:
    build(game.project)
    wanted = game.outputs()
    for path in wanted:
        (game.root / path).write_bytes(b"mine")
        assert build(game.project).changed
        assert game.outputs() == wanted
        (game.root / path).unlink()
        assert build(game.project).changed
        assert game.outputs() == wanted


def test_a_record_that_is_damaged_costs_time_only(game: Game) -> None:
    build(game.project)
    wanted = game.outputs()
    for data in (b"", b"{", b"[]", b'{"made_by": 1}', b"\xff", b"[" * 100_000):
        (game.root / "build/.packer/record.json").write_bytes(data)
        assert encoded(build(game.project)) == ["jump", "hero"]
        assert game.outputs() == wanted


def test_a_record_that_somebody_has_edited_is_not_believed(game: Game) -> None:
    build(game.project)
    wanted = game.outputs()
    path = game.root / "build/.packer/record.json"
    path.write_bytes(path.read_bytes().replace(b'"banks"', b'"Banks"'))
    assert encoded(build(game.project)) == ["jump", "hero"]
    assert game.outputs() == wanted


def test_an_input_that_changes_during_the_build(game: Game) -> None:
    def listen(event: Event) -> None:
        if event.kind == "cache_miss":
            game.write({"hero/hero.png": png(BLUE, RED)})

    with pytest.raises(AssetsError) as caught:
        build(game.project, listen)
    assert str(caught.value) == (
        "error: `assets/hero/hero.png` changed while the build was reading it\n  at assets/hero/hero.png\n  fix: build again"
    )
    build(game.project)
    assert game.outputs() == clean(game)


@pytest.mark.parametrize("fifo", [False, True])
def test_an_input_that_goes_during_the_build(game: Game, *, fifo: bool) -> None:
    def listen(event: Event) -> None:
        if event.kind == "cache_miss":
            game.path("hero/hero.png").unlink()
            if fifo:
                os.mkfifo(game.path("hero/hero.png"))

    with pytest.raises(AssetsError) as caught:
        build(game.project, listen)
    assert codes(caught.value) == ["input-changed"]


def test_declarations_are_those_of_the_snapshot(game: Game) -> None:
    def listen(event: Event) -> None:
        if event.kind == "asset_discovered":
            game.write({"hero/asset.json": hero(name="late")})

    with pytest.raises(AssetsError) as caught:
        build(game.project, listen)  # its bank would have to be encoded as it was
    assert [(one.code, one.file) for one in caught.value.diagnostics] == [("input-changed", "assets/hero/asset.json")]
    game.write({"hero/asset.json": hero()})
    build(game.project)
    game.write({"sounds/jump/up.wav": wav(5, 5)})
    build(game.project, listen)  # its bank is there
    assert b'"asset_name":"hero"' in game.outputs()["build/asset_table.json"]
    build(game.project)
    assert b'"asset_name":"late"' in game.outputs()["build/asset_table.json"]


def test_assets_that_are_left_out(game: Game) -> None:
    index = json.loads(game.path(".prometeu/index.json").read_bytes())
    index["assets"][0]["included_in_build"] = False
    game.write({".prometeu/index.json": index, "stray/asset.json": hero(asset_uuid=f"{UUID}09", name="stray")})
    built = build(game.project)
    assert [asset.name for asset in built.assets] == ["hero"]
    assert [one.code for one in built.advisories] == ["asset-unregistered"]


@pytest.mark.statement("I6")
def test_an_asset_inside_another_one(game: Game) -> None:
    inner = {"hero.png": png(RED, BLUE), "asset.json": json.dumps(hero(asset_uuid=f"{UUID}08", name="inner")).encode()}
    game.write({f"hero/inner/{name}": data for name, data in inner.items()})
    game.register({"hero": f"{UUID}02", "hero/inner": f"{UUID}08"})
    with pytest.raises(AssetsError) as caught:
        build(game.project)
    assert [str(problem) for problem in caught.value.problems] == [
        "error: the asset `assets/hero/inner` lies inside the asset `assets/hero`\n  at assets/hero/inner/asset.json\n"
        "  fix: move one of them out"
    ]


def test_an_empty_registry_is_a_pack_of_nothing(game: Game) -> None:
    game.register({})
    assert build(game.project).assets == ()
    assert AssetPack.open(io.BytesIO(game.outputs()["build/assets.pa"])).entries == ()


def test_one_asset_copied_within_the_game_is_one_bank_in_two_places(game: Game) -> None:
    game.write({"twin/hero.png": png(RED, BLUE), "twin/asset.json": hero(asset_uuid=f"{UUID}07", name="twin")})
    game.register({"sounds/jump": f"{UUID}01", "hero": f"{UUID}02", "twin": f"{UUID}07"})
    built = build(game.project)
    assert built.advisories == ()  # what lies there twice is for a doctor to tell
    game.write({"sounds/jump/up.wav": wav(7, 7, 7)})
    assert encoded(build(game.project)) == ["jump"]
    assert game.outputs() == clean(game)


def test_a_header_that_breaks_the_format(game: Game) -> None:
    build(game.project)
    before = game.outputs()
    large: dict[str, object] = {"big": [[] for _ in range(200_000)]}
    game.write({"hero/asset.json": output(hero(), metadata={"tile_size": 8, **large})})
    game.write({"sounds/jump/asset.json": output(jump(), metadata=large)})
    with pytest.raises(AssetsError) as caught:
        build(game.project)
    assert codes(caught.value) == ["pack-invalid"]
    assert game.outputs() == before


@pytest.mark.parametrize("path", ["build/assets.pa", "build/preload.json"])
def test_a_folder_in_the_place_of_an_output(game: Game, path: str) -> None:
    build(game.project)
    before = game.outputs()
    (game.root / path).unlink()
    (game.root / path).mkdir()
    game.write({"hero/hero.png": png(BLUE, RED)})
    with pytest.raises(BuildError):
        build(game.project)
    (game.root / path).rmdir()
    assert game.outputs() == {name: data for name, data in before.items() if name != path}
    build(game.project)
    assert game.outputs() == clean(game)


def test_nothing_but_build_is_written(game: Game) -> None:
    def files() -> dict[str, bytes]:
        found = (
            path for path in game.root.rglob("*") if path.is_file() and "build" not in path.relative_to(game.root).parts
        )
        return {str(path): path.read_bytes() for path in found}

    (game.root / "src").mkdir()
    (game.root / "src" / "main.pbs").write_text("fn main() {}")
    before = files()
    build(game.project)
    assert files() == before
    assert sorted(path.name for path in (game.root / "build").iterdir()) == [
        ".packer", "asset_table.json", "asset_table_metadata.json", "assets.pa", "preload.json",
    ]  # fmt: skip


def test_events(game: Game) -> None:
    told: list[Event] = []
    build(game.project, told.append)
    assert [event.kind for event in told] == [
        "build_started",
        "asset_discovered",
        "cache_miss",
        "progress_updated",
        "asset_changed",
        "build_finished",
    ]
    assert [event.sequence for event in told] == [1, 2, 3, 4, 5, 6]
    assert len({event.operation for event in told}) == 1
    assert {event.project for event in told} == {str(game.root)}
    assert told[2].affected_assets == ("assets/sounds/jump", "assets/hero")
    assert told[3].progress == (2, 2)
    told.clear()
    build(game.project, told.append)
    assert [event.kind for event in told] == [
        "build_started",
        "asset_discovered",
        "cache_hit",
        "build_finished",
    ]


def test_a_disk_that_is_full(game: Game) -> None:
    """The limit of a file's size stands in for it: writing fails in the middle of the pack."""
    import resource
    import signal

    build(game.project)
    before = game.outputs()
    game.write({"hero/hero.png": png(BLUE, RED)})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (34_900, limits[1]))  # the bank fits, the pack does not
        with pytest.raises(BuildError) as caught:
            build(game.project)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert str(caught.value) == (
        "error: `build/.packer/assets.pa` cannot be written: file too large\n  at build/assets.pa\n"
        "  fix: the last good outputs are as they were"
    )
    assert game.outputs() == before
    build(game.project)
    assert game.outputs() == clean(game)
