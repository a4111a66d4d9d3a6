"""`preview`: an asset's bank as a picture, drawn from the last pack, or encoded afresh where that has another one."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, cast

from packaging_targets.errors import RequestError, legible, reason
from packaging_targets.formats.assets.banks.encoding import Encoded, encode
from packaging_targets.formats.assets.banks.pictures import bank_picture, wave_picture
from packaging_targets.formats.assets.banks.png import SIGNATURE
from packaging_targets.formats.assets.declared.declaration import Asset
from packaging_targets.formats.assets.diagnostics import AssetsError
from packaging_targets.formats.assets.reader import Slice
from packaging_targets.services.assets.building.record import FOLDER, OUTPUTS, PACK, Record
from packaging_targets.services.assets.building.snapshot import Snapshot
from packaging_targets.services.assets.events import Listener, Operation, ignore
from packaging_targets.services.assets.project import ASSETS, BUILD, Listing, Project
from packaging_targets.services.assets.reading.finding import REGISTERED, find_asset
from packaging_targets.services.assets.reading.listing import Catalogue
from packaging_targets.services.assets.transaction import looking
from packaging_targets.store.states import open_regular

PREVIEWS = f"{BUILD}/previews"

_IN_MEMORY = 1 << 20
_ELSEWHERE = "move it away, or choose another place with -o"


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture that was drawn: of the asset in the folder `root`, into the file `path`.

    `packed` tells whether the bank is the one in `build/assets.pa`; else it was encoded for the picture.
    """

    root: str
    name: str
    path: str
    packed: bool

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON value, for programs."""
        return asdict(self)


def preview(
    project: Project, which: str, output: str = "", palette: int | None = None, listener: Listener = ignore
) -> Preview:
    """Draw the asset that `which` names into the PNG `output`, or `build/previews/<name>.png`.

    `palette` is the index of the one that tiles are drawn with. Raises RequestError where there is no such asset or
    palette, or the file cannot be written, and AssetsError where the asset cannot be encoded.
    """
    operation = Operation(project.root, listener)
    record = Record.load(project)
    with looking(project):
        listing = project.listing()
        found = find_asset(project, Catalogue.of(listing).assets, which, REGISTERED | {"unregistered"})
        snapshot = _snapshot_of(listing, found.root, record)
    asset = _asset_of(snapshot, found.root)
    params = snapshot.params(asset)
    _check_palette(asset, params, palette)
    path = _place(project, output, asset)
    with _bank(snapshot, asset, params, record) as (stream, encoded, packed):
        picture = _picture(asset, stream, encoded, palette)
    _write(path, picture, folder="" if output else project.path(PREVIEWS))
    operation.tell("preview_ready", f"the preview of {asset.name} is in {path}", [asset.root])
    return Preview(asset.root, asset.name, path, packed)


def _snapshot_of(listing: Listing, root: str, record: Record) -> Snapshot:
    """Return a snapshot of what lies in a folder, as if there were no other assets and no registry."""
    files = {path: file for path, file in listing.files.items() if path.startswith(f"{root}/")}
    return Snapshot.take(Listing(listing.project, files), record)


def _asset_of(snapshot: Snapshot, root: str) -> Asset:
    """Return the asset of a folder; others may lie below it. Raises AssetsError with what is wrong with it."""
    for asset in snapshot.assets:
        if asset.root == root:
            return asset
    raise AssetsError(*(one for one in snapshot.checked.diagnostics if one.asset == root))


def _check_palette(asset: Asset, params: Mapping[str, Any], palette: int | None) -> None:
    if palette is None:
        return
    declared = [one["index"] for one in params.get("palettes", ())]
    if palette not in declared:
        listed = ", ".join(map(str, declared))
        fix = f"choose one of {listed}" if declared else "leave --palette out: sounds have none"
        raise RequestError.one(f"`{asset.name}` has no palette {palette}", asset.file, fix)


def _place(project: Project, output: str, asset: Asset) -> str:
    """Return the file that the picture goes to, as whoever asked for it would write it. Raises RequestError."""
    place = output
    if not output:
        place = project.path(f"{PREVIEWS}/{asset.name}.png")
        if not project.relative(".").startswith(".."):
            place = os.path.relpath(place)
        if os.path.islink(project.path(BUILD)):
            raise RequestError.one(f"`{BUILD}` is a symbolic link", BUILD, "choose another place with -o")
    _check_place(project, place)
    return place


def _check_place(project: Project, place: str) -> None:
    """Refuse to replace what is no picture, to write among people's assets, and where the packer keeps its own."""
    shown, led = legible(place), project.relative(place)
    if f"{led}/".startswith(f"{ASSETS}/"):
        fix = f"choose a place elsewhere, such as below {PREVIEWS}/"
        raise RequestError.one(f"`{shown}` lies among your assets, where a preview could replace one", shown, fix)
    if led in OUTPUTS or f"{led}/".startswith(f"{FOLDER}/"):
        raise RequestError.one(f"`{shown}` is what builds write", shown, f"choose a place below {PREVIEWS}/")
    try:
        if not stat.S_ISREG(os.lstat(place).st_mode):
            raise RequestError.one(f"`{shown}` is there, and is no regular file", shown, _ELSEWHERE)
        with open(place, "rb", opener=open_regular) as file:
            start = file.read(len(SIGNATURE))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise _unwritable(shown, error) from error
    if start != SIGNATURE:
        raise RequestError.one(f"`{shown}` is there, and is no PNG", shown, _ELSEWHERE)


def _unwritable(shown: str, error: OSError) -> RequestError:
    what = f"`{shown}` cannot be written: {reason(error)}"
    return RequestError.one(what, shown, "choose another place with -o")


@contextlib.contextmanager
def _bank(
    snapshot: Snapshot, asset: Asset, params: Mapping[str, Any], record: Record
) -> Iterator[tuple[BinaryIO, Encoded, bool]]:
    """Give the bytes of a bank as a stream, what its encoder said, and whether they are those of the last pack."""
    kept = record.banks.get(snapshot.key(asset))
    pack = _open_pack(snapshot.listing.project, record) if kept is not None else None
    if kept is not None and pack is not None:
        with pack:
            yield cast("BinaryIO", Slice(pack, kept.offset, kept.encoded.size)), kept.encoded, True
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as out:
        encoded = encode(asset.format, params, snapshot.sources, cast("BinaryIO", out))
        snapshot.demand_unchanged(asset)
        out.seek(0)
        yield cast("BinaryIO", out), encoded, False


def _open_pack(project: Project, record: Record) -> BinaryIO | None:
    """Open the pack that a record is about, or return None where another one stands there, or none."""
    try:
        pack = open(project.path(PACK), "rb", opener=open_regular)  # noqa: SIM115  # closed by who gets it
    except OSError:
        return None
    if record.stands(project):  # asked when it is open: a build may put another file into its place at any time
        return pack
    pack.close()
    return None


def _picture(asset: Asset, stream: BinaryIO, encoded: Encoded, palette: int | None) -> bytes:
    if asset.made.bank_type == "GLYPH":
        return bank_picture(stream.read(), asset.metadata["tile_size"], palette)
    return wave_picture(stream, encoded.metadata)


def _write(path: str, picture: bytes, *, folder: str) -> None:
    """Write a picture; `folder` is one of ours, which may have to be made."""
    beside = f"{path}.{os.getpid()}"
    try:
        if folder:
            os.makedirs(folder, exist_ok=True)
        with open(beside, "wb") as file:
            file.write(picture)
        os.replace(beside, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.remove(beside)
        raise _unwritable(legible(path), error) from error
