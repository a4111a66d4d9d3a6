"""`examples/game-assets`: from art to a pack, and every command that the README tells to type."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import sys
import wave
from pathlib import Path

import pytest
from consoles import copied, typed
from PIL import Image

from packaging_targets.adapters.cli.commands import run
from packaging_targets.adapters.testing import Workspace
from packaging_targets.formats.assets.reader import AssetPack

EXAMPLE = Path(__file__).parents[2] / "examples" / "game-assets"
ART = ("garden/tiles.png", "hero/walk.png", "letters/font.png", "sounds/chime.wav", "sounds/step.wav")
GOLDEN = "09771c130ee9bf2164d37217d67fd41aff5ed265d5452a04006892c638f27d20"

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return copied(EXAMPLE, tmp_path / "repo")


class Masked:
    """Text with a word in place of what differs between runs; a UUID that comes again is the same word again."""

    def __init__(self) -> None:
        self._uuids: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        named = _UUID.sub(lambda found: self._uuids.setdefault(found[0], f"<uuid {len(self._uuids) + 1}>"), text)
        return re.sub(r"\d+\.\d\d s\b", "<seconds>", named)


@pytest.mark.slow
def test_every_command_of_the_readme_runs(ws: Workspace) -> None:
    shown, real = Masked(), Masked()
    tried = 0
    for line, printed in typed(ws.read("README.md")):
        done = ws.run(["sh", "-c", line])
        assert done.exit_code == 0, f"{line}\n{done.output}"
        if printed:
            assert real(done.output) == shown(printed), line
        tried += 1
    assert tried > 20


def test_the_art_is_what_the_script_draws(tmp_path: Path) -> None:
    subprocess.run([sys.executable, EXAMPLE / "make_art.py", tmp_path], check=True)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")) == sorted(ART)
    for name in ART:
        assert content(tmp_path / name) == content(EXAMPLE / "assets" / name), name


def content(path: Path) -> tuple[object, ...]:
    """What a file shows or plays: another zlib may pack the same pixels into other bytes."""
    if path.suffix == ".png":
        with Image.open(path) as picture:
            return picture.size, picture.mode, picture.convert("RGBA").tobytes()
    with wave.open(str(path)) as sound:
        return sound.getparams(), sound.readframes(sound.getnframes())


def test_the_example_is_small() -> None:
    files = [path for path in EXAMPLE.rglob("*") if path.is_file() and not {"build", "dist"} & set(path.parts)]
    assert sum(path.stat().st_size for path in files) < 100_000


def assets(ws: Workspace, lines: str) -> None:
    """Run `packaging assets` with each line, in this process, in the folder of the example."""
    for line in lines.splitlines():
        assert run(["assets", *line.split(), "--project", str(ws.root)]) == 0, line


FIRST = """\
init
add assets/garden --preload
add assets/hero --preload
add assets/letters --tile-size 8
add assets/sounds
build"""
OTHERWISE = """\
init
add assets/garden --preload
add assets/hero --preload
exclude 1
add assets/letters --tile-size 8
quarantine hero --yes
build
add assets/sounds
include garden
restore 2 --yes
build"""


@pytest.fixture
def built(ws: Workspace) -> Workspace:
    """The example as it is when the README's first part is done."""
    assets(ws, FIRST)
    return ws


def test_both_ways_to_build_give_the_same_bytes(built: Workspace) -> None:
    done = built.packaging("build")
    assert done.exit_code == 0, done.output
    ours, rules = built.contents("build"), built.contents("dist")
    for name in ("assets.pa", "asset_table.json", "preload.json", "asset_table_metadata.json"):
        assert ours[f"build/{name}"] == rules[f"dist/garden/{name}"], name
    assert hashlib.sha256(ours["build/assets.pa"]).hexdigest() == GOLDEN
    pack = AssetPack.open(io.BytesIO(ours["build/assets.pa"]))
    pack.verify()
    assert [entry.asset_name for entry in pack.entries] == ["garden", "hero", "letters", "sounds"]


def test_in_a_package_the_declarations_alone_have_other_paths(built: Workspace) -> None:
    ours = built.contents("build")
    built.path("game").mkdir()
    built.path("assets").rename(built.path("game/assets"))
    built.write({"TARGETS.toml": "[workspace]\n", "game/TARGETS.toml": '[[asset_pack]]\nname = "garden"\n'})
    assert built.packaging("build").exit_code == 0
    rules = built.contents("dist")
    assert rules["dist/game/garden/assets.pa"] == ours["build/assets.pa"]
    here, there = (json.loads(files[name]) for files, name in (
        (ours, "build/asset_table_metadata.json"), (rules, "dist/game/garden/asset_table_metadata.json")
    ))  # fmt: skip
    for row in here["assets"]:
        row["declaration"] = f"game/{row['declaration']}"
    assert here == there


def test_the_order_of_what_led_to_a_registry_does_not_count(built: Workspace, tmp_path: Path) -> None:
    """Another folder, another day, other detours: what the game reads is the same."""
    other = copied(EXAMPLE, tmp_path / "elsewhere" / "a folder")
    assets(other, OTHERWISE)
    for name in ("assets.pa", "asset_table.json", "preload.json"):
        assert other.path(f"build/{name}").read_bytes() == built.path(f"build/{name}").read_bytes()
