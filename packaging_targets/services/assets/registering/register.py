"""`add`: a folder with pictures or sounds becomes an asset."""

from __future__ import annotations

import os
import posixpath
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from packaging_targets.errors import Problem, RequestError, legible, near_miss, raise_all, reason
from packaging_targets.formats.assets.banks.encoding import encode
from packaging_targets.formats.assets.banks.glyph import TILE_SIZES
from packaging_targets.formats.assets.banks.png import FILE_LIMIT
from packaging_targets.formats.assets.banks.sounds import SAMPLE_LIMIT
from packaging_targets.formats.assets.declared.declaration import FILE, NAME_FIX, is_name
from packaging_targets.formats.assets.declared.draft import Draft
from packaging_targets.formats.assets.declared.registry import INDEX
from packaging_targets.formats.assets.declared.tiling import Sheet, read_sheet, tile_bank
from packaging_targets.formats.assets.diagnostics import AssetsError
from packaging_targets.model.manifest import SourceInfo
from packaging_targets.services.assets.events import Listener, ignore
from packaging_targets.services.assets.project import ASSETS, Listing, Project
from packaging_targets.services.assets.reading.finding import folders_named
from packaging_targets.services.assets.reading.listing import Catalogue
from packaging_targets.services.assets.registering.places import check_apart, check_names
from packaging_targets.services.assets.registering.results import Changed, registered
from packaging_targets.services.assets.transaction import below_assets, changing, journal_of
from packaging_targets.store.states import open_regular

_SUFFIXES = {"glyph_bank": ".png", "sound_bank": ".wav"}


@dataclass(frozen=True, slots=True)
class Registration:
    """What is to become an asset.

    `paths` are a folder below `assets/`, or PNG or WAV files in one, relative to the current folder or the project; of
    a folder all its PNGs, or WAVs, are taken, in order of their names. `name` is the folder's unless given, `type` is
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
    raise_all(_wrong(request))
    with changing(project, listener) as operation:
        catalogue = Catalogue.of(project.listing())
        root, files = _files(catalogue.listing, request)
        check_apart(catalogue, root)
        file = f"{root}/{FILE}"
        if os.path.lexists(project.path(file)):
            fix = f"packaging assets adopt {legible(root)}"
            raise RequestError.one(f"there is an `{FILE}` in `{legible(root)}` already", legible(file), fix)
        kind = _type(request, root, files)
        name = _name(request, catalogue, root)
        chosen = [one.removeprefix(f"{root}/") for one in files if _suffix(one) == _SUFFIXES[kind]]
        check_names(chosen)
        draft = _DRAFTS[kind](project, request, root, chosen, name)
        registry = catalogue.registry.registered(draft.uuid, below_assets(root))
        journal_of(project).write(INDEX, registry.to_bytes()).write(below_assets(file), draft.to_bytes()).commit()
        return registered("register", project, registry, [f"{ASSETS}/{INDEX}", file], operation)


def _wrong(request: Registration) -> list[Problem]:
    problems = []
    if not request.paths:
        problems.append(Problem("", "nothing to add is named", "name a folder, or files in one"))
    if request.type and request.type not in _SUFFIXES:
        fix = near_miss(request.type, _SUFFIXES) or f"choose one of {', '.join(_SUFFIXES)}"
        problems.append(Problem("", f"there is no type `{request.type}`", fix))
    if request.tile_size not in TILE_SIZES:
        problems.append(Problem("", f"a tile size is 8, 16 or 32, and not {request.tile_size}"))
    if request.name and not is_name(request.name):
        problems.append(Problem("", f"`{request.name}` is no asset name", NAME_FIX))
    return problems


def _files(listing: Listing, request: Registration) -> tuple[str, list[str]]:
    """Return the folder of the asset, and the files that are asked for, all as paths in the project."""
    places = [_place(listing.project, path) for path in request.paths]
    if len(places) == 1 and os.path.isdir(listing.project.path(places[0])):
        root = places[0]
        return root, sorted(
            path
            for path, one in listing.files.items()
            if path.startswith(f"{root}/") and one.link is None and _suffix(path) in _SUFFIXES.values()
        )
    raise_all(_unusable(listing, places))
    root = posixpath.commonpath([posixpath.dirname(place) for place in places])
    return root, list(dict.fromkeys(places))


def _place(project: Project, path: str) -> str:
    """Return where something that is there lies in the project."""
    found = [place for place in folders_named(project, path) if place == ASSETS or place.startswith(f"{ASSETS}/")]
    there = [place for place in found if os.path.lexists(project.path(place))]
    if there:
        return there[0]
    if os.path.lexists(path):
        what = f"`{legible(path)}` is not below `{ASSETS}`"
        raise RequestError.one(what, legible(path), f"put it into a folder there, such as `{ASSETS}/hero`")
    raise RequestError.one(f"there is no `{legible(path)}`", legible(path))


def _unusable(listing: Listing, places: Sequence[str]) -> list[Problem]:
    problems = []
    for place in places:
        shown = legible(place)
        if _suffix(place) not in _SUFFIXES.values():
            problems.append(Problem(shown, f"`{shown}` is no PNG and no WAV", "name one folder, or such files"))
        elif place not in listing.files or listing.files[place].link is not None:
            problems.append(Problem(shown, f"`{shown}` is no regular file", "put the file there"))
    return problems


def _suffix(path: str) -> str:
    return posixpath.splitext(path)[1].lower()


def _type(request: Registration, root: str, files: Sequence[str]) -> str:
    """Return the type that is asked for, or that the files have."""
    types = [kind for kind, suffix in _SUFFIXES.items() if any(_suffix(file) == suffix for file in files)]
    shown = legible(root)
    if request.type and request.type not in types:
        raise RequestError.one(f"`{shown}` holds no `{_SUFFIXES[request.type]}` file", shown)
    if not types:
        raise RequestError.one(f"`{shown}` holds no PNG and no WAV", shown, "put files there, or name another folder")
    if len(types) > 1 and not request.type:
        fix = f"choose with --type one of {', '.join(types)}; the others may be an asset in a folder of their own"
        raise RequestError.one(f"`{shown}` holds both PNG and WAV", shown, fix)
    return request.type or types[0]


def _name(request: Registration, catalogue: Catalogue, root: str) -> str:
    """Return the name that is asked for, or that of the folder, if no other asset has it."""
    name = request.name or re.sub(r"[^A-Za-z0-9_.-]+", "_", posixpath.basename(root)).lstrip(".-")[:100]
    if not is_name(name):
        raise RequestError.one(f"`{legible(root)}` gives no name to its asset", legible(root), "give one: --name")
    for asset in catalogue.assets:
        if asset.asset_id and asset.name.casefold() == name.casefold():
            what = f"`{name}` is the name of the asset {asset.asset_id} in `{legible(asset.root)}`"
            raise RequestError.one(what, legible(root), "give another one: --name")
    return name


def _tiles(project: Project, request: Registration, root: str, files: Sequence[str], name: str) -> Draft:
    """Return a bank with all tiles of the pictures."""
    sheets: list[Sheet] = []
    problems: list[Problem] = []
    for file in files:
        try:
            data = _read(project, f"{root}/{file}", FILE_LIMIT + 1)
            sheets.append(read_sheet(file, data, request.tile_size, skip_transparent=request.skip_transparent))
        except RequestError as error:
            problems += error.problems
    raise_all(problems)
    tiling = tile_bank(sheets, request.tile_size)
    return Draft.of_tiles(str(uuid.uuid4()), name, tiling, request.tile_size, preload=request.preload)


def _samples(project: Project, request: Registration, root: str, files: Sequence[str], name: str) -> Draft:
    """Return a bank with a sample for each sound, which encoded here to nowhere, and will in a build."""
    if len(files) > SAMPLE_LIMIT:
        what = f"there are {len(files):,} sounds, and a bank holds {SAMPLE_LIMIT:,}"
        raise RequestError.one(what, legible(root), "make several banks of them, each in a folder of its own")
    samples = [{"file": f"{root}/{file}"} for file in files]
    try:
        with open(os.devnull, "wb") as nowhere:
            encode("SOUNDS/pcm16le_v1", {"sample_rate": None, "samples": samples}, _Sounds(project), nowhere)
    except AssetsError as error:
        raise RequestError(*error.problems) from error
    return Draft.of_samples(str(uuid.uuid4()), name, files, preload=request.preload)


@dataclass(frozen=True, slots=True)
class _Sounds:
    """Where an encoder reads sounds from, by their paths in the project."""

    project: Project

    def info(self, path: str) -> SourceInfo:
        return SourceInfo(os.lstat(self.project.path(path)).st_size)

    def open(self, path: str) -> BinaryIO:
        try:
            return open(self.project.path(path), "rb", opener=open_regular)
        except OSError as error:
            raise _unreadable(path, error) from error


_DRAFTS: dict[str, Callable[[Project, Registration, str, Sequence[str], str], Draft]] = {
    "glyph_bank": _tiles,
    "sound_bank": _samples,
}


def _read(project: Project, path: str, limit: int) -> bytes:
    try:
        with open(project.path(path), "rb", opener=open_regular) as file:
            return file.read(limit)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError) -> RequestError:
    what = f"`{legible(path)}` cannot be read: {reason(error)}"
    return RequestError.one(what, legible(path))
