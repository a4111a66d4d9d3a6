"""`packaging publish`: builds what has a `publish` field, then publishes it."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

from packaging_targets.adapters.cli.publishing import add_options, completed_by_the_next, no_json, show
from packaging_targets.adapters.cli.telling import add_json, tells
from packaging_targets.adapters.output import output_as_notes
from packaging_targets.errors import RequestError

if TYPE_CHECKING:
    import argparse


def add_parser(verbs: Any) -> None:
    """Add the verb to the subparsers `verbs`."""
    parser = verbs.add_parser("publish", help="build, then publish, what has a `publish` field")
    parser.add_argument("labels", nargs="*", metavar="LABEL", help="such as //features:all or //... (default: all)")
    add_options(parser)
    add_json(parser)
    parser.set_defaults(verb=run)


def run(options: argparse.Namespace) -> int:
    """Build, and publish; return the exit code."""
    from packaging_targets.adapters.doit.build import build
    from packaging_targets.services.publish.offers import Options, plan_publishing, publish
    from packaging_targets.services.publish.report import Report

    if options.json:
        raise RequestError(no_json("packaging publish"))
    plan = plan_publishing(options.labels)
    if not plan.groups:
        return show(Report(), options)
    if plan.joined and tells(options, "warn"):
        sys.stderr.write(f"published too, since they go to the same place: {', '.join(plan.joined)}\n")
    os.chdir(plan.root)
    # A program that reads what was published must not have to look for it among what was built.
    with output_as_notes() if options.format == "json" else contextlib.nullcontext():
        code = build(plan.labels, None)
    if code != 0:
        return code
    with completed_by_the_next():
        report = publish(plan, Options(options.dry_run, options.insecure, options.jobs))
    return show(report, options)
