"""`packaging publish` and `doit publish`: build what has a `publish` field, publish it, and tell what came of it."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from packaging_targets.adapters.output import complain, output_as_notes, tells, warn

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator, Sequence

    from packaging_targets.services.publish.report import Report


def publish(options: Namespace, build_targets: Callable[[Sequence[str]], int]) -> int:
    """Build, and publish; return the exit code. `build_targets` makes targets by their labels, and returns one too."""
    from packaging_targets.services.publish.offers import Options, plan_publishing
    from packaging_targets.services.publish.offers import publish as publish_all
    from packaging_targets.services.publish.report import Report

    plan = plan_publishing(options.labels)
    if not plan.groups:
        return show(Report(), options)
    if plan.joined and tells(options, "warn"):
        sys.stderr.write(f"published too, since they go to the same place: {', '.join(plan.joined)}\n")
    os.chdir(plan.root)
    # A program that reads what was published must not have to look for it among what was built.
    with output_as_notes() if options.format == "json" else contextlib.nullcontext():
        code = build_targets(plan.labels)
    if code != 0:
        return code
    with completed_by_the_next():
        report = publish_all(plan, Options(options.dry_run, options.insecure, options.jobs))
    return show(report, options)


@contextlib.contextmanager
def completed_by_the_next() -> Iterator[None]:
    """Let who interrupts a publishing know how it goes on."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt("publishing again completes what is missing") from None


def show(report: Report, options: Namespace) -> int:
    """Print a report; return the exit code: 1 where something is missing."""
    from packaging_targets.services.publish.report import as_json, as_text

    warn(options, report.warnings)
    complain(report.problems)
    if options.format == "json":
        sys.stdout.write(as_json(report))
    elif tells(options, "info"):
        sys.stdout.write(as_text(report))
    return 1 if report.problems else 0
