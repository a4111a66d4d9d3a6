"""What every verb that publishes shares: its options, what it says to `--json` and to Ctrl-C, and how it ends."""

from __future__ import annotations

import argparse
import contextlib
import sys
from typing import TYPE_CHECKING

from packaging_targets.adapters.cli.telling import complain, count_of, tells, warn
from packaging_targets.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging_targets.services.publish.report import Report


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what every verb that publishes understands."""
    parser.add_argument("--dry-run", action="store_true", help="ask the registry, tell what would be done, do nothing")
    parser.add_argument("--insecure", action="store_true", help="speak plain HTTP to other machines too")
    how_many = "how many are on their way at once"
    parser.add_argument("--jobs", type=count_of("features"), default=8, metavar="N", help=how_many)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to tell what was done")


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
