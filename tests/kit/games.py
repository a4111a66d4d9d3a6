"""A game's assets for tests: small pictures and sounds, the declarations that name them, and the folder they lie in."""

from __future__ import annotations

import io
import json
import os
import struct
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from packaging_targets.formats.assets.declared.registry import INDEX, Registry, Row
from packaging_targets.services.assets.building.record import OUTPUTS
from packaging_targets.services.assets.project import Project
from packaging_targets.store.journal import Journal

RED, BLUE, INK = (255, 0, 0), (0, 0, 255), (29, 43, 83)
UUID = "00000000-0000-4000-8000-0000000000"


def png(*tiles: tuple[int, int, int], size: int = 8) -> bytes:
    """Return a strip of tiles, each of one colour."""
    image = Image.new("RGB", (size * len(tiles), size))
    for number, color in enumerate(tiles):
        image.paste(color, (number * size, 0, (number + 1) * size, size))
    return saved(image)


def saved(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()


def wav(*frames: int, rate: int = 8000, channels: int = 1) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{len(frames)}h", *frames))
    return out.getvalue()


def hero(**changes: Any) -> dict[str, Any]:
    """A glyph bank of two tiles in one picture."""
    return {
        "schema_version": 1,
        "asset_uuid": f"{UUID}02",
        "name": "hero",
        "type": "glyph_bank",
        "inputs": {"sprites": ["hero.png"]},
        "output": {
            "format": "GLYPH/indexed_v1",
            "codec": "NONE",
            "metadata": {"tile_size": 8},
            "pipeline": {"palettes": [{"index": 3, "palette": {"colors": ["#000000", "#FF0000", "#0000FF"]}}]},
        },
        "preload": {"enabled": True},
        "artifacts": [
            {"index": 1, "file": "hero.png", "x": 8, "y": 0},
            {"index": 0, "file": "hero.png", "x": 0, "y": 0},
        ],
        **changes,
    }


def jump(**changes: Any) -> dict[str, Any]:
    """A sound bank of two samples."""
    return {
        "schema_version": 1,
        "asset_uuid": f"{UUID}01",
        "name": "jump",
        "type": "sound_bank",
        "inputs": {"sources": ["up.wav", "down.wav"]},
        "output": {"format": "SOUNDS/pcm16le_v1", "codec": "NONE"},
        "preload": {"enabled": False},
        "artifacts": [
            {"index": 0, "file": "up.wav"},
            {"index": 1, "file": "down.wav", "loop_start": 0, "loop_end": 2},
        ],
        **changes,
    }


def output(asset: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**asset, "output": {**asset["output"], **changes}}


FILES: dict[str, bytes] = {
    "hero/hero.png": png(RED, BLUE),
    "sounds/jump/up.wav": wav(1, -2),
    "sounds/jump/down.wav": wav(3, 4, 5, rate=22050),
    "notes.txt": b"junk is welcome",
}
"""What lies below `assets/` beside the declarations of `hero` and `jump`."""


class Game:
    """A project of assets in a folder: `hero` and `jump`, registered as 2 and 1."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project = Project(str(root))
        self.write({**FILES, "hero/asset.json": hero(), "sounds/jump/asset.json": jump()})
        self.register({"sounds/jump": f"{UUID}01", "hero": f"{UUID}02"})

    def path(self, name: str) -> Path:
        """Return where a file below `assets/` is."""
        return self.root / "assets" / name

    def write(self, files: Mapping[str, bytes | dict[str, Any]]) -> None:
        """Write files below `assets/`: bytes, or JSON values."""
        for name, content in files.items():
            place = self.path(name)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())

    def register(self, assets: Mapping[str, str]) -> None:
        """Write the registry of these folders, with the UUID of each, in order of their ids from 1."""
        rows = tuple(Row(number, uuid, root) for number, (root, uuid) in enumerate(assets.items(), 1))
        self.write({INDEX: Registry(len(rows) + 1, rows).to_bytes()})

    def outputs(self) -> dict[str, bytes]:
        """Return what has been built, by path."""
        return {path: (self.root / path).read_bytes() for path in OUTPUTS if (self.root / path).exists()}


def interrupt(game: Game) -> None:
    """Be stopped when a change has been decided, and before it is done."""
    renames = iter((False, True))
    real = os.rename

    def rename(source: str, target: str) -> None:
        if next(renames):
            raise KeyboardInterrupt
        real(source, target)

    journal = Journal(str(game.path(".prometeu/journal")), str(game.path("")))
    journal.write(INDEX, game.path(INDEX).read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "rename", rename)
        with pytest.raises(KeyboardInterrupt):
            journal.commit()
