"""`features …` and `packaging features …`: one parser, whose global flags come before the verb."""

from __future__ import annotations

import argparse
import io
import sys
from typing import TYPE_CHECKING, Any

from packaging_targets import __version__
from packaging_targets.adapters.cli import features_publish
from packaging_targets.adapters.cli.guard import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from packaging_targets.errors import Problem

_LEVELS = ("error", "warn", "info", "debug", "trace")
_PROGRAM = "features"
_ABOUT = "Package Dev Container Features, the same bytes every time, look into their archives, and publish them."


def main() -> int:
    """Run the command line of this process; return its exit code: 0 done, 1 something is wrong, 2 a wrong request."""
    parser = argparse.ArgumentParser(prog=_PROGRAM, description=_ABOUT)
    parser.add_argument("--version", action="version", version=f"packaging-targets {__version__}")
    fill(parser)
    return guarded(run, parser.parse_args())


def add_parser(verbs: Any) -> None:
    """Add `features` to the verbs of another program."""
    fill(verbs.add_parser(_PROGRAM, help="package Dev Container Features without a workspace", description=_ABOUT))


def fill(parser: argparse.ArgumentParser) -> None:
    """Add the global flags and the verbs to a parser."""
    parser.add_argument(
        "--log-level", choices=_LEVELS, default="info", help="how much is told (default: info); goes before the verb"
    )
    parser.add_argument("--json", action="store_true", help="ask for JSON, which these verbs do not offer")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    for add in VERBS:
        add(verbs)
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Run the chosen verb; return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file name that the terminal cannot show is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    if options.json:
        sys.stderr.write(f"JSON output is not supported for features {options.feature_verb}\n")
        return 2
    act: Callable[[argparse.Namespace], int] = options.act
    return act(options)


def tells(options: argparse.Namespace, level: str) -> bool:
    """Tell whether messages of a level are wanted."""
    return _LEVELS.index(level) <= _LEVELS.index(options.log_level)


def warn(options: argparse.Namespace, problems: Sequence[Problem]) -> None:
    """Write warnings to standard error, if they are wanted."""
    if tells(options, "warn"):
        for problem in problems:
            sys.stderr.write(str(problem).replace("error: ", "warning: ", 1) + "\n\n")


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
    package.set_defaults(act=_package, feature_verb="package")


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
    test.set_defaults(act=_test_archive, feature_verb="test-archive")


def _test_archive(options: argparse.Namespace) -> int:
    from packaging_targets.services.features.archive import look_into
    from packaging_targets.services.features.render import looked_into

    report = look_into(options.archive)
    if tells(options, "info"):
        sys.stdout.write(looked_into(report))
    for problem in report.errors:
        sys.stderr.write(f"{problem}\n\n")
    warn(options, report.warnings)
    return 1 if report.errors or (options.strict and report.warnings) else 0


VERBS: tuple[Callable[[Any], None], ...] = (_add_package, _add_test_archive, features_publish.add_parser)
"""What adds each verb to the subparsers; a verb sets `act(options)` and its own name as `feature_verb`."""


if __name__ == "__main__":
    sys.exit(main())
