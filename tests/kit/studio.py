"""Projects with assets for tests: pictures and sounds that are made here, and the services on them."""

from __future__ import annotations

import io
import json
import os
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from packaging_targets.services.assets.events import Event
from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.reading.listing import ListedAsset, list_assets
from packaging_targets.services.assets.registering.initialise import init
from packaging_targets.services.assets.registering.register import Registration, register

Color = tuple[int, ...]


def png(width: int, height: int, paint: Callable[[int, int], Color] = lambda x, y: (x // 8 * 8, 0, 0)) -> bytes:
    """Return a picture; `paint` gives RGB or RGBA of a pixel."""
    from PIL import Image

    mode = "RGBA" if len(paint(0, 0)) == 4 else "RGB"
    picture = Image.new(mode, (width, height))
    picture.putdata([paint(x, y) for y in range(height) for x in range(width)])
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def indexed(width: int, height: int, colors: Iterable[Color], paint: Callable[[int, int], int], **saved: Any) -> bytes:
    """Return a picture with a palette; `paint` gives the index of a pixel."""
    from PIL import Image

    picture = Image.new("P", (width, height))
    picture.putpalette([channel for color in colors for channel in color])
    picture.putdata([paint(x, y) for y in range(height) for x in range(width)])
    out = io.BytesIO()
    picture.save(out, "PNG", **saved)
    return out.getvalue()


def wav(frames: int = 50, rate: int = 22_050) -> bytes:
    """Return a sound: 16-bit PCM, mono."""
    data = struct.pack(f"<{frames}h", *(at * 100 % 30_000 for at in range(frames)))
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 12 + len(head) + len(data))
        + b"WAVE"
        + head
        + struct.pack("<4sI", b"data", len(data))
        + data
    )


def declaration(uuid: str, name: str = "hero", **more: Any) -> str:
    """Return an asset.json of a sound bank that builds, with a sample `x.wav`."""
    value = {
        "schema_version": 1,
        "asset_uuid": uuid,
        "name": name,
        "type": "sound_bank",
        "inputs": {"sources": ["x.wav"]},
        "output": {"format": "SOUNDS/pcm16le_v1", "codec": "NONE"},
        "preload": {"enabled": True},
        "artifacts": [{"index": 0, "file": "x.wav"}],
        **more,
    }
    return json.dumps({name: item for name, item in value.items() if item is not None}, indent=2)


class Studio:
    """A project of assets in a folder, spoken to by its services; it is the current folder."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        os.chdir(root)
        self.root = root
        self.project: Project = init(str(root)).project
        self.events: list[Event] = []

    def write(self, path: str, data: bytes | str) -> Path:
        """Write a file, with its folders."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data.encode() if isinstance(data, str) else data)
        return place

    def sound(self, root: str, **request: Any) -> int:
        """Make a folder with a sound an asset, and return its id."""
        self.write(f"{root}/x.wav", wav())
        return register(self.project, Registration((root,), **request), self.events.append).asset_id

    def assets(self) -> dict[int, ListedAsset]:
        """Return the assets with an id, by that."""
        return {asset.asset_id: asset for asset in list_assets(self.project) if asset.asset_id}

    def lone(self) -> list[str]:
        """Return the folders that are not registered."""
        return [asset.root for asset in list_assets(self.project) if not asset.asset_id]

    def index(self) -> dict[str, Any]:
        """Return the registry as it stands in its file."""
        value: dict[str, Any] = json.loads((self.root / "assets/.prometeu/index.json").read_text("utf-8"))
        return value

    def tree(self) -> dict[str, bytes | str | None]:
        """Return all that there is: the bytes of files, where links lead, None for folders."""
        return tree(self.root)


def tree(root: Path) -> dict[str, bytes | str | None]:
    """Return all that there is below a folder: the bytes of files, where links lead, None for folders."""
    found: dict[str, bytes | str | None] = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            shown = os.path.relpath(path, root)
            if os.path.islink(path):
                found[shown] = os.readlink(path)
            elif os.path.isfile(path):
                found[shown] = Path(path).read_bytes()
            else:
                found[shown] = None
    return found
