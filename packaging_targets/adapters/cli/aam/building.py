"""`aam pkg build`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.aam.telling import add_verb, as_json
from packaging_targets.adapters.output import tell, warn

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from packaging_targets.services.aam.bundling.build import Built, Made

_TARGETS = ("all", "claude", "claude-code", "codex", "copilot", "cursor")


def add_build(package: Any) -> None:
    """Add the verb to the subparsers of `pkg`."""
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
    return tell(options, _value(built), list(_lines(built)))


def _lines(built: Built) -> Sequence[str]:
    count = len(built.dependencies)
    others = f" and {count} package{'s' if count != 1 else ''} that it depends on" if count else ""
    lines = [f"built {built.manifest.name} {built.manifest.version}{others}"]
    lines += [f"{made.path}  ({made.size:,} bytes{_lost(made)})" for made in built.bundles]
    return lines


def _lost(made: Made) -> str:
    count = len(made.warnings)
    return f", {count} warning{'s' if count != 1 else ''}" if count else ""


def _value(built: Built) -> dict[str, Any]:
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
