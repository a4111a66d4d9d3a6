"""`features publish`: parses, calls the service, prints what came of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from packaging_targets.errors import Problem
    from packaging_targets.services.publish.report import Report


def add_parser(verbs: Any) -> None:
    """Add the verb to the subparsers `verbs`."""
    parser = verbs.add_parser("publish", help="publish packed features to an OCI registry")
    parser.add_argument(
        "target",
        nargs="?",
        default=".",
        metavar="TARGET",
        help="packed features (the output folder), or sources, which are packed first (default: .)",
    )
    parser.add_argument("-r", "--registry", required=True, metavar="HOST", help="such as ghcr.io or localhost:5000")
    parser.add_argument("-n", "--namespace", required=True, metavar="NS", help="such as acme/features")
    add_options(parser)
    parser.set_defaults(act=_publish, feature_verb="publish")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what every verb that publishes understands."""
    parser.add_argument("--dry-run", action="store_true", help="ask the registry, tell what would be done, do nothing")
    parser.add_argument("--insecure", action="store_true", help="speak plain HTTP to other machines too")
    parser.add_argument("--jobs", type=int, default=8, metavar="N", help="how many are on their way at once")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to tell what was done")


def tell(warnings: Iterable[Problem]) -> None:
    """Write warnings to standard error."""
    for warning in warnings:
        sys.stderr.write(f"{str(warning).replace('error: ', 'warning: ', 1)}\n\n")


def show(report: Report, form: str) -> int:
    """Print a report; return the exit code: 1 where something is missing."""
    from packaging_targets.services.publish.report import as_json, as_text

    tell(report.warnings)
    for problem in report.problems:
        sys.stderr.write(f"{problem}\n\n")
    sys.stdout.write(as_json(report) if form == "json" else as_text(report))
    return 1 if report.problems else 0


def _publish(options: argparse.Namespace) -> int:
    from packaging_targets.services.publish.features import FeaturePublishing, publish_features
    from packaging_targets.services.publish.sources import archives_of

    with archives_of(options.target) as packed:
        tell(packed.warnings)
        asked = FeaturePublishing(
            (packed.folder,), options.registry, options.namespace, options.dry_run, options.insecure, options.jobs
        )
        return show(publish_features(asked), options.format)
