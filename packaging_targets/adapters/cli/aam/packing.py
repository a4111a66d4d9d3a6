"""`aam`: pkg init|validate|pack|build|publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.building import add_build
from packaging_targets.adapters.cli.aam.registries import add_publish
from packaging_targets.adapters.cli.aam.telling import add_group, add_verb, as_json
from packaging_targets.adapters.output import tell, warn

if TYPE_CHECKING:
    import argparse

_KILO, _MEGA = 1_000, 1_000_000


def add_parsers(verbs: Any) -> None:
    """Add the verbs of this module to subparsers."""
    package = add_group(verbs, "pkg", "begin, check, pack, build and publish packages")
    begin = add_verb(package, "init", "write a small package that is in order", _init)
    begin.add_argument("folder", nargs="?", default=".", metavar="DIR", help="where (default: .)")
    begin.add_argument("--name", default="", help="the package's name, such as @acme/review (default: the folder's)")
    check = add_verb(package, "validate", "tell all that is wrong with a package, and write nothing", _validate)
    what = "the package's folder, or an archive (default: .)"
    check.add_argument("path", nargs="?", default=".", metavar="DIR|ARCHIVE", help=what)
    pack = add_verb(package, "pack", "pack a package into an .aam archive, the same bytes every time", _pack)
    pack.add_argument("folder", nargs="?", default=".", metavar="DIR", help="the package's folder (default: .)")
    out = "a folder for the archive, or its path where it ends in .aam (default: dist)"
    pack.add_argument("-o", "--output", default="dist", metavar="OUT", help=out)
    add_build(package)
    add_publish(package)


def _init(options: argparse.Namespace) -> int:
    from packaging_targets.services.aam.packing.initialise import initialise

    begun = initialise(options.folder, options.name)
    lines = [*(f"wrote {path}" for path in begun.files), f"began {begun.name}: pack it with `aam pkg pack`"]
    return tell(options, {"ok": True, "name": str(begun.name), "files": begun.files}, lines)


def _validate(options: argparse.Namespace) -> int:
    from packaging_targets.services.aam.packing.validate import validate

    found = validate(options.path)
    warn(options, found.warnings)
    manifest = found.manifest
    value = {
        "ok": True,
        "name": str(manifest.name),
        "version": str(manifest.version),
        "files": found.files,
        "size": found.size,
        "warnings": as_json(found.warnings),
    }
    told = f"{manifest.name} {manifest.version} is in order: {_files(len(found.files))}, {_size(found.size)} packed"
    return tell(options, value, [told])


def _pack(options: argparse.Namespace) -> int:
    from packaging_targets.services.aam.packing.pack import pack

    packed = pack(options.folder, options.output)
    warn(options, packed.warnings)
    value = {
        "ok": True,
        "name": str(packed.manifest.name),
        "version": str(packed.manifest.version),
        "archive": packed.archive,
        "size": packed.size,
        "sha256": packed.digest.hex,
        "integrity": packed.integrity,
        "files": packed.files,
        "warnings": as_json(packed.warnings),
    }
    told = f"packed {packed.manifest.name} {packed.manifest.version}: {_files(len(packed.files))}, {_size(packed.size)}"
    return tell(options, value, [told, packed.archive])


def _files(count: int) -> str:
    return f"{count:,} file{'s' if count != 1 else ''}"


def _size(size: int) -> str:
    if size < _KILO:
        return f"{size} bytes"
    return f"{size / _KILO:.1f} kB" if size < _MEGA else f"{size / _MEGA:.1f} MB"
