"""`add`: a folder with pictures or sounds becomes an asset."""

from __future__ import annotations

from dataclasses import dataclass

from packaging_targets.services.assets.events import Listener, ignore
from packaging_targets.services.assets.project import Project
from packaging_targets.services.assets.registering.results import Changed


@dataclass(frozen=True, slots=True)
class Registration:
    """What is to become an asset.

    `paths` are a folder below `assets/`, or PNG or WAV files in one, relative to the current folder or the project; of a
    folder all its PNGs, or WAVs, are taken, in order of their names. `name` is the folder's unless given, `type` is
    `glyph_bank` or `sound_bank` and follows from the files. `tile_size` counts for pictures; with `skip_transparent`,
    tiles that nobody would see are left out.
    """

    paths: tuple[str, ...]
    name: str = ""
    type: str = ""
    tile_size: int = 16
    preload: bool = False
    skip_transparent: bool = False


def register(project: Project, request: Registration, listener: Listener = ignore) -> Changed:
    """Write an asset.json beside the files, and give the asset an id.

    Raises RequestError where the request cannot be met (an asset.json is there; files are elsewhere; colours do not fit
    into palettes), with all that is wrong, and AssetsError where the registry cannot be read.
    """
    raise NotImplementedError
