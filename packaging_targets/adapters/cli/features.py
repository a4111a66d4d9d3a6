"""`features …` and `packaging features …`: one parser, whose global flags come before the verb."""

from __future__ import annotations

import argparse
import io
import sys
from typing import TYPE_CHECKING, Any

from packaging_targets import __version__
from packaging_targets.adapters.cli import features_publish
from packaging_targets.adapters.cli.telling import add_flags, add_json
from packaging_targets.adapters.guard import guarded
from packaging_targets.adapters.output import complain, tells, warn

if TYPE_CHECKING:
    from collections.abc import Callable

_PROGRAM = "features"
_NO_JSON = "JSON output is not supported for features"
_ABOUT = "Package Dev Container Features, the same bytes every time, look into their archives, and publish them."


def main() -> int:
    """Run the command line of this process; return its exit code: 0 done, 1 something is wrong, 2 a wrong request."""
    parser = argparse.ArgumentParser(prog=_PROGRAM, description=_ABOUT)
    parser.add_argument("--version", action="version", version=f"packaging-targets {__version__}")
    fill(parser)
    return guarded(run, parser.parse_args())


def add_parser(verbs: Any) -> None:
    """Add `features` to the verbs of another program."""
    parser = verbs.add_parser(_PROGRAM, help="package Dev Container Features without a workspace", description=_ABOUT)
    fill(parser, again=True)


def fill(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """Add the global flags and the verbs to a parser; `again` says that a parser before it has these flags too."""
    add_flags(parser, again=again)
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    for add in _VERBS:
        add(verbs)
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Run the chosen verb; return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file name that the terminal cannot show is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    if options.json:
        sys.stderr.write(options.no_json + "\n")
        return 2
    act: Callable[[argparse.Namespace], int] = options.act
    return act(options)


def _add_package(verbs: Any) -> None:
    package = verbs.add_parser("package", help="pack a feature or a collection, and list it in a collection file")
    package.add_argument(
        "target", nargs="?", default=".", metavar="TARGET", help="a feature's folder, or one with src/ (default: .)"
    )
    package.add_argument("-o", "--output-folder", default="./output", metavar="DIR", help="default: ./output")
    package.add_argument(
        "-f", "--force-clean-output-folder", action="store_true", help="remove what else is in the output folder"
    )
    package.add_argument("--strict", action="store_true", help="make every warning an error")
    package.add_argument(
        "--archive-name",
        choices=("versioned", "upstream"),
        default="versioned",
        help="<id>-<version>.tgz (default), or devcontainer-feature-<id>.tgz for web addresses",
    )
    add_json(package)
    package.set_defaults(act=_package, no_json=f"{_NO_JSON} package")


def _package(options: argparse.Namespace) -> int:
    from packaging_targets.services.features.package import FeaturePackaging, package

    result = package(
        FeaturePackaging(
            target=options.target,
            output=options.output_folder,
            force=options.force_clean_output_folder,
            strict=options.strict,
            naming=options.archive_name,
        )
    )
    warn(options, result.warnings)
    if tells(options, "info"):
        from packaging_targets.services.features.render import packaged

        sys.stdout.write(packaged(result, details=tells(options, "debug")))
    return 0


def _add_test_archive(verbs: Any) -> None:
    test = verbs.add_parser("test-archive", help="tell what clients would make of a feature's archive")
    test.add_argument("archive", metavar="FILE", help="a .tgz or .tar")
    test.add_argument("--strict", action="store_true", help="fail on warnings too")
    add_json(test)
    test.set_defaults(act=_test_archive, no_json=f"{_NO_JSON} test-archive")


def _test_archive(options: argparse.Namespace) -> int:
    from packaging_targets.services.features.archive import look_into
    from packaging_targets.services.features.render import looked_into

    report = look_into(options.archive)
    if tells(options, "info"):
        sys.stdout.write(looked_into(report))
    complain(report.errors)
    warn(options, report.warnings)
    return 1 if report.errors or (options.strict and report.warnings) else 0


_VERBS: tuple[Callable[[Any], None], ...] = (_add_package, _add_test_archive, features_publish.add_parser)
"""What adds each verb to the subparsers; a verb sets `act(options)`, and as `no_json` what is said to `--json`."""


if __name__ == "__main__":
    sys.exit(main())
