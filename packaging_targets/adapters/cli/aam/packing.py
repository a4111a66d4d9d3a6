"""`aam`: pkg init|validate|pack|build|publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.registries import add_publish
from packaging_targets.adapters.cli.aam.telling import add_group, add_verb, as_json
from packaging_targets.adapters.output import counted, tell, warn

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from packaging_targets.services.aam.bundling.build import Built, Made

_KILO, _MEGA = 1_000, 1_000_000
_TARGETS = ("all", "claude", "claude-code", "codex", "copilot", "cursor")


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
    _add_build(package)
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
    files = counted(len(found.files), "file")
    told = f"{manifest.name} {manifest.version} is in order: {files}, {_size(found.size)} packed"
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
    files = counted(len(packed.files), "file")
    told = f"packed {packed.manifest.name} {packed.manifest.version}: {files}, {_size(packed.size)}"
    return tell(options, value, [told, packed.archive])


def _add_build(package: Any) -> None:
    does = "compile a package and all that it depends on into bundles for platforms"
    build = add_verb(package, "build", does, _build)
    what = "the package's folder, or its archive (default: .)"
    build.add_argument("path", nargs="?", default=".", metavar="DIR|ARCHIVE", help=what)
    targets = "the platform: those of the manifest's `engines`, or those configured, or all four, are `all` (default)"
    build.add_argument("--target", choices=_TARGETS, default="all", help=targets)
    build.add_argument("-o", "--output", default="dist", metavar="DIR", help="where the bundles go (default: dist)")
    scoped = "what artifacts of a scoped package are called: acme-review, or acme--review (default: flat)"
    build.add_argument("--scoped-dirs", choices=("flat", "seed"), default="flat", help=scoped)
    registry = "where all that it depends on comes from: a URL, a folder, or a registry's name in the configuration"
    build.add_argument("--registry", default="", metavar="URL", help=registry)


def _build(options: argparse.Namespace) -> int:
    from packaging_targets.services.aam.bundling.build import Wanted, build

    wanted = Wanted(options.path, options.target, options.output, options.scoped_dirs, options.registry)
    built = build(wanted)
    warn(options, built.warnings)
    for made in built.bundles:
        warn(options, made.warnings)
    return tell(options, _build_value(built), list(_build_lines(built)))


def _build_lines(built: Built) -> Sequence[str]:
    count = len(built.dependencies)
    others = f" and {counted(count, 'package')} that it depends on" if count else ""
    lines = [f"built {built.manifest.name} {built.manifest.version}{others}"]
    lines += [f"{made.path}  ({_size(made.size)}{_lost(made)})" for made in built.bundles]
    return lines


def _lost(made: Made) -> str:
    count = len(made.warnings)
    return f", {counted(count, 'warning')}" if count else ""


def _build_value(built: Built) -> dict[str, Any]:
    return {
        "ok": True,
        "name": str(built.manifest.name),
        "version": str(built.manifest.version),
        "dependencies": {str(one.name): str(one.version) for one in built.dependencies},
        "bundles": [
            {
                "target": made.target,
                "path": made.path,
                "size": made.size,
                "sha256": made.digest.hex,
                "integrity": made.integrity,
                "artifacts": made.artifacts,
                "warnings": as_json(made.warnings),
            }
            for made in built.bundles
        ],
        "warnings": as_json(built.warnings),
    }


def _size(size: int) -> str:
    if size < _KILO:
        return f"{size} bytes"
    return f"{size / _KILO:.1f} kB" if size < _MEGA else f"{size / _MEGA:.1f} MB"
