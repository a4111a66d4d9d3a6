"""`features publish`: parses, calls the service, prints what came of it."""

from __future__ import annotations

import argparse
import contextlib
import sys
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.telling import add_json, complain, tells, warn
from packaging_targets.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    add_json(parser)
    parser.set_defaults(act=_publish, no_json=str(no_json("features publish")))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what every verb that publishes understands."""
    parser.add_argument("--dry-run", action="store_true", help="ask the registry, tell what would be done, do nothing")
    parser.add_argument("--insecure", action="store_true", help="speak plain HTTP to other machines too")
    parser.add_argument("--jobs", type=_count, default=8, metavar="N", help="how many are on their way at once")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to tell what was done")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of features: write 1 or more")
    return int(text)


@contextlib.contextmanager
def completed_by_the_next() -> Iterator[None]:
    """Let who interrupts a publishing know how it goes on."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt("publishing again completes what is missing") from None


def no_json(verb: str) -> Problem:
    """Return what is said to `--json` before or behind a verb that publishes."""
    return Problem("", f"`--json` is not for `{verb}`, which has another flag for it", f"{verb} --format json")


def show(report: Report, options: argparse.Namespace) -> int:
    """Print a report; return the exit code: 1 where something is missing."""
    from packaging_targets.services.publish.report import as_json, as_text

    warn(options, report.warnings)
    complain(report.problems)
    if options.format == "json":
        sys.stdout.write(as_json(report))
    elif tells(options, "info"):
        sys.stdout.write(as_text(report))
    return 1 if report.problems else 0


def _publish(options: argparse.Namespace) -> int:
    from packaging_targets.services.publish.features import FeaturePublishing, publish_features
    from packaging_targets.services.publish.sources import archives_of

    with archives_of(options.target) as packed:
        warn(options, packed.warnings)
        if options.format == "text" and tells(options, "info"):
            how = "the sources in `{}` are packed first" if packed.sources else "the archives in `{}` are published"
            sys.stdout.write(how.format(options.target) + "\n")
            sys.stdout.flush()
        asked = FeaturePublishing(
            folders=(packed.folder,),
            registry=options.registry,
            namespace=options.namespace,
            dry_run=options.dry_run,
            insecure=options.insecure,
            jobs=options.jobs,
            sources=packed.sources,
        )
        with completed_by_the_next():
            report = publish_features(asked)
        return show(report, options)
