"""The parser of `packaging assets` and its verbs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.assets import building, changing, reading
from packaging_targets.adapters.cli.assets.telling import run
from packaging_targets.adapters.cli.telling import count_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Verb = Callable[[argparse.Namespace], int]

_ABOUT = "Look after the assets of a game, and make build/assets.pa of them."
_ASSET = "its id, its UUID, its name, or its folder"
_CLASSES = """\
list, show, summary, preview and doctor change no asset. init, add, adopt, forget, include, exclude and
doctor --fix change the registry; add writes a new asset.json, and adopt at most a UUID into one.
rm, quarantine, restore and gc move or delete files: they show what they would do, and do it with --yes.
build and watch write below build/ alone.
Exit codes: 0 done, also where a plan was shown; 1 a build or a check failed; 2 a wrong request; 130 interrupted."""


def add_parser(verbs: Any) -> None:
    """Add `assets` to the verbs of a program."""
    parser = verbs.add_parser(
        "assets", help="look after the assets of a game", description=_ABOUT, epilog=_CLASSES, allow_abbrev=False
    )
    inner = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    for add in (_add_reading, _add_registering, _add_rearranging, _add_building):
        add(inner)


def _add_reading(verbs: Any) -> None:
    _verb(verbs, "list", "list the assets that there are", reading.listing)
    show = _verb(verbs, "show", "tell all of an asset, or what an assets.pa holds", reading.show)
    show.add_argument("asset", nargs="?", default="", metavar="ASSET", help=f"{_ASSET}; with --pack, an id in the pack")
    show.add_argument("--pack", metavar="FILE", help="look into this assets.pa instead, whoever made it")
    show.add_argument("--verify", action="store_true", help="with --pack: read every bank, and tell its digest")
    _verb(verbs, "summary", "tell how many assets there are in which state", reading.summary)
    preview = _verb(verbs, "preview", "draw an asset's bank: its tiles and palettes, or its sounds", reading.preview)
    _add_asset(preview)
    where = "where the PNG goes (default: build/previews/NAME.png)"
    preview.add_argument("-o", "--output", default="", metavar="FILE", help=where)
    drawn = "draw all tiles with this palette (default: the first)"
    preview.add_argument("--palette", type=_index, default=None, metavar="N", help=drawn)
    doctor = _verb(verbs, "doctor", "find all that is wrong with the assets of the build", reading.doctor)
    doctor.add_argument("--workspace", action="store_true", help="tell also what lies about unused or twice")
    doctor.add_argument("--strict", action="store_true", help="fail on what is advisory too")
    doctor.add_argument("--fix", action="store_true", help="first mend in the registry what needs no choice of yours")


def _add_registering(verbs: Any) -> None:
    _verb(verbs, "init", "make assets/ and its registry in the current folder, or --project", changing.init)
    add = _verb(
        verbs, "add", "make an asset of pictures or sounds: write its asset.json, and give it an id", changing.add
    )
    add.add_argument("paths", nargs="+", metavar="PATH", help="a folder below assets/, or PNG or WAV files in one")
    add.add_argument("--name", default="", metavar="NAME", help="default: the folder's")
    types = ("glyph_bank", "sound_bank")
    add.add_argument("--type", choices=types, default="", help="default: what the files are")
    sizes = "pixels of a tile's side (default: 16)"
    add.add_argument("--tile-size", type=int, choices=(8, 16, 32), default=16, help=sizes)
    add.add_argument("--preload", action="store_true", help="load it at boot")
    add.add_argument("--skip-transparent", action="store_true", help="leave tiles out in which nothing is drawn")
    adopt = _verb(verbs, "adopt", "register an asset.json that is there already", changing.adopt)
    adopt.add_argument("path", metavar="PATH", help="the asset.json, or its folder")
    adopt.add_argument("--new-uuid", action="store_true", help="write another UUID into it: it is a copy of an asset")
    for name, does, verb in (
        ("forget", "take an asset out of the registry; its files stay, its id is never given again", changing.forget),
        ("include", "take an asset into the build", changing.include),
        ("exclude", "take an asset out of the build; it keeps its id", changing.exclude),
    ):
        _add_asset(_verb(verbs, name, does, verb))


def _add_rearranging(verbs: Any) -> None:
    rm = _plan(verbs, "rm", "forget an asset, and delete its folder for good", changing.remove)
    _add_asset(rm)
    away = _plan(verbs, "quarantine", "put an asset out of the way; restore brings it back", changing.quarantine)
    away.add_argument("asset", nargs="?", default="", metavar="ASSET", help=_ASSET)
    away.add_argument("--list", action="store_true", help="list what is in quarantine, and change nothing")
    back = _plan(verbs, "restore", "bring an asset back out of quarantine", changing.restore)
    _add_asset(back)
    back.add_argument("--to", metavar="DIR", help="the folder that it goes to (default: where it was)")
    gc = _plan(verbs, "gc", "delete what is in quarantine, for good", changing.gc)
    older = "only what has been there for so many days"
    gc.add_argument("--older-than", type=count_of("days"), default=0, metavar="DAYS", help=older)


def _add_building(verbs: Any) -> None:
    build = _verb(
        verbs, "build", "make build/assets.pa and its companions, or leave the last good ones", building.build
    )
    watch = _verb(verbs, "watch", "build now, and again after each change, until Ctrl-C", building.watch)
    for parser in (build, watch):
        parser.add_argument("--quiet", action="store_true", help="tell errors alone")
        as_json = "tell each event as a line of JSON, and what a build came to as the last one"
        parser.add_argument("--events", action="store_true", help=as_json)


def _verb(verbs: Any, name: str, does: str, act: Verb) -> argparse.ArgumentParser:
    about = f"{does[0].upper()}{does[1:]}."
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=does, description=about, allow_abbrev=False)
    where = "the project's folder, or one in it (default: the current folder)"
    parser.add_argument("--project", default=".", metavar="DIR", help=where)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.set_defaults(verb=run, act=act)
    return parser


def _plan(verbs: Any, name: str, does: str, act: Verb) -> argparse.ArgumentParser:
    parser = _verb(verbs, name, does, act)
    parser.add_argument("--yes", action="store_true", help="do it; without this flag, what would be done is shown")
    return parser


def _add_asset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("asset", metavar="ASSET", help=_ASSET)


def _index(text: str) -> int:
    if not text.isdecimal() or int(text) >= 64:  # noqa: PLR2004  # as many palettes as a bank has
        raise argparse.ArgumentTypeError(f"`{text}` is no index of a palette: write 0 to 63")
    return int(text)
